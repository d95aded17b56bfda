"""Melodies of generated tunes: a walk over the notes of key and chord, motives that come back, ties.

It does not know systems, barlines or how a note is spelled in a cell.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from jazzmus.kern.notes import HALF_TONES, LETTERS
from jazzmus.synthesis.content.progressions import Chord, Key
from jazzmus.synthesis.content.rhythm import TICKS, Figure, Rhythm, onsets

_MOVES, _MOVE_WEIGHTS = zip(
    *{
        0: 190, 1: 215, -1: 215, 2: 100, -2: 95, 3: 32, -3: 34, 4: 20, -4: 28, 5: 18, -5: 13, 6: 4, -6: 5, 7: 9, -7: 3,
    }.items(),
    strict=True,
)  # fmt: skip
_LONG = TICKS // 4

# Durations of two neighbours -> probability of a tie, over a barline (any second note) and into a bar's middle.
_TIES_OVER_BARLINE: Mapping[str, float] = {
    "2": 0.46, "1": 0.5, "2.": 0.5, "8": 0.19, "4": 0.11, "4.": 0.06, "16": 0.1,
}  # fmt: skip
_TIES_INTO_MIDDLE: Mapping[tuple[str, str], float] = {
    ("8", "8"): 0.17, ("8", "4"): 0.22, ("8", "2"): 0.35, ("8", "4."): 0.52, ("8", "6"): 0.6,
    ("2", "8"): 0.48, ("2", "4."): 0.24, ("2", "6"): 0.5, ("4.", "8."): 0.7,
    ("4", "2"): 0.1, ("2", "2"): 0.03, ("4.", "4."): 0.3,
}  # fmt: skip
_UNWRITTEN = frozenset({("C", -1), ("F", -1), ("E", 1), ("B", 1)})


@dataclass
class Note:
    """A note or rest of a tune.

    Attributes:
        figure: Its duration and beams.
        step: Height in letters counted from C0 (middle C is 28); None for a rest.
        alteration: Semitones off the natural letter: -1, 0 or 1.
        tied_in: Continues the note before.
        tied_out: Is continued by the next note.
        slur: `(` begins a slur, `)` ends one, else empty.
        articulation: Signs at the note, such as `'`.
        second: Step of a second, lower note struck with it, or None; it is as the key has it.
    """

    figure: Figure
    step: int | None
    alteration: int = 0
    tied_in: bool = False
    tied_out: bool = False
    slur: str = ""
    articulation: str = ""
    second: int | None = None


@dataclass
class Bar:
    """A bar of a tune.

    Attributes:
        notes: Its notes and rests.
        chords: Place in ticks from the beginning of the bar, and the chord.
        signature: The signature that begins with this bar, or empty.
        meter: The meter that begins with this bar, or empty.
        barline: What opens it, such as `=`; empty for a pickup.
        key: The key in force.
        lower: The notes of a second voice, or none.
    """

    notes: list[Note]
    chords: list[tuple[int, Chord]]
    key: Key
    signature: str = ""
    meter: str = ""
    barline: str = "="
    lower: list[Note] = field(default_factory=list)

    def copy(self) -> Bar:
        """Return the same music once more, without what changes at its beginning."""
        return Bar([replace(note) for note in self.notes], list(self.chords), self.key)


@dataclass
class Singer:
    """Draws the pitches of one tune within its range.

    Attributes:
        lowest: Lowest step.
        highest: Highest step.
        chromatic: Probability that a short passing note leaves key and chord.
        step: Step of the last note.
    """

    lowest: int
    highest: int
    chromatic: float
    step: int

    def bar(
        self,
        rng: random.Random,
        rhythm: Rhythm,
        chords: Sequence[tuple[int, Chord]],
        before: Chord,
        key: Key,
        model: Bar | None = None,
    ) -> list[Note]:
        """Draw the notes of a bar.

        Args:
            rng: Source of chance.
            rhythm: Their durations.
            chords: The chords of the bar and their places in ticks.
            before: The chord in force when the bar begins.
            key: The key of the bar.
            model: A bar of the same rhythm whose line is followed from another height, if one is given.
        """
        notes: list[Note] = []
        moves = _moves(model) if model else []
        for place, figure in zip(onsets(rhythm), rhythm, strict=True):
            if figure.is_rest:
                notes.append(Note(figure, None))
                continue
            chord = next((chord for start, chord in reversed(chords) if start <= place), before)
            sung = sum(note.step is not None for note in notes)
            move = moves[sung] if 0 < sung < len(moves) else rng.choices(_MOVES, _MOVE_WEIGHTS)[0]
            self._move(rng, move, chord, is_main=place % (TICKS // 2) == 0 or figure.ticks >= _LONG)
            letter = LETTERS[self.step % 7]
            notes.append(Note(figure, self.step, chord.alterations.get(letter, key.alteration(letter))))
        if self.chromatic:
            self._add_passing_notes(rng, notes)
        return notes

    def _move(self, rng: random.Random, move: int, chord: Chord, is_main: bool) -> None:
        """Go on to the next step; a main note is likely to be one of the chord's."""
        step = self.step + move
        centre = (self.lowest + self.highest) / 2
        if abs(step - centre) > abs(self.step - centre) and rng.random() < 0.16 * abs(self.step - centre):
            step = 2 * self.step - step
        if is_main and LETTERS[step % 7] not in chord.alterations and rng.random() < 0.75:
            nearby = (step + 1, step - 1) if rng.random() < 0.5 else (step - 1, step + 1)
            step = next((near for near in nearby if LETTERS[near % 7] in chord.alterations), step)
        self.step = min(max(step, self.lowest), self.highest)

    def _add_passing_notes(self, rng: random.Random, notes: list[Note]) -> None:
        """Let some short notes lie a semitone from the note they lead to."""
        for note, following in pairwise(notes):
            if note.step is None or following.step is None or note.figure.ticks > _LONG:
                continue
            if abs(note.step - following.step) > 1 or rng.random() >= self.chromatic:
                continue
            for alteration in (-1, 0, 1):
                distance = _height(following.step, following.alteration) - _height(note.step, alteration)
                if abs(distance) == 1 and (LETTERS[note.step % 7], alteration) not in _UNWRITTEN:
                    note.alteration = alteration
                    break


def _moves(bar: Bar) -> list[int]:
    """Return by how many steps each note of a bar departs from the one before; 0 for the first."""
    steps = [note.step for note in bar.notes if note.step is not None]
    return [0, *(second - first for first, second in pairwise(steps))]


def _height(step: int, alteration: int) -> int:
    """Return the height of a note in semitones from C0."""
    return 12 * (step // 7) + HALF_TONES[step % 7] + alteration


def add_ties(rng: random.Random, bars: Sequence[Bar], scale: float) -> None:
    """Tie notes over barlines and into the middle of bars about as often as lead sheets do, times `scale`."""
    for number, bar in enumerate(bars):
        following = bars[number + 1] if number + 1 < len(bars) else None
        last, place = bar.notes[-1], 0
        for first, second in pairwise(bar.notes):
            place += first.figure.ticks
            if place == TICKS // 2:
                durations = first.figure.duration, second.figure.duration
                _tie(rng, first, second, scale * _TIES_INTO_MIDDLE.get(durations, 0.0))
        # A repeat does not lead on to what is written next.
        if following is not None and ":" not in following.barline and not following.signature:
            _tie(rng, last, following.notes[0], scale * _TIES_OVER_BARLINE.get(last.figure.duration, 0.0))


def _tie(rng: random.Random, first: Note, second: Note, probability: float) -> None:
    if first.step is None or second.step is None or rng.random() >= probability:
        return
    if first.tied_in or first.figure.ticks > _LONG // 2:
        second.step, second.alteration = first.step, first.alteration
    else:  # a short note anticipates the one it is tied to
        first.step, first.alteration = second.step, second.alteration
    first.tied_out = second.tied_in = True
