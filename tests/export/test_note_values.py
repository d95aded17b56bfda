from __future__ import annotations

import pytest

from jazzmus.export.note_values import NoteValue, Pitch, note_value, pitch_of, printable_notes
from jazzmus.kern.notes import parse_notes


@pytest.mark.parametrize(
    ("cell", "pitch", "midi"),
    [
        ("4c", Pitch("C", 0, 4), 60),
        ("4bb-", Pitch("B", -1, 5), 82),
        ("4AA#", Pitch("A", 1, 2), 46),
        ("4c--", Pitch("C", -2, 4), 58),
    ],
)
def test_pitches(cell: str, pitch: Pitch, midi: int) -> None:
    (note,) = parse_notes(cell)
    assert pitch_of(note) == pitch
    assert pitch_of(note).midi == midi


def test_the_highest_notes_stay_on_the_keyboard() -> None:
    (note,) = parse_notes("4bbbbbb#")
    assert pitch_of(note).midi == 108


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("4.c", NoteValue("quarter", 1)),
        ("0c", NoteValue("breve", 0)),
        ("12c", NoteValue("eighth", 0, 3, 2)),
        ("6.c", NoteValue("quarter", 1, 3, 2)),
        ("40c", NoteValue("32nd", 0, 5, 4)),
        ("3c", NoteValue("half", 0, 3, 2)),
        ("qc", NoteValue("eighth", 0)),
    ],
)
def test_durations(cell: str, value: NoteValue) -> None:
    assert note_value(parse_notes(cell)[0]) == value


@pytest.mark.parametrize("cell", [".", "4", "4x", "7001c", "17c", "0000c", "4.....c", "4ccccccc", "4c 4x", "8" * 200])
def test_what_cannot_be_printed_is_no_note(cell: str) -> None:
    assert printable_notes(cell) == ()


def test_a_rest_beside_pitches_is_dropped() -> None:
    assert [note.to_text() for note in printable_notes("4r 4c 4e")] == ["4c", "4e"]
