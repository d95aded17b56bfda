from __future__ import annotations

import pytest

from jazzmus.metrics.harmony import chord_root, chord_units, root_units

PAGE = (
    "\n**kern\t**mxhm\n*clefG2\t*\n=\t=\n4c\tC#:min7\n4d\t.\nshort\n"
    "4e\tN.C.\n4f\t=\n4f\t\n!!linebreak:original\n1g\tBb:7/D\n"
)


def test_chords_are_the_cells_of_the_chord_column() -> None:
    assert chord_units(PAGE) == ["C#:min7", "N.C.", "Bb:7/D"]
    assert root_units(chord_units(PAGE)) == ["C#", "Bb"]


def test_a_page_without_a_chord_column_has_no_chords() -> None:
    assert chord_units(PAGE.replace("**mxhm", "**text")) == []
    assert chord_units("") == []


def test_a_header_row_counts_wherever_it_stands() -> None:
    assert chord_units("C:7\t4c\n**mxhm\t**kern\nD:7\t4d\n") == ["C:7", "D:7"]


@pytest.mark.parametrize(
    ("cell", "root"),
    [
        ("C:maj", "C"),
        ("F#:7", "F#"),
        ("Bb:7/F#", "Bb"),
        ("B-:7", "Bb"),
        ("b:none", "B"),
        ("*b:none", None),
        ("A/C#", "A"),
        ("N.C.", None),
        ("NC", None),
        ("rest", None),
        ("", None),
        ("7:maj", None),
        (":maj", None),
    ],
)
def test_roots(cell: str, root: str | None) -> None:
    assert chord_root(cell) == root
