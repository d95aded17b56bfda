from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from jazzmus.metrics.transcription import (
    EditCount,
    character_units,
    content_units,
    count,
    line_units,
    melody_column,
    symbol_units,
)


def naive_distance(left: list[str], right: list[str]) -> int:
    """Levenshtein distance by the table of all prefixes."""
    table = [[i + j for j in range(len(right) + 1)] for i in range(len(left) + 1)]
    for i in range(1, len(left) + 1):
        for j in range(1, len(right) + 1):
            substituted = table[i - 1][j - 1] + (left[i - 1] != right[j - 1])
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, substituted)
    return table[-1][-1]


TEXTS = st.text("4c \t\n.=*", max_size=25)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_edit_counts_agree_with_a_naive_edit_distance(prediction: str, reference: str) -> None:
    for units in (character_units, symbol_units, line_units):
        left, right = units(prediction), units(reference)
        assert count(left, right) == EditCount(naive_distance(left, right), len(right))


def test_symbols_longer_than_a_character_are_single_units() -> None:
    assert count(["8ccL", "4dd"], ["8ccL", "4de", "="]) == (2, 3)


def test_units() -> None:
    text = "4c 4e\tC:7\n=\t=\n"
    assert character_units(text) == list("4c4e\tC:7\n=\t=\n")
    assert symbol_units(text) == ["4c", "4e", "\t", "C:7", "\n", "=", "\t", "=", "\n", ""]
    assert line_units(text) == ["4c 4e\tC:7", "=\t=", ""]
    assert symbol_units("") == [""]


def test_content_has_no_separators_null_cells_or_barlines() -> None:
    text = "*clefG2\t*\n=:|!\t=:|!\n4c 4e\t.\n!!linebreak:original\n*-\t*-\n"
    assert content_units(symbol_units(text)) == ["*clefG2", "4c", "4e", "!!linebreak:original", "*-", "*-"]


def test_melody_is_the_column_of_the_first_row_s_kern_cell() -> None:
    assert melody_column("\n \n**mxhm\t**kern\nC:7\t4c\nonly\n\n.\t4d\n") == "**kern\n4c\nonly\n4d"
    assert melody_column("=\t=\n4c\tC:7\n**mxhm\t**kern") == "=\n4c\n**mxhm"
    assert melody_column(" \n") == ""
