"""Every real page's text goes through the text core."""

from __future__ import annotations

import pytest
from real_pages import RealPage

from jazzmus.kern.chords import parse_chord
from jazzmus.kern.document import CHORD_SPINE, MELODY_SPINE, RowKind, parse_kern
from jazzmus.kern.notes import NULL_CELL, notes_to_text, parse_notes
from jazzmus.kern.systems import count_systems, system_range
from jazzmus.kern.tokenizer import build_tokenizer, published_form


def test_texts_notes_and_chords_are_written_back_unchanged(real_pages: list[RealPage], real_texts: list[str]) -> None:
    assert len(real_pages) == 254 + 262
    cells: set[tuple[str, str]] = set()
    for text in real_texts:
        document = parse_kern(text)
        assert document.to_text() == text
        for row in document.rows:
            if row.kind is RowKind.DATA:
                cells.update(zip(document.cell_types(row), row.cells, strict=True))
    assert {spine_type for spine_type, _ in cells} == {MELODY_SPINE, CHORD_SPINE}
    for spine_type, cell in sorted(cells):
        if spine_type == MELODY_SPINE:
            assert notes_to_text(parse_notes(cell)) == cell
        elif cell != NULL_CELL:
            chord = parse_chord(cell)
            assert chord is not None, cell
            assert chord.to_text() == cell


def test_systems_have_the_music_of_the_annotated_systems(real_pages: list[RealPage]) -> None:
    for text, systems in sorted({(page.kern, page.systems) for page in real_pages}):
        assert count_systems(text) == len(systems)
        for index, system in enumerate(systems):
            part = system_range(text, index, index + 1)
            music, expected = ([line for line in kern.splitlines() if line[0] not in "*!"] for kern in (part, system))
            assert music == expected
            assert parse_kern(part).to_text() == part


@pytest.mark.parametrize("name", ["word", "character"])
def test_published_forms_come_back_from_tokens(real_texts: list[str], name: str) -> None:
    tokenizer = build_tokenizer(name)
    for text in real_texts:
        published = published_form(text)
        assert parse_kern(published).to_text() == published
        assert tokenizer.decode(tokenizer.encode(published)) == published
