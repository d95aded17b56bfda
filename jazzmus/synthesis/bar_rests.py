"""Keeps bars of rest apart for Verovio, which merges neighbouring ones into a multi-bar rest and loses their breaks.

The way round: such bars are loaded as two invisible half rests each, and made whole again in Verovio's own encoding.
Knows nothing of drawing.
"""

from __future__ import annotations

import re

BAR_REST = re.compile(r"(\d+)(\.?)r")
TWO_SPACES = re.compile(r"(<layer [^>]*>)\s*<space [^>]*/>\s*<space [^>]*/>\s*(</layer>)")


def hide_bar_rests(rows: list[str]) -> tuple[list[str], bool]:
    """Replace each bar that is one whole rest, beside another such bar, by two invisible rests of half its length.

    Args:
        rows: Rows of a text with one staff.

    Returns:
        The rows, and whether any was replaced.
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
    return [_two_halves(row) if index in hidden else row for index, row in enumerate(rows)], bool(hidden)


def _two_halves(row: str) -> str:
    rest, *others = row.split("\t")
    length = BAR_REST.fullmatch(rest)
    if length is None:
        return row
    half = f"{2 * int(length[1])}{length[2]}ryy"
    return "\t".join([half, *others]) + "\n" + "\t".join([half, *("." for _ in others)])


def restore_bar_rests(mei: str) -> str:
    """Turn the bars hidden by `hide_bar_rests` into whole rests, in the MEI text that Verovio made of them."""
    return TWO_SPACES.sub(r"\1<mRest/>\2", mei)
