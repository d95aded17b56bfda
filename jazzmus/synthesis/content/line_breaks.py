"""Systems for a tune: where a writer begins new lines, and a page's worth of lines as a text of its own.

Takes any well-formed text of the dialect. Knows bars, notes and barlines; does not know widths of glyphs or of pages.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from jazzmus.kern.document import (
    LINEBREAK_ROW,
    KernDocument,
    Row,
    RowKind,
    is_linebreak,
    parse_kern,
    rows_to_text,
    split_lines,
)
from jazzmus.kern.systems import name_in_force, system_range
from jazzmus.kern.transposition import draw_accidentals
from jazzmus.synthesis.content.joints import without_open_curves

# Rows of the text. Four of five real systems have 9 to 21 notes, 15 on average, hardly any more than 30.
NOTES_PER_SYSTEM = (14, 28)
MOST_NOTES = 32
FROM_THE_START = 0.6
AT_SECTIONS = 0.7
_SECTIONS = ("=||", "=!|:", "=:|!", "=:|!|:", "==")


@dataclass(frozen=True)
class _Bar:
    """A bar of a text: its first and last line, the rows with notes or chords in it, and how it begins.

    `may_open` says whether a page may begin with it: not where clef, key or meter change just behind its barline.
    """

    first: int
    last: int
    weight: int
    is_section: bool
    may_open: bool


def break_into_systems(rng: random.Random, kern: str, systems: int, bars: tuple[int, int] = (3, 5)) -> str | None:
    """Return a part of a tune as a page of systems, its lines broken as a writer would.

    Lines have fewer bars where there are more notes, and like to end where a section does. The part begins at the
    beginning of the tune or of a later line, whose clef, key and meter it then states. Ties that its ends cut go.

    Args:
        rng: Source of chance; equal states give equal texts.
        kern: Text of the tune; line breaks in it are left out first.
        systems: Number of systems wanted, at least 1.
        bars: Fewest and most bars on a line; the last line of a tune, and one of very many notes, has fewer.

    Returns:
        The text, or None where the tune is too short for so many systems.

    Raises:
        KernError: The text is not well-formed.
    """
    document = parse_kern("".join(f"{line}\n" for line in split_lines(kern) if not is_linebreak(line)))
    tune = _bars(document)
    if not tune:
        return None
    most_notes = rng.randint(*NOTES_PER_SYSTEM)
    lines = _lines(rng, tune, bars, most_notes)
    if len(lines) < systems:
        lines = _lines(rng, tune, (bars[0], bars[0]), most_notes)
    places = [place for place in range(len(lines) - systems + 1) if not place or lines[place][0].may_open]
    if not places:
        return None
    place = 0 if rng.random() < FROM_THE_START else rng.choice(places)
    breaks = {line[0].first for line in lines[1:]}
    rows: list[tuple[str, ...]] = []
    for row in document.rows:
        rows += [(LINEBREAK_ROW,)] * (row.line in breaks) + [row.cells]
    last_bar = lines[place + systems - 1][-1]
    closing = document.rows[last_bar.last].cells[0]  # rows are counted from 0, lines from 1: this is the next barline
    return _as_page(system_range(rows_to_text(rows), place, place + systems), closing, place > 0)


def _bars(document: KernDocument) -> list[_Bar]:
    """Return the bars that hold music; what stands before the first barline counts as one if it has notes."""
    starts = [index for index, row in enumerate(document.rows) if row.kind is RowKind.BARLINE]
    first_music = next((i for i, row in enumerate(document.rows) if row.kind in (RowKind.BARLINE, RowKind.DATA)), None)
    if first_music is None:
        return []
    if first_music not in starts:
        starts.insert(0, first_music)
    bars: list[_Bar] = []
    for start, end in zip(starts, [*starts[1:], len(document.rows)], strict=True):
        rows = document.rows[start:end]
        data = [row for row in rows if row.kind is RowKind.DATA]
        if data:
            is_section = rows[0].cells[0].startswith(_SECTIONS)
            bars.append(_Bar(rows[0].line, rows[-1].line, len(data), is_section, not _states_something(rows)))
    return bars


def _states_something(rows: Sequence[Row]) -> bool:
    """Say whether clef, key or meter change between a barline and the first note behind it."""
    for row in rows:
        if row.kind is RowKind.DATA:
            return False
        if row.kind is RowKind.INTERPRETATION and any(name_in_force(cell) for cell in row.cells):
            return True
    return False


def _lines(rng: random.Random, tune: Sequence[_Bar], bars: tuple[int, int], most_notes: int) -> list[list[_Bar]]:
    """Break a tune into lines of bars, with at most so many notes where the fewest bars allow it.

    Where these alone would be more than fit on a line, it has fewer bars.
    """
    fewest, most = bars
    usual = min(max(fewest, rng.choice((4, 4, 4, 5))), most)
    lines: list[list[_Bar]] = []
    place = 0
    while place < len(tune):
        count, notes = 0, 0
        while place + count < len(tune) and count < most:
            bar = tune[place + count]
            is_full = notes + bar.weight > (most_notes if count >= fewest else MOST_NOTES) and count > 0
            is_usual = count >= usual and notes + bar.weight > most_notes / 2
            if is_full or is_usual or (count >= fewest and bar.is_section and rng.random() < AT_SECTIONS):
                break
            count, notes = count + 1, notes + bar.weight
        lines.append(list(tune[place : place + count]))
        place += count
    return lines


def _as_page(kern: str, closing: str, is_later: bool) -> str:
    """Close the text of some systems as a page is closed, and mend what its ends cut."""
    document = parse_kern(kern)
    rows, kinds = [row.cells for row in document.rows], [row.kind for row in document.rows]
    if is_later:
        # What a barline says of the music before it has gone with that music.
        first = kinds.index(RowKind.BARLINE)
        if RowKind.DATA not in kinds[:first]:
            rows[first] = ("=!|:" if rows[first][0].endswith("|:") else "=",) * len(rows[first])
    last_music = max(index for index, kind in enumerate(kinds) if kind in (RowKind.BARLINE, RowKind.DATA))
    if kinds[last_music] is not RowKind.BARLINE:
        terminator = kinds.index(RowKind.TERMINATOR)
        barline = "=:|!" if closing.startswith("=:|!") else "=="
        rows.insert(terminator, (barline,) * len(rows[terminator]))
    return _without_cut_ties(rows_to_text(rows))


def _without_cut_ties(kern: str) -> str:
    """Return a text in which no tie of the first voice begins or ends in nothing."""
    document = parse_kern(kern)
    cells = [row.cells for row in document.rows]
    voice = [index for index, row in enumerate(document.rows) if row.kind is RowKind.DATA]
    melody = [cells[index][0] for index in voice]
    mended = without_open_curves(melody)
    if mended == melody:
        return kern
    for index, cell in zip(voice, mended, strict=True):
        cells[index] = (cell, *cells[index][1:])
    # A note that is no longer tied in shows its accidental.
    return draw_accidentals(rows_to_text(cells))
