"""Every real page's text goes through the text core."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet
import pytest

from jazzmus.kern.chords import parse_chord
from jazzmus.kern.document import CHORD_SPINE, MELODY_SPINE, RowKind, parse_kern
from jazzmus.kern.notes import notes_to_text, parse_notes
from jazzmus.kern.systems import count_systems, system_range
from jazzmus.kern.tokenizer import build_tokenizer, published_form


@pytest.fixture(scope="module")
def annotations(shared: Path) -> list[dict]:
    files = sorted((shared / "jazzmus").glob("*/data/*.parquet"))
    columns = [pyarrow.parquet.read_table(file, columns=["annotation"])["annotation"].to_pylist() for file in files]
    return [json.loads(annotation) for column in columns for annotation in column]


def test_texts_notes_and_chords_are_written_back_unchanged(annotations: list[dict]) -> None:
    assert len(annotations) == 254 + 262
    for annotation in annotations:
        text = annotation["encodings"]["**kern"]
        document = parse_kern(text)
        assert document.to_text() == text
        for row in document.rows:
            if row.kind is not RowKind.DATA:
                continue
            for cell, spine_type in zip(row.cells, document.cell_types(row), strict=True):
                if spine_type == MELODY_SPINE:
                    assert notes_to_text(parse_notes(cell)) == cell
                elif cell != ".":
                    assert spine_type == CHORD_SPINE
                    chord = parse_chord(cell)
                    assert chord is not None, cell
                    assert chord.to_text() == cell


def test_systems_have_the_music_of_the_annotated_systems(annotations: list[dict]) -> None:
    for annotation in annotations:
        text, systems = annotation["encodings"]["**kern"], annotation["systems"]
        assert count_systems(text) == len(systems)
        for index, system in enumerate(systems):
            part = system_range(text, index, index + 1)
            music, expected = (
                [line for line in kern.splitlines() if line[0] not in "*!"] for kern in (part, system["**kern"])
            )
            assert music == expected
            assert parse_kern(part).to_text() == part


@pytest.mark.parametrize("name", ["word", "character"])
def test_published_forms_come_back_from_tokens(annotations: list[dict], name: str) -> None:
    tokenizer = build_tokenizer(name)
    for annotation in annotations:
        published = published_form(annotation["encodings"]["**kern"])
        assert parse_kern(published).to_text() == published
        assert tokenizer.decode(tokenizer.encode(published)) == published
