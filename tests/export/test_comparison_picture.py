"""The comparison picture: rows aligned and marked, and no text that stops it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jazzmus.errors import DataError
from jazzmus.export.comparison_picture import (
    HALF_WIDTH,
    WRONG,
    ComparedRow,
    compare_rows,
    engraved_or_none,
    write_comparison,
)

HEAD = "**kern\t**mxhm\n*clefG2\t*\n*k[]\t*\n*M4/4\t*\n=\t=\n"
BAR = "4c\tC:maj7\n4d\t.\n4e\tF:7\n4f\t.\n=\t=\n"
TAIL = "==\t==\n*-\t*-\n"
REFERENCE = f"{HEAD}4c\tC:maj7\n4d\t.\n2e\t.\n{TAIL}"
PAGE = Image.new("L", (300, 120), 255)

GARBAGE = [
    "",
    "\n\n\t\t\n",
    "no kern at all",
    "**kern\t**mxhm\n8c\tx\x00\n\n8d\t\ud800" + "x" * 500,
    f"{HEAD}8c\t.\t.\n{TAIL}",  # Verovio ends the process on ragged rows
    f"{HEAD}4c\t\x01\n{TAIL}",
    f"{HEAD}[[[[8cc]]]]<&>\t<svg>\n{TAIL}",
    "8c\n" * 3000,
]


def count_marked(path: Path) -> int:
    with Image.open(path) as image:
        return int((np.asarray(image.convert("RGB")) == WRONG).all(axis=2).sum())


@pytest.mark.parametrize("prediction", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_gives_a_picture(tmp_path: Path, prediction: str) -> None:
    path = tmp_path / "deep" / "picture.png"
    write_comparison(path, PAGE, REFERENCE, prediction, {"CER": 100.0})
    assert count_marked(path) > 1000
    assert [file.name for file in path.parent.iterdir()] == ["picture.png"]


@pytest.mark.parametrize("name", ["picture", "picture.txt", "picture.krn"])
def test_endings_without_a_format_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"no picture can be written under the ending .*use \.png"):
        write_comparison(tmp_path / name, PAGE, REFERENCE, "", {})
    assert not list(tmp_path.iterdir())


def test_a_right_reading_is_engraved_and_unmarked(tmp_path: Path) -> None:
    right, wrong = tmp_path / "right.png", tmp_path / "wrong.png"
    write_comparison(right, PAGE, REFERENCE, REFERENCE, {})
    write_comparison(wrong, PAGE, REFERENCE, REFERENCE.replace("4d", "4f"), {})
    assert count_marked(right) == 0
    assert count_marked(wrong) > 1000
    with Image.open(right) as picture:
        reading = np.asarray(picture.convert("L"))[40:180, picture.width // 2 :]
    assert (reading < 100).mean() > 0.004


def test_unreadable_texts_are_not_engraved() -> None:
    assert engraved_or_none("") is None
    assert engraved_or_none("**kern\n4c\n") is None
    assert engraved_or_none(REFERENCE) is not None


def test_a_few_bars_are_drawn_as_wide_as_a_page() -> None:
    few, many = (engraved_or_none(f"{HEAD}{bar * count}{TAIL}") for bar, count in (("4c\tC:maj7\n", 3), (BAR, 12)))
    assert few is not None
    assert many is not None
    for picture in (few, many):
        ink = np.asarray(picture) < 128
        assert picture.width == HALF_WIDTH
        assert ink[:, -20:].any()
        assert ink.mean() > 0.01
    assert few.height > 1.3 * many.height


def test_rows_are_aligned_around_what_is_missing() -> None:
    assert compare_rows("a\nb\nc", "a\nc\nd") == [
        ComparedRow("a", "a"),
        ComparedRow("b", None),
        ComparedRow("c", "c"),
        ComparedRow(None, "d"),
    ]
