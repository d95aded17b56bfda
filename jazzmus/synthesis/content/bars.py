"""A text of one staff and its chords as systems of bars: what stands in each and whether it fills its meter.

Knows onsets inside a bar. Does not know keys, chords, or where a text comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from jazzmus.kern.document import (
    CHORD_SPINE,
    MELODY_SPINE,
    NULL_INTERPRETATION,
    Row,
    RowKind,
    parse_kern,
)
from jazzmus.kern.notes import parse_notes
from jazzmus.kern.systems import name_in_force

MELODY_AND_CHORDS = (MELODY_SPINE, CHORD_SPINE)


class Moment(NamedTuple):
    """A data row: the melody's cell and the chord's."""

    melody: str
    chord: str


@dataclass(frozen=True)
class Bar:
    """A bar of a system.

    Attributes:
        barline: the one before it; empty where none stands.
        moments: its rows.
        meter: its length in whole notes as the meter has it; 0 if no meter is known.
    """

    barline: str
    moments: tuple[Moment, ...]
    meter: Fraction

    @property
    def onsets(self) -> tuple[Fraction, ...]:
        """When each row begins, in whole notes from the barline, and last the length of the bar."""
        onsets = [Fraction(0)]
        for moment in self.moments:
            onsets.append(onsets[-1] + _duration(moment.melody))
        return tuple(onsets)

    @property
    def is_full(self) -> bool:
        """Whether the melody fills the meter."""
        return self.onsets[-1] == self.meter


@dataclass(frozen=True)
class System:
    """A system of a text.

    Attributes:
        in_force: cells that state clef, signature, meter and mensuration at its beginning, by those names.
        bars: its bars; of a bar with several voices the first one.
        closing: the barline without a bar behind it; empty but in the last system.
        is_plain: whether one voice goes through it, and nothing but notes, chords and barlines stands in it.
    """

    in_force: dict[str, str]
    bars: tuple[Bar, ...]
    closing: str
    is_plain: bool


def read_systems(kern: str) -> list[System]:
    """Return the systems of a text in normal form whose columns are `MELODY_AND_CHORDS`; none of another text.

    Raises:
        KernError: if the text is not well-formed, or a note is none.
    """
    document = parse_kern(kern)
    if document.spine_types != MELODY_AND_CHORDS:
        return []
    in_force: dict[str, str] = {}
    systems: list[System] = []
    rows: list[Row] = []
    for row in document.rows:
        if row.kind in (RowKind.LINEBREAK, RowKind.TERMINATOR):
            systems.append(_system(rows, in_force))
            rows = []
        elif row.spines:
            rows.append(row)
    return systems


def full_bar_share(systems: list[System]) -> float:
    """Return which part of the bars is full; the tune's first and last may be short without being counted.

    Bars without a meter are left out; a text of those only has nothing amiss.
    """
    bars = [bar for system in systems for bar in system.bars if bar.meter]
    inner = [bar.is_full for number, bar in enumerate(bars) if bar.is_full or 0 < number < len(bars) - 1]
    return sum(inner) / len(inner) if inner else 1.0


def _system(rows: list[Row], in_force: dict[str, str]) -> System:
    """Read the rows of a system; what they put in force goes on in `in_force`."""
    barlines, contents = [""], [list[Moment]()]
    meters = [Fraction(0)]
    at_beginning: dict[str, str] | None = None
    is_plain = True
    for row in rows:
        is_music = row.kind in (RowKind.DATA, RowKind.BARLINE)
        if is_music and at_beginning is None:
            at_beginning = dict(in_force)
        if row.kind is RowKind.BARLINE:
            barlines.append(row.cells[0])
            contents.append([])
            meters.append(_meter(in_force))
        elif row.kind is RowKind.DATA:
            meters[-1] = _meter(in_force)
            is_plain = is_plain and len(row.cells) == len(MELODY_AND_CHORDS)
            contents[-1].append(Moment(row.cells[0], row.cells[-1]))
        elif row.kind is RowKind.MANIPULATION:
            is_plain = False
        elif row.kind is RowKind.INTERPRETATION:
            is_plain = is_plain and at_beginning is None
            _update(in_force, row.cells[0])
    bars = tuple(Bar(*bar) for bar in zip(barlines, map(tuple, contents), meters, strict=True) if bar[1])
    closing = barlines[-1] if not contents[-1] else ""
    return System(dict(in_force) if at_beginning is None else at_beginning, bars, closing, is_plain)


def _update(in_force: dict[str, str], cell: str) -> None:
    name = name_in_force(cell)
    if name and cell != NULL_INTERPRETATION:
        in_force[name] = cell
        if name == "meter":
            in_force.pop("met", None)


def _meter(in_force: dict[str, str]) -> Fraction:
    beats, _, unit = in_force.get("meter", "").removeprefix("*M").partition("/")
    return Fraction(int(beats), int(unit)) if beats.isdigit() and unit.isdigit() and int(unit) else Fraction(0)


@lru_cache(maxsize=16384)
def _duration(cell: str) -> Fraction:
    notes = parse_notes(cell)
    return notes[0].duration if notes else Fraction(0)
