"""Which page trains, validates and tests: the shipped row lists, and the published shuffle for other data.

Works on row numbers and piece ids only. Knows nothing of images, texts, files or where the rows came from.

`published` holds out the first page of each validation and test piece and trains on every other page, other copies of
those pieces included. `clean` drops these copies too. On the engraved pages `published` shuffles the engraved set's own
order of pieces, holds out the first of a piece's two pages and, as published, keeps the pages whose image does not show
their text; `clean` leaves out those, and both pages of every piece the handwritten set validates or tests on.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import numpy as np

from jazzmus.errors import DataError

logger = logging.getLogger(__name__)

Protocol = Literal["clean", "published"]
Kind = Literal["handwritten", "engraved"]
PROTOCOLS: tuple[Protocol, ...] = ("clean", "published")

SHUFFLE_SEED = 42
TEST_FRACTION = 0.2
VAL_FRACTION = 0.1


@dataclass(frozen=True)
class Placement:
    """Where a page goes: `train`, `val` or `test`; or None with the reason for which it is left out."""

    split: str | None
    reason: str = ""


TRAIN = Placement("train")
_COPY = {
    "test": Placement(None, "other copy of a test piece"),
    "val": Placement(None, "other copy of a validation piece"),
}
_HELD_OUT_ENGRAVED = {
    "test": Placement(None, "engraved page of a test piece"),
    "val": Placement(None, "engraved page of a validation piece"),
}
_NOT_SHOWN = Placement(None, "image does not show its text")
_UNKNOWN_ROW = Placement(None, "row is not in the shipped lists")


@cache
def shipped_rows() -> Mapping[str, Any]:
    """The row lists of both hub datasets, as shipped in `row_splits.json`."""
    text = resources.files("jazzmus.dataset").joinpath("row_splits.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def full_length(kind: Kind) -> int:
    """Number of rows of the hub dataset."""
    return int(shipped_rows()[kind]["rows"])


@cache
def _shipped_placements(kind: Kind, protocol: Protocol) -> Mapping[int, Placement]:
    lists = shipped_rows()[kind]
    placements = dict.fromkeys(range(lists["rows"]), TRAIN)
    if kind == "handwritten":
        for split in ("test", "val"):
            placements.update(dict.fromkeys(lists[split], Placement(split)))
            if protocol == "clean":
                placements.update(dict.fromkeys(lists[f"copies_of_{split}"], _COPY[split]))
        return placements
    if protocol == "clean":
        placements.update(dict.fromkeys(lists["not_showing_text"], _NOT_SHOWN))
    names = "pages_of_{}" if protocol == "clean" else "published_{}"
    for split in ("test", "val"):
        placements.update(dict.fromkeys(lists[names.format(split)], _HELD_OUT_ENGRAVED[split]))
    return placements


def shipped_split(kind: Kind, rows: Sequence[int | None], protocol: Protocol) -> list[Placement]:
    """Place pages by their row number in the hub dataset.

    Args:
        kind: Which hub dataset the rows belong to.
        rows: Row numbers, in any order; those the lists do not know are left out.
        protocol: See the module's text.

    Returns:
        One placement for each row; engraved pages are never placed in `val` or `test`.
    """
    placements = _shipped_placements(kind, protocol)
    return [_UNKNOWN_ROW if row is None else placements.get(row, _UNKNOWN_ROW) for row in rows]


def shuffled_pieces(pieces: Sequence[str]) -> tuple[set[str], set[str]]:
    """Draw test and validation pieces as published.

    Args:
        pieces: Piece id of each page; the order of first appearance counts.

    Returns:
        Test pieces and validation pieces.
    """
    unique = list(dict.fromkeys(pieces))
    order = list(range(len(unique)))
    np.random.RandomState(SHUFFLE_SEED).shuffle(order)
    n_test, n_val = int(TEST_FRACTION * len(unique)), int(VAL_FRACTION * len(unique))
    test = {unique[index] for index in order[:n_test]}
    val = {unique[index] for index in order[n_test : n_test + n_val]}
    return test, val


def computed_split(pieces: Sequence[str], protocol: Protocol) -> list[Placement]:
    """Place pages by the published shuffle of their pieces.

    Args:
        pieces: Piece id of each page, in the order of the dataset.
        protocol: See the module's text.

    Returns:
        One placement for each page.
    """
    test, val = shuffled_pieces(pieces)
    seen: set[str] = set()
    placements = []
    for piece in pieces:
        split = "test" if piece in test else "val" if piece in val else "train"
        if piece not in seen or split == "train":
            placements.append(Placement(split))
        else:
            placements.append(_COPY[split] if protocol == "clean" else TRAIN)
        seen.add(piece)
    return placements


def as_single_folder(placements: Sequence[Placement]) -> list[Placement]:
    """Turn placements in `val` and `test` into pages left out: engraved pages are only ever trained on."""
    return [_HELD_OUT_ENGRAVED.get(placement.split or "", placement) for placement in placements]


def check_computed_split(kind: Kind, pieces: Mapping[int, str | None]) -> None:
    """Compare the published shuffle of the full hub dataset with the shipped lists.

    Args:
        kind: Which hub dataset.
        pieces: Title of every row, None where it has none; nothing is checked unless all rows are there with titles.

    Raises:
        DataError: They disagree; names the rows.
    """
    rows = range(full_length(kind))
    if set(pieces) != set(rows):
        return
    titles = [title for row in rows if (title := pieces[row])]
    if len(titles) < len(rows):
        logger.warning("split not checked against titles: %d rows without a title", len(rows) - len(titles))
        return
    computed = computed_split(titles, "clean")
    lists = shipped_rows()[kind]
    if kind == "engraved":
        held_out = {split: set(lists[f"published_{split}"]) for split in ("test", "val")}
        found = {split: {row for row in rows if computed[row].split == split} for split in ("test", "val")}
        differing = set().union(*(held_out[split] ^ found[split] for split in ("test", "val")))
    else:
        shipped = shipped_split(kind, rows, "clean")
        differing = {row for row in rows if computed[row] != shipped[row]}
    if differing:
        raise DataError(
            f"the split computed from the titles disagrees with the shipped {kind} row lists at rows "
            f"{', '.join(map(str, sorted(differing)))}; the titles were changed, pin an earlier state with --revision"
        )
