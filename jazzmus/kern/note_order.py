"""One spelling for each cell of a melody spine: durations, marks and the notes struck together in a fixed order.

Each order is the one the dialect's texts have nearly everywhere, so that most cells stay as they are. A cell or a mark
this file does not know is left alone. Knows one cell at a time; key, bar and neighbouring notes it does not know.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import lru_cache

from jazzmus.errors import KernError
from jazzmus.kern.accidentals import COURTESY_MARK, DRAWN_MARK, accidental_is_drawn
from jazzmus.kern.notes import NATURAL, Note, height, notes_to_text, parse_notes

OPENING_ORDER = "{(["
# Accidental is drawn; articulation and ornaments; not drawn; beams; ties; ends of slurs.
MARK_ORDER = DRAWN_MARK + "'\"`~^;:tTmMwWS$O" + "y" + "KLJk" + "]_" + ")}"
STEMS = "/\\"


def normalize_cell(cell: str, ledger: Counter[str]) -> str:
    """Return a cell of a melody spine in its normal form; what changed is counted in the ledger."""
    normal, changes = _normalize_cell(cell)
    if changes:
        ledger.update(changes)
    return normal


@lru_cache(maxsize=4096)
def _normalize_cell(cell: str) -> tuple[str, tuple[str, ...]]:
    """Return a cell in its normal form and the rules that changed it, each as often as it did."""
    ledger: Counter[str] = Counter()
    try:
        notes = tuple(_normalize_note(note, ledger) for note in parse_notes(cell))
    except KernError:
        return cell, ()
    ordered = tuple(sorted(notes, key=_height))
    ledger["order of notes struck together"] += ordered != notes
    return notes_to_text(ordered), tuple(ledger.elements())


def _normalize_note(note: Note, ledger: Counter[str]) -> Note:
    # `_` may stand on either side of a note; it belongs to the ties behind it.
    opening = note.opening.replace("_", "")
    marks = note.marks + "_" * note.opening.count("_")
    if not set(marks) <= set(MARK_ORDER + STEMS + COURTESY_MARK):
        return note
    unstemmed = "".join(mark for mark in marks if mark not in STEMS)
    ledger["stem direction"] += unstemmed != marks
    plain = unstemmed.replace(COURTESY_MARK, "")
    in_order = "".join(sorted(plain, key=MARK_ORDER.index))
    openings = "".join(sorted(opening, key=OPENING_ORDER.index))
    ledger["order of marks"] += in_order != plain or openings != note.opening
    accidental = note.accidental
    if accidental_is_drawn(note):
        # A courtesy accidental (`i`) is drawn like any other: the pages show a plain sign, without parentheses. That
        # it is not needed follows from key and bar. Alone, `i` says that the sign is drawn, as `X` and `n` do.
        ledger["courtesy accidental"] += COURTESY_MARK in marks
        accidental = note.accidental or NATURAL
        drawn = DRAWN_MARK * (accidental != NATURAL) + in_order.lstrip(DRAWN_MARK)
        is_spelled = note.accidental + in_order == accidental + drawn
        ledger["spelling of drawn accidental"] += not is_spelled and COURTESY_MARK not in marks
        in_order = drawn
    # A breve is `0`, a longer one `00`: only zeros before another digit say nothing.
    reciprocal = note.reciprocal.lstrip("0") or note.reciprocal
    ledger["spelling of duration"] += reciprocal != note.reciprocal
    return replace(note, opening=openings, reciprocal=reciprocal, accidental=accidental, marks=in_order)


def _height(note: Note) -> tuple[int, int, str]:
    """Return a key that sorts notes from low to high (rests first), alike ones by their text."""
    if note.is_rest:
        return (-100, 0, note.to_text())
    alteration = note.accidental.count("#") - note.accidental.count("-")
    return (height(note), alteration, note.to_text())
