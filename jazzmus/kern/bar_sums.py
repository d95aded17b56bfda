"""Bars against the meter in force: which do not add up to it, and how many do.

Each voice of a bar is counted. A bar may be short, but not too long, where music begins or ends: the first and the last
of a text, and those beside a barline that is more than a plain one (a repeat, a double or a final bar). Does not know
how long a bar looks, and says nothing where no meter is in force.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from jazzmus.errors import KernError
from jazzmus.kern.document import JOIN, MELODY_SPINE, SPLIT, Row, RowKind, parse_kern
from jazzmus.kern.notes import parse_notes
from jazzmus.kern.systems import name_in_force

_BAR_NUMBER = re.compile(r"\d+[a-z]?$")


class WrongBar(NamedTuple):
    """A bar that does not fit its meter.

    Attributes:
        line: 1-based line at which it begins: its barline, or its first row of notes where it has none.
        last_line: line of its last row of notes.
        expected: length of the meter, in whole notes.
        found: length of the first voice that differs from it.
    """

    line: int
    last_line: int
    expected: Fraction
    found: Fraction


class BarSums(NamedTuple):
    """What the bars of a text add up to.

    Attributes:
        wrong: bars that do not fit the meter in force, top to bottom.
        full: number of bars in which each voice fills it.
        meter: the meter in force at the end, in whole notes; None for none.
    """

    wrong: list[WrongBar]
    full: int
    meter: Fraction | None


def wrong_bars(kern: str, meter: Fraction | None = None) -> list[WrongBar]:
    """Return the bars of a text whose durations do not fit the meter in force; see `sum_bars`."""
    return sum_bars(kern, meter).wrong


def meter_at_end(kern: str, meter: Fraction | None = None) -> Fraction | None:
    """Return the length of the meter in force at the end of a text, None for none; see `sum_bars`."""
    return sum_bars(kern, meter).meter


def meter_length(cell: str) -> Fraction | None:
    """Return the length of a meter such as `*M3/4` in whole notes; None for one that has none, such as `*M0`."""
    beats, _, unit = cell.removeprefix("*M").partition("/")
    return Fraction(int(beats), int(unit)) if beats.isdecimal() and unit.isdecimal() and int(unit) else None


def sum_bars(kern: str, meter: Fraction | None = None) -> BarSums:
    """Return what the bars of a text add up to.

    Args:
        kern: the text.
        meter: length of the meter in force before it, in whole notes; None for none.

    Raises:
        KernError: if the text is not well-formed, or a note is none; the message begins with the line number.
    """
    document = parse_kern(kern)
    reader = _Reader(meter=meter or Fraction(0))
    for row in document.rows:
        melody = [
            cell for cell, type_ in zip(row.cells, document.cell_types(row), strict=False) if type_ == MELODY_SPINE
        ]
        reader.take(row, melody)
    return BarSums(reader.wrong, reader.full, reader.meter or None)


@dataclass
class _Reader:
    """The bar that is being read.

    Attributes:
        wrong: what was found in the bars before.
        full: how many of them are full.
        meter: the meter in force; 0 for none.
        voices: what each voice has filled of the bar.
        line: line of the bar's beginning; 0 if nothing stands in it yet.
        last_line: line of its last notes; 0 if it has none.
        may_be_short: whether music begins with it.
    """

    wrong: list[WrongBar] = field(default_factory=list)
    full: int = 0
    meter: Fraction = Fraction(0)
    voices: list[Fraction] = field(default_factory=lambda: [Fraction(0)])
    line: int = 0
    last_line: int = 0
    may_be_short: bool = True

    def take(self, row: Row, melody: list[str]) -> None:
        """Take the next row and its cells of the melody."""
        if row.kind is RowKind.DATA:
            self.line, self.last_line = self.line or row.line, row.line
            self.voices = [filled + _duration(cell, row.line) for filled, cell in zip(self.voices, melody, strict=True)]
        elif row.kind is RowKind.INTERPRETATION:
            for cell in melody:
                if name_in_force(cell) == "meter":
                    self.meter = meter_length(cell) or Fraction(0)
        elif row.kind is RowKind.MANIPULATION:
            self._split_and_join(melody)
        elif row.kind in (RowKind.BARLINE, RowKind.TERMINATOR):
            is_plain = row.kind is RowKind.BARLINE and _BAR_NUMBER.sub("", melody[0]) == "="
            self._end_bar(may_be_short=not is_plain)
            self.line, self.may_be_short = row.line, not is_plain or (self.may_be_short and not self.last_line)
            self.voices, self.last_line = [Fraction(0)] * len(melody), 0

    def _end_bar(self, may_be_short: bool) -> None:
        may_be_short = may_be_short or self.may_be_short
        if not self.meter or not self.last_line:
            return
        self.full += all(filled == self.meter for filled in self.voices)
        for filled in self.voices:
            if filled > self.meter or (filled < self.meter and not may_be_short):
                self.wrong.append(WrongBar(self.line, self.last_line, self.meter, filled))
                return

    def _split_and_join(self, melody: list[str]) -> None:
        after: list[Fraction] = []
        previous = ""
        for filled, cell in zip(self.voices, melody, strict=True):
            if cell == JOIN == previous:
                # Voices that join after different times make a bar that is too short in one of them.
                after[-1] = min(after[-1], filled)
            else:
                after += [filled, filled] if cell == SPLIT else [filled]
            previous = cell
        self.voices = after


def _duration(cell: str, line: int) -> Fraction:
    try:
        notes = parse_notes(cell)
    except KernError as error:
        raise KernError(f"line {line}: {error}") from error
    return notes[0].duration if notes else Fraction(0)
