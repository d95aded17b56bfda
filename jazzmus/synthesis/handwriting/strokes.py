"""What a pen leaves: strokes and filled shapes, and the small geometry that every sign is drawn with.

Works in staff spaces: x to the right from the left end of a staff, y DOWN from its middle line. It does not know notes,
letters or pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points: TypeAlias = NDArray[np.float64]
STEPS = 6  # points of a smooth curve between two of its control points


class Stroke(NamedTuple):
    """A line drawn by the pen.

    Attributes:
        points: (N, 2) float64, N at least 1 (a single point is a dot), in staff spaces; already smooth.
        width: Width in multiples of the pen's.
    """

    points: Points
    width: float = 1.0


class Shape(NamedTuple):
    """A filled area, such as a letter of a font; where contours overlap, the even-odd rule decides.

    Attributes:
        contours: Closed polygons, each (N, 2) float64 in staff spaces, N at least 3.
        width: Width of the pen that also follows the contours, in multiples of the pen's; 0: none.
    """

    contours: tuple[Points, ...]
    width: float = 0.0


Mark: TypeAlias = Stroke | Shape


@lru_cache(maxsize=64)
def _spline_matrix(controls: int, steps: int) -> Points:
    """Weights (points, controls) of a Catmull-Rom curve through `controls` points, its ends doubled."""
    t = np.arange(steps) / steps
    basis = 0.5 * np.stack(
        [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3], axis=1
    )
    weights = np.zeros(((controls - 1) * steps + 1, controls))
    for segment in range(controls - 1):
        for offset in range(4):
            control = min(max(segment + offset - 1, 0), controls - 1)
            weights[segment * steps : (segment + 1) * steps, control] += basis[:, offset]
    weights[-1, -1] = 1.0
    return weights


def smooth(controls: ArrayLike, steps: int = STEPS) -> Points:
    """Return the Catmull-Rom curve through control points: (N, 2) to ((N - 1) * steps + 1, 2)."""
    points = np.asarray(controls, dtype=np.float64)
    return points if len(points) < 3 else _spline_matrix(len(points), steps) @ points


def wobble(points: Points, amount: float, rng: np.random.Generator) -> Points:
    """Return points moved by normal jitter of standard deviation `amount` (staff spaces)."""
    return points + rng.normal(0.0, amount, points.shape) if amount > 0 else points


def slanted(points: Points, slant: float, baseline: float = 0.0) -> Points:
    """Return points sheared to the right by `slant` (x per unit of height above `baseline`)."""
    moved = points.copy()
    moved[:, 0] += slant * (baseline - points[:, 1])
    return moved


def moved(mark: Mark, dx: float, dy: float) -> Mark:
    """Return a mark shifted by (dx, dy)."""
    shift = np.array((dx, dy))
    if isinstance(mark, Stroke):
        return mark._replace(points=mark.points + shift)
    return mark._replace(contours=tuple(contour + shift for contour in mark.contours))


def scaled(mark: Mark, factor: float) -> Mark:
    """Return a mark `factor` times as large, seen from the origin; the pen's width stays."""
    if isinstance(mark, Stroke):
        return mark._replace(points=mark.points * factor)
    return mark._replace(contours=tuple(contour * factor for contour in mark.contours))


def all_points(marks: Iterable[Mark]) -> Points:
    """Return the points of all marks, (N, 2)."""
    parts: list[Points] = []
    for mark in marks:
        parts.extend([mark.points] if isinstance(mark, Stroke) else mark.contours)
    return np.concatenate(parts) if parts else np.zeros((0, 2))


def extent(marks: Sequence[Mark]) -> tuple[float, float, float, float]:
    """Return (left, top, right, bottom) of marks, pen width not counted.

    Raises:
        ValueError: There is no mark.
    """
    points = all_points(marks)
    left, top = points.min(axis=0)
    right, bottom = points.max(axis=0)
    return float(left), float(top), float(right), float(bottom)
