from __future__ import annotations

from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jazzmus.metrics.beats import Measure, chord_measures, count_measures, row_onsets
from jazzmus.metrics.spine_walk import walk

HEADER = "**kern\t**mxhm\n"


def measures(rows: str) -> list[Measure]:
    return chord_measures(walk(HEADER + rows))


def edits(prediction: str, reference: str) -> tuple[int, int]:
    """Compare texts of measures between bars, such as `C . | G`: a quarter note a cell, `.` where no chord is."""

    def text(bars: str) -> list[Measure]:
        cells = bars.replace("|", "=").split()
        return measures("\n".join("=\t=" if cell == "=" else f"4c\t{cell}" for cell in cells))

    return count_measures(text(prediction), text(reference))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("4.c\tC:7\n8d\tD:7\n2e\tE:7", ("C:7@0", "D:7@3/8", "E:7@1/2")),
        # Where no note begins, time is shared evenly.
        ("1c\tC:7\n.\tD:7", ("C:7@0", "D:7@1/2")),
        ("2.c\tC:7\n.\t.\n.\tD:7\n4e\tE:7", ("C:7@0", "D:7@1/2", "E:7@3/4")),
        (".\tC:7\n4d\tD:7", ("C:7@0", "D:7@0")),
        # Two voices: the next row comes with the first note that ends.
        ("*^\t*\n2c\t4e\tC:7\n.\t4f\tD:7\n4d\t4g\tE:7\n4d\t4g\tF:7", ("C:7@0", "D:7@1/4", "E:7@1/2", "F:7@3/4")),
        ("*^\t*\n1c\t2e\tC:7\n.\t2f\tD:7\n*v\t*v\t*\n4c\tE:7", ("C:7@0", "D:7@1/2", "E:7@1")),
        ("6c\tC:7\n6d\tD:7\n6e\tE:7\n4f\tF:7", ("C:7@0", "D:7@1/6", "E:7@1/3", "F:7@1/2")),
        ("8qc\t.\n4d\tD:7\n4e 4g\tE:7\n4f\tF:7", ("D:7@0", "E:7@1/4", "F:7@1/2")),
        # What is no note takes no time, in one voice and beside another.
        ("4c\tC:7\nwrong\tD:7\n4e\tE:7", ("C:7@0", "D:7@1/4", "E:7@1/4")),
        ("4c\tC:7\n" + "4" * 9999 + "c\tD:7\n\u0660c\tE:7\n4d\tF:7", ("C:7@0", "D:7@1/4", "E:7@1/4", "F:7@1/4")),
        ("4c\tC:7\n\tD:7\n4e\tE:7", ("C:7@0", "D:7@1/4", "E:7@1/4")),
    ],
)
def test_positions(rows: str, expected: Measure) -> None:
    assert measures(rows) == [expected]


def test_measures_begin_at_barlines_of_any_kind() -> None:
    assert measures("4c\tC:7\n=1\t=1\n4d\tD:7\n4e\tE:7\n=:|!\t=\n2f\tF:7\n==\t==") == [
        ("C:7@0",),
        ("D:7@0", "E:7@1/4"),
        ("F:7@0",),
        (),
    ]


def test_rows_have_their_places_whatever_chords_they_have() -> None:
    onsets = row_onsets([("4.c",), (".",), ("8d", "2e"), (".", "4f"), ("8qc",), ("no note",), ("4g",)])
    assert onsets == tuple(Fraction(number, 16) for number in (0, 3, 6, 8, 12, 12, 12))
    assert row_onsets([]) == ()


@pytest.mark.parametrize(
    ("prediction", "reference", "expected"),
    [
        ("C . G .", "C . G .", (0, 2)),
        ("C G . .", "C . G .", (1, 2)),
        ("C . D .", "C . G .", (1, 2)),
        ("C . . .", "C . G .", (1, 2)),
        ("", "C . G . | F", (3, 3)),
        # A chord in the wrong measure, though in order and on the first beat: left out here, too many there.
        ("C | . | G | .", "C | G | . | .", (2, 2)),
        # A measure left out or read twice costs its chords and nothing after it.
        ("C | E | F | A", "C | D G | E | F | A", (2, 6)),
        ("C | . | D | E", "C | D | E", (0, 3)),
        ("C | D | D | E | F", "C | D | E | F", (1, 4)),
    ],
)
def test_edits(prediction: str, reference: str, expected: tuple[int, int]) -> None:
    assert edits(prediction, reference) == expected


def test_a_wrong_duration_moves_the_chords_after_it_in_its_measure_only() -> None:
    reference = measures("4c\tC:7\n4d\tD:7\n2e\tE:7\n=\t=\n1f\tF:7")
    prediction = measures("2c\tC:7\n4d\tD:7\n2e\tE:7\n=\t=\n1f\tF:7")
    assert count_measures(prediction, reference) == (2, 4)


def naive_pairing(prediction: tuple[Measure, ...], reference: tuple[Measure, ...]) -> tuple[int, int]:
    """Least weight, and the fewest chord edits of that weight, by trying every pairing."""

    @cache
    def distance(left: Measure, right: Measure) -> int:
        if not left or not right:
            return len(left) + len(right)
        pair = distance(left[1:], right[1:]) + (left[0] != right[0])
        return min(pair, distance(left[1:], right) + 1, distance(left, right[1:]) + 1)

    @cache
    def best(i: int, j: int) -> tuple[int, int]:
        ways = [(0, 0)] if i == j == 0 else []
        if i and j:
            chords = distance(prediction[i - 1], reference[j - 1])
            ways.append((best(i - 1, j - 1)[0] + chords, best(i - 1, j - 1)[1] + chords))
        for before, alone in ([(best(i - 1, j), prediction[i - 1])] if i else []) + (
            [(best(i, j - 1), reference[j - 1])] if j else []
        ):
            ways.append((before[0] + len(alone) + 2, before[1] + len(alone)))
        return min(ways)

    return best(len(prediction), len(reference))


PAGES = st.lists(st.lists(st.sampled_from(["C@0", "C@1/2", "D@0"]), max_size=3).map(tuple), max_size=7)


@settings(deadline=None)
@given(PAGES, PAGES)
def test_edits_agree_with_a_naive_pairing(prediction: list[Measure], reference: list[Measure]) -> None:
    found = count_measures(prediction, reference)
    assert found.edits == naive_pairing(tuple(prediction), tuple(reference))[1]
    assert found.edits == count_measures(reference, prediction).edits
    assert found.length == sum(map(len, reference))
