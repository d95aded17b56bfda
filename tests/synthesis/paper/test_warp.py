"""The map of a page: forth and back, and never through a box."""

from __future__ import annotations

import numpy as np
import pytest

from jazzmus.dataset.manifest import SystemBox
from jazzmus.synthesis.paper.warp import Margins, PageMap, draw_map, moved_layer

BOXES = (SystemBox(20, 380, 10, 70), SystemBox(5, 395, 100, 190))
STRONG = {"rotation": 4.0, "perspective": 0.05, "curl": 2.0, "crop": 0.3}


def drawn(seed: int, margins: Margins | None = None, **seen: float) -> PageMap:
    rng = np.random.Generator(np.random.PCG64(seed))
    return draw_map(rng, seen, (200, 400), BOXES, margins or Margins(), 10.0)


def test_without_effects_nothing_moves() -> None:
    page_map = drawn(0)
    assert not page_map.moves
    assert [page_map.box(box) for box in BOXES] == list(BOXES)
    layer = np.random.default_rng(0).integers(0, 256, (200, 400), dtype=np.uint8)
    assert np.array_equal(moved_layer(layer, page_map.grid(), (200, 400)), layer)


@pytest.mark.parametrize("seed", range(8))
def test_the_way_back_is_the_way_there(seed: int) -> None:
    page_map = drawn(seed, **STRONG)
    points = np.random.default_rng(seed).uniform((0, 0), (400, 200), (50, 2))
    assert page_map.moves
    np.testing.assert_allclose(page_map.to_source(page_map.to_target(points)), points, atol=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_no_box_is_cut(seed: int) -> None:
    page_map = drawn(seed, **STRONG)
    height, width = page_map.target
    for box in BOXES:
        outline = page_map.outline(box)
        assert outline.min() > -1e-6
        assert (outline <= np.array((width, height)) + 1e-6).all()


def test_a_border_shifts_the_page() -> None:
    page_map = drawn(0, Margins(left=30.0, right=5.0, top=12.0, bottom=0.0))
    assert page_map.target == (212, 435)
    assert page_map.box(BOXES[0]) == SystemBox(50, 410, 22, 82)
    layer = np.random.default_rng(0).integers(0, 256, (200, 400), dtype=np.uint8)
    moved = moved_layer(layer, page_map.grid(), page_map.target)
    assert np.array_equal(moved[12:, 30:430], layer)
    assert not moved[:12].any()
    assert not moved[:, :30].any()


@pytest.mark.parametrize("seed", range(8))
def test_marks_move_with_the_map(seed: int) -> None:
    page_map = drawn(seed, **STRONG)
    for x, y in ((40, 30), (200, 100), (360, 170)):
        layer = np.zeros((200, 400), dtype=np.uint8)
        layer[y - 2 : y + 2, x - 2 : x + 2] = 255
        moved = moved_layer(layer, page_map.grid(), page_map.target).astype(float)
        rows, columns = np.indices(moved.shape) + 0.5
        centre = (np.average(columns, weights=moved), np.average(rows, weights=moved))
        assert centre == pytest.approx(tuple(page_map.to_target(np.array([[x, y]], dtype=float))[0]), abs=0.1)
