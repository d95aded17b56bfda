from __future__ import annotations

import pytest

from jazzmus.kern.chords import Chord, parse_chord


@pytest.mark.parametrize(
    ("cell", "chord"),
    [
        ("G:7", Chord("G", "7")),
        ("Bb:min7/F", Chord("Bb", "min7", (), "F")),
        ("A:sus4(7)", Chord("A", "sus4", ("7",))),
        ("C#:7(b5,#9)", Chord("C#", "7", ("b5", "#9"))),
        ("D:maj7(#5)/Eb", Chord("D", "maj7", ("#5",), "Eb")),
    ],
)
def test_a_chord_is_parsed_and_written_back(cell: str, chord: Chord) -> None:
    assert parse_chord(cell) == chord
    assert chord.to_text() == cell


@pytest.mark.parametrize("cell", [".", "", "N.C.", "*", "=", "C", "H:7", "C:", "C:7(", "C:7()", "C:7/", "C:maj7 "])
def test_what_is_no_chord_is_none(cell: str) -> None:
    assert parse_chord(cell) is None
