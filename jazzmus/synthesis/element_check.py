"""Holds the elements that are to be drawn against the text they come from, so that a page shows what its label says.

Compares what the text states: heads with their pitches, rests, dots, accidentals, flags, ties, slurs, chords, barlines,
clefs, signatures and meters. Does not judge where a sign stands from left to right, nor beams, tuplets and ledgers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from jazzmus.errors import DataError
from jazzmus.kern.accidentals import begins_tie, ends_tie
from jazzmus.kern.notes import Note
from jazzmus.synthesis.elements import Element, SystemElements
from jazzmus.synthesis.text_bars import TextBar, TextBars, TextEvent, drawn_accidentals, read_bars, staff_position

NAMES = (
    "heads", "rests", "accidentals", "dotted notes", "flags", "ties", "slurs", "chords", "barlines", "clefs",
    "signature accidentals", "meters",
)  # fmt: skip
UNREADABLE = ("other:multiRest", "other:barLine", "other:notehead", "other:rest", "other:clef")
BOTH = {"repeat-both": ("repeat-end", "repeat-start")}  # a clef between them makes them two
Facts = dict[str, list[tuple[object, ...]]]
Place = tuple[int, int]  # a system, and the index of a note in it


def check_elements(kern: str, systems: Sequence[SystemElements], only: int | None = None) -> None:
    """Check that each system holds what the text says, no less and no more.

    Args:
        kern: The text, in a form that spells sounding accidentals.
        systems: What `score_elements` made of it.
        only: The system (from 0) that it was asked for alone; None: all.

    Raises:
        DataError: They differ; names the first system and kind that do, and what is expected there and found.
        KernError: The text is not well-formed.
    """
    text = read_bars(kern)
    expected = text_facts(text)
    first = only or 0
    if only is not None:
        expected = expected[only : only + 1]
    if len(expected) != len(systems):
        raise DataError(f"{len(systems)} systems drawn for {len(expected)} in the text; draw the text again")
    for number, (facts, system) in enumerate(zip(expected, systems, strict=True), start=first + 1):
        found = drawn_facts(system.elements)
        for name, wanted in facts.items():
            if found[name] != wanted:
                differing = _first_difference(found[name], wanted)
                raise DataError(f"system {number}: {name} drawn {differing}; leave this text out or mend it")
        strange = sorted({element.kind for element in system.elements if element.kind in UNREADABLE})
        if strange:
            raise DataError(f"system {number}: {', '.join(strange)} drawn; leave this text out or mend it")


def _first_difference(found: Sequence[object], wanted: Sequence[object]) -> str:
    for number, (here, there) in enumerate(zip(found, wanted, strict=False), start=1):
        if here != there:
            return f"{here} for {there} in the text, item {number}"
    return f"{len(found)} for {len(wanted)} in the text"


def drawn_facts(elements: Sequence[Element]) -> Facts:
    """Return what a system shows, in the terms of `text_facts`."""
    last_note = max((e.points[0][0] for e in elements if e.kind in ("head", "rest")), default=float("inf"))
    announced = ("clef", "key_accidental", "meter")  # what is in force from the next system on
    shown = [e for e in elements if not (e.kind in announced and e.points[0][0] > last_note)]

    def facts(*kinds: str) -> list[Element]:
        return [element for element in shown if element.kind in kinds]

    def notes(kind: str) -> list[tuple[object, ...]]:
        return sorted((element.note,) for element in facts(kind))

    return {
        "heads": sorted((e.note, e.points[0][1], e.what) for e in facts("head")),
        "rests": sorted((e.note, e.what) for e in facts("rest")),
        "accidentals": sorted((e.note, e.points[0][1], e.what) for e in facts("accidental")),
        "dotted notes": sorted(set(notes("dot"))),
        "flags": notes("flag"),
        "ties": notes("tie"),
        "slurs": notes("slur"),
        "chords": [(e.what,) for e in facts("chord")],
        "barlines": [(what,) for e in facts("barline") for what in BOTH.get(e.what, (e.what,))],
        "clefs": [(e.what,) for e in facts("clef")],
        "signature accidentals": [(e.what,) for e in facts("key_accidental") if e.what != "n"],
        "meters": [(e.what,) for e in facts("meter")],
    }


def text_facts(text: TextBars) -> list[Facts]:
    """Return what each system of a text states; a note is told by its index among the drawn ones of its system."""
    facts: list[Facts] = []
    curves = _Curves()
    beamed = _beamed(text)
    before: TextBar | None = None
    index = 0
    for number, bar in enumerate(text.bars):
        if before is None or bar.system != before.system:
            facts.append({name: [] for name in NAMES})
            index = 0
        now = facts[-1]
        _add_header(now, bar, before)
        now["barlines"] += [(what,) for what in _barlines(text, number) if what]
        now["chords"] += [(cell,) for _, cell in bar.chords]
        for event in bar.events:
            if "yy" in event.notes[0].marks:
                continue
            _add_event(now, event, index, bar)
            if not event.notes[0].is_rest and int(event.notes[0].reciprocal or 8) > 7 and event not in beamed:
                now["flags"].append((index,))
            curves.take(event, (bar.system, index))
            index += 1
        before = bar
    for name, (system, at) in curves.drawn():
        facts[system][name].append((at,))
    for now in facts:
        for name in ("heads", "accidentals", "ties", "slurs"):
            now[name].sort()
    return facts


def _add_header(now: Facts, bar: TextBar, before: TextBar | None) -> None:
    """Add the clefs, key signature and meter of a bar, as far as they are drawn there."""
    begins_system = before is None or bar.system != before.system
    last = "" if before is None or begins_system else before.events[-1].clef
    for event in bar.events:
        if event.clef != last:
            now["clefs"].append((event.clef[5:6],))
        last = event.clef
    if begins_system or (before is not None and bar.signature != before.signature):
        now["signature accidentals"] += [(sign,) for sign in re.findall("[#-]", bar.signature)]
    if bar.meter and (before is None or bar.meter != before.meter):
        now["meters"].append((bar.meter,))


def _add_event(now: Facts, event: TextEvent, index: int, bar: TextBar) -> None:
    first = event.notes[0]
    fills_bar = first.is_rest and len(bar.events) == 1 and first.duration in (bar.length, 1)
    if first.is_rest:
        now["rests"].append((index, "bar" if fills_bar else str(_undotted(first))))
    for note in () if first.is_rest else event.notes:
        y = staff_position(note, event.clef)
        shape = {1: "whole", 2: "half"}.get(_undotted(note), "black")
        now["heads"].append((index, y, "grace" if note.grace else shape))
    now["accidentals"] += [(index, y, sign) for y, sign in drawn_accidentals(event)]
    if first.dots and not fills_bar:
        now["dotted notes"].append((index,))


def _undotted(note: Note) -> int:
    """Return the note value that is drawn, also in a tuplet: 8 for an eighth, 6 of a quarter triplet gives 4."""
    return 1 << (max(int(note.reciprocal or 8), 1).bit_length() - 1)


def _beamed(text: TextBars) -> set[TextEvent]:
    """Return the events under a beam by the marks `L` and `J`, which may reach over a barline, voice by voice."""
    beamed = set()
    depths: Counter[int] = Counter()
    for event in (event for bar in text.bars for event in bar.events if not event.notes[0].grace):
        marks = "".join(note.marks for note in event.notes)
        depths[event.column] += marks.count("L")
        if depths[event.column] > 0:
            beamed.add(event)
        depths[event.column] -= marks.count("J")
    return beamed


def _barlines(text: TextBars, number: int) -> tuple[str, ...]:
    """Return the shapes of the barline drawn before a bar (empty but for a repeat) and of what stands behind it."""
    bar = text.bars[number]
    after = text.bars[number + 1] if number + 1 < len(text.bars) else None
    begins_system = number == 0 or text.bars[number - 1].system != bar.system
    opening = "repeat-start" if begins_system and _repeats("".join(bar.barlines))[1] else ""
    cells = "".join(after.barlines if after else text.closing)
    ends, starts = _repeats(cells)
    starts = starts and after is not None and after.system == bar.system
    if ends and starts:
        return opening, *BOTH["repeat-both"]
    if ends:
        return opening, "repeat-end"
    if starts and after is not None:
        # As engravers have it, a new clef, key or meter has a barline of its own before the repeat begins.
        changes = (after.clef, after.signature, after.meter) != (bar.events[-1].clef, bar.signature, bar.meter)
        return opening, *("single",) * changes, "repeat-start"
    if "==" in cells or "!" in cells.replace("!|:", ""):
        return opening, "final"
    if "||" in cells:
        return opening, "double"
    return opening, "single" if cells else ""


def _repeats(cells: str) -> tuple[bool, bool]:
    """Say whether barline cells end a repeat, and whether they start one."""
    return re.search(r":[|!]", cells) is not None, re.search(r"[|!]:", cells) is not None


class _Curves:
    """Ties by pitch and slurs by voice, as the notes go by. One that lacks an end counts where its other end is."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], list[Place]] = {}
        self._found: list[tuple[str, Place]] = []

    def take(self, event: TextEvent, place: Place) -> None:
        for note in event.notes:
            if ends_tie(note):
                self._end(("ties", note.pitch), place)
            if begins_tie(note):
                self._begin(("ties", note.pitch), place)
            for _ in range(note.marks.count(")")):
                self._end(("slurs", ""), place)
            for _ in range(note.opening.count("(")):
                self._begin(("slurs", ""), place)

    def _begin(self, key: tuple[str, str], place: Place) -> None:
        self._open.setdefault(key, []).append(place)
        self._found.append((key[0], place))

    def _end(self, key: tuple[str, str], place: Place) -> None:
        begun = self._open.get(key)
        if not begun or begun.pop()[0] != place[0]:
            self._found.append((key[0], place))

    def drawn(self) -> list[tuple[str, Place]]:
        """Return name and place of each curve, one for each of the systems it stands on."""
        return self._found
