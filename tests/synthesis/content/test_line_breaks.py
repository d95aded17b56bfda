"""Tunes broken into lines: the number asked for, the same music, and nothing that hangs at the ends of the page."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from jazzmus.errors import KernError
from jazzmus.kern.document import RowKind, parse_kern
from jazzmus.kern.systems import count_systems
from jazzmus.kern.written import written_losses
from jazzmus.synthesis.content.line_breaks import MOST_NOTES, break_into_systems

HEADER = ["**kern\t**mxhm", "*clefG2\t*", "*k[b-]\t*", "*F:\t*", "*M4/4\t*"]
QUARTERS = ["4f\tF:maj", "4g\t.", "4a\t.", "4b-\t."]


def tune(*bars: list[str], openings: dict[int, str] | None = None, breaks: tuple[int, ...] = ()) -> str:
    """Return a text of the bars, with other barlines and old line breaks before some of them."""
    lines = list(HEADER)
    for number, bar in enumerate(bars):
        barline = (openings or {}).get(number, "=")
        lines += ["!!linebreak:original"] * (number in breaks) + [f"{barline}\t{barline}", *bar]
    return "\n".join([*lines, "==\t==", "*-\t*-", ""])


def pages(kern: str, systems: int, seeds: int = 60) -> Iterator[str]:
    for seed in range(seeds):
        page = break_into_systems(random.Random(seed), kern, systems)
        assert page is not None
        assert count_systems(page) == systems
        assert parse_kern(page).to_text() == page
        yield page


def bars_by_system(page: str) -> list[list[list[str]]]:
    """Return the data rows of each bar of each system."""
    systems: list[list[list[str]]] = [[]]
    for row in parse_kern(page).rows:
        if row.kind is RowKind.LINEBREAK:
            systems.append([])
        elif row.kind is RowKind.BARLINE:
            systems[-1].append([])
        elif row.kind is RowKind.DATA:
            systems[-1][-1].append("\t".join(row.cells))
    systems[-1].pop()  # the closing barline
    return systems


def test_a_page_is_a_run_of_bars_of_the_tune() -> None:
    bars = [[f"4{letter}\tC:maj", f"2.{letter}{letter}\t."] for letter in "cdefgabcdefgabcdefgab"]
    kern = tune(*bars, breaks=(2, 9))
    starts = set()
    for page in pages(kern, 3):
        found = [bar for system in bars_by_system(page) for bar in system]
        start = next(at for at in range(len(bars)) if bars[at : at + len(found)] == found)
        starts.add(start)
        assert page.splitlines()[: len(HEADER)] == HEADER
        assert page.endswith("==\t==\n*-\t*-\n")
        assert all(3 <= len(system) <= 5 for system in bars_by_system(page)[:-1])
    assert 0 in starts
    assert len(starts) > 3
    assert break_into_systems(random.Random(4), kern, 3) == break_into_systems(random.Random(4), kern, 3)


def test_lines_of_many_notes_have_fewer_bars() -> None:
    def bars_a_line(kern: str) -> float:
        counts = [len(system) for page in pages(kern, 2) for system in bars_by_system(page)]
        return sum(counts) / len(counts)

    quiet, busy = tune(*[["1f\tF:maj"]] * 24), tune(*[["8f\tF:maj", *["8f\t."] * 7]] * 24)
    crowded = tune(*[["16f\tF:maj", *["16f\t."] * 15]] * 24)
    assert bars_a_line(quiet) > 3.9
    assert bars_a_line(busy) < 3.6
    assert all(len(system) * 16 <= MOST_NOTES for page in pages(crowded, 2) for system in bars_by_system(page))


def test_a_later_beginning_states_what_is_in_force_and_no_barline_of_before() -> None:
    change = ["*k[f#]\t*", "*G:\t*", "*M3/4\t*"]
    waltz = ["4g\tG:maj", "4a\t.", "4b\t."]
    kern = tune(*[QUARTERS] * 8, [*change, *waltz], *[waltz] * 9, openings={8: "=||", 12: "=:|!", 15: "=:|!|:"})
    later = 0
    for page in pages(kern, 2, 200):
        lines = page.splitlines()
        opening = next(line for line in lines if line.startswith("="))
        assert opening in ("=\t=", "=!|:\t=!|:")
        in_waltz = "*M3/4\t*" in lines[:6]
        assert lines[:6] == (["**kern\t**mxhm", "*clefG2\t*", *change] if in_waltz else HEADER) + [opening]
        later += in_waltz
    assert later


def test_ties_that_the_page_cuts_are_gone_and_their_accidentals_shown() -> None:
    bars = [
        ["4a-X]\tF:min", "4f\t.", "4g\t.", "[4a-X\t."] if number else ["2f\tF:maj", "4g\t.", "[4a-X\t."]
        for number in range(20)
    ]
    kern = tune(*bars).replace("4a-X]", "4a-]")
    assert not written_losses(kern)
    beginnings = set()
    for page in pages(kern, 2):
        melody = [row.cells[0] for row in parse_kern(page).rows if row.kind is RowKind.DATA]
        beginnings.add(melody[0])
        assert melody[-1] == "4a-X"
        assert sum("[" in cell for cell in melody) == sum("]" in cell for cell in melody)
        assert not written_losses(page)
    assert beginnings == {"2f", "4a-X"}


def test_pickups_and_final_repeats_are_kept() -> None:
    kern = tune(*[QUARTERS] * 9, openings={0: "=", 4: "=!|:"}).replace("=\t=\n", "4c\t.\n=\t=\n", 1)
    kern = kern.replace("==\t==", "=:|!\t=:|!")
    whole = [page for page in pages(kern, 2, 100) if "4c\t." in page]
    assert whole
    assert all(page.splitlines()[5:7] == ["4c\t.", "=\t="] for page in whole)
    ends = {page.splitlines()[-2] for page in pages(kern, 2, 100)}
    assert ends == {"==\t==", "=:|!\t=:|!"}


def test_sections_begin_lines_more_often_than_not() -> None:
    kern = tune(*[QUARTERS] * 12, openings={3: "=||"})
    at_section = sum("!!linebreak:original\n=||" in page for page in pages(kern, 3, 100))
    assert at_section > 50


def test_a_tune_that_is_too_short_gives_nothing() -> None:
    kern = tune(*[QUARTERS] * 6)
    assert break_into_systems(random.Random(1), kern, 3) is None
    assert break_into_systems(random.Random(1), kern, 40) is None
    assert break_into_systems(random.Random(1), tune(), 1) is None
    assert break_into_systems(random.Random(1), kern, 2, bars=(3, 3)) is not None
    with pytest.raises(KernError):
        break_into_systems(random.Random(1), "4c\t.\n", 1)
