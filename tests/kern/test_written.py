from __future__ import annotations

import re
from collections import Counter

import pytest
from documents import kern_texts
from hypothesis import given, settings
from hypothesis import strategies as st

from jazzmus.kern.document import MELODY_SPINE, RowKind, parse_kern
from jazzmus.kern.systems import count_systems, system_range
from jazzmus.kern.written import (
    LOST_SPELLING,
    LOST_TIE_BEFORE_TEXT,
    LOST_TIE_DIFFERS,
    LOST_UNDRAWN,
    as_sounding,
    as_written,
    written_losses,
)

PIECES = (
    "**kern",
    "**mxhm",
    "*k[b-]",
    "*k[f#",
    "*k[]",
    "*^",
    "*v",
    "*-",
    "=",
    "=:|!",
    "[4f",
    "4f_",
    "4f]",
    "4f#",
    "4f#X",
)
MORE_PIECES = ("4b-", "4bn", "4bXi", "4b-XiL", "4f##", "F:7", "C:maj", ".", " ", "\t", "\t", "\n", "\n", "\n")
ANY_TEXT = st.text("abcfgABCFGr#-nXi=*!^v.[]_() \t\n\r48qLJ:k/yX") | st.lists(
    st.sampled_from(PIECES + MORE_PIECES)
).map("".join)


def lines(*rows: str, header: str = "**kern") -> str:
    """Return a text of one row a string, a space standing for a tab and `+` joining notes struck together."""
    columns = header.count("**")
    ending = " ".join(["*-"] * columns)
    return "\n".join(row.replace(" ", "\t").replace("+", " ") for row in (header, *rows, ending)) + "\n"


@pytest.mark.parametrize(
    ("sounding", "written"),
    [
        ("4f#", "4f"),
        ("4f#X", "4f#"),
        ("8.ee-XL", "8.ee-L"),
        ("4b-XiJ", "4b-iJ"),
        ("4bn", "4bn"),
        ("8bniL", "8bniL"),
        ("4f##X", "4f##"),
        ("4B--X", "4B--"),
        ("[2g-X)", "[2g-)"),
        ("qb-", "qb"),
        ("4eX", "4en"),
        ("4gi", "4gni"),
        ("4e-i", "4e-i"),
        ("4f# 4a-X 4cc", "4f 4a- 4cc"),
        ("4r", "4r"),
        ("F#:7(b5,#9)", "F#:7(b5,#9)"),
        ("4df#", "4df#"),
    ],
)
def test_written_cell(sounding: str, written: str) -> None:
    assert as_written(sounding) == written


@pytest.mark.parametrize("rows", [("*k[f#]", "=12", "!LO:TX:t=f#X", "!!linebreak:original", "*F:"), ("=4f#X", "*b-X")])
def test_only_notes_change(rows: tuple[str, ...]) -> None:
    text = lines(*rows)
    assert as_written(text) == text
    assert as_sounding(text) == text


WRITTEN_AND_SOUNDING = {
    "key signature, in every octave": ("*k[f#c#]", "4f 4FF 4ccc 4g", "4f# 4FF# 4ccc# 4g"),
    "drawn once a measure": ("*k[]", "4f# 4f = 4f", "4f#X 4f# = 4f"),
    "drawn for its octave only": ("*k[]", "4f# 4ff 4F 4f", "4f#X 4ff 4F 4f#"),
    "natural against the key": ("*k[b-]", "4bn 4b = 4b", "4bn 4b = 4b-"),
    "courtesy after the barline": ("*k[b-]", "4bn = 4b-i", "4bn = 4b-Xi"),
    "every barline resets": ("*k[]", "4f# =:|! 4f", "4f#X =:|! 4f"),
    "new key in the piece": ("*k[b-]", "4b = *k[f#] 4b 4f *k[] 4f", "4b- = *k[f#] 4b 4f# *k[] 4f"),
    "a new key ends what was drawn": ("*k[]", "4f# *k[b-] 4f", "4f#X *k[b-] 4f"),
    "tie over the barline": ("*k[]", "[4f# = 4f]", "[4f#X = 4f#]"),
    "tie on through two barlines": ("*k[]", "[4f# = 4f_ = 4f]", "[4f#X = 4f#_ = 4f#]"),
    "a tie ends": ("*k[]", "[4f# = 4f] = 4f]", "[4f#X = 4f#] = 4f]"),
    "a tied note leaves the measure alone": ("*k[]", "[4f# = 4f] 4f", "[4f#X = 4f#] 4f"),
    "a natural tied into a flat key": ("*k[b-]", "[4bn = 4b] 4b", "[4bn = 4b] 4b-"),
    "a tie to another spelling is drawn": ("*k[]", "[4f# = 4g-]", "[4f#X = 4g-X]"),
    "grace notes count": ("*k[]", "qf# 4f", "qf#X 4f#"),
    "notes struck together": ("*k[]", "4f#+4b- 4f+4b", "4f#X+4b-X 4f#+4b-"),
    "double accidentals": ("*k[f#]", "4f## 4f 4b-- 4b", "4f##X 4f## 4b--X 4b--"),
}


@pytest.mark.parametrize("name", WRITTEN_AND_SOUNDING)
def test_what_is_in_force(name: str) -> None:
    signature, written_rows, sounding_rows = WRITTEN_AND_SOUNDING[name]
    written, sounding = (lines(signature, *rows.split()) for rows in (written_rows, sounding_rows))
    assert as_written(sounding) == written
    assert as_sounding(written) == sounding
    assert not written_losses(sounding)


def test_two_voices_share_the_state_of_their_staff_in_time_order() -> None:
    rows = ("*k[]", "*^", "4f#X 4c", "4a 4f#", "=", "4f 4cc#X", "*v *v", "4cc#")
    sounding = lines(*rows[:4], "= =", *rows[5:])
    assert as_written(sounding) == lines(*rows[:2], "4f# 4c", "4a 4f", "= =", "4f 4cc#", "*v *v", "4cc")
    assert as_sounding(as_written(sounding)) == sounding


def test_each_staff_has_its_own_key_measure_and_ties() -> None:
    sounding = lines(
        "*k[f#] * *k[b-]",
        "*^ * *",
        "4f# 4b C:maj 4f",
        "[4c#X 4b . 4c",
        "= = = =",
        "4c#] 4f# . 4c",
        "*v *v * *",
        "4f# B-:7 4b-",
        header="**kern **mxhm **kern",
    )
    assert as_sounding(as_written(sounding)) == sounding


def test_neighbouring_staffs_join_in_one_row() -> None:
    rows = ("*k[f#] *k[b-]", "*^ *^", "4c 4f# 4b- 4f", "*v *v *v *v", "4f# 4f", "4b 4b-")
    sounding = lines(*rows, header="**kern **kern")
    assert as_sounding(as_written(sounding)) == sounding


def test_a_second_text_begins_anew() -> None:
    first, second = lines("*k[f#]", "4b-X", "[4cc#X"), lines("4b", "4f", "4cc]")
    assert as_sounding(as_written(first + second)) == first + second


@pytest.mark.parametrize(
    ("written", "sounding"),
    [
        ("4f#\n4f\n=\n4f", "4f#X\n4f#\n=\n4f"),
        ("*k[b-]\t*\n4b\tx\ty\n4b", "*k[b-]\t*\n4b-\tx\ty\n4b-"),
        ("**kern\t**mxhm\n*k[f#]\n*^\n4f\t4f\t4f\t4f\n*v\n\t\n4f\n", None),
        ("4b-\r\n=\r\n4b\r\n", "4b-X\r\n=\r\n4b\r\n"),
        ("4f]\n4f_", "4f]\n4f_"),
        ("4f#  4zz 4f", "4f#X  4zz 4f#"),
        ("", ""),
    ],
)
def test_malformed_text(written: str, sounding: str | None) -> None:
    expected = sounding if sounding is not None else written.replace("4f", "4f#")
    assert as_sounding(written) == expected


@pytest.mark.parametrize(
    ("sounding", "reason"),
    [
        (("*k[]", "=", "4f#"), LOST_UNDRAWN),
        (("*k[f#]", "=", "4f"), LOST_UNDRAWN),
        (("*k[]", "=", "4f#X", "4f"), LOST_UNDRAWN),
        (("*k[]", "=", "4f#]"), LOST_TIE_BEFORE_TEXT),
        (("*k[]", "=", "[4f#X", "=", "4f]"), LOST_TIE_DIFFERS),
        (("*k[b-]", "=", "4bX"), LOST_SPELLING),
        (("*k[]", "=", "4b-i"), LOST_SPELLING),
    ],
)
def test_losses_have_a_reason(sounding: tuple[str, ...], reason: str) -> None:
    assert written_losses(lines(*sounding)) == Counter({reason: 1})


@settings(deadline=None, max_examples=50)
@given(kern_texts())
def test_documents_come_back_but_for_accidentals(kern: str) -> None:
    back = as_sounding(as_written(kern))
    source, result = parse_kern(kern), parse_kern(back)
    assert [row.kind for row in source.rows] == [row.kind for row in result.rows]
    for before, after in zip(source.rows, result.rows, strict=True):
        for cell, new, spine_type in zip(before.cells, after.cells, source.cell_types(before) or ("",), strict=True):
            if before.kind is RowKind.DATA and spine_type == MELODY_SPINE:
                assert re.sub("[#nX-]", "", cell) == re.sub("[#nX-]", "", new)
            else:
                assert cell == new
    assert bool(written_losses(kern)) == (back != kern)


@settings(deadline=None, max_examples=50)
@given(kern_texts())
def test_systems_can_be_cut_before_or_after(kern: str) -> None:
    for index in range(count_systems(kern)):
        assert as_written(system_range(kern, index, index + 1)) == system_range(as_written(kern), index, index + 1)


@settings(deadline=None)
@given(ANY_TEXT | kern_texts())
def test_any_text_is_taken_and_settles_after_one_pass(text: str) -> None:
    written, sounding = as_written(text), as_sounding(text)
    assert as_written(as_sounding(written)) == written
    assert as_sounding(as_written(sounding)) == sounding
    assert not written_losses(sounding)


def test_real_pages_lose_no_pitch(real_texts: list[str]) -> None:
    losses = Counter[str]()
    for text in real_texts:
        losses += written_losses(text)
    assert set(losses) == {LOST_SPELLING}
    assert losses[LOST_SPELLING] <= 9


def test_real_systems_lose_only_ties_from_before(real_texts: list[str]) -> None:
    losses = Counter[str]()
    for text in real_texts[::5]:
        for index in range(count_systems(text)):
            losses += written_losses(system_range(text, index, index + 1))
    assert set(losses) == {LOST_TIE_BEFORE_TEXT}
    assert losses.total() <= 2
