from __future__ import annotations

import pytest
from documents import kern_texts
from hypothesis import assume, given, settings

from jazzmus.errors import KernError
from jazzmus.kern.document import parse_kern
from jazzmus.kern.systems import count_systems, system_range, system_texts

PAGE = """**kern	**mxhm
*I"Voice	*
*clefG2	*
*k[f#]	*
*G:	*
*M4/4	*
*met(c)	*
=	=
1g	G:7
!!linebreak:original
=	=
*k[b-]	*
*M3/4	*
2.a	.
*^	*
4b	4d	C:7
!!linebreak:original
=	=	=
4cc	4e	.
*v	*v	*
!!linebreak:original
*clefF4	*
=	=
2.C	F:maj
==	==
*-	*-
"""


def context_of_music(text: str) -> list[tuple[str, ...]]:
    """Each barline or data row with the clef, signature, key, meter and mensuration last seen in the first column."""
    state = dict.fromkeys(("*clef", "*k[", "key", "*M", "*met("), "")
    rows = []
    for line in text.splitlines():
        cell = line.split("\t")[0]
        for name in ("*clef", "*k[", "*met("):
            if cell.startswith(name):
                state[name] = cell
        if cell.startswith("*k["):
            state["key"] = ""
        if cell in ("*M3/4", "*M4/4"):
            state["*M"], state["*met("] = cell, ""
        if cell in ("*G:", "*F:", "*B-:"):
            state["key"] = cell
        if line[0] not in "*!":
            rows.append((line, *state.values()))
    return rows


def test_a_later_range_states_what_is_in_force_and_opens_its_split() -> None:
    assert system_range(PAGE, 2, 3) == (
        "**kern\t**mxhm\n*clefG2\t*\n*k[b-]\t*\n*M3/4\t*\n*^\t*\n=\t=\t=\n4cc\t4e\t.\n*v\t*v\t*\n*-\t*-\n"
    )


def test_a_change_at_the_beginning_of_a_system_is_stated_once() -> None:
    assert system_range(PAGE, 3, 4) == (
        "**kern\t**mxhm\n*clefF4\t*\n*k[b-]\t*\n*M3/4\t*\n=\t=\n2.C\tF:maj\n==\t==\n*-\t*-\n"
    )


def test_the_first_system_keeps_the_page_header_and_an_open_split_is_closed_by_terminators() -> None:
    assert system_range(PAGE, 0, 1) == PAGE[: PAGE.index("!!linebreak")] + "*-\t*-\n"
    assert system_range(PAGE, 0, 2).endswith("4b\t4d\tC:7\n*-\t*-\t*-\n")


@pytest.mark.parametrize(
    ("text", "systems"),
    [
        ("", 1),
        (PAGE, 4),
        (PAGE.replace("!!linebreak:original", "!!linebreak"), 4),
        (PAGE.replace("\n", "\r\n"), 4),
        ("**kern\n!!linebreak:original\n4c\n!!linebreak:original\n!!linebreak:original\n4d\n!!linebreak\n*-\n", 2),
        ("not\tkern\n\n!!linebreak:original\nat all", 2),
    ],
)
def test_only_linebreaks_between_music_begin_a_system(text: str, systems: int) -> None:
    assert count_systems(text) == systems


def test_linebreaks_that_begin_no_system_are_left_out_of_a_range() -> None:
    text = "**kern\n!!linebreak\n4c\n!!linebreak\n!!linebreak\n4d\n!!linebreak\n*-\n"
    assert system_range(text, 0, 1) == "**kern\n4c\n*-\n"
    assert system_range(text, 1, 2) == "**kern\n4d\n*-\n"


@settings(max_examples=60, deadline=None)
@given(kern_texts())
def test_every_range_is_a_document_of_its_own_with_the_same_music_in_the_same_context(text: str) -> None:
    total = count_systems(text)
    assert system_range(text, 0, total) == text
    assert system_texts(text) == [system_range(text, system, system + 1) for system in range(total)]
    whole = context_of_music(text)
    begin = 0
    for system in range(total):
        single = context_of_music(system_range(text, system, system + 1))
        assert single == whole[begin : begin + len(single)]
        begin += len(single)
        for last in range(system + 1, total + 1):
            part = system_range(text, system, last)
            assert parse_kern(part).to_text() == part
            assert count_systems(part) == last - system
            assert part.count("!!linebreak") == last - system - 1
    assert begin == len(whole)


@settings(deadline=None, max_examples=50)
@given(kern_texts())
def test_a_range_of_a_range_is_the_range(text: str) -> None:
    total = count_systems(text)
    assume(total >= 3)
    assert system_range(system_range(text, 1, total), 1, 2) == system_range(text, 2, 3)


@pytest.mark.parametrize(("first", "last"), [(0, 0), (2, 1), (-1, 1), (0, 5), (4, 5)])
def test_a_range_outside_the_page_is_refused(first: int, last: int) -> None:
    with pytest.raises(ValueError, match="of 4 systems"):
        system_range(PAGE, first, last)


def test_a_flawed_text_has_no_ranges() -> None:
    with pytest.raises(KernError):
        system_range("**kern\n4c\t4d\n*-\n", 0, 1)
    with pytest.raises(KernError):
        system_texts("**kern\n4c\t4d\n*-\n")
