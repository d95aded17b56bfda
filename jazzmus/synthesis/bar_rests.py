"""Keeps bars of rest apart for Verovio, which merges neighbouring ones into a multi-bar rest and loses their breaks.

The way round: such bars are loaded as two invisible half rests each, and made whole again in Verovio's own encoding or
in what is drawn. Knows nothing of drawing.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

BAR_REST = re.compile(r"(\d+)(\.*)r\S*")
INVISIBLE = "yy"
TWO_SPACES = re.compile(
    r'(<layer [^>]*>)\s*<space [^>]*?xml:id="space-L(\d+)F\d+"[^>]*/>\s*<space [^>]*/>\s*(</layer>)'
)


class RestsApart(NamedTuple):
    """Rows in which no bar of rest stands beside another one.

    Attributes:
        rows: The rows, one more for each rest that was replaced.
        sources: For each row, the index of the row it was made from.
        halves: Indices of the rows that are the first half of a rest that is to be seen.
    """

    rows: list[str]
    sources: list[int]
    halves: frozenset[int]


def hide_bar_rests(rows: list[str]) -> RestsApart:
    """Replace each bar that is one whole rest, beside another such bar, by two invisible rests of half its length.

    Args:
        rows: Rows of a text with one staff.
    """
    bars: list[list[int]] = [[]]
    for index, row in enumerate(rows):
        if row.startswith("="):
            bars.append([])
        elif row and row[0] not in "*!":
            bars[-1].append(index)
    bars = [bar for bar in bars if bar]
    empty = [len(bar) == 1 and BAR_REST.fullmatch(rows[bar[0]].split("\t")[0]) is not None for bar in bars]
    hidden = {
        bars[number][0]
        for number, is_empty in enumerate(empty)
        if is_empty and (empty[number - 1 : number] == [True] or empty[number + 1 : number + 2] == [True])
    }
    apart: list[str] = []
    sources: list[int] = []
    halves: set[int] = set()
    for index, row in enumerate(rows):
        if index in hidden and INVISIBLE not in row.split("\t")[0]:
            halves.add(len(apart))
        made = _two_halves(row) if index in hidden else [row]
        apart += made
        sources += [index] * len(made)
    return RestsApart(apart, sources, frozenset(halves))


def _two_halves(row: str) -> list[str]:
    rest, *others = row.split("\t")
    length = BAR_REST.fullmatch(rest)
    if length is None:
        return [row]
    half = f"{2 * int(length[1])}{length[2]}r{INVISIBLE}"
    return ["\t".join([half, *others]), "\t".join([half, *("." for _ in others)])]


def restore_bar_rests(mei: str, halves: Collection[int]) -> str:
    """Turn the bars hidden by `hide_bar_rests` into whole rests, in the MEI text that Verovio made of them."""
    return TWO_SPACES.sub(
        lambda bar: f"{bar[1]}<mRest/>{bar[3]}" if int(bar[2]) - 1 in halves else bar[0],
        mei,
    )
