"""A text as bars of notes and chord symbols with their times: what every writer of output starts from.

Takes every text that `parse_kern` accepts. A bar is as long as its content, whatever the meter says, and a cell that is
no note takes no time. Does not know how any format writes what stands here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import NamedTuple

from jazzmus.export.note_values import printable_notes
from jazzmus.export.signatures import Signatures, read_signatures
from jazzmus.kern.document import CHORD_SPINE, MELODY_SPINE, KernDocument, Row, RowKind, parse_kern
from jazzmus.kern.notes import NULL_CELL, Note
from jazzmus.kern.systems import break_indices
from jazzmus.kern.transposition import draw_accidentals
from jazzmus.metrics.beats import row_onsets

_NO_NOTE = "?"
_BARLINE_NUMBER = re.compile(r"=+\d*[a-z]?")


class Event(NamedTuple):
    """A note, notes struck together, or a rest.

    Attributes:
        voice: 1 for the leftmost path of the melody spine at this row, and so on.
        onset: whole notes from the beginning of the bar.
        notes: as written, drawn accidentals marked; the first says how long all last.
    """

    voice: int
    onset: Fraction
    notes: tuple[Note, ...]

    @property
    def length(self) -> Fraction:
        """Duration in whole notes, 0 for grace notes."""
        return self.notes[0].duration

    @property
    def end(self) -> Fraction:
        """Where it ends, in whole notes from the beginning of the bar."""
        return self.onset + self.length


class ChordCell(NamedTuple):
    """A cell of the chord spine, a chord symbol or not, and its place in whole notes from the beginning of the bar."""

    onset: Fraction
    text: str


class Change(NamedTuple):
    """Signatures that change, and their place in whole notes from the beginning of the bar."""

    onset: Fraction
    signatures: Signatures


@dataclass(frozen=True)
class Bar:
    """What stands between two barlines.

    Attributes:
        events: in the order of the text, row by row.
        chords: in the order of the text.
        changes: in the order of the text, at most one at a place.
        length: in whole notes.
        opening: cell of the barline before it; empty where the text begins without one.
        closing: cell of the barline after it; empty where the text ends without one.
        begins_system: whether it is the first one of a system, but for the first system.
    """

    events: tuple[Event, ...]
    chords: tuple[ChordCell, ...]
    changes: tuple[Change, ...]
    length: Fraction
    opening: str
    closing: str
    begins_system: bool

    @property
    def begins_repeat(self) -> bool:
        """Whether a repeated part begins at the barline before it."""
        return len(_sign(self.opening)) > 1 and self.opening.endswith(":")

    @property
    def ends_repeat(self) -> bool:
        """Whether a repeated part ends at the barline after it."""
        return _sign(self.closing).startswith(":")


@dataclass
class _OpenBar:
    """Rows of a bar that is being read."""

    opening: str = ""
    begins_system: bool = False
    melody: list[tuple[str, ...]] = field(default_factory=list)
    chords: list[tuple[str, ...]] = field(default_factory=list)
    changes: dict[int, list[str]] = field(default_factory=dict)  # before which row


def build_bars(kern: str) -> list[Bar]:
    """Return the bars of a text; at least one, which may be empty.

    Each row's place is that of `ser_chord_beat`: rows in which no note begins share the time from the note before them
    to the next evenly, as kern does not say where a chord falls within a note.

    Args:
        kern: any text; accidentals that key, bar and ties do not imply count as drawn.

    Raises:
        KernError: if the text cannot be parsed. The message begins with the line number.
    """
    parse_kern(kern)
    document = parse_kern(draw_accidentals(kern))
    broken_lines = {document.rows[index].line for index in break_indices(row.kind for row in document.rows)}
    bars: list[Bar] = []
    now = _OpenBar()
    system_ends = False
    for row in document.rows:
        if row.line in broken_lines:
            now.begins_system |= not now.melody
            system_ends = bool(now.melody)
        elif row.kind is RowKind.BARLINE:
            if now.melody:
                bars.append(_bar(now, row.cells[0]))
                now = _OpenBar(row.cells[0], system_ends)
                system_ends = False
            elif not _is_plain(row.cells[0]):
                # Barlines with nothing between them are one.
                now.opening = row.cells[0]
                bars[-1:] = [replace(bar, closing=now.opening) for bar in bars[-1:]]
        elif row.kind is RowKind.DATA:
            now.melody.append(_cells(document, row, MELODY_SPINE))
            now.chords.append(_cells(document, row, CHORD_SPINE))
        elif row.kind is RowKind.INTERPRETATION:
            now.changes.setdefault(len(now.melody), []).extend(_cells(document, row, MELODY_SPINE))
    if now.melody or not bars:
        bars.append(_bar(now, ""))
    return bars


def _bar(rows: _OpenBar, closing: str) -> Bar:
    melody = [tuple(map(_timed, cells)) for cells in rows.melody]
    onsets = row_onsets(melody)
    events = tuple(_events(onsets, melody))
    length = max((event.end for event in events), default=Fraction(0))
    chords = tuple(
        ChordCell(onset, cell)
        for onset, cells in zip(onsets, rows.chords, strict=True)
        for cell in cells
        if cell != NULL_CELL
    )
    stated: dict[Fraction, list[str]] = {}
    for row, cells in rows.changes.items():
        stated.setdefault(onsets[row] if row < len(onsets) else length, []).extend(cells)
    changes = tuple(Change(onset, read_signatures(cells)) for onset, cells in stated.items())
    changes = tuple(change for change in changes if any(change.signatures))
    return Bar(events, chords, changes, length, rows.opening, closing, rows.begins_system)


def _events(onsets: Sequence[Fraction], melody: Sequence[tuple[str, ...]]) -> Iterator[Event]:
    """Yield the events of a bar; where voices contradict each other, one goes on only after what it holds."""
    ends: dict[int, Fraction] = {}
    for onset, cells in zip(onsets, melody, strict=True):
        for voice, notes in enumerate(map(printable_notes, cells), start=1):
            if notes:
                event = Event(voice, max(onset, ends.get(voice, onset)), notes)
                ends[voice] = event.end
                yield event


def _timed(cell: str) -> str:
    return cell if cell == NULL_CELL or printable_notes(cell) else _NO_NOTE


def _cells(document: KernDocument, row: Row, spine_type: str) -> tuple[str, ...]:
    """Return the cells of the first spine of a type, one for each of its paths; none where there is no such spine."""
    if spine_type not in document.spine_types:
        return ()
    wanted = document.spine_types.index(spine_type)
    return tuple(cell for cell, spine in zip(row.cells, row.spines, strict=True) if spine == wanted)


def _sign(barline: str) -> str:
    return _BARLINE_NUMBER.sub("", barline, count=1)


def _is_plain(barline: str) -> bool:
    return _sign(barline) in ("", "|") and not barline.startswith("==")


def bar_style(barline: str) -> str:
    """Return the style of a barline in the words of MusicXML; empty for a plain one."""
    sign = _sign(barline)
    if sign.startswith(":") or sign == "|!" or barline.startswith("=="):
        return "light-heavy"
    return {"||": "light-light", "-": "none", "!|": "heavy-light", "!": "heavy", "!!": "heavy-heavy"}.get(sign, "")
