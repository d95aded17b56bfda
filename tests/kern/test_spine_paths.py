"""Where second voices open and close."""

from __future__ import annotations

import pytest

from jazzmus.kern.document import parse_kern
from jazzmus.kern.spine_paths import arrange_spine_paths


def arranged(*rows: str) -> list[str]:
    text = "**kern\n=\n" + "".join("\t".join(row.split()) + "\n" for row in rows)
    cells, _ = arrange_spine_paths(parse_kern(text).rows)
    written = "".join("\t".join(row) + "\n" for row in cells)
    again, changes = arrange_spine_paths(parse_kern(written).rows)
    assert again == cells
    assert changes == 0
    return [" ".join(row) for row in cells[2:]]


CASES = {
    "split and join within a bar": (
        ("4c", "*^", "4d 4B", "*v *v", "2e", "=", "*-"),
        ("*^", "4c .", "4d 4B", "2e .", "*v *v", "=", "*-"),
    ),
    "nothing to do": (("*^", "4d 4B", "*v *v", "!!linebreak:original", "=", "*-"),) * 2,
    "open over a barline": (
        ("4c", "*^", "4d 4B", "= =", "4d 4B", "*v *v", "4e", "=", "*-"),
        ("*^", "4c .", "4d 4B", "= =", "4d 4B", "4e .", "*v *v", "=", "*-"),
    ),
    "a second voice that comes twice": (
        ("*^", "4d 4B", "*v *v", "4c", "*^", "4e 4A", "*v *v", "=", "*-"),
        ("*^", "4d 4B", "4c .", "4e 4A", "*v *v", "=", "*-"),
    ),
    "three voices": (
        ("4c", "*^", "4d 4B", "* *^", "4e 4A 4G", "*v *v *v", "1f", "=", "*-"),
        ("*^", "*^ *", "4c . .", "4d 4B .", "4e 4A 4G", "1f . .", "*v *v *v", "=", "*-"),
    ),
    "voices that close one by one": (
        ("*^", "*^ *", "4c 4B 4A", "* *v *v", "4d 4G", "*v *v", "4e", "=", "*-"),
        ("*^", "*^ *", "4c 4B 4A", "4d 4G .", "4e . .", "*v *v *v", "=", "*-"),
    ),
    "a join right after a barline": (
        ("*^", "4c 4B", "!!linebreak:original", "=|| =||", "*v *v", "4d", "=", "*-"),
        ("*^", "4c 4B", "*v *v", "!!linebreak:original", "=||", "4d", "=", "*-"),
    ),
    "a change of clef at the bar's beginning": (
        ("*clefF4", "4c", "*^", "4d 4B", "*v *v", "=", "*-"),
        ("*clefF4", "*^", "4c .", "4d 4B", "*v *v", "=", "*-"),
    ),
    "a change of clef between": (("4c", "*^", "*clefF4 *", "4d 4B", "*v *v", "4c", "=", "*-"),) * 2,
    "a spine that ends early": (("*^", "4d 4B", "* *-", "4e", "=", "*-"),) * 2,
    "a linebreak within a bar": (
        ("4c", "*^", "4d 4B", "!!linebreak:original", "4e 4A", "*v *v", "4f", "=", "*-"),
        ("*^", "4c .", "4d 4B", "!!linebreak:original", "4e 4A", "4f .", "*v *v", "=", "*-"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_places(name: str) -> None:
    rows, expected = CASES[name]
    assert arranged(*rows) == list(expected)


def test_each_staff_has_its_own_voices() -> None:
    rows = [
        "**kern\t**kern",
        "=\t=",
        "4c\t4C",
        "*^\t*^",
        "4d\t4B\t4D\t4E",
        "*v\t*v\t*\t*",
        "*\t*v\t*v",
        "=\t=",
        "*-\t*-",
    ]
    cells, changes = arrange_spine_paths(parse_kern("\n".join(rows)).rows)
    assert ["\t".join(row) for row in cells[2:-2]] == [
        "*^\t*^",
        "4c\t.\t4C\t.",
        "4d\t4B\t4D\t4E",
        "*v\t*v\t*\t*",
        "*\t*v\t*v",
    ]
    assert changes == 1
