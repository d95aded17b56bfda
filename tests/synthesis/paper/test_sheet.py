"""Whole pages: boxes fit, ink stays readable, and a seed gives the same pixels everywhere."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jazzmus.dataset.manifest import SystemBox
from jazzmus.synthesis.paper.sheet import put_on_paper
from jazzmus.synthesis.paper.staff_paper import draw_layout, staff_lines
from jazzmus.synthesis.paper.style import PaperStyle

ROOT = Path(__file__).resolve().parents[3]
CLEAN = PaperStyle.clean()
SIZE = (300, 420)
BOXES = (SystemBox(30, 390, 20, 110), SystemBox(30, 390, 160, 260))
GEOMETRY = {"rotation": (1.0, 2, 3), "perspective": (1.0, 0.02, 0.04), "curl": (1.0, 1, 2), "crop": (1.0, 0.1, 0.2)}


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def whole_page(seed: int) -> tuple[np.ndarray, tuple[SystemBox, ...]]:
    """A page of everything this folder does, with a grid of bars as ink."""
    rng, style = generator(seed), replace(PaperStyle(), width=(400, 400), staff_space=(0.02, 0.03))
    layout = draw_layout(rng, style, 3)
    ink = np.zeros((layout.height, layout.width), dtype=np.uint8)
    ink[::20, 40:360] = 255
    boxes = tuple(SystemBox(40, 360, max(0, round(y) - 25), round(y) + 25) for y in layout.middles[:3])
    return put_on_paper(ink, staff_lines(layout, rng, style).coverage, boxes, rng, style, space=layout.space)


def digest(seeds: range) -> str:
    return hashlib.sha256(b"".join(whole_page(seed)[0].tobytes() for seed in seeds)).hexdigest()


def test_the_same_seed_gives_the_same_pixels_in_another_process() -> None:
    code = "from tests.synthesis.paper.test_sheet import digest; print(digest(range(6)))"
    other = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == digest(range(6))


def test_pages_of_two_seeds_differ() -> None:
    assert digest(range(1)) != digest(range(1, 2))


def test_the_clean_style_gives_tones_only() -> None:
    ink, staves = np.zeros((2, *SIZE), dtype=np.uint8)
    ink[50:60, 50:60], staves[100, :] = 255, 128
    page, boxes = put_on_paper(ink, staves, BOXES, generator(0), replace(CLEAN, tone=(240, 240), ink=(0.9, 0.9)))
    assert page.shape == SIZE
    assert page.dtype == np.uint8
    assert boxes == BOXES
    assert page[0, 0] == 240
    assert page[55, 55] == pytest.approx(24, abs=1)
    assert page[100, 5] == pytest.approx(120, abs=1)
    assert len(np.unique(page)) == 3


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("photo", [0.0, 1.0])
def test_boxes_move_with_what_they_hold(seed: int, photo: float) -> None:
    ink = np.zeros(SIZE, dtype=np.uint8)
    for box in BOXES:
        for y in (box.from_y, box.to_y - 3):
            ink[y : y + 3, box.from_x : box.to_x] = 255
    style = replace(CLEAN, **GEOMETRY, photo=(photo, 200, 200), desk=(1.0, 0.02, 0.05))
    page, boxes = put_on_paper(ink, np.zeros_like(ink), BOXES, generator(seed), style)
    for box in boxes:
        assert 0 <= box.from_x < box.to_x <= page.shape[1]
        assert 0 <= box.from_y < box.to_y <= page.shape[0]
        inside = page[box.from_y : box.to_y, box.from_x : box.to_x]
        rows, columns = np.nonzero(inside < 140)
        margins = (rows.min(), columns.min(), inside.shape[0] - 1 - rows.max(), inside.shape[1] - 1 - columns.max())
        assert max(margins) <= 2
        # Both sides are in it as a whole, three pixels thick.
        assert len(rows) >= 2 * 2.4 * (columns.max() - columns.min())


def _contrast(seed: int, style: PaperStyle) -> float:
    """Least distance of gray levels between bars of three pixels and the paper beside them, in the middle half."""
    ink = np.zeros(SIZE, dtype=np.uint8)
    for x in range(60, 380, 40):
        ink[30:250, x : x + 3] = 255
    page, boxes = put_on_paper(ink, np.zeros_like(ink), (SystemBox(40, 390, 30, 250),), generator(seed), style)
    (box,) = boxes
    part = page[box.from_y : box.to_y, box.from_x : box.to_x].astype(float)
    middle = part[part.shape[0] // 4 : -part.shape[0] // 4]
    blocks = np.array_split(middle, 6, axis=0)
    return min(float(np.percentile(block, 50) - np.percentile(block.mean(axis=0), 2)) for block in blocks)


@pytest.mark.parametrize("photo", [0.0, 1.0])
def test_ink_stays_readable(photo: float) -> None:
    style = replace(
        PaperStyle(), photo=(photo, 130, 255), pencil=(0.8, 0.3, 0.6), rotation=(0.0, 0, 0), perspective=(0.0, 0, 0),
        gradient=(1.0, 0.3, 0.5), shadow=(1.0, 0.3, 0.5), blur=(0.5, 0.3, 0.9), low_resolution=(0.5, 0.3, 0.9),
    )  # fmt: skip
    assert min(_contrast(seed, style) for seed in range(60)) > 55


def test_low_resolution_leaves_small_staves_alone() -> None:
    ink = np.zeros(SIZE, dtype=np.uint8)
    ink[::7, ::3] = 255
    style = replace(CLEAN, low_resolution=(1.0, 0.3, 0.3))
    pages = [put_on_paper(ink, 0 * ink, BOXES, generator(0), style, space=space)[0] for space in (5.5, 20.0)]
    assert np.array_equal(pages[0], put_on_paper(ink, 0 * ink, BOXES, generator(0), CLEAN)[0])
    assert not np.array_equal(pages[1], pages[0])


def test_black_and_white_keeps_pale_staves() -> None:
    staves = np.zeros(SIZE, dtype=np.uint8)
    staves[::20] = 100
    style = replace(CLEAN, threshold=(1.0, 0.3, 0.8))
    for seed in range(10):
        page, _ = put_on_paper(0 * staves, staves, BOXES, generator(seed), style)
        assert set(np.unique(page)) == {0, 255}
        assert (page[::20] == 0).all()
        assert (page[1::20] == 255).all()


def test_ink_strays_and_staves_do_not() -> None:
    ink, staves = np.zeros((2, *SIZE), dtype=np.uint8)
    ink[:, 100:103] = staves[:, 200:203] = 255
    style = replace(CLEAN, fine_shift=(1.0, 0.05, 0.05), broad_shift=(1.0, 0.2, 0.2))
    page, boxes = put_on_paper(ink, staves, BOXES, generator(1), style)
    assert boxes == BOXES
    assert len(np.unique(page[:, 201])) == 1
    assert page[0, 201] < 60
    assert page[0, 199] > 200
    assert len(np.unique(page[:, 100])) > 20


@pytest.mark.parametrize("seed", range(6))
def test_surroundings_leave_the_boxes_alone(seed: int) -> None:
    style = replace(CLEAN, spiral=(1.0, 0.04, 0.1), black_border=(1.0, 0.05, 0.2), tone=(255, 255))
    blank = np.zeros(SIZE, dtype=np.uint8)
    page, boxes = put_on_paper(blank, blank, BOXES, generator(seed), style)
    assert page.shape[1] > SIZE[1]
    assert page.min() < 60
    for box in boxes:
        assert (box.to_x - box.from_x, box.to_y - box.from_y) in ((360, 90), (360, 100))
        assert (page[box.from_y : box.to_y, box.from_x : box.to_x] == 255).all()


@pytest.mark.parametrize("size", [(120, 800), (120, 300), (1414, 500)])
def test_strips_and_odd_sizes_work(size: tuple[int, int]) -> None:
    ink = np.zeros(size, dtype=np.uint8)
    ink[size[0] // 2] = 255
    box = SystemBox(0, size[1], 0, size[0])
    everything = {name: (1.0, *values[1:]) for name, values in vars(PaperStyle()).items() if len(values) == 3}
    for photo in (0.0, 1.0):
        style = PaperStyle(**{**everything, "photo": (photo, 150, 200)})
        page, boxes = put_on_paper(ink, ink // 2, (box,), generator(5), style)
        assert page.dtype == np.uint8
        assert page.ndim == 2
        assert boxes[0].to_x <= page.shape[1]
        assert boxes[0].to_y <= page.shape[0]
        assert boxes[0].to_y - boxes[0].from_y >= 0.9 * size[0]
