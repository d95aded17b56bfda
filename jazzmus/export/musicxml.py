"""A text as MusicXML 4.0: one part with notes, chord symbols, repeats and the systems of the page.

Bars that do not add up are written as they are. Does not know how notes or chord symbols are written one by one (see
`musicxml_notes`, `musicxml_chords`).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from lxml import etree

from jazzmus.export.musicxml_chords import child, chord_element, writable
from jazzmus.export.musicxml_notes import NoteWriter
from jazzmus.export.score import Bar, ChordCell, Event, bar_style, build_bars
from jazzmus.export.signatures import Meter, Signatures

_DOCTYPE = (
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">'
)
_MOST_DIVISIONS = 1_000_000  # programs count in 32 bits
_ROUND_DIVISIONS = 10080


def to_musicxml(kern: str, title: str | None = None) -> str:
    """Return a text as a MusicXML document.

    Args:
        kern: any text that `parse_kern` accepts. A chord cell that is no chord symbol becomes words.
        title: of the piece.

    Raises:
        KernError: if the text cannot be parsed. The message begins with the line number.
    """
    root = score_element(build_bars(kern), title)
    document = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True, doctype=_DOCTYPE)
    return str(document, "utf-8")


def score_element(bars: Sequence[Bar], title: str | None = None) -> etree._Element:
    """Return the root of the document of a piece."""
    root = etree.Element("score-partwise", version="4.0")
    if title:
        child(child(root, "work"), "work-title", writable(title))
    child(child(child(root, "identification"), "encoding"), "software", "jazzmus")
    child(child(child(root, "part-list"), "score-part", id="P1"), "part-name", "Melody", print_object="no")
    part = child(root, "part", id="P1")
    writer = NoteWriter(_divisions(bars))
    meter = None
    number = 0 if _is_pickup(bars) else 1
    for index, bar in enumerate(bars):
        measure = child(part, "measure", number=str(index + number))
        if index == 0 and number == 0:
            measure.set("implicit", "yes")
        meter = next((change.signatures.meter for change in bar.changes if change.signatures.meter), meter)
        _write_bar(measure, bar, writer, is_first=index == 0, meter=meter)
    return root


def _divisions(bars: Sequence[Bar]) -> int:
    """Return how many divisions of a quarter note make every place and length a whole number."""
    times = [time for bar in bars for event in bar.events for time in (event.onset, event.length)]
    times += [chord.onset for bar in bars for chord in bar.chords]
    times += [change.onset for bar in bars for change in bar.changes]
    divisions = 1
    for time in set(times):
        divisions = lcm(divisions, (4 * time).denominator)
        if divisions > _MOST_DIVISIONS:
            return _ROUND_DIVISIONS
    return divisions


def _is_pickup(bars: Sequence[Bar]) -> bool:
    """Say whether the first bar is shorter than the meter stated at its beginning."""
    meter = next((change.signatures.meter for change in bars[0].changes if not change.onset), None)
    return len(bars) > 1 and meter is not None and 0 < bars[0].length < meter.length


def _write_bar(measure: etree._Element, bar: Bar, writer: NoteWriter, is_first: bool, meter: Meter | None) -> None:
    if bar.begins_system:
        child(measure, "print", new_system="yes")
    if bar.begins_repeat:
        barline = child(measure, "barline", location="left")
        child(barline, "bar-style", "heavy-light")
        child(barline, "repeat", direction="forward")
    changes = {change.onset: change.signatures for change in bar.changes}
    begin = Fraction(0)
    if is_first or begin in changes:
        divisions = writer.divisions if is_first else None
        measure.append(_attributes(changes.pop(begin, Signatures()), divisions))
    full = bar.length if meter is None else meter.length
    now = begin
    for voice in sorted({event.voice for event in bar.events} | {1}):
        events = [event for event in bar.events if event.voice == voice]
        _move(measure, writer, now, begin)
        chords = [*bar.chords] if voice == 1 else []
        now = _write_voice(measure, writer, events, chords, changes, full)
    for onset, signatures in changes.items():
        _move(measure, writer, now, onset)
        measure.append(_attributes(signatures, None))
        now = onset
    _move(measure, writer, now, bar.length)
    style = bar_style(bar.closing)
    if style:
        barline = child(measure, "barline", location="right")
        child(barline, "bar-style", style)
        if bar.ends_repeat:
            child(barline, "repeat", direction="backward")


def _write_voice(
    measure: etree._Element,
    writer: NoteWriter,
    events: Sequence[Event],
    chords: list[ChordCell],
    changes: dict[Fraction, Signatures],
    full: Fraction,
) -> Fraction:
    """Write the events of a voice, each chord before the event it falls into; return where the voice ends.

    Chords and changes that have been written are taken away.
    """
    now = Fraction(0)
    for index, (event, notes) in enumerate(zip(events, writer.elements(events, full), strict=True)):
        _move(measure, writer, now, event.onset)
        now = event.onset
        if now in changes:
            measure.append(_attributes(changes.pop(now), None))
        following = events[index + 1].onset if index + 1 < len(events) else None
        while chords and (following is None or chords[0].onset < following):
            chord = chords.pop(0)
            measure.append(chord_element(chord.text, writer.units(chord.onset - now)))
        measure.extend(notes)
        now = event.end
    for chord in chords:
        measure.append(chord_element(chord.text, writer.units(chord.onset - now)))
    return now


def _move(measure: etree._Element, writer: NoteWriter, now: Fraction, to: Fraction) -> None:
    """Go forward or back in a bar."""
    distance = writer.units(to) - writer.units(now)
    if distance:
        child(child(measure, "forward" if distance > 0 else "backup"), "duration", str(abs(distance)))


def _attributes(signatures: Signatures, divisions: int | None) -> etree._Element:
    attributes = etree.Element("attributes")
    clef, key, meter = signatures
    if divisions is not None:
        child(attributes, "divisions", str(divisions))
    if key is not None:
        element = child(attributes, "key")
        child(element, "fifths", str(key.fifths))
        if key.is_minor is not None:
            child(element, "mode", "minor" if key.is_minor else "major")
    if meter is not None:
        element = child(attributes, "time", **({"symbol": meter.sign} if meter.sign else {}))
        child(element, "beats", str(meter.beats))
        child(element, "beat-type", str(meter.unit))
    if clef is not None:
        element = child(attributes, "clef")
        child(element, "sign", clef.sign)
        child(element, "line", str(clef.line))
        if clef.octaves:
            child(element, "clef-octave-change", str(clef.octaves))
    return attributes
