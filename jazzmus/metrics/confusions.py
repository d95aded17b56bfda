"""Which pitch, accidental, duration and chord was read for which: counts of what a reading of one page confuses.

Notes, chord symbols, signatures and barlines of both texts are aligned, each kind by its own, with as few edits as
possible. Names in the counts are of music vocabulary only, never a stretch of a text, so that they may be published
where the page may not. Knows the cells of rows; does not know where in a measure a note stands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

from rapidfuzz.distance import Levenshtein

from jazzmus.errors import KernError
from jazzmus.kern.chord_kinds import KINDS
from jazzmus.kern.chords import Chord, parse_chord
from jazzmus.kern.document import RowKind
from jazzmus.kern.notes import NATURAL, NULL_CELL, Note, parse_notes
from jazzmus.metrics.spine_walk import WalkedRow

Confusions = dict[str, dict[str, int]]

KINDS_OF_CONFUSION = (
    "pitch", "accidental", "duration", "tie", "chord_root", "chord_quality", "chord_bass", "signature", "barline"
)  # fmt: skip
MISSED, ADDED = "missed", "added"
CONFUSION_NAMES = (*KINDS_OF_CONFUSION, MISSED, ADDED)

# What is neither of the vocabulary nor short is named so: it may be any text.
OTHER = "other"
NONE = "none"
_ACCIDENTALS = {"": NONE, "#": "sharp", "##": "double sharp", "-": "flat", "--": "double flat", NATURAL: "natural"}
_TIES = {"[": "begins", "_": "goes on", "]": "ends"}
# Clef, key and meter of the melody, and barlines without their numbers.
_SIGNATURE_BEGINS = re.compile(r"\*(?:clef|k\[|M\d)")
_SIGNATURE = re.compile(r"\*(?:clef[GFC]v?\d|k\[(?:[a-g][#-]){0,7}\]|M\d{1,2}/\d{1,2})")
_BARLINE = re.compile(r"=[=|!:]*")
_NUMBER = re.compile(r"\d+[a-z]?")
_LONGEST_NAME = 6
_LONGEST_CELL = 100
_LONGEST_EXTENSIONS = 12


class NoteName(NamedTuple):
    """A note by what is compared: kern letters of step and octave, `r` for a rest; accidental and tie in words."""

    pitch: str
    accidental: str
    duration: str
    tie: str


class ChordName(NamedTuple):
    """A chord symbol by what is compared: root, quality with what stands in parentheses, and bass."""

    chord_root: str
    chord_quality: str
    chord_bass: str


class SignatureName(NamedTuple):
    """A clef, key or meter as its cell has it, such as `*k[b-]`."""

    signature: str


class BarlineName(NamedTuple):
    """A barline as its cell has it, without its number."""

    barline: str


_Name = TypeVar("_Name", NoteName, ChordName, SignatureName, BarlineName)


def confusions(predicted: Sequence[WalkedRow], wanted: Sequence[WalkedRow]) -> Confusions:
    """Return what a reading confuses: for each kind, counts of `wanted->predicted`; kinds without any are left out.

    `missed` and `added` count notes, rests, chords, signatures and barlines that have no partner. A malformed cell is
    one thing named `other`; nothing raises.

    Args:
        predicted: Rows of the reading, as `spine_walk.walk` gives them.
        wanted: Rows of the reference.
    """
    counts: dict[str, Counter[str]] = {name: Counter() for name in CONFUSION_NAMES}
    _count(counts, _notes(predicted), _notes(wanted), lambda note: "rest" if note.pitch == "r" else "note")
    _count(counts, _chords(predicted), _chords(wanted), lambda _: "chord")
    _count(counts, _signatures(predicted), _signatures(wanted), lambda _: "signature")
    _count(counts, _barlines(predicted), _barlines(wanted), lambda _: "barline")
    return {name: dict(sorted(counter.items())) for name, counter in counts.items() if counter}


def add_confusions(pages: Sequence[Confusions]) -> Confusions:
    """Return the sums of the counts of several pages, the most frequent first."""
    sums: dict[str, Counter[str]] = {name: Counter() for name in CONFUSION_NAMES}
    for page in pages:
        for name in CONFUSION_NAMES:
            sums[name].update(page.get(name, {}))
    return {
        name: dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))
        for name, counter in sums.items()
        if counter
    }


def _count(
    counts: dict[str, Counter[str]], predicted: Sequence[_Name], wanted: Sequence[_Name], what: Callable[[_Name], str]
) -> None:
    """Add what one alignment shows."""
    for edit in Levenshtein.editops(wanted, predicted):
        if edit.tag == "delete":
            counts[MISSED][what(wanted[edit.src_pos])] += 1
        elif edit.tag == "insert":
            counts[ADDED][what(predicted[edit.dest_pos])] += 1
        else:
            one, other = wanted[edit.src_pos], predicted[edit.dest_pos]
            for kind, there, here in zip(one._fields, one, other, strict=True):
                if there != here:
                    counts[kind][f"{there}->{here}"] += 1


def _notes(rows: Sequence[WalkedRow]) -> list[NoteName]:
    cells = (cell for row in rows if row.kind is RowKind.DATA for cell in row.melody if cell != NULL_CELL)
    return [name for cell in cells for name in _note_names(cell)]


def _chords(rows: Sequence[WalkedRow]) -> list[ChordName]:
    return [_chord_name(cell) for row in rows for cell in row.chords]


def _signatures(rows: Sequence[WalkedRow]) -> list[SignatureName]:
    cells = (row.melody[0] for row in rows if row.melody)
    signatures = (cell for cell in cells if _SIGNATURE_BEGINS.match(cell))
    return [SignatureName(cell if _SIGNATURE.fullmatch(cell) else OTHER) for cell in signatures]


def _barlines(rows: Sequence[WalkedRow]) -> list[BarlineName]:
    cells = (_NUMBER.sub("", row.melody[0]) for row in rows if row.melody and row.melody[0].startswith("="))
    return [BarlineName(cell if _BARLINE.fullmatch(cell) and len(cell) <= _LONGEST_NAME else OTHER) for cell in cells]


@lru_cache(maxsize=4096)
def _note_names(cell: str) -> tuple[NoteName, ...]:
    try:
        notes = parse_notes(cell) if len(cell) <= _LONGEST_CELL else ()
    except (KernError, ValueError):
        notes = ()
    return tuple(map(_note_name, notes)) or (NoteName(OTHER, NONE, OTHER, NONE),)


def _note_name(note: Note) -> NoteName:
    return NoteName(
        _short(note.pitch),
        _ACCIDENTALS[note.accidental],
        _short(f"{note.reciprocal}{note.dots}{note.grace}") or NONE,
        next((name for mark, name in _TIES.items() if mark in note.opening + note.marks), NONE),
    )


@lru_cache(maxsize=4096)
def _chord_name(cell: str) -> ChordName:
    chord = parse_chord(cell) if len(cell) <= _LONGEST_CELL else None
    if chord is None:
        return ChordName(OTHER, OTHER, NONE)
    return ChordName(chord.root, _quality(chord), chord.bass or NONE)


def _quality(chord: Chord) -> str:
    extensions = ",".join(chord.extensions)
    if chord.quality not in KINDS or len(extensions) > _LONGEST_EXTENSIONS:
        return OTHER
    return f"{chord.quality}({extensions})" if extensions else chord.quality


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else OTHER
