"""Where on a system there is ink already.

Knows rectangles only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jazzmus.synthesis.handwriting.strokes import Mark, Points, Stroke

Box = tuple[float, float, float, float]  # left, top, right, bottom in staff spaces, y down


class Occupied:
    """The rectangles around marks.

    Args:
        marks: What is drawn already.
    """

    def __init__(self, marks: Sequence[Mark]) -> None:
        self._boxes = _boxes(marks)

    def add(self, marks: Sequence[Mark]) -> None:
        """Add marks."""
        self._boxes = np.concatenate([self._boxes, _boxes(marks)])

    def add_box(self, box: Box) -> None:
        """Add a rectangle."""
        self._boxes = np.concatenate([self._boxes, np.array([box])])

    def highest(self, left: float, right: float, otherwise: float) -> float:
        """Return the least y of ink between two x; `otherwise` where there is none."""
        over = (self._boxes[:, 0] <= right) & (self._boxes[:, 2] >= left)
        return float(self._boxes[over, 1].min(initial=otherwise))

    def lowest(self, left: float, right: float, otherwise: float) -> float:
        """Return the greatest y of ink between two x; `otherwise` where there is none."""
        over = (self._boxes[:, 0] <= right) & (self._boxes[:, 2] >= left)
        return float(self._boxes[over, 3].max(initial=otherwise))

    def boxes(self) -> list[Box]:
        """Return all rectangles."""
        return [(left, top, right, bottom) for left, top, right, bottom in self._boxes.tolist()]


def _boxes(marks: Sequence[Mark]) -> Points:
    if not marks:
        return np.zeros((0, 4))
    outlines = [mark.points if isinstance(mark, Stroke) else np.concatenate(mark.contours) for mark in marks]
    starts = np.cumsum([0, *(len(outline) for outline in outlines[:-1])])
    points = np.concatenate(outlines)
    least, most = np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)
    return np.concatenate([least, most], axis=1)
