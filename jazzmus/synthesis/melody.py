"""Melodies for generated tunes: rhythms that fill a bar, a walk over the scale, ties, beams and drawn accidentals.

Works on notes counted in eighths. It does not know chords beyond the letter of their root, nor systems or images.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from jazzmus.synthesis.progressions import LETTERS, Key

DURATIONS = {1: "8", 2: "4", 3: "4.", 4: "2", 6: "2.", 8: "1"}  # eighths to kern
LOWEST, HIGHEST = 4 * 7 - 1, 5 * 7 + 4  # B below middle C to the G above the treble staff, in letters from C0

HALF_BAR_RHYTHMS = ((4,), (2, 2), (2, 1, 1), (1, 1, 2), (1, 1, 1, 1), (3, 1), (1, 2, 1), (1, 3))
WHOLE_BAR_RHYTHMS = ((8,), (6, 2), (6, 1, 1), (2, 6))
THREE_FOUR_RHYTHMS = (
    (6,),
    (4, 2),
    (2, 2, 2),
    (2, 2, 1, 1),
    (3, 1, 2),
    (1, 1, 2, 2),
    (1, 1, 1, 1, 1, 1),
    (1, 1, 2, 1, 1),
)
UNWRITTEN = frozenset({"E1", "B1", "C-1", "F-1"})  # chromatic notes that sound as the neighbouring natural one
PLAIN_LENGTHS = frozenset({2, 4, 6, 8})


@dataclass
class Note:
    """A note or rest in the making.

    Attributes:
        eighths: Length.
        step: Height in letters counted from C0; None for a rest.
        shift: Semitones by which it departs from the key signature: -1, 0 or 1.
        tied_in: Continues the note before.
        tied_out: Is continued by the next note.
        beam: `L` opens a beam, `J` closes one, else empty.
    """

    eighths: int
    step: int | None
    shift: int = 0
    tied_in: bool = False
    tied_out: bool = False
    beam: str = ""


def draw_rhythm(rng: random.Random, bar_eighths: int, chords: int, plain: bool) -> list[int]:
    """Draw lengths in eighths that fill a bar, with an onset where a second chord would stand.

    Args:
        rng: Source of chance.
        bar_eighths: 8 for four quarters, 6 for three.
        chords: Number of chords in the bar.
        plain: Only quarters, halves and whole bars.
    """

    def fitting(rhythms: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
        return [rhythm for rhythm in rhythms if not plain or PLAIN_LENGTHS.issuperset(rhythm)]

    if bar_eighths == 6:
        candidates = fitting(THREE_FOUR_RHYTHMS)
        if chords > 1:
            candidates = [rhythm for rhythm in candidates if second_chord_onset(6) in onsets(rhythm)]
        return list(rng.choice(candidates))
    if chords < 2 and rng.random() < 0.25:
        return list(rng.choice(fitting(WHOLE_BAR_RHYTHMS)))
    halves = fitting(HALF_BAR_RHYTHMS)
    return [*rng.choice(halves), *rng.choice(halves)]


def onsets(lengths: Sequence[int]) -> list[int]:
    """Return where each of consecutive lengths begins."""
    return [sum(lengths[:index]) for index in range(len(lengths))]


def second_chord_onset(bar_eighths: int) -> int:
    """Return the eighth on which the second chord of a bar stands: its half, or the third beat of three."""
    return 4 if bar_eighths in (6, 8) else bar_eighths // 2


def nearest_chord_tone(step: int, root_letter: int) -> int:
    """Return the root, third or fifth of a chord that is nearest to `step` and within the range of the melody."""
    tones = [near for near in range(LOWEST, HIGHEST + 1) if (near - root_letter) % 7 in (0, 2, 4)]
    return min(tones, key=lambda tone: abs(tone - step))


def draw_pitches(rng: random.Random, bar: list[Note], start: int, root_letter: int, chromatic: float) -> int:
    """Give the notes of a bar their pitches: a walk of small steps that meets a chord tone on the first beat.

    Args:
        rng: Source of chance.
        bar: Notes whose `step` is not None get one.
        start: Step of the note before.
        root_letter: Letter of the bar's chord.
        chromatic: Probability that a short note between beats leaves the key by a semitone.

    Returns:
        The step of the last note.
    """
    step = start
    for index, note in enumerate(bar):
        if note.step is None:
            continue
        move = rng.choice((-3, -2, -1, -1, -1, 0, 1, 1, 1, 2, 3))
        step += move if LOWEST <= step + move <= HIGHEST else -move
        if index == 0:
            step = nearest_chord_tone(step, root_letter)
        note.step = step
        if 0 < index < len(bar) - 1 and note.eighths <= 2 and rng.random() < chromatic:
            note.shift = rng.choice((-1, 1))
            if LETTERS[step % 7] + str(note.shift) in UNWRITTEN:
                note.shift = 0
    return step


def add_ties(rng: random.Random, bars: list[list[Note]], probability: float) -> None:
    """Tie some notes over a barline, and some offbeat ones over the middle of the bar, into their neighbour."""
    for number, bar in enumerate(bars):
        position = 0
        following = bars[number + 1][:1] if number + 1 < len(bars) else []
        for first, second in zip(bar, [*bar[1:], *following], strict=False):
            position += first.eighths
            over_barline = second in following and position == sum(note.eighths for note in bar)
            over_middle = position == 4 and first.eighths in (1, 3) and len(bar) > 1
            if not (over_barline or over_middle) or first.step is None or second.step is None:
                continue
            if first.shift == 0 and second.shift == 0 and rng.random() < probability:
                second.step = first.step
                first.tied_out = second.tied_in = True


def add_beams(bar: list[Note], group: int) -> None:
    """Beam neighbouring eighths that lie in the same group of `group` eighths."""
    position = 0
    runs: dict[tuple[int, int], list[Note]] = {}
    interrupted = 0
    for note in bar:
        if note.eighths == 1 and note.step is not None:
            runs.setdefault((position // group, interrupted), []).append(note)
        else:
            interrupted += 1
        position += note.eighths
    for run in runs.values():
        if len(run) > 1:
            run[0].beam, run[-1].beam = "L", "J"


def pitch_name(step: int) -> str:
    """Return the kern letters of a step counted from C0, such as `cc` for the C above middle C."""
    octave, letter = divmod(step, 7)
    name = LETTERS[letter]
    return name.lower() * (octave - 3) if octave >= 4 else name * (4 - octave)


def bar_cells(bar: list[Note], key: Key) -> list[str]:
    """Write a bar's notes as `**kern` cells, with `X` or `n` where an accidental is drawn.

    One is drawn where the pitch departs from what signature and bar so far say, and the note is not tied in.
    """
    in_force: dict[int, int] = {}
    cells = []
    for note in bar:
        if note.step is None:
            cells.append(f"{DURATIONS[note.eighths]}r")
            continue
        expected = in_force.get(note.step, key.alteration(note.step % 7))
        alteration = max(-1, min(1, key.alteration(note.step % 7) + note.shift))
        drawn = alteration != expected and not note.tied_in
        if drawn:
            in_force[note.step] = alteration
        sign = {-1: "-", 0: "", 1: "#"}[alteration]
        mark = ("X" if sign else "n") if drawn else ""
        tie_open = "[" if note.tied_out and not note.tied_in else ""
        tie_close = "_" if note.tied_in and note.tied_out else "]" if note.tied_in else ""
        cells.append(f"{tie_open}{DURATIONS[note.eighths]}{pitch_name(note.step)}{sign}{mark}{note.beam}{tie_close}")
    return cells
