"""Where second voices open and close: splits just after the previous barline, joins just before the next one.

Works within a bar, or within the part of it that lies on one system. Takes rows without comments and with the same
barline in every spine. Knows nothing of what the cells mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import dropwhile, takewhile

from jazzmus.kern.document import JOIN, NULL_INTERPRETATION, SPLIT, Row, RowKind
from jazzmus.kern.notes import NULL_CELL

_WITHIN_A_BAR = (RowKind.DATA, RowKind.MANIPULATION, RowKind.INTERPRETATION)


@dataclass(eq=False)
class _Path:
    """One sub-spine within a bar; `new` where it is split off in this bar, `live` until it is joined to another."""

    spine: int
    new: bool = False
    live: bool = True


@dataclass
class _Bar:
    """The paths of a bar from left to right, joined ones included, and its data rows by path."""

    paths: list[_Path]
    data: list[dict[_Path, str]] = field(default_factory=list)


def arrange_spine_paths(rows: Sequence[Row]) -> tuple[list[tuple[str, ...]], int]:
    """Return the cells of all rows with splits and joins in their places, and the number of changes.

    A join right after a barline ends with the bar before. A bar with an interpretation between its first and last
    music or manipulation row is left alone: in which voice it is drawn would not survive.
    """
    moved, changes = _joins_before_barlines(rows)
    cells: list[tuple[str, ...]] = []
    start = 0
    for stop in range(len(moved) + 1):
        if stop < len(moved) and moved[stop].kind in _WITHIN_A_BAR:
            continue
        written = [row.cells for row in moved[start:stop]]
        arranged = _arrange_bar(moved[start:stop])
        changes += arranged != written
        cells += arranged
        if stop < len(moved):
            cells.append(moved[stop].cells)
        start = stop + 1
    return cells, changes


def _joins_before_barlines(rows: Sequence[Row]) -> tuple[list[Row], int]:
    """Move joins that follow a barline directly to the end of the bar before, in front of a linebreak between."""
    moved = list(rows)
    count = 0
    for at in range(2, len(moved)):
        join, barline = moved[at], moved[at - 1]
        if barline.kind is not RowKind.BARLINE or not set(join.cells) <= {JOIN, NULL_INTERPRETATION}:
            continue
        to = at - 2 if moved[at - 2].kind is RowKind.LINEBREAK else at - 1
        if join.kind is not RowKind.MANIPULATION or moved[to - 1].kind not in (RowKind.DATA, RowKind.MANIPULATION):
            continue
        spines = next(row.spines for row in moved[at + 1 :] if row.spines)
        narrow = Row(RowKind.BARLINE, barline.cells[:1] * len(spines), spines, barline.line)
        moved[to : at + 1] = [join, *moved[to : at - 1], narrow]
        count += 1
    return moved, count


def _arrange_bar(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    written = [row.cells for row in rows]
    manipulations = [row for row in rows if row.kind is RowKind.MANIPULATION]
    if not manipulations:
        return written
    before = list(takewhile(_is_interpretation, rows))
    after = list(takewhile(_is_interpretation, reversed(rows)))[::-1]
    middle = list(dropwhile(_is_interpretation, rows))
    middle = middle[: len(middle) - len(after)]
    known = all(set(row.cells) <= {SPLIT, JOIN, NULL_INTERPRETATION} for row in manipulations)
    if not known or any(_is_interpretation(row) for row in middle):
        return written
    bar = _follow(middle)
    music = [tuple(row.get(path, NULL_CELL) for path in bar.paths) for row in bar.data]
    return [*(row.cells for row in before), *_splits(bar.paths), *music, *_joins(bar.paths), *(r.cells for r in after)]


def _is_interpretation(row: Row) -> bool:
    return row.kind is RowKind.INTERPRETATION


def _follow(rows: Sequence[Row]) -> _Bar:
    """Follow the paths of a bar from its first row on."""
    columns = [_Path(spine) for spine in rows[0].spines]
    bar = _Bar(list(columns))
    for row in rows:
        if row.kind is RowKind.DATA:
            bar.data.append(dict(zip(columns, row.cells, strict=True)))
            continue
        after: list[_Path] = []
        previous: _Path | None = None
        for path, cell in zip(columns, row.cells, strict=True):
            if cell == JOIN and previous is not None and previous.spine == path.spine:
                path.live = False
                continue
            after.append(path)
            if cell == SPLIT:
                after.append(_split_off(bar.paths, path))
            previous = path if cell == JOIN else None
        columns = after
    return bar


def _split_off(paths: list[_Path], path: _Path) -> _Path:
    """Return the path right of `path` that a split opens: one that was joined to it in this bar, or a new one."""
    at = paths.index(path) + 1
    if at < len(paths) and not paths[at].live:
        paths[at].live = True
    else:
        paths.insert(at, _Path(path.spine, new=True))
    return paths[at]


def _splits(paths: Sequence[_Path]) -> list[tuple[str, ...]]:
    """Return the rows that split the paths a bar begins with into all it has."""
    groups: list[int] = []
    for path in paths:
        if path.new:
            groups[-1] += 1
        else:
            groups.append(0)
    rows: list[tuple[str, ...]] = []
    for done in range(max(groups)):
        cells: list[str] = []
        for splits in groups:
            cells += [SPLIT if splits > done else NULL_INTERPRETATION, *[NULL_INTERPRETATION] * min(splits, done)]
        rows.append(tuple(cells))
    return rows


def _joins(paths: Sequence[_Path]) -> list[tuple[str, ...]]:
    """Return the rows that join each path closed in a bar to the open one left of it, one row for each of those."""
    groups: list[int] = []
    for path in paths:
        if path.live:
            groups.append(1)
        else:
            groups[-1] += 1
    rows: list[tuple[str, ...]] = []
    for at, size in enumerate(groups):
        if size > 1:
            right = sum(groups[at + 1 :])
            rows.append((NULL_INTERPRETATION,) * at + (JOIN,) * size + (NULL_INTERPRETATION,) * right)
    return rows
