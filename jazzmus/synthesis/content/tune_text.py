"""Writes the bars of a generated tune as a kern text of the dialect, in the normal form.

Marks the accidentals that are drawn: where key and measure call for one and the note is not tied in, and now and then
as a courtesy after a bar that altered the letter. It does not know how the music came about.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from jazzmus.kern.document import CHORD_SPINE, LINEBREAK_ROW, MELODY_SPINE
from jazzmus.kern.notes import LETTERS, pitch_letters
from jazzmus.synthesis.content.melody import Bar, Note
from jazzmus.synthesis.content.progressions import Chord, Key

_SIGNS = {-1: "-", 0: "", 1: "#"}


def write_tune(
    rng: random.Random,
    bars: Sequence[Bar],
    system_bars: Iterable[int],
    clef: str,
    final_barline: str,
    courtesy: float,
) -> str:
    """Return the text of a tune.

    Args:
        rng: Source of chance, for courtesy accidentals.
        bars: The first one states signature and meter.
        system_bars: Number of bars of each system; all bars in all.
        clef: Such as `G2`.
        final_barline: Such as `==`.
        courtesy: Probability of an accidental that is not needed, where the bar before altered the letter.
    """
    speller = _Speller(rng, courtesy)
    rows = [f"{MELODY_SPINE}\t{CHORD_SPINE}", f"*clef{clef}\t*", *_change_rows(bars[0])]
    first = 0
    for count in system_bars:
        for index in range(first, first + count):
            bar = bars[index]
            if index and index == first:
                rows.append(LINEBREAK_ROW)
            if bar.barline:
                rows.append(f"{bar.barline}\t{bar.barline}")
            rows += [*(_change_rows(bar) if index else []), *speller.bar_rows(bar)]
        first += count
    return "\n".join([*rows, f"{final_barline}\t{final_barline}", "*-\t*-", ""])


def _change_rows(bar: Bar) -> list[str]:
    statements = [bar.signature, *bar.meter.split()]
    return [f"{statement}\t*" for statement in statements if statement]


class _Speller:
    """Writes bar after bar, and remembers which accidentals the bar before had."""

    def __init__(self, rng: random.Random, courtesy: float) -> None:
        self._rng = rng
        self._courtesy = courtesy
        self._in_force: dict[int, int] = {}
        self._altered_before: dict[str, int] = {}

    def bar_rows(self, bar: Bar) -> list[str]:
        """Return the rows of a bar, those that split and join its voices included."""
        self._altered_before = {LETTERS[step % 7]: alteration for step, alteration in self._in_force.items()}
        self._in_force = {}
        voices = [_by_place(bar.notes), _by_place(bar.lower)] if bar.lower else [_by_place(bar.notes)]
        chord_at: dict[int, Chord] = dict(bar.chords)
        rows = []
        for place in sorted({place for voice in voices for place in voice} | set(chord_at)):
            cells = [self._cell(voice[place], bar.key) if place in voice else "." for voice in voices]
            rows.append("\t".join([*cells, chord_at[place].cell if place in chord_at else "."]))
        return ["*^\t*", *rows, "*v\t*v\t*"] if bar.lower else rows

    def _cell(self, note: Note, key: Key) -> str:
        figure = note.figure
        if note.step is None:
            return f"{figure.duration}r"
        opening = ("(" if note.slur == "(" else "") + ("[" if note.tied_out and not note.tied_in else "")
        closing = "_" if note.tied_in and note.tied_out else "]" if note.tied_in else ""
        marks = note.articulation + figure.beams + closing + (")" if note.slur == ")" else "")
        lower = ""
        if note.second is not None:
            # Marks stand at the first, lower note.
            accidental = self._accidental(note.second, key.alteration(LETTERS[note.second % 7]), key, False)
            lower, marks = f"{opening}{figure.duration}{pitch_letters(note.second)}{accidental}{marks} ", ""
            opening = ""
        accidental = self._accidental(note.step, note.alteration, key, note.tied_in)
        return f"{lower}{opening}{figure.duration}{pitch_letters(note.step)}{accidental}{marks}"

    def _accidental(self, step: int, alteration: int, key: Key, tied_in: bool) -> str:
        """Return the sounding accidental, with its mark if it is drawn."""
        letter = LETTERS[step % 7]
        is_drawn = not tied_in and alteration != self._in_force.get(step, key.alteration(letter))
        if not tied_in and not is_drawn and step not in self._in_force:
            altered = self._altered_before.get(letter, alteration) != alteration
            is_drawn = altered and self._rng.random() < self._courtesy
        if not is_drawn:
            return _SIGNS[alteration]
        self._in_force[step] = alteration
        return f"{_SIGNS[alteration]}X" if alteration else "n"


def _by_place(notes: Sequence[Note]) -> dict[int, Note]:
    """Return the notes by their places in ticks from the beginning of the bar."""
    placed: dict[int, Note] = {}
    place = 0
    for note in notes:
        placed[place] = note
        place += note.figure.ticks
    return placed
