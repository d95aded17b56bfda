"""A text bar by bar, as far as drawing it asks: what stands in each bar, under which clef and meter, on which system.

Knows the text only: neither what an engraver makes of it, nor how anything looks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from jazzmus.errors import KernError
from jazzmus.kern.accidentals import drawn_accidental
from jazzmus.kern.document import CHORD_SPINE, MELODY_SPINE, Row, RowKind, parse_kern
from jazzmus.kern.notes import NULL_CELL, Note, height, parse_notes
from jazzmus.kern.systems import break_indices, name_in_force

# Counted in letters from C of octave 0; the first line of a clef's name is the lowest of the staff.
_CLEF = re.compile(r"\*clef([GFC])(v*)(\^*)([1-5])")
_CLEF_PITCH = {"G": 4 * 7 + 4, "F": 3 * 7 + 3, "C": 4 * 7}
_VOLTA = re.compile(r"\*>.*?(\d+(?:[,-]\d+)*)")
_METER = re.compile(r"\*M(\d+)/(\d+)")
SIGNS = {"*met(c)": "C", "*met(c|)": "C|"}


class TextEvent(NamedTuple):
    """A note, rest or double stop.

    Attributes:
        line: 1-based line of the text.
        column: Its column there, from 0.
        notes: As written; several for a double stop.
        clef: The clef in force, such as `*clefG2`.
    """

    line: int
    column: int
    notes: tuple[Note, ...]
    clef: str


@dataclass
class TextBar:
    """A bar with music in it.

    Attributes:
        system: Index of its system.
        barlines: Cells of the barline rows between the bar before and this one; empty for a text that begins without.
        events: In reading order, row by row and column by column; invisible rests included.
        chords: Line and cell of each chord symbol.
        meter: The meter in force as it is drawn, such as `3/4` or `C|`; empty for none.
        length: What the meter allows, in whole notes; 0 for no meter.
        clef: The clef in force where the bar begins.
        signature: The key signature in force, such as `*k[b-]`.
        volta: Figure of the ending that begins here, or an empty text for another section that does, or None.
    """

    system: int
    barlines: tuple[str, ...]
    meter: str
    length: Fraction
    clef: str
    signature: str
    volta: str | None
    events: list[TextEvent] = field(default_factory=list)
    chords: list[tuple[int, str]] = field(default_factory=list)

    @property
    def duration(self) -> Fraction:
        """What the first voice fills of the bar, in whole notes."""
        return sum((event.notes[0].duration for event in self.events if event.column == 0), Fraction(0))


class TextBars(NamedTuple):
    """All bars, and the cells of the barline rows after the last of them."""

    bars: list[TextBar]
    closing: tuple[str, ...]


def drawn_accidentals(event: TextEvent) -> list[tuple[float, str]]:
    """Return the y (see `staff_position`) and the sign of each accidental that is drawn before an event."""
    signs = ((staff_position(note, event.clef), drawn_accidental(note)) for note in event.notes if not note.is_rest)
    return [(y, sign) for y, sign in signs if sign]


# The elements of a text are made and then checked from one reading.
@lru_cache(maxsize=2)
def read_bars(kern: str) -> TextBars:
    """Read a text of one staff; what is returned is shared and stays as it is.

    Raises:
        KernError: The text is not well-formed.
    """
    document = parse_kern(kern)
    breaks = set(break_indices(row.kind for row in document.rows))
    walk = _Walk()
    for index, row in enumerate(document.rows):
        if index in breaks:
            walk.system += 1
        if row.kind is RowKind.BARLINE:
            walk.barlines += (row.cells[0],)
            walk.bar = None
        elif row.kind is RowKind.INTERPRETATION:
            walk.interpret(row, document.cell_types(row))
        elif row.kind is RowKind.DATA:
            walk.take(row, document.cell_types(row))
    return TextBars(walk.bars, walk.barlines)


@dataclass(eq=False)
class _Walk:
    """What is in force as the rows go by."""

    bars: list[TextBar] = field(default_factory=list)
    bar: TextBar | None = None
    barlines: tuple[str, ...] = ()
    system: int = 0
    clef: str = "*clefG2"
    signature: str = "*k[]"
    meter: str = ""
    length: Fraction = Fraction(0)
    volta: str | None = None

    def interpret(self, row: Row, types: tuple[str, ...]) -> None:
        for cell, spine_type in zip(row.cells, types, strict=True):
            if spine_type != MELODY_SPINE:
                continue
            name = name_in_force(cell)
            if name == "clef":
                self.clef = cell
            elif name == "signature":
                self.signature = cell
            elif name == "met":
                self.meter = SIGNS.get(cell, self.meter)
            elif meter := _METER.fullmatch(cell):
                self.meter, self.length = f"{meter[1]}/{meter[2]}", Fraction(int(meter[1]), int(meter[2]))
            elif cell.startswith("*>"):
                volta = _VOLTA.fullmatch(cell)
                self.volta = volta[1] if volta else ""

    def take(self, row: Row, types: tuple[str, ...]) -> None:
        if self.bar is None:
            self.bar = TextBar(
                self.system, self.barlines, self.meter, self.length, self.clef, self.signature, self.volta
            )
            self.bars.append(self.bar)
            self.barlines, self.volta = (), None
        for column, (cell, spine_type) in enumerate(zip(row.cells, types, strict=True)):
            if spine_type == CHORD_SPINE and cell != NULL_CELL:
                self.bar.chords.append((row.line, cell))
            notes = _notes(cell, row.line) if spine_type == MELODY_SPINE else ()
            if notes:
                self.bar.events.append(TextEvent(row.line, column, notes, self.clef))


def _notes(cell: str, line: int) -> tuple[Note, ...]:
    try:
        return parse_notes(cell)
    except KernError as error:
        raise KernError(f"line {line}: {error}") from error


def staff_position(note: Note, clef: str) -> float:
    """Return how far below the middle line a note's head stands, in staff spaces (negative above it)."""
    match = _CLEF.fullmatch(clef)
    sign, down, up, line = match.groups() if match else ("G", "", "", "2")
    middle = _CLEF_PITCH[sign] + 7 * (len(up) - len(down)) + 2 * (3 - int(line))
    return (middle - height(note)) / 2
