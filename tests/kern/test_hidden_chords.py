"""Chord symbols in comments."""

from __future__ import annotations

import pytest

from jazzmus.kern.chords import parse_chord
from jazzmus.kern.hidden_chords import comment_text, looks_like_chord, read_chord_symbol

SYMBOLS = {
    "Bb": "Bb:maj",
    "F#m": "F#:min",
    "Ami7": "A:min7",
    "C-7": "C:min7",
    "E-": "E:min",
    "Bb6": "Bb:maj6",
    "G6/9": "G:maj6(9)",
    "Dm6": "D:min6",
    "Dmi9": "D:min9",
    "C13": "C:13",
    "C^": "C:maj7",
    "Fmaj7": "F:maj7",
    "FM7/A": "F:maj7/A",
    "Am^": "A:minmaj7",
    "Ammaj7": "A:minmaj7",
    "Eb^(#11)": "Eb:maj7(#11)",
    "D6#11": "D:maj6(#11)",
    "A7-9": "A:7(b9)",
    "A7b9": "A:7(b9)",
    "A7(b5,#9)": "A:7(b5,#9)",
    "A7(#5)": "A:7(#5)",
    "A+7": "A:aug7",
    "A +/C#": "A:aug/C#",
    "F#m7b5": "F#:hdim7",
    "F#m7(b5)": "F#:hdim7",
    "Bø": "B:hdim7",
    "Bdim7": "B:dim7",
    "Bo7": "B:dim7",
    "Csus": "C:sus4",
    "C7sus4": "C:sus4(7)",
    "C9sus": "C:sus4(7,9)",
    "Ab(#11)": "Ab:maj(#11)",
}
WORDS = ("Fine", "Solo", "Add", "Bass", "D.S.", "Do", "A", "A.", "Coda 2", "Gently", "Em dash", "(", "Head", "Faster")


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_symbols_get_the_spelling_of_the_chord_spine(symbol: str) -> None:
    chord = read_chord_symbol(symbol)
    assert chord is not None
    assert chord.to_text() == SYMBOLS[symbol]
    assert parse_chord(chord.to_text()) == chord


@pytest.mark.parametrize("words", WORDS)
def test_words_are_no_chords(words: str) -> None:
    assert read_chord_symbol(words) is None
    assert not looks_like_chord(words)


@pytest.mark.parametrize("words", ["N.C.", "7", "bmj7", "Bmù7", "(Eb6"])
def test_what_looks_like_a_chord_but_is_not_read(words: str) -> None:
    assert read_chord_symbol(words) is None
    assert looks_like_chord(words)


def test_words_of_comments() -> None:
    assert comment_text("!LO:TX:a:t=Bmi7") == ("Bmi7", True)
    assert comment_text("!LO:TX:a:B:t= Medium swing ") == ("Medium swing", True)
    assert comment_text("!LO:TX:b:t=G7") == ("G7", False)
    for cell in ("!", "!LO:TX:a:t=", "!LO:DY:t=mf", "!only a remark"):
        assert comment_text(cell) is None
