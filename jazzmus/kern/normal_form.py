"""The normal form of a text: what a page does not show is left out, what it shows has one spelling.

Keeps the music that is drawn: notes, rests, chords, barlines, changes of clef, signature and meter, ties, slurs, beams,
articulation and accidentals. Of words and signs beside it (`Fine`, a coda sign) only chord symbols are kept, which come
into the chord spine. Every change is counted under the name of its rule. Does not know images, and does not repair
music.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from jazzmus.kern.document import (
    CHORD_SPINE,
    LINEBREAK_ROW,
    MELODY_SPINE,
    NULL_INTERPRETATION,
    KernDocument,
    Row,
    RowKind,
    parse_kern,
    rows_to_text,
)
from jazzmus.kern.hidden_chords import comment_text, looks_like_chord, read_chord_symbol
from jazzmus.kern.note_order import normalize_cell
from jazzmus.kern.notes import NULL_CELL
from jazzmus.kern.spine_paths import arrange_spine_paths
from jazzmus.kern.systems import IN_FORCE, break_indices, name_in_force

# Names of instruments and staves, playback tempo and transposition.
_NOT_DRAWN = re.compile(r"\*(?:I|MM|Tr).*", re.DOTALL)
_BAR_NUMBER = re.compile(r"^(=+)\d+[a-z]?")
# Other spellings of bars that look the same. A final bar (`==`) is a thin and a thick line.
_BARLINES = {
    "=|": "=",
    "=|!": "==",
    "==|!": "==",
    "=:|": "=:|!",
    "=:||": "=:|!",
    "==:|!": "=:|!",
    "=|:": "=!|:",
    "=||:": "=!|:",
    "=:||:": "=:|!|:",
    "=:!!:": "=:|!|:",
}


class HiddenChord(NamedTuple):
    """A chord symbol found in a comment: its 1-based line, the words there, and the chord (empty if not lifted)."""

    line: int
    text: str
    chord: str


@dataclass(frozen=True)
class NormalForm:
    """The normal form of a text, and what was changed to come there.

    Attributes:
        text: the normal form.
        ledger: name of a rule -> number of its changes; rules without changes are absent.
        lifted: the chords brought from comments into the chord spine.
        not_lifted: words in comments that look like a chord but could not be read, had no empty cell
            to go to, or stand below the staff.
    """

    text: str
    ledger: Counter[str]
    lifted: tuple[HiddenChord, ...]
    not_lifted: tuple[HiddenChord, ...]


def normalize(kern: str) -> str:
    """Return the normal form of a text.

    Raises:
        KernError: if the text is not well-formed; the message begins with the line number.
    """
    return normalize_with_ledger(kern).text


def normalize_with_ledger(kern: str) -> NormalForm:
    """Return the normal form of a text with the count of changes by rule.

    Raises:
        KernError: if the text is not well-formed; the message begins with the line number.
    """
    document = parse_kern(kern)
    ledger: Counter[str] = Counter()
    ledger["line ends"] += document.to_text() != kern
    rows, lifted, not_lifted = _lift_chords(document)
    ledger["chord lifted from a comment"] += len(lifted)
    rows = _without_comments(rows, ledger)
    rows = _normalize_interpretations(rows, ledger)
    rows = [_normalize_cells(row, document, ledger) for row in rows]
    cells, moved = arrange_spine_paths(rows)
    ledger["place of splits and joins"] += moved
    return NormalForm(rows_to_text(cells), +ledger, tuple(lifted), tuple(not_lifted))


def _lift_chords(document: KernDocument) -> tuple[list[Row], list[HiddenChord], list[HiddenChord]]:
    """Put the chords of comments into the chord cell of the music they stand before, where it is empty."""
    rows = list(document.rows)
    lifted: list[HiddenChord] = []
    not_lifted: list[HiddenChord] = []
    for index, row in enumerate(rows):
        if row.kind is not RowKind.LOCAL_COMMENT:
            continue
        for text, is_above in filter(None, map(comment_text, row.cells)):
            chord = read_chord_symbol(text)
            place = _empty_chord_cell(document, rows, index)
            # Symbols below the staff are a second opinion: the handwritten pages leave them out.
            if chord is not None and place is not None and is_above:
                at, column = place
                cells = rows[at].cells
                rows[at] = rows[at]._replace(cells=(*cells[:column], chord.to_text(), *cells[column + 1 :]))
                lifted.append(HiddenChord(row.line, text, chord.to_text()))
            elif chord is not None or looks_like_chord(text):
                not_lifted.append(HiddenChord(row.line, text, ""))
    return rows, lifted, not_lifted


def _empty_chord_cell(document: KernDocument, rows: list[Row], index: int) -> tuple[int, int] | None:
    """Return row and column of the chord cell of the first data row after `index` in its bar, if it is empty."""
    for at in range(index + 1, len(rows)):
        if rows[at].kind in (RowKind.BARLINE, RowKind.TERMINATOR):
            return None
        if rows[at].kind is RowKind.DATA:
            types = document.cell_types(rows[at])
            column = types.index(CHORD_SPINE) if CHORD_SPINE in types else None
            return (at, column) if column is not None and rows[at].cells[column] == NULL_CELL else None
    return None


def _without_comments(rows: list[Row], ledger: Counter[str]) -> list[Row]:
    """Drop all comments, and linebreaks that end no system; spell the others alike."""
    breaks = set(break_indices(row.kind for row in rows))
    kept: list[Row] = []
    for index, row in enumerate(rows):
        if row.kind is RowKind.LOCAL_COMMENT:
            words = any(comment_text(cell) for cell in row.cells)
            ledger["words on the page dropped" if words else "local comment dropped"] += 1
        elif row.kind is RowKind.GLOBAL_COMMENT:
            ledger["global comment dropped"] += 1
        elif row.kind is not RowKind.LINEBREAK:
            kept.append(row)
        elif index in breaks:
            ledger["spelling of linebreak"] += row.cells != (LINEBREAK_ROW,)
            kept.append(row._replace(cells=(LINEBREAK_ROW,)))
        else:
            ledger["linebreak that ends no system"] += 1
    return kept


def _normalize_interpretations(rows: list[Row], ledger: Counter[str]) -> list[Row]:
    """Drop what no page shows, and put clef, signature, meter and mensuration at one place in one order."""
    kept: list[Row] = []
    run: list[Row] = []
    for row in rows:
        if row.kind is RowKind.INTERPRETATION:
            row = _only_drawn(row, ledger)
            if all(cell == NULL_INTERPRETATION for cell in row.cells):
                continue
            if all(name_in_force(cell) or cell == NULL_INTERPRETATION for cell in row.cells):
                run.append(row)
                continue
        if run:
            kept += _in_header_order(run, ledger)
            run = []
        kept.append(row)
    # The last row closes the spines, so no run is left over.
    return kept


def _only_drawn(row: Row, ledger: Counter[str]) -> Row:
    ledger["row of null interpretations dropped"] += set(row.cells) == {NULL_INTERPRETATION}
    cells: list[str] = []
    for cell in row.cells:
        is_key = name_in_force(cell) == "key"
        is_hidden = _NOT_DRAWN.fullmatch(cell) is not None
        ledger["key designation dropped"] += is_key
        ledger["interpretation that is not drawn dropped"] += is_hidden
        cells.append(NULL_INTERPRETATION if is_key or is_hidden else cell)
    return row._replace(cells=tuple(cells))


def _in_header_order(run: list[Row], ledger: Counter[str]) -> list[Row]:
    """Return neighbouring rows with one row for each kind of statement; as they are if a spine states one twice."""
    stated: dict[tuple[str, int], str] = {}
    for row in run:
        for column, cell in enumerate(row.cells):
            name = name_in_force(cell)
            if name is not None and stated.setdefault((name, column), cell) != cell:
                return run
    ordered: list[Row] = []
    for name in IN_FORCE:  # key designations are gone
        cells = tuple(stated.get((name, column), NULL_INTERPRETATION) for column in range(len(run[0].cells)))
        if any(cell != NULL_INTERPRETATION for cell in cells):
            ordered.append(run[0]._replace(cells=cells))
    ledger["order of header rows"] += [row.cells for row in ordered] != [row.cells for row in run]
    return ordered


def _normalize_cells(row: Row, document: KernDocument, ledger: Counter[str]) -> Row:
    """Spell the barlines and melody cells of a row."""
    if row.kind is RowKind.BARLINE:
        spelled = tuple(_normalize_barline(cell) for cell in row.cells)
        ledger["spelling of barline"] += spelled != row.cells
        ledger["barline that differs between spines"] += len(set(spelled)) > 1
        return row._replace(cells=spelled[:1] * len(spelled))
    if row.kind is RowKind.DATA:
        pairs = zip(row.cells, document.cell_types(row), strict=True)
        cells = tuple(normalize_cell(cell, ledger) if type_ == MELODY_SPINE else cell for cell, type_ in pairs)
        return row._replace(cells=cells)
    return row


@lru_cache(maxsize=256)
def _normalize_barline(cell: str) -> str:
    """Return a barline without its number, in the one spelling of its looks; unknown ones keep theirs."""
    plain = _BAR_NUMBER.sub(r"\1", cell)
    return _BARLINES.get(plain, plain)
