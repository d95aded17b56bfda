"""Notes of MusicXML in the spelling of the melody spine: durations, pitches, beams and the cells they make.

Knows single notes and the beams of one measure. Does not know keys, nor which accidentals are drawn.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

from lxml import etree

from jazzmus.errors import DataError
from jazzmus.kern.notes import LETTERS, NOTE_NAMES, pitch_letters
from jazzmus.kern.transposition import pitch_at, place_on_line

_SHORTEST = 256
# Durations by their printed names; others are spelled by their lengths.
_TYPES = {name: Fraction(duration) for duration, name in NOTE_NAMES.items() if 0 < int(duration) < _SHORTEST}
_MOST_DOTS = 2
_NUMBER = re.compile(r"-?\d{1,8}(\.\d{1,6})?", re.ASCII)
_BEAMS = {"begin": "L", "end": "J"}
_ARTICULATIONS = {"staccato": "'", "tenuto": "~", "accent": "^"}


@dataclass
class Head:
    """A pitch of an event: its height in letters from C0, its alteration as `#` or `-`, and whether it is tied on."""

    height: int
    alteration: str
    tied_on: bool

    @property
    def name(self) -> str:
        """Letters and alteration as a kern note has them."""
        return pitch_letters(self.height) + self.alteration


@dataclass
class Event:
    """A note, notes struck together, or a rest (without heads), in whole notes from the barline.

    Attributes:
        onset: Where it begins.
        length: How long it lasts.
        spelling: Its duration in kern, dots included.
        heads: Its pitches.
        beams: `L J K k` as often as beams begin, end or are hooked.
        articulation: Marks on it.
        fills_bar: A rest that lasts whatever its measure lasts.
    """

    onset: Fraction
    length: Fraction
    spelling: str
    heads: list[Head] = field(default_factory=list)
    beams: str = ""
    articulation: str = ""
    fills_bar: bool = False

    @property
    def end(self) -> Fraction:
        """Where it ends."""
        return self.onset + self.length

    @property
    def flags(self) -> int:
        """Flags or beams of a note of this duration."""
        return max(0, (int(self.spelling.rstrip(".")) // 4).bit_length() - 1) if self.heads else 0

    def cell(self, tied_in: set[str]) -> str:
        """Return the cell; `tied_in` are the names of the pitches that are tied from the event before."""
        if not self.heads:
            return f"{self.spelling}r"
        notes: list[str] = []
        for head in self.heads:
            begins, ends = head.tied_on, head.name in tied_in
            marks = "" if notes else self.articulation + self.beams
            tie = "_" if begins and ends else "]" * ends
            notes.append(f"{'[' * (begins and not ends)}{self.spelling}{head.name}{marks}{tie}")
        return " ".join(notes)


def read_number(element: etree._Element, tag: str) -> Fraction:
    """Return the number in a child element.

    Raises:
        DataError: There is none, or it is no number of ordinary size.
    """
    return _number((element.findtext(tag) or "").strip(), tag)


# A score has few different numbers, durations and pitches, and fractions are slow.
@lru_cache(maxsize=1024)
def _number(text: str, tag: str) -> Fraction:
    if not _NUMBER.fullmatch(text):
        raise DataError(f"`<{tag}>` is `{text[:20]}` and not a number; export the score again")
    return Fraction(text)


@lru_cache(maxsize=1024)
def spell(length: Fraction) -> str | None:
    """Return the duration in kern with the fewest dots; None where no single note lasts so long."""
    for dots in range(_MOST_DOTS + 1):
        undotted = length / (2 - Fraction(1, 2**dots))
        if undotted == 2:
            return "0" + "." * dots
        if undotted.numerator == 1 and undotted.denominator <= _SHORTEST:
            return f"{undotted.denominator}" + "." * dots
    return None


def spell_as_typed(note: etree._Element, length: Fraction) -> str | None:
    """Return the duration of a `<note>` as its printed type says, or as its length does where the two disagree.

    None where no single note lasts so long.
    """
    ratio = Fraction(1)
    if note.find("time-modification") is not None:
        normal = read_number(note, "time-modification/normal-notes")
        ratio = read_number(note, "time-modification/actual-notes") / (normal or 1)
    return _spell_as_typed((note.findtext("type") or "").strip(), len(note.findall("dot")), ratio, length)


@lru_cache(maxsize=1024)
def _spell_as_typed(kind: str, dots: int, ratio: Fraction, length: Fraction) -> str | None:
    base = _TYPES.get(kind, Fraction(0)) * ratio
    if base > 0 and base.denominator == 1 and dots <= _MOST_DOTS and (2 - Fraction(1, 2**dots)) / base == length:
        return f"{base}" + "." * dots
    return spell(length)


def rests(onset: Fraction, length: Fraction) -> list[Event]:
    """Return the rests that fill a length, the longest first.

    Raises:
        DataError: Rests of the dialect cannot fill it.
    """
    events: list[Event] = []
    while length > 0:
        candidates = (
            Fraction(numerator, denominator) for denominator in (1, 2, 4, 8, 16, 32, 64) for numerator in (3, 2, 1)
        )
        fitting = (
            length if spell(length) else max((one for one in candidates if one <= length and spell(one)), default=None)
        )
        spelling = spell(fitting) if fitting else None
        if fitting is None or spelling is None or length > 4:
            raise DataError(f"no rests fill {length} of a whole note; check the durations and export the score again")
        events.append(Event(onset, fitting, spelling))
        onset, length = onset + fitting, length - fitting
    return events


def read_head(note: etree._Element, octave_shift: int) -> Head:
    """Return the pitch of a `<note>`, moved by octaves.

    Raises:
        DataError: It has none, or one that is not written: an octave outside 0 to 9, more than two accidentals.
    """
    pitch = note.find("pitch")
    if pitch is None:
        raise DataError("a note without a pitch; give a melody, not percussion")
    alter = (pitch.findtext("alter") or "0").strip()
    octave = read_number(pitch, "octave")
    height, alteration = _place(pitch.findtext("step", "").strip(), _number(alter or "0", "alter"), octave)
    is_tied = any(tie.get("type") == "start" for tie in [*note.findall("tie"), *note.findall("notations/tied")])
    return Head(height + 7 * octave_shift, alteration, is_tied)


@lru_cache(maxsize=1024)
def _place(step: str, alter: Fraction, octave: Fraction) -> tuple[int, str]:
    """Return the height and the alteration of a pitch."""
    if step not in tuple(LETTERS) or octave.denominator != 1 or not 0 <= octave <= 9 or abs(alter) > 2:
        raise DataError(f"a pitch `{step[:5]}{octave}` altered by {alter} cannot be written; mend the note")
    height = 7 * int(octave) + LETTERS.index(step)
    steps = round(alter)  # quarter tones become the nearest accidental
    alteration = "#" * steps + "-" * -steps
    if abs(steps) == 2:  # the dialect has no double accidentals: the next letter sounds alike
        height += steps // 2
        alteration = pitch_at(place_on_line(step, alteration) - 6 * steps)[1]
    return height, alteration


def read_beam(note: etree._Element) -> str:
    """Return `L` where the first beam of a `<note>` begins, `J` where it ends, else an empty text."""
    beam = next((beam for beam in note.findall("beam") if beam.get("number", "1") == "1"), None)
    return "" if beam is None else _BEAMS.get((beam.text or "").strip(), "")


def read_articulation(note: etree._Element) -> str:
    """Return staccato, accent, tenuto and fermata of a `<note>`."""
    marks = [mark for tag, mark in _ARTICULATIONS.items() if note.find(f"notations/articulations/{tag}") is not None]
    return "".join(marks) + ";" * (note.find("notations/fermata") is not None)


def complete_beams(events: Sequence[Event]) -> bool:
    """Write all levels of the beams of a measure, of which the first has been read; say whether that one was sound.

    Where it was not (a beam without end, or over a quarter), nothing is changed.
    """
    runs: list[list[Event]] = []
    run: list[Event] | None = None
    for event in events:
        if event.beams == "L":
            if run is not None:
                return False
            run = []
        if run is not None and event.heads:
            run.append(event)
        if event.beams == "J":
            if run is None or not all(note.flags for note in run):
                return False
            runs.append(run)
            run = None
    if run is not None:
        return False
    for event in events:
        event.beams = ""
    for run in runs:
        _beam_run(run)
    return True


def add_beams(events: Sequence[Event], meter: str, bar_length: Fraction, offset: Fraction) -> None:
    """Beam the notes of a measure by its beats; plain eighths in common time by half measures.

    Args:
        events: Of the measure; their beams are replaced.
        meter: Such as `4/4`.
        bar_length: Of the full measure, in whole notes.
        offset: How much of the measure is missing before the first event, as in a pickup.
    """
    beats, unit = (int(number) for number in meter.split("/"))
    beat = Fraction(3, unit) if unit >= 8 and beats % 3 == 0 else Fraction(1, 4)
    runs: dict[tuple[int, int], list[Event]] = {}
    broken = 0
    for event in events:
        event.beams = ""
        half = int((event.onset + offset) * 2)
        in_half = [other for other in events if int((other.onset + offset) * 2) == half]
        is_plain = bar_length == 1 and all(other.spelling == "8" and other.heads for other in in_half)
        broken += not event.flags
        if event.flags:
            group = 1000 + half if is_plain else int((event.onset + offset) / beat)
            runs.setdefault((group, broken), []).append(event)
    for run in runs.values():
        _beam_run(run)


def _beam_run(run: Sequence[Event]) -> None:
    """Beam notes that follow each other: at each level, notes with that many flags and like neighbours are joined."""
    if len(run) < 2:
        return
    for index, event in enumerate(run):
        marks = ""
        for level in range(1, event.flags + 1):
            before = index > 0 and run[index - 1].flags >= level
            after = index + 1 < len(run) and run[index + 1].flags >= level
            if not (before or after):
                marks += "k" if index + 1 == len(run) else "K"
            elif not (before and after):
                marks += "J" if before else "L"
        event.beams = "".join(sorted(marks, key="KLJk".index))
