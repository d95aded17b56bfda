"""Systems of drawn pages, whose staves are known to the pixel, and of pages that have none."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from drawn_staves import HEIGHT, LEFT, RIGHT, SPACE, WIDTH, draw_page
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jazzmus.layout.staff_finding import FoundSystem, find_systems

MIDDLES = [250, 390, 530, 670, 810, 950, 1090]
WRITTEN = [True] * 5 + [False] * 2


def check(found: list[FoundSystem], middles: list[int], written: list[bool], most_off: float = 0.5 * SPACE) -> None:
    """Each staff stands where the box of its system has its staff, and music is told from empty staves."""
    assert [system.has_music for system in found] == written
    pitch = middles[1] - middles[0]
    for system, middle in zip(found, middles, strict=True):
        assert system.box.to_y - 0.43 * pitch == pytest.approx(middle, abs=most_off)
        assert system.box.from_y < middle - 4 * SPACE
        assert 0 < system.confidence <= 1


@pytest.mark.parametrize(
    ("slope", "bend", "noise", "paper", "ink"),
    [
        (0.035, 0.0, 4.0, 235, 70),
        (-0.03, 25.0, 4.0, 235, 70),
        (0.01, -20.0, 8.0, 130, 70),
    ],
)
def test_drawn_staves_are_found(slope: float, bend: float, noise: float, paper: int, ink: int) -> None:
    page = draw_page(MIDDLES, WRITTEN, slope, bend, noise, paper, ink)
    # The box stands where most of its staff does, and a bent one leaves its middle row.
    check(find_systems(page), MIDDLES, WRITTEN, 0.5 * SPACE + abs(bend) / 2)


def test_boxes_end_with_the_lines() -> None:
    for system in find_systems(draw_page(MIDDLES, WRITTEN)):
        assert abs(system.box.from_x - LEFT) < 2 * SPACE
        assert abs(system.box.to_x - RIGHT) < 2 * SPACE


def test_a_staff_whose_ends_are_faint_is_as_long_as_the_others() -> None:
    pixels = np.asarray(draw_page(MIDDLES, WRITTEN)).copy()
    rows = slice(MIDDLES[2] - 4 * SPACE, MIDDLES[2] + 4 * SPACE)
    pixels[rows, : LEFT + 8 * SPACE] = pixels[rows, RIGHT - 8 * SPACE :] = 235
    whole, faint = find_systems(draw_page(MIDDLES, WRITTEN)), find_systems(Image.fromarray(pixels))
    for one, other in zip(whole, faint, strict=True):
        assert abs(one.box.from_x - other.box.from_x) < SPACE
        assert abs(one.box.to_x - other.box.to_x) < SPACE


def test_titles_and_dark_borders_are_no_staves() -> None:
    pixels = np.asarray(draw_page([390, 560, 730], [True, True, False])).copy()
    pixels[:, :40] = 15
    pixels[-60:] = 15
    for x in range(200, 800, 24):
        pixels[80:120, x : x + 5] = 60
        pixels[98:102, x : x + 16] = 60
    check(find_systems(Image.fromarray(pixels)), [390, 560, 730], [True, True, False])


def test_the_size_of_a_page_does_not_matter() -> None:
    page = draw_page(MIDDLES, WRITTEN)
    for scale in (0.5, 2.5):
        found = find_systems(page.resize((round(WIDTH * scale), round(HEIGHT * scale)), Image.Resampling.BICUBIC))
        middles = [round(middle * scale) for middle in MIDDLES]
        assert [system.has_music for system in found] == WRITTEN
        for system, middle in zip(found, middles, strict=True):
            assert system.box.to_y - 0.43 * 140 * scale == pytest.approx(middle, abs=0.5 * SPACE * scale)


def test_a_single_staff_is_found() -> None:
    (system,) = find_systems(draw_page([600], [True]).crop((0, 480, WIDTH, 680)))
    assert system.has_music
    assert system.box.from_y < 120 - 4 * SPACE
    assert 120 + 3 * SPACE < system.box.to_y <= 200


def test_boxes_of_neighbours_overlap_little_and_stay_on_the_page() -> None:
    boxes = [system.box for system in find_systems(draw_page([60, 200, 340, 1370], [True] * 4))]
    assert len(boxes) == 4
    for box in boxes:
        assert 0 <= box.from_x < box.to_x <= WIDTH
        assert 0 <= box.from_y < box.to_y <= HEIGHT
    for upper, lower in pairwise(boxes):
        assert upper.to_y - lower.from_y < SPACE


@pytest.mark.parametrize("size", [(16, 16), (40, 16), (16, 900), (33, 33), (300, 200), (3000, 40), (40, 3000)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_blank_images_have_no_systems(size: tuple[int, int], value: int) -> None:
    assert find_systems(Image.new("L", size, value)) == []


def test_text_and_grain_are_no_systems() -> None:
    rng = np.random.default_rng(3)
    grain = rng.integers(0, 256, (400, 300)).astype(np.uint8)
    assert find_systems(Image.fromarray(grain)) == []
    text = np.full((900, 700), 240, np.uint8)
    for y in range(100, 800, 40):
        for x in range(80, 620, 14):
            text[y : y + int(rng.integers(8, 18)), x : x + int(rng.integers(2, 11))] = 40
    assert not any(system.has_music for system in find_systems(Image.fromarray(text)))


@settings(max_examples=10, deadline=None)
@given(
    st.integers(16, 250), st.integers(16, 250), st.integers(0, 2**32 - 1), st.sampled_from(["grain", "rows", "columns"])
)
def test_any_gray_image_gives_boxes_on_the_page(width: int, height: int, seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    shape = {"grain": (height, width), "rows": (height, 1), "columns": (1, width)}[kind]
    pixels = np.broadcast_to(rng.integers(0, 256, shape), (height, width)).astype(np.uint8)
    boxes = [system.box for system in find_systems(Image.fromarray(pixels))]
    for box in boxes:
        assert 0 <= box.from_x < box.to_x <= width
        assert 0 <= box.from_y < box.to_y <= height


def test_a_page_in_colour_is_refused() -> None:
    with pytest.raises(ValueError, match="read_image"):
        find_systems(Image.new("RGB", (100, 100)))
