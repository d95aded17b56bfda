"""Pitches and durations of kern notes as notation programs name them. Knows one note, not where it stands."""

from __future__ import annotations

import re
from functools import lru_cache
from math import gcd
from typing import NamedTuple

from jazzmus.errors import KernError
from jazzmus.kern.notes import HALF_TONES, LETTERS, NOTE_NAMES, Note, height, parse_notes

LARGEST_TUPLET = 15
_MOST_DOTS = 4
_LONGEST_CELL = 100
_RECIPROCAL = re.compile(r"0{1,3}|[1-9]\d{0,3}", re.ASCII)
_GRACE_TYPE = "eighth"  # of a grace note that says none


class Pitch(NamedTuple):
    """A sounding pitch: letter, half tones up, and the octave, which is 4 from middle C on."""

    step: str
    alter: int
    octave: int

    @property
    def midi(self) -> int:
        """The key number, 60 for middle C, moved by octaves into 0 to 127."""
        number = 12 * (self.octave + 1) + HALF_TONES[LETTERS.index(self.step)] + self.alter
        return number % 12 + 12 * min(max(number // 12, 0), 9)


class NoteValue(NamedTuple):
    """A printed duration: the name of the note, its dots, and how many notes are played in the time of how many."""

    name: str
    dots: int
    actual: int = 1
    normal: int = 1

    @property
    def is_tuplet(self) -> bool:
        """Whether the note is longer or shorter than it looks."""
        return self.actual != self.normal


def pitch_of(note: Note) -> Pitch:
    """Return the pitch of a note that is no rest."""
    octave, letter = divmod(height(note), len(LETTERS))
    return Pitch(LETTERS[letter], note.accidental.count("#") - note.accidental.count("-"), octave)


@lru_cache(maxsize=1024)
def note_value(note: Note) -> NoteValue | None:
    """Return the printed duration; None where no note looks so (`7001`, or a tuplet of more than 15)."""
    if not note.reciprocal:
        return NoteValue(_GRACE_TYPE, 0)
    if not _RECIPROCAL.fullmatch(note.reciprocal) or len(note.dots) > _MOST_DOTS:
        return None
    if note.reciprocal in NOTE_NAMES:
        return NoteValue(NOTE_NAMES[note.reciprocal], len(note.dots))
    number = int(note.reciprocal)
    normal = 1 << (number.bit_length() - 1)
    common = gcd(number, normal)
    name = NOTE_NAMES.get(str(normal))
    if name is None or number // common > LARGEST_TUPLET:
        return None
    return NoteValue(name, len(note.dots), number // common, normal // common)


@lru_cache(maxsize=4096)
def printable_notes(cell: str) -> tuple[Note, ...]:
    """Return the notes of a melody cell; none where one of them is no note. A rest beside pitches is dropped.

    What no notation program could take (a pitch outside the octaves 0 to 9, an absurd duration) counts as no note.
    """
    try:
        notes = parse_notes(cell) if len(cell) <= _LONGEST_CELL else ()
    except KernError:
        return ()
    pitched = tuple(note for note in notes if not note.is_rest)
    if not all(0 <= pitch_of(note).octave <= 9 for note in pitched) or not all(map(note_value, notes)):
        return ()
    return pitched or notes[:1]
