"""Chord symbols of MusicXML in the spelling of the `**mxhm` spine.

A kind the dialect has no word for takes the nearest one, and degrees it never writes are left out. Knows one
`<harmony>` at a time, not where it stands.
"""

from __future__ import annotations

from collections import Counter

from lxml import etree

from jazzmus.kern.chord_kinds import KINDS
from jazzmus.kern.chords import Chord
from jazzmus.kern.transposition import HIGHEST_ROOT, LOWEST_PLACE, pitch_at, place_on_line

# What the dialect's texts write in parentheses after each quality; the first, nothing, is always possible.
EXTENSIONS: dict[str, tuple[str, ...]] = {
    "maj": (), "min": ("#5",), "aug": ("6,9",), "dim": (), "hdim7": (), "dim7": (), "minmaj7": (),
    "7": ("b9", "b5", "#9", "#11", "#5", "b5,#9", "#5,b9"), "aug7": ("#9",), "9": ("b5", "#11"),
    "11": (), "13": ("b9", "#11"), "maj6": ("9",), "maj7": ("#5", "#11"), "maj9": (),
    "min6": (), "min7": (), "min9": (), "min11": (), "sus4": ("7", "7,9", "7,13"),
}  # fmt: skip
_QUALITIES = {kind.musicxml: quality for quality, kind in KINDS.items()}
# Kinds without a word of their own, and some that only single programs write.
NEAREST = {
    "minor-major": "minmaj7", "maj69": "maj6(9)", "augmented-ninth": "aug7", "major-11th": "maj9",
    "major-13th": "maj9", "minor-13th": "min11", "suspended-second": "sus4", "Tristan": "hdim7",
    "Neapolitan": "maj", "Italian": "7", "French": "7(b5)", "German": "7",
}  # fmt: skip
_EXACT = ("minor-major", "maj69")
_ALTERATIONS = {"-2": "bb", "-1": "b", "0": "", "": "", "1": "#", "2": "##"}


def chord_cell(harmony: etree._Element, repairs: Counter[str]) -> str | None:
    """Return the cell of a `<harmony>`, or None where it has no root or says that there is no chord.

    Args:
        harmony: The element.
        repairs: Takes a line for what had to be spelled otherwise or left out.
    """
    root, kind = _pitch(harmony, "root"), (harmony.findtext("kind") or "").strip()
    if root is None or kind == "none":
        repairs["chord symbol without a root left out"] += 1
        return None
    if kind not in _QUALITIES and kind not in _EXACT:
        repairs[f"chord kind `{kind[:40]}` written as `{NEAREST.get(kind, 'maj')}`"] += 1
    quality, _, inner = (_QUALITIES.get(kind) or NEAREST.get(kind, "maj")).rstrip(")").partition("(")
    given = [inner] if inner else []
    added = sorted((_degree(degree) for degree in harmony.findall("degree")), key=lambda text: int(text.strip("#b")))
    if quality == "min7" and added == ["b5"]:
        quality, added = "hdim7", []
    extensions = _nearest_extensions(quality, given + added)
    if len(extensions) < len(given + added):
        repairs[
            f"chord `{quality}({','.join(given + added)})` written as `{Chord('', quality, extensions).to_text()[1:]}`"
        ] += 1
    return Chord(root, quality, extensions, _pitch(harmony, "bass")).to_text()


def _nearest_extensions(quality: str, wanted: list[str]) -> tuple[str, ...]:
    """Return the longest extensions the dialect has for a quality that use only those wanted."""
    known = [tuple(text.split(",")) for text in EXTENSIONS[quality]]
    fitting = [extensions for extensions in known if set(extensions) <= set(wanted)]
    return max(fitting, key=len, default=())


def _degree(degree: etree._Element) -> str:
    """Return a degree such as `b9`; what is no plain number of a degree becomes one the dialect never writes."""
    value, alter = ((degree.findtext(f"degree-{part}") or "").strip() for part in ("value", "alter"))
    is_plain = value in ("2", "4", "5", "6", "7", "9", "11", "13") and alter in ("-1", "0", "1", "")
    subtracts = degree.findtext("degree-type") == "subtract"
    return _ALTERATIONS[alter] + value if is_plain and not subtracts else "99"


def _pitch(harmony: etree._Element, name: str) -> str | None:
    """Return the root or bass; None where there is none that can be written."""
    part = harmony.find(name)
    if part is None:
        return None
    letter = (part.findtext(f"{name}-step") or "").strip()
    alter = (part.findtext(f"{name}-alter") or "").strip()
    if letter not in tuple("ABCDEFG") or alter not in _ALTERATIONS:
        return None
    # The dialect has no double accidentals here; the same key of the piano has a plainer name.
    place = place_on_line(letter, _ALTERATIONS[alter])
    while place < LOWEST_PLACE:
        place += 12
    while place > HIGHEST_ROOT:
        place -= 12
    return "".join(pitch_at(place, "b"))
