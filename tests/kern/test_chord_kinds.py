from __future__ import annotations

import pytest

from jazzmus.kern.chord_kinds import Degree, chord_tones, degrees, printed_suffix
from jazzmus.kern.chords import Chord, parse_chord


def chord(text: str) -> Chord:
    parsed = parse_chord(text)
    assert parsed is not None
    return parsed


@pytest.mark.parametrize(
    ("text", "tones"),
    [
        ("C:7(b9)", {0, 4, 7, 10, 13}),
        ("C:7(b5)", {0, 4, 6, 10}),
        ("C:sus4(7,13)", {0, 5, 7, 10, 21}),
        ("C:aug(6,9)", {0, 4, 8, 9, 14}),
        ("C:xyz", set()),
    ],
)
def test_tones(text: str, tones: set[int]) -> None:
    assert set(chord_tones(chord(text)).values()) == tones


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ("C:maj/E", ""),
        ("C:hdim7", "m7b5"),
        ("C:7(b5,#9)", "7(b5,#9)"),
        ("C:aug7(#9)", "+7(#9)"),
        ("C:sus4(7,13)", "13sus4"),
        ("C:min6(9)", "m6/9"),
        ("C:xyz(b9)", "xyz(b9)"),
    ],
)
def test_what_is_printed_after_the_root(text: str, suffix: str) -> None:
    assert printed_suffix(chord(text)) == suffix


def test_a_degree_is_changed_where_the_quality_has_it() -> None:
    assert degrees(chord("C:13(b9,#15)")) == [
        Degree(9, -1, True),
        Degree(15, 1, False),
    ]
