from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet
from hypothesis import given, settings
from kern.documents import kern_texts

from jazzmus.kern.tokenizer import published_form
from jazzmus.metrics.harmony import chord_units
from jazzmus.metrics.spine_walk import walk
from jazzmus.metrics.transcription import melody_column, symbol_units
from jazzmus.metrics.voices import chord_spine_units, melody_voice_units

SPLIT = "**kern\t**mxhm\n*^\t*\n2c\t4e\tC:7\n.\t4f\t.\n*v\t*v\t*\n2d\tG:7\n*-\t*-\n"


def test_both_voices_are_melody_and_chords_stay_chords() -> None:
    rows = walk(SPLIT)
    first_rows = ["**kern", "\n", "*^", "\n", "2c", "\t", "4e", "\n", ".", "\t", "4f", "\n"]
    assert melody_voice_units(rows) == [*first_rows, "*v", "\t", "*v", "\n", "2d", "\n", "*-"]
    assert chord_spine_units(rows) == ["C:7", "G:7"]
    # What they mend: the published column holds the second voice.
    assert chord_units(SPLIT) == ["4e", "4f", "G:7"]


@settings(deadline=None)
@given(kern_texts().map(lambda text: text.partition("\n*^")[0]))
def test_without_a_split_the_units_are_the_published_ones(text: str) -> None:
    assert melody_voice_units(walk(text)) == symbol_units(melody_column(text))
    assert chord_spine_units(walk(text)) == chord_units(text)


def test_real_pages(shared: Path) -> None:
    split = 0
    for file in sorted((shared / "jazzmus").glob("*/data/*.parquet")):
        for annotation in pyarrow.parquet.read_table(file, columns=["annotation"])["annotation"].to_pylist():
            text = published_form(json.loads(annotation)["encodings"]["**kern"])
            same_melody = melody_voice_units(walk(text)) == symbol_units(melody_column(text))
            same_chords = chord_spine_units(walk(text)) == chord_units(text)
            assert (same_melody and same_chords) == ("*^" not in text)
            split += "*^" in text
    assert split > 0
