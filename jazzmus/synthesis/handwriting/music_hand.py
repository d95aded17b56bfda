"""One writer: how large, how neatly and in which forms the signs of music are written.

Knows choices only; the other modules of the folder say what each choice looks like.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from jazzmus.synthesis.handwriting.clefs import C_CLEFS, F_CLEFS, G_CLEFS
from jazzmus.synthesis.handwriting.rests import BLOCK_RESTS, QUARTER_RESTS, SHORT_RESTS
from jazzmus.synthesis.handwriting.signs import FLAGS, FLATS, NATURALS, SHARPS

# How often each manner is met; lead sheets written in a hurry have few heads that are drawn as print has them.
BLACK_HEADS = {
    "blob": 6,
    "oval": 4,
    "slash": 5,
    "thick_slash": 2,
    "dot": 4,
    "dash": 2,
    "tick": 1,
    "scribble": 3,
    "big": 1,
}
OPEN_HEADS = {"round": 4, "oval": 4, "unclosed": 2, "two_strokes": 1, "loop": 3}
STEM_SIDES = {"usual": 5, "right": 2, "middle": 2}
BEAMS = {"single": 6, "thick": 2, "retraced": 2}
ENDINGS = {"thick": 4, "two_thin": 3, "scribbled": 3}
REPEATS = {"plain": 6, "winged": 1}
TIES = {"flat": 4, "round": 3, "open": 3}


@dataclass(frozen=True)
class MusicHand:
    """The manner of one writer. Lengths are in staff spaces.

    Attributes:
        pen: Width of the pen.
        mess: Standard deviation of how far the pen misses the points it aims at.
        slant: How far upright strokes lean to the right, per unit of height.
        pressure: Relative standard deviation of the width of strokes.
        spacing: How unevenly notes are spaced, 0: as engraved.
        corrections: Chance of a crossed-out note in a system.
        black_head: One of `BLACK_HEADS`.
        open_head: One of `OPEN_HEADS`.
        head_size: Size of heads; 1 is an ordinary one of this writer's manner.
        head_miss: Standard deviation of how far heads are above or below their place.
        stem_side: One of `STEM_SIDES`.
        stem_length: Length of stems without beam, relative to engraved ones.
        stem_gap: From head to stem; negative: the stem crosses the head.
        beam: One of `BEAMS`.
        beam_tilt: Slope of beams relative to engraved ones.
        beam_bow: Height of a beam's middle above the straight line, relative to its length.
        beam_gap: From stem to beam; negative: stems cross it.
        flag: Key of `signs.FLAGS`.
        clefs: Keys of `G_CLEFS`, `F_CLEFS` and `C_CLEFS`.
        clef_size: Relative size of clefs.
        quarter_rest: Key of `QUARTER_RESTS`.
        short_rest: One of `SHORT_RESTS`.
        block_rest: Key of `BLOCK_RESTS`.
        rest_size: Relative size of rests.
        sharp: Key of `signs.SHARPS`.
        flat: Key of `signs.FLATS`.
        natural: Key of `signs.NATURALS`.
        accidental_size: Relative size of accidentals.
        digits: Number that picks the forms of digits.
        dot_distance: From a head's edge to its dot.
        ledger_length: Relative length of ledger lines.
        barline_reach: Average length of barlines above and below the staff; negative: too short.
        ending: One of `ENDINGS`; how final bars and repeats are drawn.
        repeat: One of `REPEATS`.
        tie: One of `TIES`.
        tuplet_bracket: Whether brackets are drawn where engraving has one.
        volta_over_chords: Whether the line of an ending is above the chords, not below them.
        volta_hook: Length of the hooks of such a line.
        repeats_clef: Whether later systems show the clef.
        repeats_key: Whether later systems show the key signature.
        chord_height: Height of capitals in chords.
        chord_gap: From the staff's top line to the baseline of chords with nothing below them.
        chord_row: 0: each chord is as low as the notes allow, 1: those of a system share one baseline.
    """

    pen: float
    mess: float
    slant: float
    pressure: float
    spacing: float
    corrections: float
    black_head: str
    open_head: str
    head_size: float
    head_miss: float
    stem_side: str
    stem_length: float
    stem_gap: float
    beam: str
    beam_tilt: float
    beam_bow: float
    beam_gap: float
    flag: str
    clefs: tuple[str, str, str]
    clef_size: float
    quarter_rest: str
    short_rest: str
    block_rest: str
    rest_size: float
    sharp: str
    flat: str
    natural: str
    accidental_size: float
    digits: int
    dot_distance: float
    ledger_length: float
    barline_reach: float
    ending: str
    repeat: str
    tie: str
    tuplet_bracket: bool
    volta_over_chords: bool
    volta_hook: float
    repeats_clef: bool
    repeats_key: bool
    chord_height: float
    chord_gap: float
    chord_row: float


def draw_music_hand(rng: np.random.Generator) -> MusicHand:
    """Draw a writer."""

    def number(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    def either(manners: dict[str, int]) -> str:
        weights = np.array(list(manners.values()), dtype=np.float64)
        return list(manners)[int(rng.choice(len(weights), p=weights / weights.sum()))]

    def one_of(names: Iterable[str]) -> str:
        known = list(names)
        return known[int(rng.integers(len(known)))]

    mess = float(np.clip(rng.lognormal(np.log(0.045), 0.45), 0.012, 0.095))
    return MusicHand(
        pen=float(np.clip(rng.lognormal(np.log(0.15), 0.28), 0.085, 0.28)),
        mess=mess,
        slant=float(np.clip(rng.normal(0.03, 0.07), -0.12, 0.22)),
        pressure=number(0.02, 0.15),
        spacing=number(0.05, 0.4),
        corrections=0.0 if rng.random() < 0.5 else number(0.02, 0.12),
        black_head=either(BLACK_HEADS),
        open_head=either(OPEN_HEADS),
        head_size=number(0.8, 1.15),
        head_miss=0.02 + mess * number(0.3, 0.7),
        stem_side=either(STEM_SIDES),
        stem_length=number(0.75, 1.12),
        stem_gap=float(np.clip(rng.normal(0.05, 0.22), -0.25, 0.6)),
        beam=either(BEAMS),
        beam_tilt=number(0.4, 1.7),
        beam_bow=float(rng.normal(0.0, 0.025)),
        beam_gap=float(np.clip(rng.normal(0.0, 0.15), -0.35, 0.35)),
        flag=one_of(FLAGS),
        clefs=(one_of(G_CLEFS), one_of(F_CLEFS), one_of(C_CLEFS)),
        clef_size=number(0.85, 1.2),
        quarter_rest=one_of(QUARTER_RESTS),
        short_rest=one_of(SHORT_RESTS),
        block_rest=one_of(BLOCK_RESTS),
        rest_size=number(0.75, 1.1),
        sharp=one_of(SHARPS),
        flat=one_of(FLATS),
        natural=one_of(NATURALS),
        accidental_size=number(0.75, 1.1),
        digits=int(rng.integers(6)),
        dot_distance=number(0.25, 0.7),
        ledger_length=number(0.75, 1.2),
        barline_reach=float(rng.normal(0.15, 0.25)),
        ending=either(ENDINGS),
        repeat=either(REPEATS),
        tie=either(TIES),
        tuplet_bracket=bool(rng.random() < 0.8),
        volta_over_chords=bool(rng.random() < 0.5),
        volta_hook=number(1.0, 2.2),
        repeats_clef=bool(rng.random() < 0.6),
        repeats_key=bool(rng.random() < 0.6),
        chord_height=number(1.3, 2.35),
        chord_gap=number(0.9, 2.2),
        chord_row=number(0.0, 1.0),
    )
