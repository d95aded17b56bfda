"""A MusicXML lead sheet as a kern text in the JAZZMUS dialect, written as the training texts are.

Keeps the first voice of the first staff of the first part, its chord symbols, ties, beams, repeats and double bars.
Leaves out words, lyrics, slurs, endings and grace notes, which the dialect lacks or hardly has. Knows no systems: the
text has no line breaks (see `line_breaks`). Transposing instruments stay as written; octave clefs become plain ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from jazzmus.errors import DataError
from jazzmus.kern.chords import parse_chord
from jazzmus.kern.document import CHORD_SPINE, END, MELODY_SPINE, NULL_INTERPRETATION, RowKind, parse_kern, rows_to_text
from jazzmus.kern.notes import NULL_CELL
from jazzmus.kern.systems import IN_FORCE, name_in_force
from jazzmus.kern.transposition import draw_accidentals
from jazzmus.synthesis.content.musicxml_file import read_score
from jazzmus.synthesis.content.musicxml_measures import complete_measures, complete_meters
from jazzmus.synthesis.content.musicxml_notes import add_beams, complete_beams
from jazzmus.synthesis.content.musicxml_part import Left, Measure, PartReader

Cells = tuple[str, str]


@dataclass(frozen=True)
class ConvertedTune:
    """A tune read from MusicXML.

    Attributes:
        kern: Its text, without line breaks.
        notes: Notes in it, tied ones each; notes struck together count once.
        chords: Chord symbols in it.
        grace_notes: Grace notes that were left out.
        chord_notes: Further notes struck together with a note, which are kept.
        repairs: What was mended or left out, a line each.
    """

    kern: str
    notes: int
    chords: int
    grace_notes: int
    chord_notes: int
    repairs: tuple[str, ...]


def read_musicxml(path: Path) -> ConvertedTune:
    """Read a `.mxl`, `.musicxml` or `.xml` file.

    Raises:
        DataError: It cannot be read or holds no melody that can be written; one line names the file and the remedy.
    """
    try:
        root = read_score(path)
        parts = root.findall("part")
        if not parts:
            raise DataError("a score without parts; give one with a melody")
        reader = PartReader()
        measures = reader.read(parts[0])
        left = reader.left
        left.repairs["further part left out"] += len(parts) - 1
        if not any(event.heads for measure in measures for event in measure.events):
            raise DataError("no notes in the first voice of the first part; put the melody there")
        complete_meters(measures, left.repairs)
        complete_measures(measures, left.repairs)
        _complete_beams(measures)
        _mend_ties(measures, left)
        kern = draw_accidentals(rows_to_text(_rows(measures)))
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    return ConvertedTune(kern, *_counts(kern), left.grace_notes, left.chord_notes, _lines(left))


def _lines(left: Left) -> tuple[str, ...]:
    left.repairs["grace note left out"] += left.grace_notes
    return tuple(f"{line} ({times} times)" if times > 1 else line for line, times in left.repairs.items() if times)


def _counts(kern: str) -> tuple[int, int]:
    """Return the notes and the chords of a text, counted in the text itself."""
    cells = [row.cells for row in parse_kern(kern).rows if row.kind is RowKind.DATA]
    notes = sum(cell != NULL_CELL and not cell.endswith("r") for cell, _ in cells)
    return notes, sum(parse_chord(cell) is not None for _, cell in cells)


def _complete_beams(measures: Sequence[Measure]) -> None:
    """Beam measures whose beams are broken, and all of a tune that has none."""
    has_beams = any(event.beams for measure in measures for event in measure.events)
    meter = measures[0].meter
    for index, measure in enumerate(measures):
        meter = measure.meter or meter
        if meter is not None and not (has_beams and complete_beams(measure.events)):
            missing = max(Fraction(0), meter.length - measure.length) if index == 0 else Fraction(0)
            add_beams(measure.events, meter.name, meter.length, missing)


def _mend_ties(measures: Sequence[Measure], left: Left) -> None:
    """Put notes struck together in order, each once, and let no tie end elsewhere than on the next note."""
    events = [event for measure in measures for event in measure.events]
    for event in events:
        heads = {head.name: head for head in event.heads}
        event.heads = sorted(heads.values(), key=lambda head: (head.height, head.name))
    for event, after in zip(events, [*events[1:], None], strict=True):
        reached = {head.name for head in after.heads} if after else set()
        for head in event.heads:
            if head.tied_on and head.name not in reached:
                head.tied_on = False
                left.repairs["tie to another note left out"] += 1


def _rows(measures: Sequence[Measure]) -> list[Cells]:
    """Return the rows of the text, with sounding accidentals of which none is drawn yet."""
    in_force = _stated_first(measures[0])
    rows: list[Cells] = [(MELODY_SPINE, CHORD_SPINE)]
    rows += [(in_force[name], NULL_INTERPRETATION) for name in IN_FORCE if name in in_force]
    tied: set[str] = set()
    meter = measures[0].meter
    for index, measure in enumerate(measures):
        before = measures[index - 1] if index else None
        is_pickup = before is None and meter is not None and measure.length < meter.length
        if not is_pickup or "|:" in measure.repeats:
            barline = _barline(before, measure)
            rows.append((barline, barline))
        changes = list(measure.changes) if index else [change for change in measure.changes if change[0] > 0]
        if index and measure.meter is not None:
            changes += [(Fraction(0), cell) for cell in measure.meter.rows()]
        changes = [change for change in sorted(changes, key=lambda change: change[0]) if _is_news(change[1], in_force)]
        rows += _measure_rows(measure, changes, tied)
    closing = "=:|!" if ":|" in measures[-1].repeats else "=="
    return [*rows, (closing, closing), (END, END)]


def _stated_first(first: Measure) -> dict[str, str]:
    """Return the cells that state clef, signature, key and meter at the beginning, by their name."""
    stated = {"clef": "*clefG2", "signature": "*k[]"}
    meter_rows = first.meter.rows() if first.meter else []
    for cell in [cell for onset, cell in first.changes if onset == 0] + meter_rows:
        stated[name_in_force(cell) or ""] = cell
    return stated


def _is_news(cell: str, in_force: dict[str, str]) -> bool:
    """Say whether a cell states something else than what is in force, and take it over."""
    name = name_in_force(cell) or ""
    is_news = in_force.get(name) != cell
    in_force[name] = cell
    return is_news


def _barline(before: Measure | None, measure: Measure) -> str:
    """Return the barline between two measures, or before the first."""
    ends, begins = before is not None and ":|" in before.repeats, "|:" in measure.repeats
    if ends or begins:
        return {(True, True): "=:|!|:", (True, False): "=:|!", (False, True): "=!|:"}[ends, begins]
    return "=||" if before is not None and before.heavy else "="


def _measure_rows(measure: Measure, changes: list[tuple[Fraction, str]], tied: set[str]) -> list[Cells]:
    """Return the rows of one measure; `tied` is what is tied into it, and then what is tied out of it.

    A chord that no note begins with gets a row of its own, in which the melody has a null cell.
    """
    rows: list[Cells] = []
    chords = sorted(measure.chords, key=lambda chord: chord[0])
    for index, event in enumerate(measure.events):
        while changes and changes[0][0] <= event.onset:
            rows.append((changes.pop(0)[1], NULL_INTERPRETATION))
        is_last = index + 1 == len(measure.events)
        begin_here = [chord for chord in chords if is_last or chord[0] < event.end]
        chords = chords[len(begin_here) :]
        cells = [chord for _, chord in begin_here]
        if not (begin_here and begin_here[0][0] <= event.onset):
            cells.insert(0, NULL_CELL)
        rows.append((event.cell(tied), cells[0]))
        rows += [(NULL_CELL, chord) for chord in cells[1:]]
        tied.clear()
        tied.update(head.name for head in event.heads if head.tied_on)
    return rows
