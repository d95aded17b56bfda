"""A single system of a text: what is left out of the drawing for it, and that it looks as among all systems."""

from __future__ import annotations

import random

import pytest
from test_score_elements import BREAK, elements_of, text_of, without

from jazzmus.errors import DataError
from jazzmus.synthesis.content.procedural import TuneStyle, procedural_tune
from jazzmus.synthesis.element_check import check_elements
from jazzmus.synthesis.score_drawing import far_lines
from jazzmus.synthesis.score_elements import score_elements
from jazzmus.synthesis.text_bars import read_bars

FOUR_SYSTEMS = (
    ("=!|:", "4b", "4cc", "2dd", "=", "8aL", "8bJ", "2.cc", "=", "1r", BREAK),
    ("=", "1r", "=", "1e", "=", "2f", "2g", "*>1", "=", "4a", "[2.b-X", BREAK),
    ("=:|!", "*>2", "4b-]", "8f", "8g", "(2a\tF:maj7", "=", "2g", "2f)", "=", "1cc", BREAK),
    ("=||", "4b", "4r", "2b", "=", "4cc#X", "4dd", "2ee", "=", "1ff"),
)
# The second system has a single bar: its end is also the end of the break behind it.
SHORT_SECOND = text_of("=", "4b", "4cc", "2dd", BREAK, "=", "1a", BREAK, "=", "1g", "=", "1f", key="*k[]")
FOUR = text_of(*(row for rows in FOUR_SYSTEMS for row in rows), key="*k[b-e-]")


@pytest.mark.parametrize("only", range(4))
@pytest.mark.parametrize(
    "kern",
    [
        FOUR,
        FOUR.replace("4b\t", "(4b\t", 1).replace("2g\t", "2g)\t", 1),
        FOUR.replace("8aL", "*k[f#]\t*\n8aL").replace("4cc#X", "*k[]\t*\n4cc#X"),
        FOUR.replace("2.cc\t.", "*^\t*\n2.cc\t2.e\t.\n*v\t*v\t*"),
    ],
    ids=["plain", "a slur over many bars", "other keys", "two voices"],
)
def test_a_system_alone_is_drawn_as_among_all(kern: str, only: int) -> None:
    every = elements_of(kern)
    alone = score_elements(kern, 80.0, only=only)
    assert alone == (every[only],)
    check_elements(kern, alone, only)
    with pytest.raises(DataError, match=f"system {only + 1}: heads"):
        check_elements(kern, [without(alone[0], "head")], only)


def test_music_far_from_the_wanted_system_is_left_out() -> None:
    lines = FOUR.splitlines()
    left_out = [lines[line - 1].split("\t")[0] for line in sorted(far_lines(FOUR, read_bars(FOUR), 2))]
    assert left_out == [*FOUR_SYSTEMS[0], *FOUR_SYSTEMS[1][:8], *FOUR_SYSTEMS[3][5:], "=="]


@pytest.mark.parametrize("only", range(3))
def test_a_system_beside_one_of_a_single_bar_is_drawn(only: int) -> None:
    assert score_elements(SHORT_SECOND, 80.0, only=only) == (elements_of(SHORT_SECOND)[only],)


@pytest.mark.parametrize("only", range(3))
def test_made_up_tunes_show_a_system_alone_as_among_all(only: int) -> None:
    for seed in range(5):
        kern = procedural_tune(random.Random(seed), 3, TuneStyle())
        assert score_elements(kern, 100.0, only=only) == score_elements(kern, 100.0)[only : only + 1]
