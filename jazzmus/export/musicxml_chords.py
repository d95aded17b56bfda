"""Cells of the chord spine as MusicXML: chord symbols as `<harmony>`, everything else as words.

Knows one cell at a time, not where it stands.
"""

from __future__ import annotations

import re

from lxml import etree

from jazzmus.kern.chord_kinds import KINDS, degrees, printed_suffix
from jazzmus.kern.chords import Chord, parse_chord

_NO_CHORD = re.compile(r"N\.?C\.?|rest")
# What XML cannot hold, such as control characters.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def chord_element(cell: str, offset: int) -> etree._Element:
    """Return the element of a cell.

    Args:
        cell: such as `Bb:min7/F`, `N.C.`, or words.
        offset: how much later than the place of the element it sounds, in divisions.
    """
    chord = parse_chord(cell)
    if chord is not None:
        element = _harmony(chord)
    elif _NO_CHORD.fullmatch(cell):
        element = _no_chord(cell)
    else:
        element = etree.Element("direction", placement="above")
        child(child(element, "direction-type"), "words", writable(cell))
    if offset:
        child(element, "offset", str(offset))
    return element


def child(parent: etree._Element, tag: str, text: str | None = None, /, **attributes: str) -> etree._Element:
    """Append an element and return it; `_` in the names of attributes becomes `-`."""
    element = etree.SubElement(parent, tag, {name.replace("_", "-"): value for name, value in attributes.items()})
    element.text = text
    return element


def writable(text: str) -> str:
    """Return a text without the characters that XML cannot hold."""
    return _UNWRITABLE.sub("", text)


def _harmony(chord: Chord) -> etree._Element:
    harmony = etree.Element("harmony", {"print-frame": "no"})
    _pitch(harmony, "root", chord.root)
    kind = KINDS.get(chord.quality)
    # The text has all that is printed; programs that show it would show the degrees a second time.
    child(harmony, "kind", kind.musicxml if kind else "other", text=printed_suffix(chord))
    if chord.bass:
        _pitch(harmony, "bass", chord.bass)
    for degree in degrees(chord):
        element = child(harmony, "degree", print_object="no")
        child(element, "degree-value", str(degree.number))
        child(element, "degree-alter", str(degree.alter))
        child(element, "degree-type", "alter" if degree.is_changed else "add")
    return harmony


def _no_chord(cell: str) -> etree._Element:
    harmony = etree.Element("harmony", {"print-frame": "no"})
    child(child(harmony, "root"), "root-step", "C", text="")
    child(harmony, "kind", "none", text=cell)
    return harmony


def _pitch(harmony: etree._Element, name: str, pitch: str) -> None:
    element = child(harmony, name)
    child(element, f"{name}-step", pitch[0])
    alter = pitch.count("#") - pitch[1:].count("b") - pitch.count("-")
    if alter:
        child(element, f"{name}-alter", str(alter))
