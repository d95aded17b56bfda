from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kern.documents import kern_texts

from jazzmus.kern.document import CHORD_SPINE, MELODY_SPINE, RowKind, parse_kern
from jazzmus.metrics.spine_walk import walk

HEADER = "**kern\t**mxhm\n"


def cells(text: str) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(row.melody, row.chords) for row in walk(text)]


@settings(deadline=None)
@given(kern_texts())
def test_well_formed_texts_are_read_as_the_strict_parser_reads_them(text: str) -> None:
    document = parse_kern(text)
    walked = walk(text)
    assert [row.kind for row in walked] == [row.kind for row in document.rows]
    for row, strict in zip(walked, document.rows, strict=True):
        pairs = list(zip(document.cell_types(strict), strict.cells, strict=False)) or [(MELODY_SPINE, strict.cells[0])]
        assert list(row.melody) == [cell for name, cell in pairs if name == MELODY_SPINE]
        chords = [cell for name, cell in pairs if name == CHORD_SPINE and strict.kind is RowKind.DATA]
        assert list(row.chords) == [cell for cell in chords if cell != "."]


def test_a_split_and_a_join_of_either_spine_keep_both_apart() -> None:
    text = "**mxhm\t**kern\n*^\t*^\nC:7\tF:7\t4c\t4e\n*v\t*v\t*\t*\nC:7\t4c\t4e\n*\t*v\t*v\nG:7\t4g\n"
    assert cells(text)[2] == (("4c", "4e"), ("C:7", "F:7"))
    assert cells(text)[4] == (("4c", "4e"), ("C:7",))
    assert cells(text)[6] == (("4g",), ("G:7",))


@pytest.mark.parametrize(
    ("rows", "last"),
    [
        ("4c\t4e\tC:7", (("4c", "4e"), ("C:7",))),  # a split that was left out
        ("*^\t*\n4c\tC:7", (("4c",), ("C:7",))),  # a join that was left out
        ("4c", (("4c",), ())),
        ("*^\n4c\t4e\tC:7", (("4c", "4e"), ("C:7",))),
        ("*v\t*\n4c\tC:7", (("4c",), ("C:7",))),  # nothing to join with
        ("*v\t*v\n4c\tC:7", (("4c",), ("C:7",))),
        ("*-\t*-\n4c\tC:7", (("4c",), ("C:7",))),
        ("**mxhm\t**kern\nC:7\t4c", (("4c",), ("C:7",))),
        ("=\tC:7", (("=",), ())),
    ],
)
def test_malformed_rows(rows: str, last: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
    assert cells(HEADER + rows)[-1] == last


def test_without_a_name_the_first_spine_is_the_melody_and_there_are_no_chords() -> None:
    text = "!!linebreak:original\n=\t=\n4c\tC:7\n\n**ker\t**mxhm\n \t\n4d\tD:7\n"
    melody = ["!!linebreak:original", "=", "4c", "**ker", "4d"]
    assert cells(text) == [((cell,), ("D:7",) if cell == "4d" else ()) for cell in melody]
    assert walk("") == []


@settings(deadline=None)
@given(st.text("4c*^v-=!\t\n. k", max_size=60))
def test_any_text_is_walked(text: str) -> None:
    assert len(walk(text)) == sum(bool(line.strip()) for line in text.split("\n"))
