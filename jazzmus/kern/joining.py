"""Texts of single systems joined into the text of their page.

`join_systems` carries clef, key signature, key and meter from system to system, as a player does: what a system's own
header says counts against what was in force before it, a meter against how long the bars are. `concatenate_systems`
keeps the first header and drops the others, as the published baseline of detection and concatenation does.

Knows rows and spines; does not know where on the page a system stands, nor how sure its reader was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from jazzmus.errors import KernError
from jazzmus.kern.bar_sums import meter_length, sum_bars
from jazzmus.kern.document import (
    CHORD_SPINE,
    END,
    JOIN,
    LINEBREAK_ROW,
    MELODY_SPINE,
    MUSIC_KINDS,
    NULL_INTERPRETATION,
    KernDocument,
    Row,
    RowKind,
    parse_kern,
    rows_to_text,
)
from jazzmus.kern.notes import NULL_CELL
from jazzmus.kern.systems import IN_FORCE, name_in_force

# A change at the beginning of a system is believed against a single header that repeats what was in force before, but
# not on the word of one header alone: it would have to be seen in as many systems as this.
CHANGE_COST = 1.5
# A meter is drawn only where it changes, so nothing outvotes it; it takes this many full bars to be believed.
METER_BARS = 2
_METER = ("meter", "met")

Cells = tuple[str, ...]
_WITH_CHORDS = (MELODY_SPINE, CHORD_SPINE)


@dataclass(frozen=True)
class _System:
    """A system's text taken apart.

    Attributes:
        header: Cells of each thing in force (names of `IN_FORCE`) that the header states.
        other: Rows before the music that state something else, such as a comment.
        splits: Rows of splits before the music.
        body: What follows, terminators left out.
        spines: Spine of each column at the end.
    """

    header: dict[str, Cells]
    other: tuple[Cells, ...]
    splits: tuple[Cells, ...]
    body: tuple[Row, ...]
    spines: tuple[int, ...]

    @property
    def first_spines(self) -> tuple[int, ...]:
        """Spine of each column at the beginning of the music."""
        return next((row.spines for row in self.body if row.spines), self.spines)


def join_systems(texts: Sequence[str]) -> str:
    """Return the page that these systems make, from top to bottom, with linebreaks between them.

    Clef, key signature and key of the first header are kept, unless the following ones outvote them. What these state
    otherwise than what is in force becomes a change where enough of them say so (see `CHANGE_COST`). On a meter, which
    a page shows only where it changes, there is no vote: that of the first header is kept, and another one holds from
    the beginning of a system whose header states it and whose bars fit it, at least `METER_BARS` of them full, but do
    not fit the one in force, if there is one. Spine splits that go on over the break stay open.

    Args:
        texts: Well-formed texts, all with the same spines but for a chord spine; at least one.

    Raises:
        KernError: A text is not well-formed, or has other spines than the first one.
    """
    spine_types, systems = _read(texts)
    count = len(spine_types)
    stated = {name: _carried([system.header.get(name) for system in systems], systems, name) for name in IN_FORCE}
    rows: list[Cells] = [spine_types]
    open_spines = tuple(range(count))
    now: dict[str, Cells | None] = dict.fromkeys(IN_FORCE)
    for index, system in enumerate(systems):
        if index:
            goes_on = system.first_spines == open_spines
            if not goes_on:
                rows += _joins(open_spines)
            rows.append((LINEBREAK_ROW,))
            spines = open_spines if goes_on else tuple(range(count))
        else:
            goes_on, spines = False, tuple(range(count))
        rows += (_widened(cells, spines) for cells in system.other)
        if index and _has_new_meter(system, now["meter"], spine_types):
            now |= dict.fromkeys(_METER)
            for name in _METER:
                stated[name][index] = system.header.get(name)
        for name in IN_FORCE:
            wanted = stated[name][index]
            if wanted is not None and wanted != now[name]:
                rows.append(_widened(wanted, spines))
                now[name] = wanted
        rows += () if goes_on else system.splits
        rows += (row.cells for row in system.body)
        for name in IN_FORCE:
            now[name] = _after(now[name], system.body, name, count)
        open_spines = system.spines
    return rows_to_text([*rows, (END,) * len(open_spines)])


def concatenate_systems(texts: Sequence[str]) -> str:
    """Return the systems one after the other under the header of the first, with linebreaks between them.

    Args:
        texts: Well-formed texts, all with the same spines but for a chord spine; at least one.

    Raises:
        KernError: A text is not well-formed, or has other spines than the first one.
    """
    spine_types, systems = _read(texts)
    first = systems[0]
    header = [first.header[name] for name in IN_FORCE if name in first.header]
    rows: list[Cells] = [spine_types, *first.other, *header]
    for index, system in enumerate(systems):
        rows += [(LINEBREAK_ROW,)] if index else []
        rows += [*system.splits, *(row.cells for row in system.body)]
        rows += _joins(system.spines) if index < len(systems) - 1 else [(END,) * len(system.spines)]
    return rows_to_text(rows)


def _read(texts: Sequence[str]) -> tuple[Cells, list[_System]]:
    """Return the spines that all systems have, and the systems; one without chords gets an empty spine for them."""
    documents = [parse_kern(text) for text in texts]
    if any(document.spine_types == _WITH_CHORDS for document in documents):
        documents = [
            _with_chord_spine(document) if document.spine_types == _WITH_CHORDS[:1] else document
            for document in documents
        ]
    for number, document in enumerate(documents, start=1):
        if document.spine_types != documents[0].spine_types:
            raise KernError(
                f"line 1: system {number} has the spines {' '.join(document.spine_types)} and the first one "
                f"{' '.join(documents[0].spine_types)}; join systems of one page"
            )
    return documents[0].spine_types, [_take_apart(document) for document in documents]


def _with_chord_spine(document: KernDocument) -> KernDocument:
    """Return a document of a melody alone with a spine beside it that holds no chord."""
    cells = {
        RowKind.HEADER: CHORD_SPINE,
        RowKind.INTERPRETATION: NULL_INTERPRETATION,
        RowKind.MANIPULATION: NULL_INTERPRETATION,
        RowKind.TERMINATOR: END,
        RowKind.DATA: NULL_CELL,
        RowKind.LOCAL_COMMENT: "!",
    }
    rows = [
        row.cells if not row.spines else (*row.cells, cells.get(row.kind, row.cells[-1]))  # a barline goes through
        for row in document.rows
    ]
    return parse_kern(rows_to_text(rows))


def _take_apart(document: KernDocument) -> _System:
    header: dict[str, Cells] = {}
    other: list[Cells] = []
    splits: list[Cells] = []
    body: list[Row] = []
    spines = tuple(range(len(document.spine_types)))
    for row in document.rows:
        names = {name_in_force(cell) for cell in row.cells} - {None}
        if row.kind is RowKind.TERMINATOR:
            spines = row.spines
        elif row.kind is RowKind.MANIPULATION and not body and JOIN not in row.cells:
            splits.append(row.cells)
        elif body or splits or row.kind in MUSIC_KINDS:
            body.append(row)
        elif row.kind is RowKind.INTERPRETATION and len(names) == 1:
            header[names.pop() or ""] = row.cells
        elif row.kind is not RowKind.HEADER:
            other.append(row.cells)
    return _System(header, tuple(other), tuple(splits), tuple(body), spines)


def _widened(cells: Cells, spines: tuple[int, ...]) -> Cells:
    """Return the cells of a row with one column a spine for the columns that are open; a global comment stays."""
    return cells if cells[0].startswith("!!") else tuple(cells[spine] for spine in spines)


def _joins(spines: tuple[int, ...]) -> list[Cells]:
    """Return the row that makes one column of each spine again; none where nothing is split."""
    if len(set(spines)) == len(spines):
        return []
    return [tuple(JOIN if spines.count(spine) > 1 else NULL_INTERPRETATION for spine in spines)]


def _after(cells: Cells | None, body: Iterable[Row], name: str, count: int) -> Cells | None:
    """Return what is in force after a system's music, where `cells` were before it."""
    for row in body:
        if row.kind is not RowKind.INTERPRETATION:
            continue
        for spine, cell in zip(row.spines, row.cells, strict=True):
            if name_in_force(cell) == name:
                before = cells or (NULL_INTERPRETATION,) * count
                cells = (*before[:spine], cell, *before[spine + 1 :])
    return cells


def _has_new_meter(system: _System, before: Cells | None, spine_types: Cells) -> bool:
    """Say whether a system's bars fit the meter that its header states, and not the one before if there is one."""
    stated, in_force = _meter_of(system.header.get("meter")), _meter_of(before)
    if stated is None or stated == in_force:
        return False
    rows = [spine_types, *system.splits, *(row.cells for row in system.body), (END,) * len(system.spines)]
    music = rows_to_text(rows)
    try:
        sums = sum_bars(music, stated)
        fits = not sums.wrong and sums.full >= METER_BARS
        return fits and (in_force is None or bool(sum_bars(music, in_force).wrong))
    except KernError:  # what is no note has no length
        return False


def _meter_of(cells: Cells | None) -> Fraction | None:
    """Return the length of the meter that a row states; None where it states none."""
    return next((meter_length(cell) for cell in cells or () if name_in_force(cell) == "meter"), None)


def _carried(stated: Sequence[Cells | None], systems: Sequence[_System], name: str) -> list[Cells | None]:
    """Return what is in force at the beginning of each system: the likeliest course through what headers state.

    A header that states something else than the course costs 1; a course that changes at the beginning of a system
    costs `CHANGE_COST`. The first header stands for itself like the others, so that one misread beginning is mended.
    """
    if name in _METER:
        return [stated[0], *(None for _ in stated[1:])]
    count = len(systems[0].spines)
    choices = sorted({cells for cells in stated if cells is not None})
    if not choices:
        return [None for _ in stated]
    # For each system and choice: the least cost so far, and the choice at the system before.
    costs = [{choice: (float(stated[0] != choice), choice) for choice in choices}]
    for index in range(1, len(systems)):
        body = systems[index - 1].body
        row: dict[Cells, tuple[float, Cells]] = {}
        for choice in choices:
            row[choice] = min(
                (cost + CHANGE_COST * (_after(before, body, name, count) != choice) + (stated[index] != choice), before)
                for before, (cost, _) in costs[-1].items()
            )
        costs.append(row)
    choice = min(choices, key=lambda cells: (costs[-1][cells][0], cells))
    course = [choice]
    for row in reversed(costs[1:]):
        choice = row[choice][1]
        course.append(choice)
    return list(reversed(course))
