from __future__ import annotations

import io
from fractions import Fraction
from itertools import pairwise

import mido
import music21
import pytest
from hypothesis import given, settings
from pieces import HOSTILE, PIECE, STRANGE
from test_score import kern_texts

from jazzmus.errors import KernError
from jazzmus.export.midi import _MELODY, TICKS, Sound, _messages, _track, chord_sounds, melody_sounds, to_midi
from jazzmus.export.score import build_bars


def read(content: bytes) -> mido.MidiFile:
    return mido.MidiFile(file=io.BytesIO(content))


def notes_of(track: mido.MidiTrack) -> list[Sound]:
    """The keys of a track, each from the time it is struck to that it is let go; none is struck while it is held."""
    now, struck, found = 0, {}, []
    for message in track:
        now += message.time
        if message.type == "note_on":
            assert (message.channel, message.note) not in struck
            struck[message.channel, message.note] = now
        elif message.type == "note_off":
            begin = struck.pop((message.channel, message.note))
            found.append(Sound(message.note, Fraction(begin, 4 * TICKS), Fraction(now, 4 * TICKS)))
    assert not struck
    return sorted(found, key=lambda sound: (sound.begin, sound.key))


def test_the_melody_is_that_of_the_text() -> None:
    melody = notes_of(read(to_midi(PIECE)).tracks[1])
    keys = [77, 74, 75, 78, 79, 80, 70, 62, 60, 69, 58, 67, 78, 70, 74, 79, 71, 72, 74, 55, 57, 59, 62, 64]
    assert [sound.key for sound in melody] == keys
    assert sum(sound.end - sound.begin for sound in melody) == Fraction(1, 32) + sum(
        event.length * len(event.notes)
        for bar in build_bars(PIECE)
        for event in bar.events
        if not event.notes[0].is_rest
    )


def test_tied_notes_sound_once_and_grace_notes_before_their_note() -> None:
    sounds = melody_sounds(build_bars(PIECE))
    assert next(sound.end - sound.begin for sound in sounds if sound.key == 70) == Fraction(3, 4)
    grace, note = next((one, other) for one, other in pairwise(sounds) if other.key == 70 and one.key == 78)
    assert grace.end == note.begin
    (clamped, _) = melody_sounds(build_bars("**kern\nqc\n4d\n=\n*-\n"))
    assert clamped.begin == 0


def test_a_tie_without_a_beginning_is_a_note_and_one_over_a_rest_is_not_joined() -> None:
    assert len(melody_sounds(build_bars("**kern\n4c]\n=\n[4d\n4r\n4d]\n=\n*-\n"))) == 3


def test_chords_sound_until_the_next_cell_and_no_chord_is_silence() -> None:
    sounds = chord_sounds(build_bars(PIECE))
    spans = sorted({(sound.begin, sound.end) for sound in sounds})
    assert (Fraction(3, 4), Fraction(5, 4)) in spans
    silent = Fraction(5, 4), Fraction(3, 2)
    assert not any(sound.begin < silent[1] and sound.end > silent[0] for sound in sounds)
    assert spans[-1][1] == Fraction(9, 2)  # words end the last chord
    assert {sound.key for sound in notes_of(read(to_midi(PIECE)).tracks[2])} == {sound.key for sound in sounds}


def test_meter_key_and_tempo() -> None:
    messages = list(read(to_midi(PIECE, tempo=90)).tracks[0])
    assert next(mido.tempo2bpm(message.tempo) for message in messages if message.type == "set_tempo") == pytest.approx(
        90
    )
    assert [message.key for message in messages if message.type == "key_signature"] == ["Gm", "G"]
    meters = [(message.numerator, message.denominator) for message in messages if message.type == "time_signature"]
    assert meters == [(4, 4), (3, 4)]


UNISONS = {
    "one voice within the other's note": "*^\n1c\t4e\n.\t4c\n.\t2g\n*v\t*v",
    "one after the other's beginning": "*^\n2c\t4e\n.\t2.c\n2g\t.\n*v\t*v",
    "together": "*^\n2c\t4c\n.\t4c\n2c\t2c\n*v\t*v",
    "struck twice in a cell": "4c 4c 4c\n2.c",
    "a grace note before its own note": "4c\nqc\n4c\n2c",
}


@pytest.mark.parametrize("rows", UNISONS.values(), ids=UNISONS)
def test_notes_of_one_key_at_one_time_are_all_read_again(rows: str) -> None:
    kern = f"**kern\n*M4/4\n=\n{rows}\n==\n*-\n"
    content, sounds = to_midi(kern), melody_sounds(build_bars(kern))
    assert sorted(notes_of(read(content).tracks[1])) == sorted(sounds)
    score = music21.converter.parseData(content, format="midi", quantizePost=False)
    found = [
        Sound(pitch.midi, begin, begin + Fraction(note.quarterLength) / 4)
        for note in score.recurse().notes
        for pitch in note.pitches
        for begin in [Fraction(note.getOffsetInHierarchy(score)) / 4]
    ]
    assert sorted(found) == sorted(sounds)


def test_a_second_channel_is_for_unisons_only_and_never_that_of_chords_or_drums() -> None:
    def channels(track: mido.MidiTrack) -> set[int]:
        return {message.channel for message in track if message.type == "note_on"}

    assert [channels(track) for track in read(to_midi(PIECE)).tracks[1:]] == [{0}, {1}]
    many = "**kern\n" + " ".join(["4c"] * 14) + "\n*-\n"
    assert channels(read(to_midi(many)).tracks[1]) == set(range(16)) - {1, 9}


@pytest.mark.parametrize(
    ("begin", "end"),
    [(0, Fraction(1, 4)), (0, Fraction(1, 2)), (Fraction(1, 8), Fraction(1, 4)), (Fraction(1, 8), Fraction(3, 8))],
)
def test_a_key_that_all_channels_hold_is_not_struck_again_but_held_to_the_end(begin: Fraction, end: Fraction) -> None:
    quarter = Sound(60, Fraction(0), Fraction(1, 4))
    sounds = [*[quarter] * 14, Sound(60, Fraction(begin), end), Sound(60, Fraction(1, 2), Fraction(3, 4))]
    found = notes_of(_track(_messages("Melody", sounds, _MELODY)))
    assert found == sorted([*[quarter] * 13, quarter._replace(end=end), sounds[-1]])


def test_fifteen_voices_on_one_key_are_fourteen_notes() -> None:
    melody = notes_of(read(to_midi("**kern\n" + " ".join(["4c"] * 15) + "\n4c\n*-\n")).tracks[1])
    assert melody == [Sound(60, Fraction(0), Fraction(1, 4))] * 14 + [Sound(60, Fraction(1, 4), Fraction(1, 2))]


@pytest.mark.parametrize("kern", STRANGE)
def test_strange_texts_give_a_file(kern: str) -> None:
    assert len(read(to_midi(kern)).tracks) == 3


@given(kern_texts(("qgg", "12eJ", "000..c", "17c", "4ccccccc")))
@settings(max_examples=30, deadline=None)
def test_every_text_that_parses_becomes_a_file_of_its_melody(kern: str) -> None:
    # Ticks are rounded, so only how many keys there are, and which, is the same.
    melody = notes_of(read(to_midi(kern)).tracks[1])
    assert sorted(sound.key for sound in melody) == sorted(sound.key for sound in melody_sounds(build_bars(kern)))


@pytest.mark.parametrize("kern", HOSTILE)
def test_hostile_texts_are_one_line_of_error(kern: str) -> None:
    with pytest.raises(KernError, match=r"^line \d+: [^\n]+$"):
        to_midi(kern)
