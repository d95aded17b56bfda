"""Bars that do not fit their meter."""

from __future__ import annotations

from fractions import Fraction

import pytest

from jazzmus.errors import KernError
from jazzmus.kern.bar_sums import BarSums, WrongBar, meter_at_end, meter_length, sum_bars, wrong_bars

HEADER = ["**kern\t**mxhm", "*M3/4\t*"]


def text(*rows: str) -> str:
    return "\n".join([*HEADER, *rows, "*-\t*-", ""])


def test_full_bars_and_texts_without_meter_are_right() -> None:
    assert wrong_bars(text("=\t=", "2c\tC:maj", "4d\t.", "=\t=", "2.e\t.", "==\t==")) == []
    assert wrong_bars("**kern\n=\n4c\n=\n1c\n=\n2d\n*-\n") == []


def test_long_and_short_bars_are_found_at_their_lines() -> None:
    found = wrong_bars(text("=\t=", "2.c\t.", "=\t=", "4c\t.", "4d\t.", "=\t=", "1e\t.", "=\t=", "2.c\t.", "==\t=="))
    assert found == [
        WrongBar(5, 7, Fraction(3, 4), Fraction(1, 2)),
        WrongBar(8, 9, Fraction(3, 4), Fraction(1)),
    ]


def test_bars_at_the_edges_of_music_may_be_short_but_not_long() -> None:
    assert wrong_bars(text("4c\t.", "=\t=", "2.d\t.", "=:|!\t=:|!", "4c\t.", "=\t=", "2.c\t.", "=\t=", "2e\t.")) == []
    assert [bar.line for bar in wrong_bars(text("1c\t.", "=\t=", "2.d\t.", "=\t=", "1e\t."))] == [3, 6]


def test_each_voice_counts_and_changes_of_meter_hold() -> None:
    voices = ["=\t=", "*^\t*", "2c\t2.e\tC:maj", "4d\t.\t.", "*v\t*v\t*", "=\t=", "*^\t*", "2c\t2.e\t.", "*v\t*v\t*"]
    assert [bar.line for bar in wrong_bars(text("2.c\t.", *voices, "=\t=", "*M2/4\t*", "2c\t.", "=\t=", "2d\t."))] == [
        9
    ]


def test_a_meter_from_before_counts_until_the_text_states_one() -> None:
    bars = ["=", "2c", "=", "2d", "=", "2e", "=", "*M3/4", "2.f", "=", "*-", ""]
    kern = "\n".join(["**kern", *bars])
    assert sum_bars(kern) == BarSums([], 1, Fraction(3, 4))
    assert sum_bars(kern, Fraction(1, 2)) == BarSums([], 4, Fraction(3, 4))
    assert [bar.line for bar in wrong_bars(kern, Fraction(1))] == [4, 6]
    assert meter_at_end("**kern\n4c\n*-\n", Fraction(1)) == 1
    assert meter_at_end("**kern\n4c\n*-\n") is None


def test_a_bar_is_full_if_all_its_voices_are() -> None:
    assert sum_bars(text("*^\t*", "2c\t2.e\t.", "*v\t*v\t*", "=\t=", "2.c\t.", "=\t=", "=\t=")).full == 1


def test_meters_without_a_length_are_none() -> None:
    assert meter_length("*M6/8") == Fraction(3, 4)
    assert [meter_length(cell) for cell in ("*M4/0", "*M3", "*M3+2/8", "*M²/4")] == [None] * 4
    assert wrong_bars("**kern\n*M3+2/8\n=\n4c\n=\n1d\n=\n*-\n") == []


def test_what_is_no_note_is_an_error_with_its_line() -> None:
    with pytest.raises(KernError, match="line 3"):
        wrong_bars(text("hello\t."))
