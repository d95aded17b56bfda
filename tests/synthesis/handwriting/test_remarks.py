"""Remarks: where nothing else is, and nothing above a staff that could be read as a chord."""

from __future__ import annotations

import re
from dataclasses import fields

import numpy as np
import pytest

from jazzmus.errors import ConfigError
from jazzmus.synthesis.handwriting import invented_words as words
from jazzmus.synthesis.handwriting.lettering import draw_letter_hand, letter_shapes
from jazzmus.synthesis.handwriting.occupied import Box
from jazzmus.synthesis.handwriting.remarks import (
    PAGE_WIDE,
    PageRoom,
    RemarkStyle,
    SystemRoom,
    page_remarks,
    settled,
    system_remarks,
)
from jazzmus.synthesis.handwriting.strokes import extent

ALWAYS = RemarkStyle(**{field.name: 1.0 for field in fields(RemarkStyle)})
NEVER = RemarkStyle(**{field.name: 0.0 for field in fields(RemarkStyle)})
PAGE = PageRoom(width=1000, height=1400, left=60, right=950, top=220, bottom=1250, space=8.0)


def crowded_system(rng: np.random.Generator) -> SystemRoom:
    width = float(rng.uniform(60, 120))
    occupied: list[Box] = [(0.0, -3.5, 3.0, 3.5)]
    for x in np.arange(4.0, width, 4.0):
        top, bottom = float(rng.uniform(-5, -1)), float(rng.uniform(1, 4))
        occupied += [(float(x), top, float(x) + 1.2, bottom), (float(x), -8.0, float(x) + 3.0, -6.0)]
    return SystemRoom(width, int(rng.integers(1, 60)), occupied, -9.0, 8.0)


def overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@pytest.mark.parametrize("seed", range(25))
def test_remarks_of_a_system_cover_nothing_and_stay_within(seed: int) -> None:
    rng = np.random.default_rng(seed)
    room = crowded_system(rng)
    marks = system_remarks(room, ALWAYS, draw_letter_hand(rng), rng)
    assert marks
    for mark in marks:
        box = extent([mark])
        assert room.top <= box[1] <= box[3] <= room.bottom
        assert -5.0 <= box[0] <= box[2] <= room.width + 2.0
        assert not overlap(box, (0.0, -2.0, room.width, 2.0))
        assert not any(overlap(box, other) for other in room.occupied)


@pytest.mark.parametrize("seed", range(25))
def test_remarks_of_a_page_stay_off_the_music_and_on_the_page(seed: int) -> None:
    rng = np.random.default_rng(seed)
    marks = page_remarks(PAGE, ALWAYS, draw_letter_hand(rng), rng)
    assert marks
    for mark in marks:
        left, top, right, bottom = extent([mark])
        assert 0 <= left <= right <= PAGE.width
        assert 0 <= top <= bottom <= PAGE.height
        assert bottom <= PAGE.top or top >= PAGE.bottom


def test_without_room_nothing_is_drawn() -> None:
    rng = np.random.default_rng(0)
    full = SystemRoom(80.0, 5, [(-10.0, -20.0, 100.0, 20.0)], -9.0, 8.0)
    assert system_remarks(full, ALWAYS, draw_letter_hand(rng), rng) == []
    no_room = PAGE._replace(top=3.0, bottom=1399.0)
    assert page_remarks(no_room, ALWAYS, draw_letter_hand(rng), rng) == []


def test_a_style_of_nothing_draws_nothing() -> None:
    rng = np.random.default_rng(0)
    hand = draw_letter_hand(rng)
    assert page_remarks(PAGE, NEVER, hand, rng) == []
    assert system_remarks(crowded_system(rng), NEVER, hand, rng) == []


def test_the_same_seed_draws_the_same() -> None:
    pages = []
    for _ in range(2):
        rng = np.random.default_rng(7)
        marks = page_remarks(PAGE, ALWAYS, draw_letter_hand(rng), rng)
        pages.append([extent([mark]) for mark in marks])
    assert pages[0] == pages[1]


def test_what_a_page_shares_is_settled_once() -> None:
    rng = np.random.default_rng(0)
    styles = [settled(RemarkStyle(bar_numbers=0.5), rng) for _ in range(200)]
    assert {style.bar_numbers for style in styles} == {0.0, 1.0}
    assert all(getattr(style, name) in (0.0, 1.0) for style in styles for name in PAGE_WIDE)
    assert {style.title for style in styles} == {RemarkStyle().title}


@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_a_probability_is_one(value: float) -> None:
    with pytest.raises(ConfigError, match=r"RemarkStyle\.composer"):
        RemarkStyle(composer=value)


def test_no_word_above_a_staff_begins_like_a_chord() -> None:
    assert [text for text in (*words.SECTIONS_ABOVE, *words.PENCIL_NOTES) if re.match("[A-G]", text)] == []


def test_every_word_can_be_written_in_every_letter() -> None:
    rng = np.random.default_rng(0)
    texts = [*words.STYLES, *words.SECTIONS_ABOVE, *words.SECTIONS_BELOW, *words.PENCIL_NOTES, *words.DYNAMICS]
    texts += [draw(rng) for draw in (words.invented_title, words.invented_composer, words.invented_date) * 30]
    hand = draw_letter_hand(rng)
    for text in texts:
        marks, _ = letter_shapes(text, 0.0, 0.0, 1.0, hand, rng)
        assert len(marks) >= len(text.replace(" ", "")), text


def test_titles_are_many() -> None:
    rng = np.random.default_rng(0)
    assert len({words.invented_title(rng) for _ in range(1000)}) > 800
