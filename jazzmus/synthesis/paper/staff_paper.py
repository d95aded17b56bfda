"""Staff paper: where the staves of a page lie, and their lines, printed or ruled by hand.

Knows no ink, no tone of paper and nothing of which staves will be used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jazzmus.synthesis.paper.noise import normal_tile, tiled
from jazzmus.synthesis.paper.style import PaperStyle, Span

SMALLEST_SPACE = 5.5  # pixels; below it heads and accidentals can no longer be told apart
CLOSEST_PITCH = 8.8
KNOTS = 40  # points along a staff at which the course of a ruled line is drawn


@dataclass(frozen=True)
class StaffLayout:
    """Where the staves of a page lie, in pixels.

    Attributes:
        width: Of the page.
        height: Of the page.
        space: Distance of two staff lines.
        left: x at which the staff lines begin.
        right: x at which they end.
        middles: y of the middle line of every staff, top to bottom.
    """

    width: int
    height: int
    space: float
    left: float
    right: float
    middles: tuple[float, ...]


@dataclass(frozen=True)
class StaffLines:
    """The drawn lines of all staves of a page.

    Attributes:
        coverage: (height, width) uint8, 0 none, 255 black; pale lines are below 255 throughout.
        knots: (K,) float64, the x at which `shifts` is known, in pixels.
        shifts: (staves, K) float64, how much lower than straight each staff runs there, in pixels.
    """

    coverage: NDArray[np.uint8]
    knots: NDArray[np.float64]
    shifts: NDArray[np.float64]

    def shift(self, staff: int, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how much lower than straight a staff runs at each x (pixels), for ink that is to follow it."""
        return np.interp(x, self.knots, self.shifts[staff])


def _uniform(rng: np.random.Generator, span: Span) -> float:
    return float(rng.uniform(*span))


def draw_layout(rng: np.random.Generator, style: PaperStyle, systems: int) -> StaffLayout:
    """Draw a page with at least `systems` staves; usually some remain empty below.

    Raises:
        ValueError: `systems` is below 1.
    """
    if systems < 1:
        raise ValueError(f"{systems} systems: a page has at least one")
    seen = style.strengths(rng)
    width = round(_uniform(rng, style.width))
    space = max(SMALLEST_SPACE, seen.get("large_staves", _uniform(rng, style.staff_space)) * width)
    pitch = _uniform(rng, style.staff_pitch)
    aspect = _uniform(rng, style.aspect)
    margins = rng.uniform((0.05, 0.045), (0.105, 0.12))
    if "short_page" in seen:
        staves = systems + round(seen["short_page"])
        above, below = rng.uniform((8.0, 6.0), (14.0, 9.0))
        height = math.ceil((above + pitch * (staves - 1) + below) * space)
    else:
        height = round(seen.get("odd_page", aspect) * width)
        # Sheets with few staves are printed with wide margins, those with many fill the paper.
        airy = min(1.0, (pitch - CLOSEST_PITCH) / 4.8)
        above = (0.075 + 0.12 * airy + float(rng.uniform(-0.02, 0.03))) * height / space / aspect
        below = (0.085 + 0.07 * airy + float(rng.uniform(-0.02, 0.02))) * height / space / aspect
        free = height / space - above - below
        if "filled_page" in seen:
            # The page was made for this music: the staves are spread over it, as far as looks natural.
            pitch = min(style.staff_pitch[1], max(CLOSEST_PITCH, free / max(1, systems - 1)))
            staves = systems
        else:
            staves = max(systems, int(free // pitch) + 1)
        if staves > 1 and pitch * (staves - 1) > free:
            pitch = max(CLOSEST_PITCH, free / (staves - 1))
        needed = above + pitch * (staves - 1) + below
        # More music than the page holds: smaller staves first, then a longer page.
        space = max(SMALLEST_SPACE, min(space, height / needed))
        height = max(height, math.ceil(needed * space))
    middles = tuple(float((above + pitch * number) * space) for number in range(staves))
    return StaffLayout(width, height, space, margins[0] * width, (1 - margins[1]) * width, middles)


def with_room(layout: StaffLayout, first: float, pitch: float, used: int) -> StaffLayout:
    """Return a layout with more room for its music where that needs it: fewer empty staves, else a longer page.

    Args:
        layout: A page.
        first: Least distance from the upper edge to the first staff's middle, in pixels.
        pitch: Least distance of two staves, middle to middle, in pixels.
        used: Number of staves, from the first one down, that must remain.
    """
    old = layout.middles
    start = max(old[0], first)
    staves = len(old)
    if staves > 1:
        pitch = max(pitch, old[1] - old[0])
        staves = max(used, min(staves, int((old[-1] - start) / pitch + 1 + 1e-6)))
    middles = tuple(start + pitch * number for number in range(staves))
    return replace(layout, height=max(layout.height, math.ceil(middles[-1] + layout.height - old[-1])), middles=middles)


def staff_lines(layout: StaffLayout, rng: np.random.Generator, style: PaperStyle) -> StaffLines:
    """Draw the lines of all staves of a page."""
    seen = style.strengths(rng)
    ruled = seen.get("hand_ruled", 0.0) * layout.space / 10
    tone = seen.get("faint_staves", _uniform(rng, style.staff_tone))
    line_width = float(rng.uniform(0.10, 0.18)) * layout.space
    knots = np.linspace(layout.left, layout.right, KNOTS)
    shifts = np.array([_course(rng, 3.0 * ruled) for _ in layout.middles])
    page = np.zeros((layout.height, layout.width), dtype=np.float32)
    columns = np.arange(layout.width, dtype=np.float64)
    for middle, shift in zip(layout.middles, shifts, strict=True):
        for line in range(-2, 3):
            ends = np.array((layout.left, layout.right)) + rng.normal(0.0, 4.0 * ruled, 2)
            course = middle + line * layout.space + shift + _course(rng, ruled)
            # A straight line needs one column only.
            y = np.interp(columns, knots, course) if ruled else course[:1]
            _add_line(page, y, line_width, ends)
    if "broken_staves" in seen:
        gaps = tiled(rng, page.shape, normal_tile(1.0))
        page *= gaps > np.quantile(gaps[: min(64, layout.height)], seen["broken_staves"])
    if ruled:
        page *= np.clip(0.88 + 0.1 * tiled(rng, page.shape, normal_tile(1.0)), 0.5, 1.0)
    return StaffLines(np.rint(page * (255 * tone)).astype(np.uint8), knots, shifts)


def _course(rng: np.random.Generator, amount: float) -> NDArray[np.float64]:
    """Draw how a hand strays from a ruler: (KNOTS,) with a tilt, slow waves and a deviation near `amount`."""
    if amount == 0:
        return np.zeros(KNOTS)
    walk = np.cumsum(rng.normal(0.0, 1.0, KNOTS))
    walk = np.convolve(np.pad(walk, 3, mode="edge"), np.full(7, 1 / 7), mode="valid")
    walk = walk - walk.mean()
    return amount * walk / max(1e-6, float(walk.std()))


def _add_line(page: NDArray[np.float32], y: NDArray[np.float64], width: float, ends: NDArray[np.float64]) -> None:
    """Add one line: `y` (W,) or (1,) in pixels (continuous, pixel centres at halves); coverage is exact by area."""
    height, page_width = page.shape
    top = max(0, math.floor(y.min() - width - 1))
    bottom = min(height, math.ceil(y.max() + width + 1))
    left, right = (min(page_width, max(0, round(float(end)))) for end in ends)
    if top >= bottom or left >= right:
        return
    rows = np.arange(top, bottom)[:, None] + 0.5
    course = y[left:right] if len(y) > 1 else y
    line = np.clip((width + 1) / 2 - np.abs(rows - course), 0.0, min(1.0, width))
    part = page[top:bottom, left:right]
    np.maximum(part, line, out=part)
