"""What is seen around a page: the desk or the scanner's lid, rings of a notebook, edges of the sheet, dust.

Draws on reflectance: (height, width) uint8, 255 for bare paper. Knows nothing of light and of the camera.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from jazzmus.synthesis.paper.warp import Layer, Margins, spread

SHIFT = 4  # fractional bits of OpenCV's coordinates


def draw_margins(rng: np.random.Generator, seen: Mapping[str, float], width: int) -> Margins:
    """Draw how much is seen around a page, in pixels; rings take their room at the left."""
    # Pages are laid into one corner of a scanner: the left and the upper side show the lid more often.
    border = max(seen.get("black_border", 0.0), seen.get("desk", 0.0)) * width
    sides = border * rng.uniform(0.2, 1.0, 4) * (rng.random(4) < (0.5, 0.2, 0.45, 0.25))
    return Margins(float(sides[0]) + spiral_room(seen, width), *(float(side) for side in sides[1:]))


def spiral_room(seen: Mapping[str, float], width: int) -> float:
    """Return how many pixels at the left of a page its rings take, 0 without rings."""
    return 1.7 * seen.get("spiral", 0.0) * width


def lay_on_desk(
    page: Layer,
    grid: NDArray[np.float32],
    source: tuple[int, int],
    rng: np.random.Generator,
    tone: float,
    rings: float = 0.0,
) -> None:
    """Draw what lies around a page into it.

    Args:
        page: The moved page.
        grid: `PageMap.grid`, places in the source.
        source: (height, width) of the page before it was moved.
        rng: The source of randomness.
        tone: Gray level of the desk or lid.
        rings: Room for rings at the left of the page, in pixels, that is still paper.
    """
    height, width = source
    x, y = grid[:, :, 0], grid[:, :, 1]
    distance = spread(np.minimum(np.minimum(x + rings, width - x), np.minimum(y, height - y)), page.shape)
    outside = distance < 0.5
    below = distance[outside]
    share = np.clip(below + 0.5, 0, 1)
    # The sheet is not quite flat at its edge: what lies near it is a little lighter.
    desk = tone + 4 * rng.standard_normal(len(below)) + 0.25 * np.maximum(below, -60)
    page[outside] = np.clip(share * page[outside] + (1 - share) * desk, 0, 255)


def draw_rings(page: Layer, rng: np.random.Generator, pitch: float, room: float) -> None:
    """Draw the rings of a notebook into the left `room` pixels of a page, `pitch` pixels apart."""
    height = page.shape[0]
    wired = rng.random() < 0.7
    band = room * (float(rng.uniform(0.3, 0.5)) if wired else 0.05)
    hole_from, hole_to = (band + 0.15 * room, 0.85 * room) if wired else (0.1 * room, 0.4 * room)
    hole, dark = float(rng.uniform(0.3, 0.5)) * pitch, int(rng.integers(0, 40))
    _rectangle(page, 0, -5, band, height + 5, dark)
    for centre in np.arange(float(rng.uniform(0, pitch)), height + pitch, pitch):
        left, right = np.array((hole_from, hole_to)) + rng.normal(0, 0.02 * room, 2)
        _rectangle(page, left, centre - hole / 2, right, centre + hole / 2, dark)
        if not wired:
            continue
        for side in (-0.2, 0.2):
            start = (band * float(rng.uniform(0.1, 0.5)), centre + (side - 0.1) * pitch * 0.6)
            end = (right - 0.2 * (right - left), centre + side * hole)
            _wire(page, start, end, 0.11 * pitch, dark, int(rng.integers(190, 256)))


def _fixed(*values: float) -> tuple[int, ...]:
    return tuple(round((value - 0.5) * (1 << SHIFT)) for value in values)


def _rectangle(page: Layer, left: float, top: float, right: float, bottom: float, level: int) -> None:
    corners = np.array([_fixed(*corner) for corner in ((left, top), (right, top), (right, bottom), (left, bottom))])
    cv2.fillConvexPoly(page, corners.astype(np.int32), level, cv2.LINE_AA, SHIFT)


def _wire(
    page: Layer, start: tuple[float, float], end: tuple[float, float], width: float, dark: int, light: int
) -> None:
    first, last = (_fixed(*point) for point in (start, end))
    for level, part in ((dark, 1.0), (light, 0.45)):
        cv2.line(page, first, last, level, max(1, round(width * part)), cv2.LINE_AA, SHIFT)  # type: ignore[call-overload]


def draw_sheet_edges(page: Layer, rng: np.random.Generator, darkness: float) -> None:
    """Draw one to three thin lines along the right, the lower or both sides, where sheets of a stack end."""
    height, width = page.shape
    reach = max(6, round(0.03 * width))
    sides = int(rng.integers(1, 4))
    for bit, part in ((1, page[:, width - reach :]), (2, page[height - reach :].T)):
        if not sides & bit:
            continue
        length, depth = part.shape
        shade = np.zeros((length, depth), dtype=np.uint8)
        for _ in range(int(rng.integers(1, 4))):
            start = float(rng.uniform(0.1, 0.95)) * depth
            slope = float(rng.normal(0, 0.05)) * depth
            level = round(255 * darkness * float(rng.uniform(0.3, 1.0)))
            line = np.array([_fixed(start, 0), _fixed(start + slope, length)], dtype=np.int32)
            cv2.polylines(shade, [line], False, level, int(rng.integers(1, 3)), cv2.LINE_AA, SHIFT)
        part[...] = cv2.multiply(np.ascontiguousarray(part), 255 - shade, scale=1 / 255)


def draw_dust(page: Layer, rng: np.random.Generator, amount: float, space: float) -> None:
    """Draw specks and short hairs; `amount` is their number on a page of 1000 by 1414 pixels."""
    height, width = page.shape
    number = int(rng.poisson(amount * height * width / 1.4e6))
    places = rng.uniform((0, 0), (width, height), (number, 2))
    for x, y in places:
        # Never as large as a dot beside a note.
        size, level = float(rng.uniform(0.02, 0.08)) * space, int(rng.integers(60, 210))
        if rng.random() < 0.8:
            cv2.circle(page, _fixed(x, y), round(size * (1 << SHIFT)), level, -1, cv2.LINE_AA, SHIFT)  # type: ignore[call-overload]
        else:
            hair = np.array((x, y)) + np.cumsum(rng.normal(0, 0.25 * space, (4, 2)), axis=0)
            points = np.array([_fixed(*point) for point in hair], dtype=np.int32)
            cv2.polylines(page, [points], False, level, 1, cv2.LINE_AA, SHIFT)
