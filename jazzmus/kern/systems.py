"""Systems of a page's text: how many there are, and the text of a run of them as a document of its own.

Knows the rows that break systems and the clef, key and meter in force. Does not know where a system lies in the image.
"""

from __future__ import annotations

from collections.abc import Iterable

from jazzmus.kern.document import (
    END,
    MUSIC_KINDS,
    NULL_INTERPRETATION,
    SPLIT,
    KernDocument,
    Row,
    RowKind,
    parse_kern,
    row_kind,
    rows_to_text,
    split_lines,
)

# The order in which a header states what is in force. `met` must be tried before `M`.
IN_FORCE = ("clef", "signature", "key", "meter", "met")
_ENDS = {"signature": "key", "meter": "met"}


def count_systems(kern: str) -> int:
    """Return the number of systems: the linebreak rows that stand between music, plus one.

    Works on any text, well-formed or not. A linebreak before the first or after the last music, or directly after
    another one, begins no new system.
    """
    return len(break_indices(row_kind(line) for line in split_lines(kern))) + 1


def system_range(kern: str, first: int, last: int) -> str:
    """Return the systems `first` to `last - 1` (counted from 0, top to bottom) as a valid text of its own.

    From the first system on, the page's own header rows are kept. A later beginning gets a header of the exclusive
    interpretations and the clef, key signature, key, meter and mensuration in force where its music begins, and opens
    the spine splits it lies in. The text ends with terminators and holds no linebreak but those between its systems.

    Args:
        kern: text of a page.
        first: index of the first system wanted.
        last: index after the last system wanted.

    Raises:
        KernError: if the page's text is not well-formed.
        ValueError: if the range is empty or reaches outside the page.
    """
    document = parse_kern(kern)
    breaks = break_indices(row.kind for row in document.rows)
    if not 0 <= first < last <= len(breaks) + 1:
        raise ValueError(f"no systems {first} to {last - 1} on a page of {len(breaks) + 1} systems")
    return _cut_out(document, breaks, first, last)


def system_texts(kern: str) -> list[str]:
    """Return every system of a page as a text of its own, as `system_range` cuts it out.

    Raises:
        KernError: if the page's text is not well-formed.
    """
    document = parse_kern(kern)
    breaks = break_indices(row.kind for row in document.rows)
    return [_cut_out(document, breaks, system, system + 1) for system in range(len(breaks) + 1)]


def _cut_out(document: KernDocument, breaks: list[int], first: int, last: int) -> str:
    """Return a range of systems of a document whose linebreaks between music are at the rows `breaks`."""
    if first == 0 and last == len(breaks) + 1:
        return document.to_text()
    start = breaks[first - 1] + 1 if first else 0
    stop = breaks[last - 1] if last <= len(breaks) else len(document.rows)
    inner_breaks = {document.rows[index].line for index in breaks[first : last - 1]}
    body = [row for row in document.rows[start:stop] if row.kind is not RowKind.LINEBREAK or row.line in inner_breaks]
    header: list[tuple[str, ...]] = []
    if first:
        header, body = _header_at(document, start, body)
    ending: list[tuple[str, ...]] = []
    if stop < len(document.rows):
        # A linebreak has no spines of its own; what is open there is what the next row with spines has.
        ending.append((END,) * len(_spines_at(document, stop)))
    return rows_to_text([*header, *(row.cells for row in body), *ending])


def break_indices(kinds: Iterable[RowKind]) -> list[int]:
    """Return the indices of the linebreak rows that have music before (since the last break) and after them."""
    breaks: list[int] = []
    candidate: int | None = None
    music_seen = False
    for index, kind in enumerate(kinds):
        if kind in MUSIC_KINDS:
            if candidate is not None:
                breaks.append(candidate)
                candidate = None
            music_seen = True
        elif kind is RowKind.LINEBREAK and music_seen:
            candidate = index
            music_seen = False
    return breaks


def _spines_at(document: KernDocument, index: int) -> tuple[int, ...]:
    """Return the spine paths open at row `index` (of the first row from there that has spines)."""
    return next(row.spines for row in document.rows[index:] if row.spines)


def _header_at(document: KernDocument, start: int, body: list[Row]) -> tuple[list[tuple[str, ...]], list[Row]]:
    """Return header rows for a body that begins at row `start`, and the body without the rows the header states."""
    in_force: dict[tuple[str, int], str] = {}
    for row in document.rows[:start]:
        _update(in_force, row)
    # A clef or key that changes at the beginning of a system is drawn once there, as part of its header.
    kept: list[Row] = []
    music_begun = False
    for row in body:
        music_begun = music_begun or row.kind in MUSIC_KINDS
        if music_begun or not _only_in_force(row):
            kept.append(row)
        else:
            _update(in_force, row)
    count = len(document.spine_types)
    header = [document.spine_types]
    for name in IN_FORCE:
        cells = tuple(in_force.get((name, spine), NULL_INTERPRETATION) for spine in range(count))
        if any(cell != NULL_INTERPRETATION for cell in cells):
            header.append(cells)
    return header + _splits_to(count, _spines_at(document, start)), kept


def _splits_to(count: int, spines: tuple[int, ...]) -> list[tuple[str, ...]]:
    """Return the rows of `*^` that lead from `count` single spines to the given spine paths."""
    rows: list[tuple[str, ...]] = []
    now = list(range(count))
    while len(now) < len(spines):
        cells: list[str] = []
        after: list[int] = []
        for column, spine in enumerate(now):
            split = now.index(spine) == column and now.count(spine) < spines.count(spine)
            cells.append(SPLIT if split else NULL_INTERPRETATION)
            after += [spine, spine] if split else [spine]
        rows.append(tuple(cells))
        now = after
    return rows


def name_in_force(cell: str) -> str | None:
    """Return what an interpretation cell states (one of `IN_FORCE`), or None."""
    if cell.startswith("*clef"):
        return "clef"
    if cell.startswith("*k["):
        return "signature"
    if cell.startswith("*met("):
        return "met"
    if cell.startswith("*M") and cell[2:3].isdigit():
        return "meter"
    if cell.endswith(":") and cell[1:2].upper() in set("ABCDEFG"):
        return "key"
    return None


def _only_in_force(row: Row) -> bool:
    """Say whether every cell of an interpretation row is null or states something a header repeats."""
    return row.kind is RowKind.INTERPRETATION and all(
        cell == NULL_INTERPRETATION or name_in_force(cell) for cell in row.cells
    )


def _update(in_force: dict[tuple[str, int], str], row: Row) -> None:
    """Take over what an interpretation row states. A new signature ends the key before it, a new meter its sign."""
    if row.kind is not RowKind.INTERPRETATION:
        return
    for spine, cell in zip(row.spines, row.cells, strict=True):
        name = name_in_force(cell)
        if name is not None:
            in_force[name, spine] = cell
            in_force.pop((_ENDS.get(name, ""), spine), None)
