"""Draws simple pages with staves for the tests."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

SPACE, LEFT, RIGHT = 10, 70, 930
WIDTH, HEIGHT = 1000, 1400


def draw_page(
    middles: Sequence[int],
    written: Sequence[bool],
    slope: float = 0.0,
    bend: float = 0.0,
    noise: float = 0.0,
    paper: int = 235,
    ink: int = 70,
    space: int = SPACE,
    seed: int = 0,
) -> Image.Image:
    """A page whose staves have their middle lines at the rows `middles` in its middle column.

    Args:
        middles: Rows.
        written: Whether there is music on each staff.
        slope: Rows to a column.
        bend: Rows by which the middle of a line is lower than its ends.
        noise: Standard deviation of gray levels.
        paper: Gray level.
        ink: Gray level.
        space: Rows between lines.
        seed: Of the music and the noise.
    """
    rng = np.random.default_rng(seed)
    page = np.full((HEIGHT, WIDTH), paper, np.uint8)

    def height(x: float, middle: float, spaces: float) -> int:
        bent = bend * math.sin(math.pi * (x - LEFT) / (RIGHT - LEFT)) - bend
        return round(middle + spaces * space + slope * (x - WIDTH / 2) + bent)

    for middle, has_music in zip(middles, written, strict=True):
        for k in (-2, -1, 0, 1, 2):
            points = [(x, height(x, middle, k)) for x in range(LEFT, RIGHT + 1, 10)]
            cv2.polylines(page, [np.asarray(points, np.int32)], False, ink, 2, cv2.LINE_AA)
        if has_music:
            _write_music(page, lambda x, k, at=middle: (round(x), height(x, at, k)), space, ink, rng)
    noisy = page + rng.normal(0, noise, page.shape) if noise else page
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def _write_music(page: np.ndarray, place, space: int, ink: int, rng: np.random.Generator) -> None:  # type: ignore[no-untyped-def]
    """A sort of clef, notes with stems, four barlines and chord symbols."""
    for k in np.arange(-2.5, 2.5, 0.5):
        cv2.circle(page, place(LEFT + 2 * space, k), space // 2, ink, 2)
    for bar in range(1, 5):
        x = LEFT + bar * (RIGHT - LEFT) / 4 - 2
        cv2.line(page, place(x, -2), place(x, 2), ink, 2)
        cv2.putText(page, "Am7", place(x - 15 * space, -4), cv2.FONT_HERSHEY_SIMPLEX, space / 12, ink, 2)
        for note in range(1, 4):
            at, line = x - note * 5 * space, float(rng.integers(-4, 5)) / 2
            cv2.ellipse(page, place(at, line), (int(0.6 * space), int(0.45 * space)), -20, 0, 360, ink, -1)
            cv2.line(page, place(at + 0.6 * space, line), place(at + 0.6 * space, line - 3), ink, 2)
