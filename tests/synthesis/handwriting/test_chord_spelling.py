"""Spellings of chord symbols: as musicians write them, and no two chords alike."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from jazzmus.errors import ConfigError
from jazzmus.kern.chords import parse_chord
from jazzmus.kern.document import CHORD_SPINE, RowKind, parse_kern
from jazzmus.kern.notes import NULL_CELL
from jazzmus.synthesis.handwriting.chord_spelling import VARIANTS, ChordHand, draw_chord_hand, spell_chord, with_slip
from jazzmus.synthesis.handwriting.chord_symbols import chord_symbol
from jazzmus.synthesis.handwriting.lettering import draw_letter_hand
from jazzmus.synthesis.handwriting.strokes import extent

QUALITIES = tuple(
    quality
    for line in (
        "maj min 7 min7 maj7 dim hdim7 dim7 9 11 13 min6 maj6 min9 min11 min13 maj9 maj13 aug aug7 sus4 sus4(7)",
        "sus4(9) sus4(13) sus4(7,9) sus4(7,13) 7(b9) 7(b5) 7(#9) 7(#5) 7(#11) 7(b13) 13(b9) 13(#11) 9(b5) 9(#11)",
        "maj6(9) min6(9) min(#5) min(b6) maj(b6) 7(b5,#9) 7(#5,b9) maj7(#5) maj7(#11) minmaj7 aug7(#9) aug7(b9)",
        "aug(6,9) 7(7) 7(13) sus2 maj(9) min(9)",
    )
    for quality in line.split()
)


def drawn(cell: str, hand: ChordHand) -> str:
    text = "".join(run.text for run in spell_chord(cell, hand))
    return text.replace("♭", "b").replace("♯", "#")


def all_hands(count: int) -> list[ChordHand]:
    """Hands in which rare variants are as frequent as common ones."""
    rng = np.random.default_rng(0)
    return [
        ChordHand(**{name: str(rng.choice(sorted(variants))) for name, variants in VARIANTS.items()})  # type: ignore[arg-type]
        for _ in range(count)
    ]


@pytest.mark.parametrize(
    ("cell", "hand", "expected"),
    [
        ("C:maj", ChordHand(), "C"),
        ("F#:hdim7", ChordHand(), "F#m7b5"),
        ("F#:hdim7", ChordHand(minor="-"), "F#-7b5"),
        ("F#:hdim7", ChordHand(half_diminished="ø7"), "F#ø7"),
        ("Eb:maj7", ChordHand(major_seventh="Δ7"), "EbΔ7"),
        ("Eb:maj7", ChordHand(flat="♭", major_seventh="Δ"), "E♭Δ"),
        ("Eb:maj9", ChordHand(major_seventh="Maj7"), "EbMaj9"),
        ("Bb:7(b9)", ChordHand(), "Bb7b9"),
        ("Bb:7(b5,#9)", ChordHand(parentheses="yes", flat="♭", sharp="♯"), "B♭7(♭5,♯9)"),
        ("A:min(#5)", ChordHand(), "Am(#5)"),
        ("D:sus4(7)", ChordHand(), "D7sus4"),
        ("D:sus4(7,9)", ChordHand(suspended="sus"), "D9sus"),
        ("G:aug7(#9)", ChordHand(augmented_seventh="7{}"), "G7+#9"),
        ("G#:dim7", ChordHand(diminished="°"), "G#°7"),
        ("C:maj6(9)", ChordHand(), "C6/9"),
        ("C:min6(9)", ChordHand(six_nine="69"), "Cm69"),
        ("C:minmaj7", ChordHand(), "Cm(maj7)"),
        ("G:maj/D", ChordHand(), "G/D"),
        ("B-:min7/E-", ChordHand(), "Bbm7/Eb"),
        ("N.C.", ChordHand(), "N.C."),
    ],
)
def test_chords_are_spelt_as_the_hand_does(cell: str, hand: ChordHand, expected: str) -> None:
    assert "".join(run.text for run in spell_chord(cell, hand)) == expected


def test_no_two_chords_are_spelt_alike_by_any_hands() -> None:
    meaning: dict[str, str] = {}
    roots = ("B", "Bb", "C#", "E")
    for hand in all_hands(70):
        for root, quality, bass in product(roots, QUALITIES, ("", "/D")):
            cell = f"{root}:{quality}{bass}"
            assert parse_chord(cell) is not None
            assert meaning.setdefault(drawn(cell, hand), cell) in (cell, *_synonyms(cell)), drawn(cell, hand)
    assert all(f"{root}7" in meaning for root in roots)


def _synonyms(cell: str) -> tuple[str, ...]:
    """Cells that mean the same sounds in other words, of which the dialect uses only one in practice."""
    return (
        cell.replace("sus4(9)", "sus4(7,9)"),
        cell.replace("sus4(7,9)", "sus4(9)"),
        cell.replace("sus4(13)", "sus4(7,13)"),
        cell.replace("sus4(7,13)", "sus4(13)"),
    )


def test_a_dominant_is_never_anything_but_its_figure() -> None:
    for hand in all_hands(100):
        for figure in ("7", "9", "11", "13"):
            assert drawn(f"C:{figure}", hand) == f"C{figure}"


def test_the_chords_of_real_pages_are_told_apart(shared: Path) -> None:
    cells: set[str] = set()
    for file in sorted((shared / "jazzmus").glob("*/data/*.parquet")):
        for annotation in pyarrow.parquet.read_table(file, columns=["annotation"])["annotation"].to_pylist():
            document = parse_kern(json.loads(annotation)["encodings"]["**kern"])
            for row in document.rows:
                if row.kind is RowKind.DATA:
                    pairs = zip(document.cell_types(row), row.cells, strict=True)
                    cells.update(cell for kind, cell in pairs if kind == CHORD_SPINE and cell != NULL_CELL)
    assert len(cells) > 300
    for hand in all_hands(20):
        assert len({drawn(cell, hand) for cell in cells}) == len(cells)


def test_only_what_the_hand_raises_is_raised() -> None:
    cell = "F#:7(b9)/C#"
    level = spell_chord(cell, ChordHand())
    assert all(run.lift == 0 and run.scale == 1 for run in level)
    high = {run.text for run in spell_chord(cell, ChordHand(raised="all", raised_accidental="yes")) if run.lift > 0}
    assert high == {"#", "7", "b9"}
    assert {run.text for run in spell_chord(cell, ChordHand(raised="alterations")) if run.lift > 0} == {"b9"}
    low = [run.text for run in spell_chord(cell, ChordHand(bass="lowered")) if run.lift < 0]
    assert low == ["/", "C#"]


def test_hands_are_drawn_by_weight_and_slips_are_rare() -> None:
    rng = np.random.default_rng(1)
    hands = [draw_chord_hand(rng) for _ in range(1500)]
    for name, variants in VARIANTS.items():
        for variant, weight in variants.items():
            share = sum(getattr(hand, name) == variant for hand in hands) / len(hands)
            assert share == pytest.approx(weight / sum(variants.values()), abs=0.04)
    slipping = ChordHand(slip=0.2)
    slips = sum(with_slip(slipping, rng) != slipping for _ in range(1000))
    assert 30 < slips < 200  # a slip may draw the usual variant again
    assert with_slip(ChordHand(slip=0.0), rng) == ChordHand(slip=0.0)


def test_impossible_spellings_are_named() -> None:
    with pytest.raises(ConfigError, match=r"ChordHand\.minor"):
        ChordHand(minor="moll")
    with pytest.raises(ConfigError, match=r"ChordHand\.slip"):
        ChordHand(slip=1.5)


def test_a_symbol_stands_where_asked_and_is_as_wide_as_said() -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        marks, width = chord_symbol("F#:hdim7/C", 3.0, -4.0, 2.0, draw_letter_hand(rng), draw_chord_hand(rng), rng)
        left, top, right, bottom = extent(marks)
        assert 2.0 < left < 4.0
        assert abs(right - 3.0 - width) < 1.0
        assert -8.5 < top < -5.0 < -4.5 < bottom < -1.5
