"""Chord symbols of a page and their roots, as the units of the published `ser_chord` and `ser_root`.

Takes the column by the header's index, as published; a chord on the wrong beat costs nothing. Knows text only.
"""

from __future__ import annotations

from collections.abc import Iterable

from jazzmus.kern.document import CHORD_SPINE
from jazzmus.kern.notes import NULL_CELL

_NO_ROOT = frozenset({"N.C.", "NC", "N.C", "rest"})
_NOT_CHORD = ("=", "*", "!")


def chord_units(text: str) -> list[str]:
    """Return the chord symbols of a page in order; none where no row beginning with `**` names a chord column."""
    lines = text.strip().split("\n")
    column = _chord_column(lines)
    if column is None:
        return []
    rows = [line.split("\t") for line in lines if not line.startswith(_NOT_CHORD)]
    return [row[column] for row in rows if column < len(row) and is_chord_cell(row[column])]


def is_chord_cell(cell: str) -> bool:
    """Say whether a cell of the chord column counts as a chord symbol, well spelt or not."""
    return bool(cell) and cell != NULL_CELL and not cell.startswith(_NOT_CHORD)


def root_units(chords: Iterable[str]) -> list[str]:
    """Return the roots of chord symbols; symbols without a root are left out."""
    return [root for root in map(chord_root, chords) if root is not None]


def chord_root(cell: str) -> str | None:
    """Return the root of a chord symbol as `A` to `G` with `#` or `b`, or None where it has none."""
    if cell in _NO_ROOT:
        return None
    name = cell.partition("/")[0].partition(":")[0]
    letter, rest = name[:1].upper(), name[1:]
    if not letter or letter not in "ABCDEFG":
        return None
    if "#" in rest:
        return letter + "#"
    return letter + "b" if any(sign in rest for sign in "-bB") else letter


def _chord_column(lines: list[str]) -> int | None:
    """Return the index of the first cell that names the chord spine in a row beginning with `**`."""
    for line in lines:
        if line.startswith("**"):
            cells = line.split("\t")
            if CHORD_SPINE in cells:
                return cells.index(CHORD_SPINE)
    return None
