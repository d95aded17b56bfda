"""Qualities of chord symbols: what MusicXML calls them, how they are printed, and which notes they stand for.

Knows the twenty qualities of the dialect; another one is kept as text. Does not know where a chord stands, nor how its
notes are spread over a keyboard.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from jazzmus.kern.chords import Chord

_SHARP, _FLAT = "#", "b"


class ChordKind(NamedTuple):
    """A quality: kind of MusicXML, printed form after the root, and half tones above the root by degree."""

    musicxml: str
    printed: str
    tones: Mapping[int, int]


class Degree(NamedTuple):
    """What stands in parentheses: a degree, its half tones up, and whether the quality has that degree already."""

    number: int
    alter: int
    is_changed: bool


_MAJOR, _MINOR = {1: 0, 3: 4, 5: 7}, {1: 0, 3: 3, 5: 7}
_DIMINISHED, _AUGMENTED = {1: 0, 3: 3, 5: 6}, {1: 0, 3: 4, 5: 8}
KINDS: dict[str, ChordKind] = {
    "maj": ChordKind("major", "", _MAJOR),
    "min": ChordKind("minor", "m", _MINOR),
    "dim": ChordKind("diminished", "dim", _DIMINISHED),
    "aug": ChordKind("augmented", "+", _AUGMENTED),
    "sus4": ChordKind("suspended-fourth", "sus4", {1: 0, 4: 5, 5: 7}),
    "maj6": ChordKind("major-sixth", "6", _MAJOR | {6: 9}),
    "min6": ChordKind("minor-sixth", "m6", _MINOR | {6: 9}),
    "7": ChordKind("dominant", "7", _MAJOR | {7: 10}),
    "maj7": ChordKind("major-seventh", "maj7", _MAJOR | {7: 11}),
    "min7": ChordKind("minor-seventh", "m7", _MINOR | {7: 10}),
    "minmaj7": ChordKind("major-minor", "m(maj7)", _MINOR | {7: 11}),
    "hdim7": ChordKind("half-diminished", "m7b5", _DIMINISHED | {7: 10}),
    "dim7": ChordKind("diminished-seventh", "dim7", _DIMINISHED | {7: 9}),
    "aug7": ChordKind("augmented-seventh", "+7", _AUGMENTED | {7: 10}),
    "9": ChordKind("dominant-ninth", "9", _MAJOR | {7: 10, 9: 14}),
    "maj9": ChordKind("major-ninth", "maj9", _MAJOR | {7: 11, 9: 14}),
    "min9": ChordKind("minor-ninth", "m9", _MINOR | {7: 10, 9: 14}),
    "11": ChordKind("dominant-11th", "11", _MAJOR | {7: 10, 9: 14, 11: 17}),
    "min11": ChordKind("minor-11th", "m11", _MINOR | {7: 10, 9: 14, 11: 17}),
    "13": ChordKind("dominant-13th", "13", _MAJOR | {7: 10, 9: 14, 11: 17, 13: 21}),
}
# Above the root of a chord, as MusicXML counts what is added to one; with the minor seventh.
_ADDED = {1: 0, 2: 2, 3: 4, 4: 5, 5: 7, 6: 9, 7: 10, 9: 14, 10: 16, 11: 17, 12: 19, 13: 21}
_PRINTED_WITH_EXTENSIONS = {
    ("sus4", ("7",)): "7sus4",
    ("sus4", ("7", "9")): "9sus4",
    ("sus4", ("7", "13")): "13sus4",
    ("maj6", ("9",)): "6/9",
    ("min6", ("9",)): "m6/9",
}


def degrees(chord: Chord) -> list[Degree]:
    """Return what the parentheses of a chord hold."""
    kind = KINDS.get(chord.quality)
    read: list[Degree] = []
    for text in chord.extensions:
        number = int(text.lstrip(_SHARP + _FLAT)[:2])
        alter = text.count(_SHARP) - text.count(_FLAT)
        read.append(Degree(number, alter, kind is not None and number in kind.tones))
    return read


def printed_suffix(chord: Chord) -> str:
    """Return what is printed after the root: `m7b5` for `hdim7`, `7(b9)` for `7(b9)`, `7sus4` for `sus4(7)`."""
    together = _PRINTED_WITH_EXTENSIONS.get((chord.quality, chord.extensions))
    if together is not None:
        return together
    kind = KINDS.get(chord.quality)
    extensions = f"({','.join(chord.extensions)})" if chord.extensions else ""
    return (chord.quality if kind is None else kind.printed) + extensions


def chord_tones(chord: Chord) -> dict[int, int]:
    """Return the half tones above the root by degree, extensions included; none for an unknown quality."""
    kind = KINDS.get(chord.quality)
    if kind is None:
        return {}
    tones = dict(kind.tones)
    for degree in degrees(chord):
        base = kind.tones[degree.number] if degree.is_changed else _ADDED.get(degree.number)
        if base is not None:
            tones[degree.number] = base + degree.alter
    return tones
