"""MusicXML and MIDI of real training texts hold the notes and chord symbols that the texts do."""

from __future__ import annotations

import pytest
from reread import bars_of_musicxml, bars_of_text, spelled
from schema import flaws

from jazzmus.export.midi import melody_sounds
from jazzmus.export.musicxml import to_musicxml
from jazzmus.export.score import build_bars

SAMPLE = 6


def assert_reread(kern: str) -> None:
    document = to_musicxml(kern)
    assert flaws(document) == []
    expected, read = bars_of_text(kern), bars_of_musicxml(document)
    assert [bar.notes for bar in read] == [bar.notes for bar in expected]
    assert [bar.chords for bar in read] == [sorted(map(spelled, bar.chords)) for bar in expected]


def test_a_sample_is_read_back(training_texts: list[str]) -> None:
    for kern in training_texts[:: len(training_texts) // SAMPLE]:
        assert_reread(kern)


@pytest.mark.slow
def test_all_are_read_back(training_texts: list[str]) -> None:
    assert len(training_texts) > 150
    for kern in training_texts:
        assert_reread(kern)


def test_the_melody_sounds_as_often_and_as_long_as_it_is_written(training_texts: list[str]) -> None:
    for kern in training_texts[:: len(training_texts) // (4 * SAMPLE)]:
        notes = [note for bar in bars_of_text(kern) for note in bar.notes if note.key is not None]
        sounds = melody_sounds(build_bars(kern))
        assert sum(sound.end - sound.begin for sound in sounds) == sum(note.length for note in notes)
        # A tie that ends without having begun makes a note of its own.
        assert len(sounds) >= sum(not note.tied_from for note in notes)
        assert {sound.key for sound in sounds} == {note.key for note in notes}
