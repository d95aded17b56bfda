"""Texts that were cut off."""

from __future__ import annotations

import pytest
from documents import kern_texts
from hypothesis import given
from hypothesis import strategies as st

from jazzmus.errors import KernError
from jazzmus.kern.closing import close_text
from jazzmus.kern.document import parse_kern


@given(kern_texts(), st.data())
def test_any_beginning_is_closed_to_a_text_that_parses(text: str, data: st.DataObject) -> None:
    cut = text[: data.draw(st.integers(0, len(text)))]
    closed = close_text(cut)
    parse_kern(closed)
    assert closed.startswith(cut[: cut.rfind("\n") + 1])
    assert close_text(closed) == closed
    assert close_text(text) == text


def test_open_voices_are_ended_and_unfinished_rows_dropped() -> None:
    assert (
        close_text("**kern\t**mxhm\n*^\t*\n4c\t4e\tC:maj\n4d\t4")
        == "**kern\t**mxhm\n*^\t*\n4c\t4e\tC:maj\n*-\t*-\t*-\n"
    )
    assert close_text("**kern\n4c\n*-") == "**kern\n4c\n*-\n"
    assert close_text("") == "**kern\n*-\n"


def test_what_is_no_beginning_of_a_text_is_refused() -> None:
    with pytest.raises(KernError, match="line 2"):
        close_text("**kern\n4c\t4e\n4d\n")
