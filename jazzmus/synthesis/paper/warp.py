"""One map for all that moves a page: rotation, perspective, curl, crop and borders; for pixels and for boxes.

Knows geometry only. Every step is composed into the place in the source of each pixel of the result, so that a layer is
interpolated once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from jazzmus.dataset.manifest import SystemBox
from jazzmus.synthesis.paper.noise import smooth_field

STEP = 8  # pixels between the places at which the map is computed
Points: TypeAlias = NDArray[np.float64]
Layer: TypeAlias = NDArray[Any]  # uint8; OpenCV's stubs do not say what its functions return


@dataclass(frozen=True)
class Margins:
    """What is added to (or, below 0, cut from) each side of a page, in pixels."""

    left: float = 0.0
    right: float = 0.0
    top: float = 0.0
    bottom: float = 0.0


@dataclass(frozen=True)
class PageMap:
    """Where each pixel of the result lies in the source.

    Attributes:
        source: (height, width) of the source in pixels.
        target: (height, width) of the result in pixels.
        matrix: (3, 3) float64 homography from the uncurled source to the result.
        curl: How far down the page is shifted at its spine, in pixels; 0 for a flat page.
        spine: -1 for a spine at the left, 1 for one at the right.
    """

    source: tuple[int, int]
    target: tuple[int, int]
    matrix: Points
    curl: float = 0.0
    spine: int = -1

    @property
    def moves(self) -> bool:
        """Whether the result differs from the source."""
        return self.source != self.target or self.curl != 0 or not np.array_equal(self.matrix, np.eye(3))

    def _curl(self, x: Points) -> Points:
        distance = x if self.spine < 0 else self.source[1] - x
        return self.curl * np.exp(-np.maximum(distance, -50.0) / (0.12 * self.source[1]))

    def to_target(self, points: Points) -> Points:
        """Return where points (N, 2) of the source lie in the result; x, y in pixels, edges at whole numbers."""
        lowered = points + np.stack([np.zeros(len(points)), self._curl(points[:, 0])], axis=1)
        return _apply(self.matrix, lowered)

    def to_source(self, points: Points) -> Points:
        """Return where points (N, 2) of the result lie in the source."""
        flat = _apply(np.asarray(np.linalg.inv(self.matrix), dtype=np.float64), points)
        flat[:, 1] -= self._curl(flat[:, 0])
        return flat

    def grid(self) -> NDArray[np.float32]:
        """Return (rows, columns, 2) float32: x, y in the source at the middles of cells of 8 by 8 pixels.

        One more ring of cells lies around the result, for `spread`.
        """
        rows, columns = (-(-size // STEP) + 2 for size in self.target)
        y, x = np.mgrid[0:rows, 0:columns].astype(np.float64)
        points = np.stack([(x.ravel() - 0.5) * STEP, (y.ravel() - 0.5) * STEP], axis=1)
        return self.to_source(points).reshape(rows, columns, 2).astype(np.float32)

    def outline(self, box: SystemBox) -> Points:
        """Return what the upper and lower side of a box become, (18, 2) in the result; nothing is clipped."""
        x = np.linspace(box.from_x, box.to_x, 9)
        sides = [np.stack([x, np.full(9, float(y))], axis=1) for y in (box.from_y, box.to_y)]
        return self.to_target(np.concatenate(sides))

    def box(self, box: SystemBox) -> SystemBox:
        """Return the upright rectangle around what a box becomes, clipped to the result."""
        warped = self.outline(box)
        height, width = self.target
        # Rounding errors of the matrix must not make a box one pixel larger.
        left, top = np.floor(warped.min(axis=0) + 1e-6)
        right, bottom = np.ceil(warped.max(axis=0) - 1e-6)
        return SystemBox(max(0, int(left)), min(width, int(right)), max(0, int(top)), min(height, int(bottom)))


def _apply(matrix: Points, points: Points) -> Points:
    mapped = points @ matrix[:, :2].T + matrix[:, 2]
    return mapped[:, :2] / mapped[:, 2:]


def draw_map(
    rng: np.random.Generator,
    seen: Mapping[str, float],
    source: tuple[int, int],
    boxes: Sequence[SystemBox],
    margins: Margins,
    space: float,
) -> PageMap:
    """Draw how a page lies under the scanner or camera.

    Args:
        rng: The source of randomness.
        seen: Strengths by effect; rotation, perspective, curl and crop are read.
        source: (height, width) of the page in pixels.
        boxes: What must stay in the picture as a whole.
        margins: Borders that are seen around the page.
        space: Staff space in pixels.
    """
    height, width = source
    angle = math.radians(seen.get("rotation", 0.0)) * (1 if rng.random() < 0.5 else -1)
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float64)
    centre = np.array((width / 2, height / 2))
    turn = np.array([(math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))])
    moved = (corners - centre) @ turn + centre
    # A low strip would be squeezed to nothing by corners that move as on a page.
    reach = seen.get("perspective", 0.0) * min(width, height)
    moved += rng.uniform(-reach, reach, (4, 2))
    matrix = np.asarray(
        cv2.getPerspectiveTransform(corners.astype(np.float32), moved.astype(np.float32)), dtype=np.float64
    )
    curl = seen.get("curl", 0.0) * space * (1 if rng.random() < 0.5 else -1)
    flat = PageMap(source, source, matrix, curl, -1 if rng.random() < 0.7 else 1)
    cut = rng.uniform(0.0, 1.0, 4) * seen.get("crop", 0.0) * width
    if not (angle or reach or curl):
        flat = PageMap(source, source, np.eye(3))
    left, right = cut[0] - margins.left, width - cut[1] + margins.right
    top, bottom = min(cut[2], 0.2 * height) - margins.top, height - min(cut[3], 0.2 * height) + margins.bottom
    for box in boxes:
        around = flat.outline(box)
        (least_x, least_y), (most_x, most_y) = around.min(axis=0), around.max(axis=0)
        left, right = min(left, least_x), max(right, most_x)
        top, bottom = min(top, least_y), max(bottom, most_y)
    left, top = math.floor(left + 1e-6), math.floor(top + 1e-6)
    target = (math.ceil(bottom - 1e-6) - top, math.ceil(right - 1e-6) - left)
    shift = np.array([(1, 0, -left), (0, 1, -top), (0, 0, 1)], dtype=np.float64)
    return PageMap(source, target, shift @ flat.matrix, flat.curl, flat.spine)


def ink_shift(
    rng: np.random.Generator, seen: Mapping[str, float], rows: int, columns: int, space: float
) -> NDArray[np.float32]:
    """Draw how the ink alone strays, (rows, columns, 2) float32 in pixels on the grid of `PageMap.grid`."""
    shift = np.zeros((rows, columns, 2), dtype=np.float32)
    for axis in range(2):
        fine = rng.standard_normal((rows, columns)).astype(np.float32)
        broad = smooth_field(rng, (rows, columns), 6 * space / STEP)
        shift[:, :, axis] = space * (seen.get("fine_shift", 0.0) * fine + seen.get("broad_shift", 0.0) * broad)
    return shift


def spread(grid: NDArray[np.float32], size: tuple[int, int]) -> NDArray[Any]:
    """Return the float32 values of a grid at every pixel, (height, width) and the grid's channels."""
    rows, columns = grid.shape[:2]
    full = cv2.resize(grid, (columns * STEP, rows * STEP), interpolation=cv2.INTER_LINEAR)
    return full[STEP : STEP + size[0], STEP : STEP + size[1]]


def moved_layer(layer: Layer, grid: NDArray[np.float32], size: tuple[int, int]) -> Layer:
    """Return a layer seen through a map: (height, width) uint8; outside of the layer there is 0."""
    # OpenCV's pixel centres lie on whole numbers, ours at halves.
    places = spread(grid - np.float32(0.5), size)
    return cv2.remap(layer, places, None, cv2.INTER_LINEAR)  # type: ignore[call-overload, no-any-return]
