"""Chord symbols that the texts hide in comments (`!LO:TX:...:t=Bmi7`), read into the spelling of the chord spine.

Such a symbol is drawn like any other, so a text without it is not the text of its page. Knows how chord symbols are
printed; does not know where in a text they belong (see `normal_form`).
"""

from __future__ import annotations

import re

from jazzmus.kern.chords import Chord

_TEXT = re.compile(r"!LO:TX(?P<placing>(?::[^:=]*)*):t=(?P<text>[^:]*)")
_PRINTED = re.compile(
    r"(?P<root>[A-G][#b]?) ?(?P<quality>[^\d\s(/#b]*?(?:6/9|6\(9\)|\d+)?(?:sus4?)?)"
    r"(?P<extensions>(?:\([#b+-]\d+(?:,[#b+-]\d+)*\)|[#b]\d+|(?<=\d)[+-]\d+)*)(?:/(?P<bass>[A-G][#b]?))?"
)
# A chord symbol or part of one, as against words: one run of signs with a number in it, or the sign for no chord.
_LIKE_A_CHORD = re.compile(r"[^\s=\[]*\d[^\s=\]]*|N\.?C\.?")
_EXTENSION = re.compile(r"([#b+-])(\d+)")
_SIGNS = str.maketrans("+-", "#b")

_MINOR, _MAJOR = ("m", "mi", "min", "-"), ("maj", "Maj", "ma", "Ma", "M", "^", "Δ", "△")
_QUALITIES = {
    "": "maj",
    **dict.fromkeys(("^", "Δ", "△"), "maj7"),
    **{f"{major}{number}": f"maj{number}" for major in _MAJOR for number in ("7", "9")},
    **dict.fromkeys(_MINOR, "min"),
    **{f"{minor}{number}": f"min{number}" for minor in _MINOR for number in ("6", "7", "9", "11")},
    **{f"{minor}{major}7": "minmaj7" for minor in _MINOR for major in _MAJOR},
    **{f"{minor}^": "minmaj7" for minor in _MINOR},
    **{number: number for number in ("7", "9", "11", "13")},
    "6": "maj6",
    "6/9": "maj6(9)",
    "6(9)": "maj6(9)",
    "69": "maj6(9)",
    "dim": "dim",
    "dim7": "dim7",
    "o7": "dim7",
    "ø": "hdim7",
    "ø7": "hdim7",
    "+": "aug",
    "aug": "aug",
    "+7": "aug7",
    "aug7": "aug7",
    "sus": "sus4",
    "sus4": "sus4",
    **{
        f"{number}sus{four}": f"sus4({seven})"
        for number, seven in (("7", "7"), ("9", "7,9"), ("13", "7,13"))
        for four in ("", "4")
    },
}


def comment_text(cell: str) -> tuple[str, bool] | None:
    """Return the words a comment cell puts on the page and whether above the staff; None where it puts none."""
    match = _TEXT.match(cell)
    words = match["text"].strip() if match else ""
    return (words, "b" not in match["placing"].split(":")) if match and words else None


def looks_like_chord(text: str) -> bool:
    """Say whether words on the page may be a chord symbol or a part of one, whether or not it can be read."""
    return _LIKE_A_CHORD.fullmatch(text) is not None


def read_chord_symbol(text: str) -> Chord | None:
    """Return the chord of a printed symbol such as `Bmi7`, `E7-9` or `G +/B`; None for anything else.

    A lone letter is taken for the name of a section, and a symbol in parentheses is an option that writers leave out.
    `N.C.` gives None: no chord spine of the dialect has a cell for it, so no page could teach to read it.
    """
    match = _PRINTED.fullmatch(text)
    if match is None or len(text) == 1 or match["quality"] not in _QUALITIES:
        return None
    quality, _, given = _QUALITIES[match["quality"]].rstrip(")").partition("(")
    extensions = given.split(",") if given else []
    extensions += [sign.translate(_SIGNS) + number for sign, number in _EXTENSION.findall(match["extensions"])]
    if quality == "min7" and extensions == ["b5"]:
        quality, extensions = "hdim7", []
    return Chord(match["root"], quality, tuple(extensions), match["bass"])
