from __future__ import annotations

from fractions import Fraction

import pytest
from documents import NOTES

from jazzmus.errors import KernError
from jazzmus.kern.notes import Note, notes_to_text, parse_notes


@pytest.mark.parametrize(
    "cell", [*NOTES, "16ddKL]", "8g-X^J", "2.gn;", "1a: 1dd: 1ee:", "[8d-Xi", "4cc~", "8qcc", "qqb-", "(4c)"]
)
def test_a_cell_is_written_back_unchanged(cell: str) -> None:
    assert notes_to_text(parse_notes(cell)) == cell


def test_parts_of_a_note() -> None:
    assert parse_notes("[8.cc#XL") == (Note("[", "8", ".", "", "cc", "#", "XL"),)
    assert parse_notes("4bniL") == (Note("", "4", "", "", "b", "n", "iL"),)
    assert [note.alteration for note in parse_notes("4bn 4b 4b- 4c##")] == ["", "", "-", "##"]
    assert parse_notes("1ryy")[0].is_rest
    assert [note.pitch for note in parse_notes("4BB 4e-")] == ["BB", "e"]
    assert parse_notes(".") == ()


@pytest.mark.parametrize(
    ("cell", "duration"),
    [("4c", "1/4"), ("6c", "1/6"), ("4.c", "3/8"), ("2..r", "7/8"), ("0c", "2"), ("00r", "4"), ("8qc", "0")],
)
def test_durations(cell: str, duration: str) -> None:
    assert parse_notes(cell)[0].duration == Fraction(duration)


@pytest.mark.parametrize("cell", ["", "4", "cc", "4cd", "4Cc", "4h", "4c  4e", "4c4e", "C:maj", "4c###", "\u0664c"])
def test_what_is_no_note_is_refused(cell: str) -> None:
    with pytest.raises(KernError, match="is not a note"):
        parse_notes(cell)
