from __future__ import annotations

from pathlib import Path

import datasets
import numpy as np
import pytest

from jazzmus.dataset.splits import (
    as_single_folder,
    check_computed_split,
    computed_split,
    full_length,
    shipped_rows,
    shipped_split,
    shuffled_pieces,
)
from jazzmus.errors import DataError


def counts(kind: str, protocol: str) -> dict[str, int]:
    placements = shipped_split(kind, range(full_length(kind)), protocol)
    found: dict[str, int] = {}
    for placement in placements:
        found[placement.split or placement.reason] = found.get(placement.split or placement.reason, 0) + 1
    return found


def test_shipped_lists_have_the_published_sizes() -> None:
    assert counts("handwritten", "published") == {"train": 245, "val": 16, "test": 32}
    assert counts("handwritten", "clean") == {
        "train": 225,
        "val": 16,
        "test": 32,
        "other copy of a test piece": 7,
        "other copy of a validation piece": 13,
    }
    assert counts("engraved", "published")["train"] == 326 - 48
    assert counts("engraved", "clean") == {
        "train": 217,
        "engraved page of a test piece": 64,
        "engraved page of a validation piece": 32,
        "image does not show its text": 13,
    }


def test_rows_that_the_lists_do_not_know_are_left_out() -> None:
    placements = shipped_split("handwritten", [0, 10, 293, None], "clean")
    assert [placement.split for placement in placements] == ["train", "test", None, None]
    assert placements[2].reason == "row is not in the shipped lists"


def test_engraved_lists_follow_the_shuffle() -> None:
    titles = {row: f"piece {row // 2}" for row in range(326)}
    check_computed_split("engraved", titles)
    with pytest.raises(DataError, match=r"engraved row lists at rows .*\b18\b"):
        check_computed_split("engraved", {**titles, 2: "piece 0", 3: "piece 0"})
    test, val = shuffled_pieces(list(titles.values()))
    assert sorted(2 * int(piece.split()[1]) for piece in test) == shipped_rows()["engraved"]["published_test"]
    assert sorted(2 * int(piece.split()[1]) for piece in val) == shipped_rows()["engraved"]["published_val"]


def handwritten_titles() -> dict[int, str]:
    """Titles of 163 pieces for 293 rows that lead to the shipped lists."""
    lists = shipped_rows()["handwritten"]
    order = list(range(163))
    np.random.RandomState(42).shuffle(order)
    held_out = {"test": set(order[:32]), "val": set(order[32:48])}
    seen: list[int] = []
    for row in range(293):
        new = len(set(seen))
        copied = next((split for split in held_out if row in lists[f"copies_of_{split}"]), None)
        if copied:
            seen.append(next(piece for piece in seen if piece in held_out[copied]))
        elif row in lists["test"] or row in lists["val"]:
            seen.append(new)
        else:
            seen.append(0 if new in held_out["test"] | held_out["val"] or new == 163 else new)
    return {row: f"piece {piece}" for row, piece in enumerate(seen)}


def test_full_set_is_checked_against_the_lists(caplog: pytest.LogCaptureFixture) -> None:
    titles = handwritten_titles()
    check_computed_split("handwritten", titles)
    clean = [titles[row] for row in range(293)]
    assert computed_split(clean, "clean") == shipped_split("handwritten", range(293), "clean")
    assert computed_split(clean, "published") == shipped_split("handwritten", range(293), "published")
    with pytest.raises(DataError, match=r"rows .*\b46\b.*--revision"):
        check_computed_split("handwritten", {**titles, 46: titles[0]})
    check_computed_split("handwritten", {**titles, 46: titles[0], 0: None, 292: None})
    assert "split not checked against titles: 2 rows without a title" in caplog.text
    caplog.clear()
    del titles[292]
    check_computed_split("handwritten", {**titles, 46: titles[0]})  # a partial copy cannot be checked
    assert not caplog.text


PIECES = [f"p{index % 20}" for index in range(50)]


@pytest.mark.parametrize("protocol", ["clean", "published"])
def test_computed_split_is_the_published_shuffle(protocol: str) -> None:
    names = np.array([f"p{index}" for index in range(20)])
    np.random.seed(42)
    np.random.shuffle(names)
    test, val = set(names[:4].tolist()), set(names[4:6].tolist())
    placements = computed_split(PIECES, protocol)
    for index, (piece, placement) in enumerate(zip(PIECES, placements, strict=True)):
        if piece not in test | val:
            expected = "train"
        elif index < 20:
            expected = "test" if piece in test else "val"
        else:
            expected = "train" if protocol == "published" else None
        assert placement.split == expected, index
        assert bool(placement.reason) == (expected is None)


def test_single_folder_holds_out_val_and_test() -> None:
    placements = as_single_folder(computed_split(PIECES, "clean"))
    assert {placement.split for placement in placements} == {"train", None}
    assert "engraved page of a test piece" in {placement.reason for placement in placements}


@pytest.mark.parametrize(("folder", "kind"), [("handwritten", "handwritten"), ("synthetic", "engraved")])
def test_lists_agree_with_the_real_pages(shared: Path, folder: str, kind: str) -> None:
    rows = datasets.load_dataset(str(shared / "jazzmus" / folder), split="train")
    rows = rows.select_columns(["row", "piece", "split_clean", "split_published"])
    not_shown = set(shipped_rows()["engraved"]["not_showing_text"]) if kind == "engraved" else set()
    for protocol in ("clean", "published"):
        for row, placement in zip(rows, shipped_split(kind, rows["row"], protocol), strict=True):
            marked = row[f"split_{protocol}"]
            if protocol == "clean" and row["row"] in not_shown:
                assert placement.split is None
            elif kind == "handwritten" and protocol == "published" and marked == "extra_val":
                assert placement.split == "train"
            else:
                assert placement.split == (marked if marked in ("train", "val", "test") else None), row


def test_engraved_training_pages_share_no_piece_with_validation(shared: Path) -> None:
    pieces: dict[str, set[str]] = {}
    for folder, kind, split in (("handwritten", "handwritten", "val"), ("synthetic", "engraved", "train")):
        rows = datasets.load_dataset(str(shared / "jazzmus" / folder), split="train").select_columns(["row", "piece"])
        placements = shipped_split(kind, rows["row"], "clean")
        pieces[split] = {row["piece"] for row, at in zip(rows, placements, strict=True) if at.split == split}
    assert len(pieces["val"]) == 16
    assert not pieces["val"] & pieces["train"]
