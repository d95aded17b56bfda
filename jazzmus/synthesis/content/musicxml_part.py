"""The melody of a MusicXML part, measure by measure: one voice, its chord symbols, and what is drawn around them.

Takes the measures as they are; whether they are full is not known here (see `musicxml_measures`).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from lxml import etree

from jazzmus.errors import DataError
from jazzmus.kern.transposition import MOST_FIFTHS, pitch_at, signature_cell
from jazzmus.synthesis.content.musicxml_chords import chord_cell
from jazzmus.synthesis.content.musicxml_notes import (
    Event,
    read_articulation,
    read_beam,
    read_head,
    read_number,
    rests,
    spell_as_typed,
)

MAX_MEASURES = 1000
_LONGEST = 4  # whole notes in a measure
_BEATS = re.compile(r"[1-9]\d?(\+[1-9]\d?)*", re.ASCII)
_METER_SIGNS = {"cut": "*met(c|)", "common": "*met(c)"}
_CLEFS = ("G2", "G1", "F4", "F3", "C1", "C2", "C3", "C4")


class Meter(NamedTuple):
    """A time signature: such as `4/4`, and the row of its sign (`*met(c)`) or an empty text."""

    name: str
    sign: str

    @property
    def length(self) -> Fraction:
        """Length of a full measure in whole notes."""
        return Fraction(self.name)

    def rows(self) -> list[str]:
        """Return the cells of the rows that state it."""
        return [f"*M{self.name}"] + [self.sign] * bool(self.sign)


@dataclass
class Measure:
    """A measure of the voice that is kept; times are in whole notes from its beginning.

    Attributes:
        number: As printed, for messages.
        events: Notes and rests, one after the other without gaps.
        chords: Cells of the chord spine and where they stand, in the order of the file.
        changes: Cells of rows that change clef and signature, and where they stand.
        meter: The time signature stated at its beginning, or None.
        repeats: Where a repeated part begins (`|:`) and ends (`:|`) at its two barlines.
        heavy: Whether it ends with a double or final barline.
        is_partial: Whether the file says that it is not counted as a whole measure.
    """

    number: str
    events: list[Event] = field(default_factory=list)
    chords: list[tuple[Fraction, str]] = field(default_factory=list)
    changes: list[tuple[Fraction, str]] = field(default_factory=list)
    meter: Meter | None = None
    repeats: set[str] = field(default_factory=set)
    heavy: bool = False
    is_partial: bool = False

    @property
    def length(self) -> Fraction:
        """Length of its notes and rests."""
        return self.events[-1].end if self.events else Fraction(0)


@dataclass
class Left:
    """What of a score is left out or mended, by a line each, and how many grace and chord notes there were."""

    repairs: Counter[str] = field(default_factory=Counter)
    grace_notes: int = 0
    chord_notes: int = 0


class PartReader:
    """Reads the measures of a part in order; keeps its divisions and the voice that is followed."""

    def __init__(self) -> None:
        self.left = Left()
        self._divisions = Fraction(1)
        self._octaves_up = 0
        self._voice: str | None = None
        self._now = Fraction(0)
        self._takes_chord_notes = False

    def read(self, part: etree._Element) -> list[Measure]:
        """Return the measures.

        Raises:
            DataError: Too many of them, or something in one that cannot be read; the message names the measure.
        """
        elements = part.findall("measure")
        if len(elements) > MAX_MEASURES:
            raise DataError(f"{len(elements)} measures, the limit is {MAX_MEASURES}; give one tune a file")
        measures: list[Measure] = []
        for index, element in enumerate(elements, start=1):
            number = (element.get("number") or str(index))[:8]
            try:
                measures.append(self._measure(element, number))
            except DataError as error:
                raise DataError(f"measure {number}: {error}") from error
        return measures

    def _measure(self, element: etree._Element, number: str) -> Measure:
        measure = Measure(number, is_partial=element.get("implicit") == "yes")
        self._now = Fraction(0)
        self._takes_chord_notes = False
        for child in element:
            if child.tag == "note":
                self._note(child, measure)
            elif child.tag in ("backup", "forward"):
                self._now += self._length(child) * (1 if child.tag == "forward" else -1)
                self._now = max(self._now, Fraction(0))
            elif child.tag == "attributes":
                self._attributes(child, measure)
            elif child.tag == "harmony":
                self._harmony(child, measure)
            elif child.tag == "barline":
                _take_barline(child, measure)
        return measure

    def _length(self, element: etree._Element) -> Fraction:
        length = read_number(element, "duration") / (4 * self._divisions)
        if not 0 <= length <= _LONGEST:
            raise DataError(f"a duration of {length} whole notes; mend it in the notation program")
        return length

    def _harmony(self, element: etree._Element, measure: Measure) -> None:
        cell = chord_cell(element, self.left.repairs)
        if cell is not None:
            offset = read_number(element, "offset") / (4 * self._divisions) if element.find("offset") is not None else 0
            measure.chords.append((self._now + offset, cell))

    def _note(self, note: etree._Element, measure: Measure) -> None:
        if note.find("grace") is not None:
            self.left.grace_notes += 1
            return
        is_kept = self._is_followed(note)
        if note.find("chord") is not None:
            if is_kept and self._takes_chord_notes:
                measure.events[-1].heads.append(read_head(note, self._octaves_up))
                self.left.chord_notes += 1
            return
        length, onset = self._length(note), self._now
        self._now += length
        self._takes_chord_notes = False
        if not is_kept or onset < measure.length or not length:
            self.left.repairs["note or rest of a further voice left out"] += 1
            return
        if onset > measure.length:
            self.left.repairs[f"measure {measure.number}: a gap filled with rests"] += 1
            measure.events += rests(measure.length, onset - measure.length)
        rest = note.find("rest")
        if rest is not None or note.find("unpitched") is not None:
            self.left.repairs["note without a pitch written as a rest"] += rest is None
            silence = rests(onset, length)
            silence[0].fills_bar = rest is not None and rest.get("measure") == "yes"
            measure.events += silence
            return
        spelling = spell_as_typed(note, length)
        if spelling is None:
            raise DataError(f"a note of {length} of a whole note; write it as tied notes and export the score again")
        heads, beam = [read_head(note, self._octaves_up)], read_beam(note)
        measure.events.append(Event(onset, length, spelling, heads, beam, read_articulation(note)))
        self._takes_chord_notes = True

    def _is_followed(self, note: etree._Element) -> bool:
        """Say whether a note is of the first voice of the first staff."""
        if note.findtext("staff", "1").strip() != "1":
            return False
        voice = note.findtext("voice", "1").strip()
        if self._voice is None:
            self._voice = voice
        return voice == self._voice

    def _attributes(self, attributes: etree._Element, measure: Measure) -> None:
        if attributes.find("divisions") is not None:
            self._divisions = read_number(attributes, "divisions")
            if self._divisions <= 0:
                raise DataError(f"`<divisions>` is {self._divisions}; it must be positive, export the score again")
        clef = next((clef for clef in attributes.findall("clef") if clef.get("number", "1") == "1"), None)
        if clef is not None:
            measure.changes.append((self._now, self._clef(clef)))
        key = attributes.find("key")
        if key is not None:
            measure.changes += [(self._now, cell) for cell in _key_rows(key)]
        time = attributes.find("time")
        if time is not None:
            measure.meter = _read_meter(time) or measure.meter

    def _clef(self, clef: etree._Element) -> str:
        name = f"{clef.findtext('sign', '').strip()}{clef.findtext('line', '').strip()}"
        name = {"G": "G2", "F": "F4", "C": "C3"}.get(name, name)
        if name not in _CLEFS:
            raise DataError(f"clef `{name[:20]}`; give a melody in a treble, bass or C clef")
        # The dialect has no clefs that sound an octave away: the notes are written where they stand on the staff.
        change = read_number(clef, "clef-octave-change") if clef.find("clef-octave-change") is not None else Fraction(0)
        self._octaves_up = -max(-2, min(2, int(change)))
        return f"*clef{name}"


def _key_rows(key: etree._Element) -> list[str]:
    """Return the signature cell and the key cell, which the dialect's texts leave out for C major."""
    fifths = read_number(key, "fifths") if key.find("fifths") is not None else Fraction(99)
    if fifths.denominator != 1 or abs(fifths) > MOST_FIFTHS + 1:
        raise DataError("a key signature that is not one of up to 7 sharps or flats; mend it")
    place = int(fifths)
    is_minor = key.findtext("mode", "").strip() == "minor"
    letter, accidental = pitch_at(place + 3 if is_minor else place)
    name = f"*{letter.lower() if is_minor else letter}{accidental}:"
    return [signature_cell(place)] + [name] * (name != "*C:")


def _read_meter(time: etree._Element) -> Meter | None:
    """Return a time signature; None where the file says that there is none."""
    if time.find("senza-misura") is not None:
        return None
    beats, unit = time.findtext("beats", "").strip(), time.findtext("beat-type", "").strip()
    total = sum(int(part) for part in beats.split("+")) if _BEATS.fullmatch(beats) else 0
    if not 1 <= total <= 32 or unit not in ("1", "2", "4", "8", "16", "32") or Fraction(total, int(unit)) > _LONGEST:
        raise DataError(f"a meter of `{beats[:10]}/{unit[:10]}`; mend the time signature")
    name = f"{total}/{unit}"
    sign = _METER_SIGNS.get(time.get("symbol", ""), "")
    return Meter(name, sign if name in ("4/4", "2/2") else "")


def _take_barline(barline: etree._Element, measure: Measure) -> None:
    """Take over repeats and double bars at the ends of a measure."""
    repeat = barline.find("repeat")
    if repeat is not None:
        measure.repeats.add("|:" if repeat.get("direction") == "forward" else ":|")
    elif barline.get("location", "right") == "right":
        style = barline.findtext("bar-style", "").strip()
        measure.heavy = measure.heavy or style in ("light-light", "light-heavy", "heavy-light", "heavy-heavy", "heavy")
