"""What every reading must be: a text that parses, engraves, exports, and that others read with all its notes."""

from __future__ import annotations

import re

import music21

from jazzmus.export.engraved import to_svg
from jazzmus.export.musicxml import to_musicxml
from jazzmus.export.verovio_process import engrave as engrave_document
from jazzmus.kern.chords import parse_chord
from jazzmus.kern.document import CHORD_SPINE, RowKind, parse_kern
from jazzmus.kern.notes import NULL_CELL, parse_notes
from jazzmus.synthesis.engraving import EngravingStyle, engrave, shared_toolkit


def count_notes(kern: str) -> int:
    """Notes of the melody, rests apart; a cell of the text that is neither a note nor a chord symbol is an error."""
    document = parse_kern(kern)
    notes = 0
    for row in document.rows:
        if row.kind is not RowKind.DATA:
            continue
        for cell, spine in zip(row.cells, document.cell_types(row), strict=True):
            if spine == CHORD_SPINE:
                assert cell == NULL_CELL or parse_chord(cell) is not None, f"line {row.line}: no chord {cell!r}"
            else:
                notes += sum(not note.is_rest for note in parse_notes(cell))
    return notes


def assert_parses(kern: str) -> None:
    """The text and each of its cells."""
    assert kern.startswith("**kern")
    assert count_notes(kern) >= 0
    assert parse_kern(kern).rows[-1].kind is RowKind.TERMINATOR


def assert_verovio_reads(kern: str) -> None:
    """As kern, as it stands and as pages are engraved from it, with all notes."""
    assert shared_toolkit().loadData(kern)
    assert shared_toolkit().getMEI().count("<note ") == count_notes(kern)
    engrave(kern, EngravingStyle())


def assert_exports(kern: str) -> None:
    """As MusicXML with all notes, which Verovio engraves."""
    document = to_musicxml(kern)
    assert document.count("<pitch>") >= count_notes(kern)
    assert engrave_document({"inputFrom": "musicxml"}, document)


def assert_engraves(kern: str) -> None:
    """As the pages that are written beside it."""
    assert re.search(r'class="(note|rest|mRest)', to_svg(kern)[0])


def assert_music21_reads(kern: str) -> None:
    """The melody, with all its notes."""
    score = music21.converter.parse(_melody(kern), format="humdrum")
    assert sum(len(element.pitches) for element in score.recurse().notes) == count_notes(kern)


def _melody(kern: str) -> str:
    """The text without its chord spine."""
    document = parse_kern(kern)
    lines = []
    for row, line in zip(document.rows, kern.splitlines(), strict=True):
        types = document.cell_types(row)
        kept = [cell for cell, spine in zip(row.cells, types, strict=False) if spine != CHORD_SPINE]
        lines.append("\t".join(kept) if types else line)
    return "\n".join([*lines, ""])
