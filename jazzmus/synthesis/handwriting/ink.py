"""The sheet that marks are inked on: strokes and shapes in pixels to coverage.

Knows geometry and pixels only. Neither the tone of ink nor paper is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from jazzmus.synthesis.handwriting.strokes import Mark, Points, Stroke

# The sheet is drawn this much larger without smoothing, and averaged down: four times faster than OpenCV's smooth
# lines, and pens get widths between whole pixels.
SCALE = 3
SHIFT = 4  # fractional bits of OpenCV's coordinates


class InkSheet:
    """A blank layer of ink of one page.

    Args:
        height: Of the page in pixels.
        width: Of the page in pixels.
    """

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self._large = np.zeros((height * SCALE, width * SCALE), dtype=np.uint8)

    def draw(self, marks: Sequence[Mark], place: Callable[[Points], Points], pen: float, darkness: float = 1.0) -> None:
        """Ink marks; where two overlap, the later one's darkness stays.

        Args:
            marks: In any units.
            place: Their points to pixels of the page; takes and gives (N, 2).
            pen: Width of a mark of width 1, in pixels.
            darkness: Coverage of the ink, above 0 to 1.
        """
        if not marks:
            return
        outlines = [[mark.points] if isinstance(mark, Stroke) else mark.contours for mark in marks]
        lengths = np.cumsum([len(outline) for parts in outlines for outline in parts])
        points = place(np.concatenate([outline for parts in outlines for outline in parts]))
        # OpenCV's pixel centres lie on whole numbers.
        fixed = np.rint((points * SCALE - 0.5) * (1 << SHIFT)).astype(np.int32)
        pieces = iter(np.split(fixed, lengths[:-1]))
        level = round(255 * darkness)
        for mark, parts in zip(marks, outlines, strict=True):
            lines = [next(pieces) for _ in parts]
            closed = not isinstance(mark, Stroke)
            if closed:
                cv2.fillPoly(self._large, lines, level, cv2.LINE_8, SHIFT)
            thickness = max(1, round(mark.width * pen * SCALE))
            if not closed and len(lines[0]) == 1:
                # A line without length would not be drawn at all.
                centre = (int(lines[0][0, 0]), int(lines[0][0, 1]))
                cv2.circle(self._large, centre, (thickness << SHIFT) // 2, level, cv2.FILLED, cv2.LINE_8, SHIFT)
            elif mark.width > 0:
                cv2.polylines(self._large, lines, closed, level, thickness, cv2.LINE_8, SHIFT)

    def coverage(self) -> NDArray[np.uint8]:
        """How much of each pixel is inked: (height, width) uint8, 0 none, 255 all."""
        small = cv2.resize(self._large, (self.width, self.height), interpolation=cv2.INTER_AREA)
        return np.asarray(small, dtype=np.uint8)
