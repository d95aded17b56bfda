"""Accidentals of a text: which are drawn, which notes are tied, and what a note without an accidental has.

`X` after an accidental says that the page shows it, `i` that it is shown though not needed. Takes any text, also a
malformed one. Does not know whether it walks sounding or written accidentals: its callers say what each note states.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from jazzmus.errors import KernError
from jazzmus.kern.document import JOIN, MELODY_SPINE, SPLIT, RowKind, row_kind
from jazzmus.kern.notes import NATURAL, Note, parse_notes
from jazzmus.kern.systems import name_in_force

DRAWN_MARK, COURTESY_MARK = "X", "i"
# As `split_lines` does, with its end; `str.splitlines` also splits at characters that may stand in a cell.
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_SIGNATURE_ENTRY = re.compile("([a-g])([#-]+)")


def accidental_is_drawn(note: Note) -> bool:
    """Say whether the page of a sounding text shows a sharp, flat or natural at this note (`n`, `X`, or `i`)."""
    return not note.is_rest and (note.accidental == NATURAL or DRAWN_MARK in note.marks or COURTESY_MARK in note.marks)


def drawn_accidental(note: Note) -> str:
    """Return the accidental the page of a sounding text shows; empty for none. A mark without accidental is `n`."""
    return (note.accidental or NATURAL) if accidental_is_drawn(note) else ""


def begins_tie(note: Note) -> bool:
    """Say whether the note is tied to a later one. `_` goes on with a tie on either side of a note."""
    return "[" in note.opening or "_" in note.opening + note.marks


def ends_tie(note: Note) -> bool:
    """Say whether the note is tied to an earlier one."""
    return "]" in note.marks or "_" in note.opening + note.marks


def change_cells(
    text: str,
    change: Callable[[str, int], str],
    follow: Callable[[RowKind, Sequence[str]], None] = lambda kind, cells: None,
) -> str:
    """Return the text with each cell of its data rows changed (given with its column), in reading order.

    All other rows stay; `follow` is told their kind and cells.
    """
    lines = _LINE.findall(text)
    for index, line in enumerate(lines):
        content = line.rstrip("\r\n")
        cells, kind = content.split("\t"), row_kind(content)
        if kind is RowKind.DATA:
            changed = [change(cell, column) for column, cell in enumerate(cells)]
            lines[index] = "\t".join(changed) + line[len(content) :]
        else:
            follow(kind, cells)
    return "".join(lines)


def change_notes(cell: str, change: Callable[[Note], Note]) -> str:
    """Return the cell with its notes changed; rests, chord symbols and what is not understood stay as they are."""
    texts = cell.split(" ")
    for index, text in enumerate(texts):
        try:
            notes = parse_notes(text)
        except KernError:
            continue
        texts[index] = "".join(text if note.is_rest else change(note).to_text() for note in notes) or text
    return " ".join(texts)


@dataclass(eq=False)
class _Staff:
    """Alterations on a staff: by letter from the signature, by pitch within the measure and of ties not yet ended."""

    signature: dict[str, str] = field(default_factory=dict)
    measure: dict[str, str] = field(default_factory=dict)
    ties: dict[str, str] = field(default_factory=dict)


class InForce:
    """Which alteration a note without accidental has, on each staff, as a text is walked from its beginning.

    A staff is a `**kern` column of the header with all its splits; columns to its right that are not `**kern` count
    to it too, so that in a text of one staff ragged rows and a missing header change nothing.
    """

    def __init__(self) -> None:
        self._columns = [_Staff()]

    def walk(self, text: str, change: Callable[[Note, int], Note]) -> str:
        """Return the text with each note changed (given with its column); `change` is to `take` every note."""

        def change_cell(cell: str, column: int) -> str:
            return change_notes(cell, lambda note: change(note, column))

        return change_cells(text, change_cell, self._follow)

    def is_tied_in(self, note: Note, column: int) -> bool:
        """Say whether the note is tied from one that has been taken."""
        return ends_tie(note) and note.pitch in self._staff(column).ties

    def implied(self, note: Note, column: int) -> str:
        """Return the alteration the next note has without an accidental: by tie, else measure, else signature."""
        staff = self._staff(column)
        if self.is_tied_in(note, column):
            return staff.ties[note.pitch]
        return staff.measure.get(note.pitch, staff.signature.get(note.pitch[0].lower(), ""))

    def take(self, note: Note, column: int, states: bool) -> None:
        """Pass a sounding note; if it `states` its alteration, that holds for its pitch to the end of the measure."""
        staff = self._staff(column)
        if states:
            staff.measure[note.pitch] = note.alteration
        staff.ties.pop(note.pitch, None)
        if begins_tie(note):
            staff.ties[note.pitch] = note.alteration

    def _follow(self, kind: RowKind, cells: Sequence[str]) -> None:
        """Take over what a row without notes says."""
        if kind is RowKind.BARLINE:
            for staff in self._columns:
                staff.measure.clear()
        elif kind is RowKind.HEADER:
            staffs = [_Staff() for _ in cells]
            self._columns = [staffs[max(cells[: end + 1].count(MELODY_SPINE) - 1, 0)] for end in range(len(cells))]
        elif kind is RowKind.MANIPULATION:
            self._split_and_join(cells)
        elif kind is RowKind.INTERPRETATION:
            for column, cell in enumerate(cells):
                if name_in_force(cell) == "signature":
                    staff = self._staff(column)
                    staff.signature = dict(_SIGNATURE_ENTRY.findall(cell))
                    staff.measure.clear()

    def _staff(self, column: int) -> _Staff:
        return self._columns[min(column, len(self._columns) - 1)]

    def _split_and_join(self, cells: Sequence[str]) -> None:
        columns: list[_Staff] = []
        for column, cell in enumerate(cells):
            staff = self._staff(column)
            joins_left = cell == JOIN and column > 0 and cells[column - 1] == JOIN and staff is columns[-1]
            if not joins_left:
                columns += [staff, staff] if cell == SPLIT else [staff]
        self._columns = columns
