"""Puts ink and staves on paper and under the scanner or camera; boxes move with the page.

Knows in which order the effects of this folder are applied; each of them is written elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from jazzmus.dataset.manifest import SystemBox
from jazzmus.synthesis.paper.camera import expose, process
from jazzmus.synthesis.paper.light import draw_light
from jazzmus.synthesis.paper.noise import normal_tile, smooth_field, tiled
from jazzmus.synthesis.paper.style import PaperStyle
from jazzmus.synthesis.paper.surroundings import (
    draw_dust,
    draw_margins,
    draw_rings,
    draw_sheet_edges,
    lay_on_desk,
    spiral_room,
)
from jazzmus.synthesis.paper.warp import Layer, PageMap, draw_map, ink_shift, moved_layer

LEAST_CONTRAST = 80.0  # gray levels between bare paper and a broad stroke before blur and JPEG, so that 60 remain
DARKEST_PAPER = 130.0  # gray level below which no light or shadow brings the paper


def put_on_paper(
    ink: Layer,
    staves: Layer,
    boxes: Sequence[SystemBox],
    rng: np.random.Generator,
    style: PaperStyle,
    *,
    space: float = 10.0,
) -> tuple[NDArray[np.uint8], tuple[SystemBox, ...]]:
    """Make the picture of a page.

    Args:
        ink: (H, W) uint8 coverage of what is written, 0 none, 255 all.
        staves: (H, W) uint8 coverage of the staff lines.
        boxes: Boxes of the systems in pixels of `ink`.
        rng: The source of randomness; the same state gives the same pixels.
        style: What the page may look like.
        space: Staff space in pixels.

    Returns:
        (H', W') uint8 gray levels, 255 is white, and the boxes in it. The size differs where borders are seen,
        margins are cut or the page is turned; no box is ever cut.
    """
    seen = style.strengths(rng)
    tone = seen.get("photo", seen.get("grey_paper", float(rng.uniform(*style.tone))))
    pen = float(rng.uniform(*style.ink))
    height, width = ink.shape
    page_map = draw_map(rng, seen, (height, width), boxes, draw_margins(rng, seen, width), space)
    paper = min(tone, 255.0)
    light = draw_light(rng, seen, *page_map.target, DARKEST_PAPER / paper)
    if "photo" in seen and "contrast" in seen:
        # More contrast would turn the darker side of the paper black.
        seen = {**seen, "contrast": min(1.0, seen["contrast"])}
    weakest = paper * (1.0 if light is None else float(light.min())) * min(1.0, seen.get("contrast", 1.0))
    grains_left = 1 - 0.6 * seen.get("ink_grain", 0.0)
    depth = min(1.0, max(seen.get("pencil", pen), LEAST_CONTRAST / weakest / grains_left))
    palest = min(depth * grains_left, float(staves.max()) / 255 or 1.0)
    grid = page_map.grid()
    page = _reflectance(ink, staves, page_map, grid, rng, seen, space, depth)
    _surround(page, page_map, grid, rng, seen, space)
    exposed = expose(page, light, tone, rng, seen, space)
    image = process(exposed, paper, palest, rng, seen, space)
    return image, tuple(page_map.box(box) for box in boxes)


def _reflectance(
    ink: Layer,
    staves: Layer,
    page_map: PageMap,
    grid: NDArray[np.float32],
    rng: np.random.Generator,
    seen: Mapping[str, float],
    space: float,
    depth: float,
) -> Layer:
    """Return what the moved page reflects, (H', W') uint8, 255 for bare paper and for what is not paper."""
    size = page_map.target
    below = staves
    if "bleed" in seen:
        other = cv2.GaussianBlur(cv2.flip(ink, 1), (0, 0), 0.12 * space)
        below = cv2.max(below, cv2.convertScaleAbs(other, alpha=seen["bleed"]))
    if page_map.moves:
        below = moved_layer(below, grid, size)
    if seen.keys() & {"fine_shift", "broad_shift"}:
        ink = moved_layer(ink, grid + ink_shift(rng, seen, grid.shape[0], grid.shape[1], space), size)
    elif page_map.moves:
        ink = moved_layer(ink, grid, size)
    written = _textured(ink, rng, seen, space)
    return cv2.multiply(cv2.convertScaleAbs(written, alpha=-depth, beta=255), 255 - below, scale=1 / 255)


def _textured(ink: Layer, rng: np.random.Generator, seen: Mapping[str, float], space: float) -> Layer:
    """Take ink away: in grains, and where the hand presses less."""
    if "ink_grain" not in seen:
        return ink
    most = 255 * seen["ink_grain"]
    grains = 255 - most * np.clip(0.4 + 0.35 * normal_tile(0.8), 0, 1)
    pressure = 255 - 0.4 * most * np.clip(0.5 + 0.5 * smooth_field(rng, ink.shape, cell=4 * space), 0, 1)
    grained = cv2.multiply(ink, tiled(rng, ink.shape, grains.astype(np.uint8)), scale=1 / 255)
    return cv2.multiply(grained, pressure.astype(np.uint8), scale=1 / 255)


def _surround(
    page: Layer,
    page_map: PageMap,
    grid: NDArray[np.float32],
    rng: np.random.Generator,
    seen: Mapping[str, float],
    space: float,
) -> None:
    """Add what lies on and around the page."""
    height, width = page_map.source
    if "sheet_edges" in seen:
        draw_sheet_edges(page, rng, seen["sheet_edges"])
    if "dust" in seen:
        draw_dust(page, rng, seen["dust"], space)
    room = spiral_room(seen, width)
    if room:
        draw_rings(page, rng, seen["spiral"] * width, room)
    if "desk" in seen or "black_border" in seen:
        tone = float(rng.uniform(40, 190)) if "desk" in seen else float(rng.uniform(0, 40))
        lay_on_desk(page, grid, (height, width), rng, tone, room)
