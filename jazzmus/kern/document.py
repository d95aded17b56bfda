"""Rows, spines and spine paths of a Humdrum text in the JAZZMUS dialect: parse, look at, write back unchanged.

Knows which cell belongs to which spine, through splits (`*^`) and joins (`*v`). Does not know what a note or a
chord symbol means (see `notes` and `chords`), nor whether bars add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from jazzmus.errors import KernError

LINEBREAK_PREFIX = "!!linebreak"
LINEBREAK_ROW = "!!linebreak:original"
MELODY_SPINE = "**kern"
CHORD_SPINE = "**mxhm"
SPLIT, JOIN, END, NULL_INTERPRETATION = "*^", "*v", "*-", "*"


class RowKind(Enum):
    """What a row of the text is for."""

    HEADER = "header"
    INTERPRETATION = "interpretation"
    MANIPULATION = "spine manipulation"
    BARLINE = "barline"
    DATA = "data"
    GLOBAL_COMMENT = "global comment"
    LINEBREAK = "linebreak"
    LOCAL_COMMENT = "local comment"
    TERMINATOR = "terminator"


MUSIC_KINDS = (RowKind.BARLINE, RowKind.DATA)
SPINELESS_KINDS = (RowKind.GLOBAL_COMMENT, RowKind.LINEBREAK)
_CELL_MARK = {
    RowKind.HEADER: "**",
    RowKind.INTERPRETATION: "*",
    RowKind.MANIPULATION: "*",
    RowKind.TERMINATOR: "*",
    RowKind.BARLINE: "=",
    RowKind.LOCAL_COMMENT: "!",
}


class Row(NamedTuple):
    """One row of the text.

    Attributes:
        kind: what the row is for.
        cells: its cells; a global comment or linebreak is a single cell.
        spines: for each cell, the index of the header column its spine path began in; empty for rows that belong to
            no spine.
        line: 1-based number of the line in the text it was parsed from.
    """

    kind: RowKind
    cells: tuple[str, ...]
    spines: tuple[int, ...]
    line: int


@dataclass(frozen=True)
class KernDocument:
    """A parsed text: the exclusive interpretation of each header column, and all rows in order."""

    spine_types: tuple[str, ...]
    rows: tuple[Row, ...]

    def to_text(self) -> str:
        """Return the text the document was parsed from, with Unix line ends and a final newline."""
        return rows_to_text(row.cells for row in self.rows)

    def cell_types(self, row: Row) -> tuple[str, ...]:
        """Return the exclusive interpretation (such as `**kern`) each cell of `row` stands under."""
        return tuple(self.spine_types[spine] for spine in row.spines)


def rows_to_text(rows: Iterable[Sequence[str]]) -> str:
    """Join cells with tabs and rows with newlines, a newline after the last row too."""
    return "".join("\t".join(cells) + "\n" for cells in rows)


def split_lines(text: str) -> list[str]:
    """Split a text into lines, accepting a byte order mark, Windows or old Mac line ends and a missing last newline."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines


def is_linebreak(line: str) -> bool:
    """Say whether a line marks the end of a system on the page."""
    return line.startswith(LINEBREAK_PREFIX)


@lru_cache(maxsize=8192)
def row_kind(line: str) -> RowKind:
    """Return the kind of a line by its beginning and, for interpretations, by its cells."""
    if line.startswith("!!"):
        return RowKind.LINEBREAK if is_linebreak(line) else RowKind.GLOBAL_COMMENT
    if line.startswith("!"):
        return RowKind.LOCAL_COMMENT
    if line.startswith("="):
        return RowKind.BARLINE
    if line.startswith("**"):
        return RowKind.HEADER
    if not line.startswith("*"):
        return RowKind.DATA
    cells = line.split("\t")
    if SPLIT in cells or JOIN in cells:
        return RowKind.MANIPULATION
    return RowKind.TERMINATOR if END in cells else RowKind.INTERPRETATION


# The systems of a page are cut from one parse.
@lru_cache(maxsize=4)
def parse_kern(text: str) -> KernDocument:
    """Parse a whole text strictly.

    Args:
        text: the page's text; Windows line ends, a byte order mark and a missing last newline are accepted.

    Returns:
        The document; `to_text` gives the text back exactly (with normalised line ends).

    Raises:
        KernError: if a row is empty or ragged, stands outside its spines, mixes kinds of cells, joins what was never
            split, or if the header or the terminators are missing. The message begins with the line number.
    """
    spine_types: tuple[str, ...] = ()
    open_spines: tuple[int, ...] = ()
    rows: list[Row] = []
    lines = split_lines(text)
    for number, line in enumerate(lines, start=1):
        kind, cells, flaw = _read_row(line)
        if kind in SPINELESS_KINDS:
            rows.append(Row(kind, cells, (), number))
            continue
        if kind is RowKind.HEADER:
            if spine_types:
                raise KernError(f"line {number}: a second header row; keep one tune and one `**` row in a text")
            spine_types = cells
            open_spines = tuple(range(len(cells)))
        flaw = _flaw_of_place(kind, cells, open_spines, bool(spine_types)) or flaw
        if flaw:
            raise KernError(f"line {number}: {flaw}")
        rows.append(Row(kind, cells, open_spines, number))
        if kind in (RowKind.MANIPULATION, RowKind.TERMINATOR):
            open_spines = _spines_after(cells, open_spines, number)
    if not spine_types:
        raise KernError("line 1: the text has no header row; begin it with `**kern` (and `**mxhm`)")
    if open_spines:
        raise KernError(f"line {len(lines)}: {len(open_spines)} spine(s) never closed; end the text with a row of `*-`")
    return KernDocument(spine_types, tuple(rows))


def _flaw_of_place(kind: RowKind, cells: tuple[str, ...], open_spines: tuple[int, ...], header_seen: bool) -> str:
    """Say what is wrong with where a row stands; empty if it stands inside its spines."""
    if not header_seen:
        return f"a {kind.value} row before the header; begin the text with a `**` row"
    if not open_spines:
        return f"a {kind.value} row after all spines were closed; remove it or the `*-` before"
    if len(cells) != len(open_spines):
        return f"{len(cells)} cell(s) where {len(open_spines)} spine(s) are open"
    return ""


@lru_cache(maxsize=8192)
def _read_row(line: str) -> tuple[RowKind, tuple[str, ...], str]:
    """Return the kind and the cells of a row, and what is wrong with one of them (empty if all are of that kind)."""
    kind = row_kind(line)
    if kind in SPINELESS_KINDS:
        return kind, (line,), ""
    cells = tuple(line.split("\t"))
    flaws = (_flaw_of_cell(kind, cell) for cell in cells)
    return kind, cells, next(filter(None, flaws), "")


def _flaw_of_cell(kind: RowKind, cell: str) -> str:
    if not cell:
        return "an empty cell; write `.` for a cell without content"
    mark = _CELL_MARK.get(kind)
    belongs = cell.startswith(mark) if mark else cell[0] not in "*=!"
    if not belongs:
        return f"cell `{cell}` does not belong in a {kind.value} row"
    if kind is not RowKind.HEADER and (cell.startswith("**") or cell in ("*x", "*+")):
        return f"`{cell}` is not part of the dialect here; spines only split and join"
    return ""


def _spines_after(cells: tuple[str, ...], spines: tuple[int, ...], number: int) -> tuple[int, ...]:
    """Return the open spine paths after a row of splits, joins and terminators."""
    after: list[int] = []
    column = 0
    while column < len(cells):
        cell, spine = cells[column], spines[column]
        column += 1
        if cell == SPLIT:
            after += [spine, spine]
        elif cell == JOIN:
            joined = 1
            while column < len(cells) and cells[column] == JOIN and spines[column] == spine:
                joined += 1
                column += 1
            if joined == 1:
                raise KernError(f"line {number}: a join (`*v`) without a neighbour of the same spine to join with")
            after.append(spine)
        elif cell != END:
            after.append(spine)
    return tuple(after)
