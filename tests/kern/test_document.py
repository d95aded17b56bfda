from __future__ import annotations

import json
from pathlib import Path

import pytest
from documents import kern_texts
from hypothesis import given, settings

from jazzmus.errors import KernError
from jazzmus.kern.document import CHORD_SPINE, MELODY_SPINE, RowKind, parse_kern

SPLIT_PAGE = (
    "**kern\t**mxhm\n*clefG2\t*\n=\t=\n*^\t*\n4c\t4e\tC:maj\n4d\t4f\t.\n"
    "*v\t*v\t*\n!!linebreak:original\n!LO:TX\t!\n4g\t.\n*-\t*-\n"
)


@settings(deadline=None, max_examples=50)
@given(kern_texts())
def test_a_well_formed_text_is_written_back_unchanged(text: str) -> None:
    assert parse_kern(text).to_text() == text


def test_kinds_and_spine_paths_of_a_page_with_a_split() -> None:
    document = parse_kern(SPLIT_PAGE)
    assert [row.kind for row in document.rows] == [
        RowKind.HEADER,
        RowKind.INTERPRETATION,
        RowKind.BARLINE,
        RowKind.MANIPULATION,
        RowKind.DATA,
        RowKind.DATA,
        RowKind.MANIPULATION,
        RowKind.LINEBREAK,
        RowKind.LOCAL_COMMENT,
        RowKind.DATA,
        RowKind.TERMINATOR,
    ]
    split, joined = document.rows[4], document.rows[9]
    assert split.spines == (0, 0, 1)
    assert document.cell_types(split) == (MELODY_SPINE, MELODY_SPINE, CHORD_SPINE)
    assert joined.spines == (0, 1)
    assert joined.line == 10


def test_splits_within_splits_and_joins_of_two_spines_in_one_row() -> None:
    text = "**kern\t**kern\n*^\t*^\n*\t*^\t*\t*\n4c\t4d\t4e\t4f\t4g\n*v\t*v\t*v\t*v\t*v\n4c\t4d\n*-\t*-\n"
    document = parse_kern(text)
    assert document.rows[3].spines == (0, 0, 0, 1, 1)
    assert document.rows[5].spines == (0, 1)


def test_one_spine_may_end_before_the_other() -> None:
    document = parse_kern("**kern\t**mxhm\n4c\t.\n*\t*-\n4d\n*-\n")
    assert document.rows[3].spines == (0,)


@pytest.mark.parametrize("written", ["\ufeff" + SPLIT_PAGE, SPLIT_PAGE.replace("\n", "\r\n"), SPLIT_PAGE.rstrip("\n")])
def test_byte_order_mark_windows_lines_and_missing_last_newline_are_accepted(written: str) -> None:
    assert parse_kern(written).to_text() == SPLIT_PAGE


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the text has no header"),
        ("4c\t.\n", "line 1: a data row before the header"),
        ("**kern\t**mxhm\n4c\n*-\t*-\n", "line 2: 1 cell(s) where 2"),
        ("**kern\n4c\n\n*-\n", "line 3: an empty cell"),
        ("**kern\t**mxhm\n4c\t\n*-\t*-\n", "line 2: an empty cell"),
        ("**kern\n4c\n", "line 2: 1 spine(s) never closed"),
        ("**kern\n*v\n*-\n", "line 2: a join"),
        ("**kern\t**mxhm\n*v\t*v\n*-\n", "line 2: a join"),
        ("**kern\n4c\n*-\n4d\n", "line 4: a data row after all spines were closed"),
        ("**kern\n4c\n**kern\n*-\n", "line 3: a second header"),
        ("**kern\t**mxhm\n=\t.\n*-\t*-\n", "line 2: cell `.` does not belong"),
        ("**kern\t**mxhm\n4c\t=\n*-\t*-\n", "line 2: cell `=` does not belong"),
        ("**kern\t**mxhm\n*x\t*x\n*-\t*-\n", "line 2: `*x` is not part"),
    ],
)
def test_a_flawed_text_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(KernError) as error:
        parse_kern(text)
    assert str(error.value).startswith(message)


def test_real_texts_are_written_back_unchanged(shared: Path) -> None:
    pages = json.loads((shared / "golden" / "tokenizers.json").read_text(encoding="utf-8"))
    assert pages
    for page in pages:
        assert parse_kern(page["kern"]).to_text() == page["kern"]
