"""Procedural tunes: kern texts in the JAZZMUS dialect that are made up from nothing.

Knows meters, bars, systems and repeats; harmony and melody live beside it. It does not know what a page looks like.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from jazzmus.errors import ConfigError
from jazzmus.synthesis.melody import (
    Note,
    add_beams,
    add_ties,
    bar_cells,
    draw_pitches,
    draw_rhythm,
    onsets,
    second_chord_onset,
)
from jazzmus.synthesis.progressions import KEYS, PHRASES, Key, PlannedChord, plan_progression

METERS = {"4/4": 8, "3/4": 6}  # eighths in a bar

QUALITY_WEIGHTS: Mapping[str, int] = {
    "7": 26, "maj": 16, "min7": 12, "min": 7, "maj7": 8, "dim": 4, "9": 3, "hdim7": 3, "7(b9)": 3, "min6": 2,
    "maj6": 3, "aug7": 1, "7(#5)": 1, "dim7": 1, "sus4(7)": 1, "13": 1, "min9": 1, "maj6(9)": 1,
}  # fmt: skip


@dataclass(frozen=True)
class TuneStyle:
    """What a procedural tune may contain. The defaults are the full variety of this generator.

    Attributes:
        keys: Names of major keys in kern spelling, out of `KEYS`.
        meters: Out of `METERS`.
        bars_per_system: Fewest and most bars on a system.
        qualities: Chord qualities and their weights.
        phrases: Four-bar progressions in the notation of `PHRASES`.
        plain_rhythm: Only quarters, halves and whole bars.
        rest: Probability that a note other than a bar's longest is a rest.
        empty_bar: Probability that a bar is a whole rest.
        tie: Probability of a tie where one may stand.
        chromatic: Probability that a short note between beats leaves the key.
        repeat: Probability that the tune has a repeated part.
        double_bar: Probability that a system ends with a double barline.
    """

    keys: tuple[str, ...] = tuple(KEYS)
    meters: tuple[str, ...] = ("4/4", "4/4", "4/4", "3/4")
    bars_per_system: tuple[int, int] = (3, 4)
    qualities: Mapping[str, int] = field(default_factory=lambda: dict(QUALITY_WEIGHTS))
    phrases: tuple[str, ...] = PHRASES
    plain_rhythm: bool = False
    rest: float = 0.1
    empty_bar: float = 0.03
    tie: float = 0.25
    chromatic: float = 0.08
    repeat: float = 0.35
    double_bar: float = 0.06

    def __post_init__(self) -> None:
        unknown = sorted((set(self.keys) - set(KEYS)) | (set(self.meters) - set(METERS)))
        if unknown or not self.keys or not self.meters:
            raise ConfigError(f"TuneStyle: unknown or no keys or meters {unknown}; use {list(KEYS)} and {list(METERS)}")
        if not 1 <= self.bars_per_system[0] <= self.bars_per_system[1]:
            raise ConfigError(f"TuneStyle.bars_per_system={self.bars_per_system}: give fewest and most, at least 1")

    @classmethod
    def simple(cls) -> TuneStyle:
        """Return a small vocabulary that a tiny model learns in minutes."""
        return cls(
            keys=("F", "C"),
            meters=("4/4",),
            bars_per_system=(2, 2),
            qualities={"maj7": 1, "min7": 1, "7": 1},
            phrases=("1T 6m 2m 5D", "2m 5D 1T -", "1T - 2m 5D", "4T 1T 2m 5D"),
            plain_rhythm=True,
            rest=0.1,
            empty_bar=0.0,
            tie=0.0,
            chromatic=0.0,
            repeat=0.0,
            double_bar=0.0,
        )


def _draw_bars(
    rng: random.Random, style: TuneStyle, bar_eighths: int, chords: list[list[PlannedChord]]
) -> list[list[Note]]:
    """Draw the notes of all bars; a tune has a few rhythms that come back, and never two empty bars in a row."""
    motifs: dict[int, list[list[int]]] = {}
    bars: list[list[Note]] = []
    step, root = rng.randint(30, 36), chords[0][0].root_letter
    for planned in chords:
        root = planned[0].root_letter if planned else root
        known = motifs.setdefault(len(planned) > 1, [])
        if len(known) < 3 or rng.random() < 0.4:
            known.append(draw_rhythm(rng, bar_eighths, len(planned), style.plain_rhythm))
        rhythm = rng.choice(known)
        bar = [Note(length, step) for length in rhythm]
        for note in bar:
            if note.eighths < max(rhythm) and rng.random() < style.rest:
                note.step = None
        after_empty = bool(bars) and all(note.step is None for note in bars[-1])
        if len(planned) < 2 and not after_empty and rng.random() < style.empty_bar:
            bar = [Note(bar_eighths, None)]
        step = draw_pitches(rng, bar, step, root, style.chromatic)
        bars.append(bar)
    return bars


def _draw_barlines(rng: random.Random, style: TuneStyle, systems: int) -> list[str]:
    """Draw the barline that opens each system: single, double, or one of a repeat's two."""
    opening = ["=||" if number and rng.random() < style.double_bar else "=" for number in range(systems)]
    if systems > 1 and rng.random() < style.repeat:
        first = rng.randrange(systems - 1)
        opening[first] = "=!|:"
        opening[rng.randint(first + 1, systems - 1)] = "=:|!"
    return opening


def _bar_rows(bar: list[Note], chords: list[PlannedChord], key: Key, bar_eighths: int) -> list[str]:
    """Write the rows of one bar: notes beside the chords that begin with them."""
    chord_at = dict(zip((0, second_chord_onset(bar_eighths)), chords, strict=False))
    positions = onsets([note.eighths for note in bar])
    return [
        f"{cell}\t{chord_at[position].cell if position in chord_at else '.'}"
        for cell, position in zip(bar_cells(bar, key), positions, strict=True)
    ]


def procedural_tune(rng: random.Random, systems: int, style: TuneStyle) -> str:
    """Make up a tune.

    Args:
        rng: Source of chance; equal states give equal texts.
        systems: Number of systems, at least 1.
        style: What the tune may contain.

    Returns:
        A kern text with the columns `**kern` and `**mxhm`, ending in a newline.

    Raises:
        ConfigError: `systems` is less than 1.
    """
    if systems < 1:
        raise ConfigError(f"a tune of {systems} systems: ask for at least 1")
    key, meter = Key(rng.choice(style.keys)), rng.choice(style.meters)
    bar_eighths = METERS[meter]
    system_bars = [rng.randint(*style.bars_per_system) for _ in range(systems)]
    chords = plan_progression(rng, key, sum(system_bars), style.qualities, style.phrases)
    bars = _draw_bars(rng, style, bar_eighths, chords)
    add_ties(rng, bars, style.tie)
    beam_group = rng.choice((2, 4)) if bar_eighths == 8 else rng.choice((2, 6))
    opening = _draw_barlines(rng, style, systems)
    rows = ["**kern\t**mxhm", "*clefG2\t*", f"{key.signature}\t*", f"*{key.name}:\t*", f"*M{meter}\t*"]
    number = 0
    for system, count in enumerate(system_bars):
        if system:
            rows.append("!!linebreak:original")
        for bar_of_system in range(count):
            barline = "=" if bar_of_system else opening[system]
            rows.append(f"{barline}\t{barline}")
            add_beams(bars[number], beam_group)
            rows += _bar_rows(bars[number], chords[number], key, bar_eighths)
            number += 1
    return "\n".join([*rows, "==\t==", "*-\t*-", ""])
