"""Beams, tuplets and slurs of the notes of one voice, read off their marks in the words of MusicXML.

Marks that have no partner do no harm: what is never closed ends with its bar. Knows one bar and voice at a time, but
for slurs, which go on over barlines.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from jazzmus.export.note_values import NoteValue, note_value
from jazzmus.export.score import Event

_MOST_BEAMS = 8
_MOST_SLURS = 16
_FLAGGED = ("eighth", "16th", "32nd", "64th", "128th", "256th")
Slur = tuple[str, int]  # `start` or `stop`, and its number


def value_of(event: Event) -> NoteValue:
    """Return the printed duration of an event."""
    value = note_value(event.notes[0])
    if value is None:
        raise ValueError(f"{event.notes[0]} has no printed duration")
    return value


def beams(events: Sequence[Event]) -> list[list[tuple[int, str]]]:
    """Return the beams at each event of a bar, as level and `begin`, `continue`, `end` or `forward` or `backward hook`.

    A level counts beams from 1, the outermost one.
    """
    found: list[list[tuple[int, str]]] = []
    opened = 0
    for event in events:
        marks = "".join(note.marks for note in event.notes)
        begins, ends = marks.count("L"), min(marks.count("J"), opened)
        hooks = ["forward hook"] * marks.count("K") + ["backward hook"] * marks.count("k")
        names = ["continue"] * (opened - ends) + ["end"] * ends + ["begin"] * begins + hooks
        name = value_of(event).name
        most = min(_FLAGGED.index(name) + 1, _MOST_BEAMS) if name in _FLAGGED else 0
        drawn = not event.notes[0].is_rest or begins or ends
        found.append(list(enumerate(names[:most], start=1)) if drawn else [])
        opened += begins - ends
    return found


def tuplets(events: Sequence[Event]) -> list[set[str]]:
    """Return where brackets over tuplets `start` and `stop` in a bar.

    A tuplet is complete when its notes fill a length that needs none, or where another kind of note follows.
    """
    found: list[set[str]] = [set() for _ in events]
    first: int | None = None
    filled = Fraction(0)
    for index, event in enumerate(events):
        value = value_of(event)
        if not value.is_tuplet:
            first = None
            continue
        if first is None:
            first, filled = index, Fraction(0)
            found[index].add("start")
        filled += event.length
        following = events[index + 1] if index + 1 < len(events) else None
        goes_on = following is not None and _ratio(following) == _ratio(event)
        if filled.denominator & (filled.denominator - 1) == 0 or not goes_on:
            found[index].add("stop")
            first = None
    return found


def _ratio(event: Event) -> tuple[int, int]:
    value = value_of(event)
    return value.actual, value.normal


class Slurs:
    """Numbers the slurs of a voice as they open and close."""

    def __init__(self) -> None:
        self._open: list[int] = []

    def take(self, event: Event) -> list[Slur]:
        """Return the slurs that end and begin at the next event."""
        text = "".join(note.opening + note.marks for note in event.notes)
        found: list[Slur] = []
        for _ in range(min(text.count(")"), len(self._open))):
            found.append(("stop", self._open.pop()))
        for _ in range(text.count("(")):
            number = next(number for number in range(1, len(self._open) + 2) if number not in self._open)
            if number <= _MOST_SLURS:
                self._open.append(number)
                found.append(("start", number))
        return found
