"""Cells of a melody spine in one spelling."""

from __future__ import annotations

from collections import Counter

import pytest
from documents import NOTES, ODD_NOTES

from jazzmus.kern.accidentals import accidental_is_drawn
from jazzmus.kern.note_order import normalize_cell
from jazzmus.kern.notes import parse_notes

CASES = {
    "8g^L": ("8g^L", set()),
    "8gL^": ("8g^L", {"order of marks"}),
    "8b-;JX": ("8b-X;J", {"order of marks"}),
    "4c#)]LX": ("4c#XL])", {"order of marks"}),
    "16aJk": ("16aJk", set()),
    "[(4d": ("([4d", {"order of marks"}),
    "_4f": ("4f_", {"order of marks"}),
    "08.ddL/": ("8.ddL", {"spelling of duration", "stem direction"}),
    "00a": ("00a", set()),
    "4ffni": ("4ffn", {"courtesy accidental"}),
    "4ee-Xi": ("4ee-X", {"courtesy accidental"}),
    "4ee-i": ("4ee-X", {"courtesy accidental"}),
    "4aai": ("4aan", {"courtesy accidental"}),
    "4aaX": ("4aan", {"spelling of drawn accidental"}),
    "4aanX": ("4aan", {"spelling of drawn accidental"}),
    "4bb-": ("4bb-", set()),
    "4g 4e- 4en": ("4e- 4en 4g", {"order of notes struck together"}),
    "4c 4B 4BB": ("4BB 4B 4c", {"order of notes struck together"}),
    "1ryy": ("1ryy", set()),
    ".": (".", set()),
    "4c#n": ("4c#n", set()),
    "4cLn": ("4cLn", set()),
    "4c&L": ("4c&L", set()),
    "no note": ("no note", set()),
}


@pytest.mark.parametrize("cell", CASES)
def test_cells(cell: str) -> None:
    ledger: Counter[str] = Counter()
    expected, rules = CASES[cell]
    assert normalize_cell(cell, ledger) == expected
    assert set(+ledger) == rules


@pytest.mark.parametrize("cell", [*CASES, *NOTES, *ODD_NOTES])
def test_a_normal_cell_stays(cell: str) -> None:
    once = normalize_cell(cell, Counter())
    assert normalize_cell(once, Counter()) == once


def test_drawn_accidentals() -> None:
    drawn = {cell: accidental_is_drawn(parse_notes(cell)[0]) for cell in ("4cn", "4c#X", "4c-i", "4c#", "4c", "4r")}
    assert drawn == {"4cn": True, "4c#X": True, "4c-i": True, "4c#": False, "4c": False, "4r": False}
