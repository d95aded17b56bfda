"""Writes back what the dialect states redundantly and the normal form leaves out: key rows, courtesy accidentals.

Takes any text, also a malformed one, and leaves what it does not understand. Does not check anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jazzmus.kern.accidentals import COURTESY_MARK, DRAWN_MARK, InForce, accidental_is_drawn, ends_tie
from jazzmus.kern.document import NULL_INTERPRETATION
from jazzmus.kern.notes import NATURAL, Note
from jazzmus.kern.systems import name_in_force

_SHARP_KEYS = ("G", "D", "A", "E", "B", "F#", "C#")
_FLAT_KEYS = ("F", "B-", "E-", "A-", "D-", "G-", "C-")
_SHARPS, _FLATS = "fcgdaeb", "beadgcf"
_MAJOR_KEYS = {
    f"*k[{''.join(letter + sign for letter in letters[:count])}]": f"*{keys[count - 1]}:"
    for letters, sign, keys in ((_SHARPS, "#", _SHARP_KEYS), (_FLATS, "-", _FLAT_KEYS))
    for count in range(1, 8)
}


def complete(kern: str) -> str:
    """Return the text with key rows and courtesy accidentals as the dialect has them.

    A signature that is not empty is followed by a row of its major key, unless a row of keys stands there. A drawn
    accidental (`n`, `X`) that key and bar already imply, or a tie brings, is marked `i`.

    Args:
        kern: any text; nothing is raised. Doing it twice changes nothing more.
    """
    in_force = InForce()
    return in_force.walk(
        "\n".join(_with_key_rows(kern.split("\n"))),
        lambda note, column: _with_courtesy_mark(note, column, in_force),
    )


def _with_key_rows(lines: list[str]) -> Iterator[str]:
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        yield line
        if not line.startswith("*"):
            continue
        keys = [_MAJOR_KEYS.get(cell, NULL_INTERPRETATION) for cell in line.split("\t")]
        states_key = any(name_in_force(cell) == "key" for cell in following.split("\t"))
        if any(key != NULL_INTERPRETATION for key in keys) and not states_key:
            yield "\t".join(keys)


def _with_courtesy_mark(note: Note, column: int, in_force: InForce) -> Note:
    """Take the next sounding note and return it, marked if its accidental is drawn and not needed."""
    tied = ends_tie(note)
    needed = not tied and note.alteration != in_force.implied(note, column)
    # What a tie brings holds for its note only, so the next one needs its accidental.
    in_force.take(note, column, states=not tied)
    if needed or COURTESY_MARK in note.marks or not accidental_is_drawn(note):
        return note
    if note.accidental == NATURAL:
        return replace(note, marks=COURTESY_MARK + note.marks)
    return replace(note, marks=note.marks.replace(DRAWN_MARK, DRAWN_MARK + COURTESY_MARK, 1))
