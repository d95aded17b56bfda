"""What another program reads out of MusicXML, and what the text says, in the same plain values."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import music21

from jazzmus.kern.accidentals import begins_tie, ends_tie
from jazzmus.kern.chords import parse_chord
from jazzmus.kern.document import RowKind
from jazzmus.kern.notes import HALF_TONES, LETTERS, Note, parse_notes
from jazzmus.metrics.beats import chord_measures
from jazzmus.metrics.spine_walk import WalkedRow, walk

# What music21 calls the kinds of MusicXML, and the dialect's qualities.
QUALITIES = {
    "major": "maj", "minor": "min", "augmented": "aug", "diminished": "dim", "dominant-seventh": "7",
    "major-seventh": "maj7", "minor-seventh": "min7", "diminished-seventh": "dim7", "augmented-seventh": "aug7",
    "half-diminished-seventh": "hdim7", "minor-major-seventh": "minmaj7", "major-sixth": "maj6",
    "minor-sixth": "min6", "dominant-ninth": "9", "major-ninth": "maj9", "minor-ninth": "min9",
    "dominant-11th": "11", "minor-11th": "min11", "dominant-13th": "13", "suspended-fourth": "sus4",
}  # fmt: skip
_SIGNS = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}


class ReadNote(NamedTuple):
    """Key number (None for a rest), letter, duration in whole notes, and whether it is tied from and to another."""

    key: int | None
    letter: str
    length: Fraction
    tied_from: bool
    tied_to: bool


class ReadBar(NamedTuple):
    """Sorted notes, those struck together as several, and chords as `symbol@place`."""

    notes: list[ReadNote]
    chords: list[str]


def bars_of_text(kern: str) -> list[ReadBar]:
    rows = walk(kern)
    chords = chord_measures(rows)
    bars: list[list[WalkedRow]] = [[]]
    for row in rows:
        if row.kind is RowKind.BARLINE:
            bars.append([])
        elif row.kind is RowKind.DATA:
            bars[-1].append(row)
    read = []
    for bar, symbols in zip(bars, chords, strict=True):
        notes = [_of_text(note) for row in bar for cell in row.melody for note in parse_notes(cell)]
        if bar:
            read.append(ReadBar(sorted(notes, key=str), sorted(symbols)))
    return read


def _of_text(note: Note) -> ReadNote:
    if note.is_rest:
        return ReadNote(None, "", note.duration, False, False)
    letter = note.pitch[0].upper()
    octave = len(note.pitch) + 4 if note.pitch[0].islower() else 5 - len(note.pitch)
    alter = note.accidental.count("#") - note.accidental.count("-")
    key = 12 * octave + HALF_TONES[LETTERS.index(letter)] + alter
    return ReadNote(key, letter, note.duration, ends_tie(note), begins_tie(note))


def bars_of_musicxml(document: str) -> list[ReadBar]:
    score = music21.converter.parseData(document, format="musicxml")
    (part,) = score.parts
    return [_bar(measure) for measure in part.getElementsByClass("Measure")]


def _bar(measure: music21.stream.Measure) -> ReadBar:
    notes: list[ReadNote] = []
    chords: list[str] = []
    for element in measure.recurse():
        place = Fraction(element.getOffsetInHierarchy(measure)).limit_denominator(10000) / 4
        if isinstance(element, music21.harmony.ChordSymbol):
            chords.append(f"{_symbol(element)}@{place}")
        elif isinstance(element, music21.note.GeneralNote):
            heads = element.notes if isinstance(element, music21.chord.Chord) else [element]
            notes += [_of_music21(head, element) for head in heads]
    return ReadBar(sorted(notes, key=str), sorted(chords))


def _of_music21(head: music21.note.GeneralNote, element: music21.note.GeneralNote) -> ReadNote:
    length = Fraction(element.duration.quarterLength).limit_denominator(10000) / 4
    if head.isRest:
        return ReadNote(None, "", length, False, False)
    tie = head.tie.type if head.tie else ""
    return ReadNote(head.pitch.midi, head.pitch.step, length, tie in ("stop", "continue"), tie in ("start", "continue"))


def _symbol(symbol: music21.harmony.ChordSymbol) -> str:
    if isinstance(symbol, music21.harmony.NoChord):
        return symbol.chordKindStr
    changes = [
        _SIGNS[int(change.interval.semitones) if change.interval else 0] + str(change.degree)
        for change in symbol.getChordStepModifications()
    ]
    root, bass = symbol.root(), symbol.bass()
    quality = QUALITIES[symbol.chordKind]
    inner = f"({','.join(changes)})" if changes else ""
    over = f"/{_name(bass)}" if bass is not None and bass.name != root.name else ""
    return f"{_name(root)}:{quality}{inner}{over}"


def _name(pitch: music21.pitch.Pitch) -> str:
    return pitch.step + _SIGNS[int(pitch.alter)]


def spelled(text: str) -> str:
    """A chord with its place as music21 can tell it: a bass that is the root is no bass."""
    cell, _, place = text.partition("@")
    chord = parse_chord(cell)
    return text if chord is None or chord.bass != chord.root else f"{cell.partition('/')[0]}@{place}"
