"""Melody and chord cells of any text by spine, through splits and joins: the tolerant reader of the metrics.

Predictions are often malformed, so nothing is refused here; `kern.document` is the strict reader. Does not know what a
note or a chord symbol means.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import zip_longest
from typing import NamedTuple

from jazzmus.kern.document import (
    CHORD_SPINE,
    JOIN,
    MELODY_SPINE,
    SPINELESS_KINDS,
    SPLIT,
    RowKind,
    row_kind,
    split_lines,
)
from jazzmus.metrics.harmony import is_chord_cell


class WalkedRow(NamedTuple):
    """One row of a text.

    Attributes:
        kind: what the row is for, by its beginning.
        melody: its cells under `**kern`, one for each voice; a row of no spine has its line here.
        chords: its chord symbols, under `**mxhm`; none but in a data row.
    """

    kind: RowKind
    melody: tuple[str, ...]
    chords: tuple[str, ...]


class _Columns(NamedTuple):
    """Where the cells of both spines begin and end in a row."""

    melody: tuple[int, int]
    chords: tuple[int, int]


def walk(text: str) -> list[WalkedRow]:
    """Return the rows of a text in order, those of white space left out; never raises.

    A row of more or fewer cells than there are open paths is one of more or fewer voices of the first spine, so that a
    split or join left out costs the other spines nothing; what is too short even so lacks its last cells. A join
    without a neighbour is ignored, and so are terminators: music after them is still to be scored. Every row beginning
    with `**` begins anew, as does the first row whatever it is; as published, the first spine is the melody where none
    is named so, and chords are found under their name only.
    """
    header: list[str] = []
    paths: list[int] = []
    columns: _Columns | None = None
    tabs = 0
    rows: list[WalkedRow] = []
    for line in split_lines(text):
        if not line.strip():
            continue
        if line.startswith("**") or not (header or line.startswith("!!")):
            header = line.split("\t")
            paths, columns = list(range(len(header))), None
        if columns is None or line.count("\t") != tabs:
            tabs = line.count("\t")
            columns = _columns(header, _fitted(paths, tabs + 1))
        row = _row(line, columns)
        rows.append(row)
        if row.kind is RowKind.MANIPULATION:
            paths, columns = _paths_after(line.split("\t"), _fitted(paths, tabs + 1)), None
    return rows


@lru_cache(maxsize=16384)
def _row(line: str, columns: _Columns) -> WalkedRow:
    """Read one line; most lines of a page stand in many others."""
    kind = row_kind(line)
    if kind in SPINELESS_KINDS:
        return WalkedRow(kind, (line,), ())
    cells = line.split("\t")
    chords = cells[slice(*columns.chords)] if kind is RowKind.DATA else []
    return WalkedRow(kind, tuple(cells[slice(*columns.melody)]), tuple(filter(is_chord_cell, chords)))


def _columns(header: list[str], paths: list[int]) -> _Columns:
    """Return the columns of both spines; those of a spine are neighbours, as spines only split and join."""
    melody = header.index(MELODY_SPINE) if MELODY_SPINE in header else 0
    chords = header.index(CHORD_SPINE) if CHORD_SPINE in header else None
    spans = [(paths.index(spine), paths.count(spine)) if spine in paths else (0, 0) for spine in (melody, chords)]
    return _Columns(*((begin, begin + count) for begin, count in spans))


def _fitted(paths: list[int], width: int) -> list[int]:
    """Return the paths of a row of `width` cells, more than those where it is too short for one of each spine."""
    if width == len(paths):
        return paths
    others = [path for path in paths if path]
    return [0] * max(1, width - len(others)) + others


def _paths_after(cells: list[str], paths: list[int]) -> list[int]:
    """Return the open paths after a row of splits and joins; paths without a cell stay as they are."""
    after: list[int] = []
    joining: int | None = None
    for path, cell in zip_longest(paths, cells[: len(paths)], fillvalue=None):
        if path is None or (cell == JOIN and path == joining):
            continue
        joining = path if cell == JOIN else None
        after += [path, path] if cell == SPLIT else [path]
    return after
