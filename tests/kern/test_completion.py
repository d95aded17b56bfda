"""What the normal form leaves out comes back."""

from __future__ import annotations

import pytest
from documents import ODD_NOTES, kern_texts
from hypothesis import given, settings
from hypothesis import strategies as st

from jazzmus.kern.completion import complete
from jazzmus.kern.normal_form import normalize


@pytest.mark.parametrize(
    ("signature", "key"), [("*k[b-]", "*F:"), ("*k[f#c#g#]", "*A:"), ("*k[b-e-a-d-g-c-]", "*G-:"), ("*k[f#]", "*G:")]
)
def test_a_signature_gets_its_major_key(signature: str, key: str) -> None:
    text = f"**kern\t**mxhm\n{signature}\t*\n*M3/4\t*\n"
    assert complete(text) == f"**kern\t**mxhm\n{signature}\t*\n{key}\t*\n*M3/4\t*\n"


def test_signatures_that_get_no_key() -> None:
    for text in ("**kern\n*k[]\n*M3/4\n", "**kern\n*k[b-]\n*d:\n", "**kern\n*k[e-c#]\n", "*k[", "no music"):
        assert complete(text) == text


@pytest.mark.parametrize(
    ("bars", "expected"),
    [
        ("4f#X 4f#X", "4f#X 4f#Xi"),  # in force since the note before
        ("4f#X = 4f#X", "4f#X = 4f#X"),  # a barline ends it
        ("4f#X = 4fn", "4f#X = 4fni"),  # a reminder after a barline
        ("4f#X 4fn", "4f#X 4fn"),
        ("4f#X 4ffn", "4f#X 4ffni"),  # another octave
        ("4b-XL", "4b-XiL"),  # implied by the signature
        ("4bnL 4bnJ", "4bnL 4bniJ"),
        ("[4f#X = 4f#X]", "[4f#X = 4f#Xi]"),  # tied
        ("4f#X] 4f#X", "4f#Xi] 4f#X"),  # what is tied over holds for itself only
        ("4b-i 4bnX 4b-Xi", "4b-i 4bnX 4b-Xi"),
        ("4r 8? 4b-X", "4r 8? 4b-Xi"),
    ],
)
def test_accidentals_that_are_not_needed(bars: str, expected: str) -> None:
    head = "**kern\n*k[b-]\n*F:\n"
    assert complete(head + bars.replace(" ", "\n")) == head + expected.replace(" ", "\n")


def test_voices_of_a_staff_share_accidentals_and_staves_do_not() -> None:
    text = "**kern\t**kern\n*^\t*\n4f#X\t.\t.\n.\t4f#X\t4f#X\n*v\t*v\t*\n4f#X\t4f#X\n"
    assert complete(text) == "**kern\t**kern\n*^\t*\n4f#X\t.\t.\n.\t4f#Xi\t4f#X\n*v\t*v\t*\n4f#Xi\t4f#Xi\n"


LINES = st.sampled_from(
    ("**kern\t**mxhm", "*k[b-]\t*", "*k[f#", "*F:", "*^\t*", "*v\t*v", "4f#X", "4bn\tC:7", "=", "", "\r")
)


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(LINES).map("\n".join)))
def test_any_text_is_completed_once(text: str) -> None:
    once = complete(text)
    assert complete(once) == once


@settings(deadline=None, max_examples=50)
@given(kern_texts(ODD_NOTES))
def test_the_normal_form_comes_back(text: str) -> None:
    normal = normalize(text)
    completed = complete(normal)
    assert complete(completed) == completed
    assert normalize(completed) == normal
