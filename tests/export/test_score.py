from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from pieces import EMPTY, HOSTILE, NO_NOTES, PIECE, WITHOUT_MELODY

from jazzmus.errors import KernError
from jazzmus.export.score import build_bars
from jazzmus.export.signatures import Clef, Key, Meter
from jazzmus.metrics.beats import chord_measures
from jazzmus.metrics.spine_walk import walk

sys.path.append(str(Path(__file__).parents[1] / "kern"))
from documents import kern_texts


def test_bars_have_the_length_of_their_content() -> None:
    assert [bar.length for bar in build_bars(PIECE)] == [Fraction(1, 4), 1, 1, 1, 1, Fraction(3, 4)]


def test_signatures_repeats_and_systems() -> None:
    bars = build_bars(PIECE)
    assert bars[0].changes[0].signatures == (Clef("G", 2, 0), Key(-2, True), Meter(4, 4, "common"))
    assert bars[5].changes[0].signatures == (Clef("F", 4, 0), Key(1, None), Meter(3, 4, ""))
    assert [bar.ends_repeat for bar in bars] == [False, False, True, False, False, False]
    assert [bar.begins_repeat for bar in bars] == [False, False, False, True, False, False]
    assert [bar.begins_system for bar in bars] == [False, False, False, True, False, True]


def test_voices_and_grace_notes_have_their_places() -> None:
    bars = build_bars(PIECE)
    assert [(event.voice, event.onset) for event in bars[2].events][:3] == [(1, 0), (2, 0), (1, Fraction(1, 4))]
    assert [event.onset for event in bars[4].events][:3] == [0, 0, Fraction(1, 4)]
    assert bars[4].events[0].length == 0


def test_chords_within_one_note_share_its_time() -> None:
    assert [(chord.onset, chord.text) for chord in build_bars(PIECE)[3].chords] == [
        (0, "Bb:min7"),
        (Fraction(1, 2), "Eb:7"),
    ]


@given(kern_texts())
def test_chords_stand_where_the_metric_has_them(kern: str) -> None:
    expected = [measure for measure in chord_measures(walk(kern)) if measure]
    bars = [tuple(f"{chord.text}@{chord.onset}" for chord in bar.chords) for bar in build_bars(kern)]
    assert [bar for bar in bars if bar] == expected


def test_what_is_no_note_takes_no_time() -> None:
    (bar,) = build_bars(NO_NOTES)
    assert [event.notes[0].to_text() for event in bar.events] == ["4c"]
    assert bar.length == Fraction(1, 4)


def test_texts_without_music_have_one_bar() -> None:
    assert [len(build_bars(kern)) for kern in (EMPTY, WITHOUT_MELODY)] == [1, 1]
    assert [chord.text for chord in build_bars(WITHOUT_MELODY)[0].chords] == ["C:maj", "F:7"]


def test_barlines_with_nothing_between_them_are_one() -> None:
    bars = build_bars("**kern\n=1\n4c\n=2:|!\n*clefF4\n=!|:\n4d\n=\n=||\n*-\n")
    assert [bar.closing for bar in bars] == ["=!|:", "=||"]
    assert bars[1].begins_repeat
    assert bars[1].changes


@pytest.mark.parametrize("kern", HOSTILE)
def test_what_is_no_text_is_one_line_of_error(kern: str) -> None:
    with pytest.raises(KernError, match=r"^line \d+: [^\n]+$"):
        build_bars(kern)
