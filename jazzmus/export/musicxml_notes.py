"""Notes and rests of one bar and voice as `<note>` elements. Knows no other voices, and nothing of chord symbols."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from lxml import etree

from jazzmus.export.musicxml_chords import child
from jazzmus.export.note_marks import Slur, Slurs, beams, tuplets, value_of
from jazzmus.export.note_values import pitch_of
from jazzmus.export.score import Event
from jazzmus.kern.accidentals import COURTESY_MARK, begins_tie, drawn_accidental, ends_tie
from jazzmus.kern.notes import Note

_ACCIDENTALS = {"#": "sharp", "-": "flat", "n": "natural", "##": "double-sharp", "--": "flat-flat"}
_ARTICULATIONS = {"^^": "strong-accent", "^": "accent", "'": "staccato", "~": "tenuto", "`": "staccatissimo"}
_HIDDEN = "yy"


@dataclass(frozen=True)
class _Surroundings:
    """What an event gets from those beside it."""

    beams: list[tuple[int, str]]
    tuplets: set[str]
    slurs: list[Slur]


@dataclass
class NoteWriter:
    """Writes the notes of a part bar by bar.

    Attributes:
        divisions: in a quarter note.
    """

    divisions: int
    _slurs: dict[int, Slurs] = field(default_factory=dict)  # by voice

    def units(self, length: Fraction) -> int:
        """Return a length in divisions."""
        return round(4 * length * self.divisions)

    def elements(self, events: Sequence[Event], bar_length: Fraction) -> Iterator[list[etree._Element]]:
        """Yield the elements of each event of a voice in a bar, one for each of its notes."""
        for event, beam, tuplet in zip(events, beams(events), tuplets(events), strict=True):
            slurs = self._slurs.setdefault(event.voice, Slurs()).take(event)
            notes = []
            for index, note in enumerate(event.notes):
                around = _Surroundings(beam, tuplet, slurs) if index == 0 else _Surroundings([], set(), [])
                notes.append(self._note(event, note, around, event.length == bar_length, index > 0))
            yield notes

    def _note(self, event: Event, note: Note, around: _Surroundings, fills_bar: bool, in_chord: bool) -> etree._Element:
        element = etree.Element("note", {"print-object": "no"} if _HIDDEN in note.marks else {})
        if not event.length:
            child(element, "grace", slash="no" if event.notes[0].grace == "qq" else "yes")
        if in_chord:
            child(element, "chord")
        _sound(element, note, fills_bar)
        if event.length:
            child(element, "duration", str(self.units(event.length)))
        ties = [] if note.is_rest else ["stop"] * ends_tie(note) + ["start"] * begins_tie(note)
        for kind in ties:
            child(element, "tie", type=kind)
        child(element, "voice", str(event.voice))
        _look(element, event, note)
        for level, name in around.beams:
            child(element, "beam", name, number=str(level))
        _notations(element, note, ties, around)
        return element


def _sound(element: etree._Element, note: Note, fills_bar: bool) -> None:
    if note.is_rest:
        child(element, "rest", **({"measure": "yes"} if fills_bar else {}))
        return
    pitch = pitch_of(note)
    parent = child(element, "pitch")
    child(parent, "step", pitch.step)
    if pitch.alter:
        child(parent, "alter", str(pitch.alter))
    child(parent, "octave", str(pitch.octave))


def _look(element: etree._Element, event: Event, note: Note) -> None:
    """Append type, dots, accidental and the ratio of a tuplet."""
    value = value_of(event)
    child(element, "type", value.name)
    for _ in range(value.dots):
        child(element, "dot")
    accidental = drawn_accidental(note)
    if accidental:
        courtesy = {"cautionary": "yes"} if COURTESY_MARK in note.marks else {}
        child(element, "accidental", _ACCIDENTALS[accidental], **courtesy)
    if value.is_tuplet:
        ratio = child(element, "time-modification")
        child(ratio, "actual-notes", str(value.actual))
        child(ratio, "normal-notes", str(value.normal))


def _notations(element: etree._Element, note: Note, ties: Sequence[str], around: _Surroundings) -> None:
    notations = etree.Element("notations")
    for kind in ties:
        child(notations, "tied", type=kind)
    for kind, number in around.slurs:
        child(notations, "slur", type=kind, number=str(number))
    for kind in sorted(around.tuplets):
        child(notations, "tuplet", type=kind)
    left, named = note.marks, []
    for mark, name in _ARTICULATIONS.items():
        if mark in left:
            left = left.replace(mark, "")
            named.append(name)
    if named:
        articulations = child(notations, "articulations")
        for name in named:
            child(articulations, name)
    if ";" in note.marks:
        child(notations, "fermata")
    if ":" in note.marks:
        child(notations, "arpeggiate")
    if len(notations):
        element.append(notations)
