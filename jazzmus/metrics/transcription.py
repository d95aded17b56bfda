"""Edit counts over the characters, symbols and lines of a page, and over those of its melody column.

The definitions are the published ones, flaws included (after a spine split the melody's column index is wrong); the
figures of our own carry names of their own. Knows text only: normalise texts before calling, nothing is applied here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

_NOT_CONTENT = frozenset({"", "\n", "\t", ".", "*"})


class EditCount(NamedTuple):
    """Edits between a prediction and its reference, and the reference's length, both in the same units."""

    edits: int
    length: int


def count(prediction: Sequence[Hashable], reference: Sequence[Hashable]) -> EditCount:
    """Return the Levenshtein distance (insertions, deletions, substitutions cost 1) and the reference's length."""
    return EditCount(Levenshtein.distance(prediction, reference), len(reference))


def character_units(text: str) -> list[str]:
    """Return the units of CER: every character, newline and tab included, but no spaces."""
    return list(text.replace(" ", ""))


def symbol_units(text: str) -> list[str]:
    """Return the units of SER: what stands between newline, tab and space, and each newline and tab itself.

    Empty stretches are units too, so a text that ends in a newline has an empty last unit.
    """
    return text.replace("\n", " \n ").replace("\t", " \t ").split(" ")


def line_units(text: str) -> list[str]:
    """Return the units of LER: lines."""
    return text.split("\n")


def content_units(symbols: Iterable[str]) -> list[str]:
    """Return the symbols that carry music, our own figure: no separators, null cells (`.`, `*`) or barlines."""
    return [unit for unit in symbols if unit not in _NOT_CONTENT and not unit.startswith("=")]


def melody_column(text: str) -> str:
    """Return one column of the page, its rows joined by newlines: the column headed `**kern` in the first row.

    Without such a head it is the first column. Rows that are too short give their first cell; rows of white space
    are skipped.
    """
    rows = [line.split("\t") for line in text.split("\n") if line.strip()]
    if not rows:
        return ""
    column = next((index for index, cell in enumerate(rows[0]) if cell.startswith("**kern")), 0)
    return "\n".join(row[column] if column < len(row) else row[0] for row in rows)


UNITS: dict[str, Callable[[str], list[str]]] = {"cer": character_units, "ser": symbol_units, "ler": line_units}
