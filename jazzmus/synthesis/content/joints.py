"""What must be mended where music was cut or put together: repeat signs without a partner, ties and slurs into nothing.

Works on lists of barlines and of melody cells in reading order; does not know where the joints are.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from jazzmus.kern.accidentals import begins_tie, ends_tie
from jazzmus.kern.notes import Note, notes_to_text, parse_notes


def sound_repeats(barlines: list[str], is_whole: bool) -> list[str]:
    """Return the barlines with only those repeat signs that belong to a pair.

    Args:
        barlines: all barlines of a tune in order.
        is_whole: whether the first sign may close a repeat from the tune's beginning.
    """
    kept = list(barlines)
    opened: int | None = None
    may_close = is_whole
    for index, barline in enumerate(barlines):
        closes, opens = barline.startswith("=:|"), barline.endswith("|:")
        if closes:
            kept[index] = "=:|!" if may_close else "="
            may_close, opened = False, None
        if opens:
            if opened is not None:
                kept[opened] = "=||"
            may_close, opened = True, index
            kept[index] = "=:|!|:" if kept[index] == "=:|!" and closes else "=!|:"
    if opened is not None:
        kept[opened] = "=:|!" if kept[opened] == "=:|!|:" else "=||"
    return kept


def without_open_curves(cells: list[str]) -> list[str]:
    """Return the melody cells of a tune without slurs that lack an end, and with ties to the same pitch only."""
    sounding = [index for index, cell in enumerate(cells) if any(not note.grace for note in parse_notes(cell))]
    into: dict[int, set[str]] = {}
    for first, second in pairwise(sounding):
        begun = {_pitch(note) for note in parse_notes(cells[first]) if begins_tie(note)}
        into[second] = begun & {_pitch(note) for note in parse_notes(cells[second]) if ends_tie(note)}
    following = dict(pairwise(sounding))
    kept = _without_open_slurs(cells)
    for index, cell in enumerate(kept):
        if not set("[]_").isdisjoint(cell):
            before, after = into.get(index, set()), into.get(following.get(index, -1), set())
            kept[index] = notes_to_text(tuple(_tied(note, before, after) for note in parse_notes(cell)))
    return kept


def _without_open_slurs(cells: list[str]) -> list[str]:
    kept = list(cells)
    begun: list[int] = []
    for index, cell in enumerate(cells):
        for _ in range(cell.count(")")):
            if begun:
                begun.pop()
            else:
                kept[index] = kept[index].replace(")", "", 1)
        begun += [index] * cell.count("(")  # a note that ends a slur may begin another
    for index in begun:
        kept[index] = kept[index].replace("(", "", 1)
    return kept


def _tied(note: Note, before: set[str], after: set[str]) -> Note:
    """Return the note with its ties to pitches before it and after it, and no others."""
    begins = begins_tie(note) and _pitch(note) in after
    ends = ends_tie(note) and _pitch(note) in before
    opening = note.opening.replace("[", "").replace("_", "")
    marks = note.marks.replace("]", "").replace("_", "")
    closing = "_" if begins and ends else "]" if ends else ""
    at = len(marks) - marks.count(")") - marks.count("}")
    return replace(note, opening=opening + "[" * (begins and not ends), marks=marks[:at] + closing + marks[at:])


def _pitch(note: Note) -> str:
    return note.pitch + note.alteration
