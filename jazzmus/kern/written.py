"""Accidentals as they are drawn on the page, against accidentals as they sound.

`**kern` spells sounding pitches: in G major each `f` reads `f#`, and `X` (or the natural `n`) after the accidental
says that it is drawn as well. The written form keeps of each note's accidental only what is drawn (`f#X` reads `f#`,
`f#` reads `f`), so that a staff can be read without knowing its key. `as_written` looks at one note at a time;
`as_sounding` brings back what key signature, measure and ties put in force.

Both take any text, line by line, and change nothing but the accidentals of what is a note. Does not know durations,
chord symbols or whether the text is well-formed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import lru_cache

from jazzmus.kern.accidentals import DRAWN_MARK, InForce, change_cells, change_notes, drawn_accidental, ends_tie
from jazzmus.kern.notes import NATURAL, Note

LOST_UNDRAWN = "accidental neither drawn nor in force"
LOST_TIE_BEFORE_TEXT = "tied from before the text"
LOST_TIE_DIFFERS = "accidental differs from the note it is tied from"
LOST_SPELLING = "drawn accidental marked in another way"


def as_written(kern: str) -> str:
    """Return the text with the accidentals that are drawn, and no others.

    A drawn accidental stands directly after the pitch: `#`, `-`, `##`, `--` or `n`; the mark `X` is gone. `i` (drawn
    though not needed) stays behind it. A drawn natural the source spells without `n` (`eX`, `ei`) gets one.

    Args:
        kern: any text; lines and cells that are not notes come back unchanged.
    """
    return change_cells(kern, lambda cell, _: _written_cell(cell))


def as_sounding(text: str) -> str:
    """Return a written text with every note's sounding accidental in the spelling of the dialect.

    A drawn accidental becomes `#X`, `-X` or `n` and holds for its letter and octave on its staff up to the next
    barline. A note without one takes, in this order: the accidental of the note it is tied from, over barlines too;
    the last one drawn in the measure; the key signature's. A tie does not carry its accidental on to later notes.

    Args:
        text: any text, malformed output of a model included.
    """
    in_force = InForce()
    return in_force.walk(text, lambda note, column: _sounding(note, column, in_force))


def written_losses(kern: str) -> Counter[str]:
    """Count the notes that `as_sounding(as_written(kern))` spells otherwise than `kern`, by reason.

    Reasons are the `LOST_...` texts of this module; only `LOST_SPELLING` leaves the pitch as it was.
    """
    losses: Counter[str] = Counter()
    in_force = InForce()

    def compare(note: Note, column: int) -> Note:
        tie_known = in_force.is_tied_in(note, column)
        sounding = _sounding(_written(note), column, in_force)
        if sounding.alteration != note.alteration:
            not_known = LOST_TIE_BEFORE_TEXT if ends_tie(note) else LOST_UNDRAWN
            losses[LOST_TIE_DIFFERS if tie_known else not_known] += 1
        elif sounding.to_text() != note.to_text():
            losses[LOST_SPELLING] += 1
        return note

    in_force.walk(kern, compare)
    return losses


@lru_cache(maxsize=4096)
def _written_cell(cell: str) -> str:
    return change_notes(cell, _written)


def _written(note: Note) -> Note:
    """Return a note of a sounding text as it is written."""
    return _spelled(note, drawn_accidental(note))


def _sounding(note: Note, column: int, in_force: InForce) -> Note:
    """Take the next note of a written text and return it as it sounds."""
    drawn = note.accidental or drawn_accidental(note)
    mark = DRAWN_MARK if drawn not in ("", NATURAL) else ""
    sounding = _spelled(note, drawn or in_force.implied(note, column), mark)
    in_force.take(sounding, column, states=bool(drawn))
    return sounding


def _spelled(note: Note, accidental: str, mark: str = "") -> Note:
    """Return the note with this accidental, and `mark` behind it, in place of its own."""
    others = "".join(other for other in note.marks if other not in (DRAWN_MARK, NATURAL))
    return replace(note, accidental=accidental, marks=mark + others)
