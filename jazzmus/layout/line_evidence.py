"""How much each place of a page looks like a staff line, and how far the lines of a staff lie apart.

Knows nothing of staves, systems or music: it sees thin dark strokes that run across, and their distances.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# Pixels between staff lines at which staves are followed: enough for gaps to show, no more, for speed.
WORKING_SPACE = 8.0
# A line is averaged over this share of a staff space along the page before it is compared with others.
COLUMN_SPACES = 1.5
LEAST_SPACE, MOST_SPACE = 4.0, 60.0
# Longest side at which the distance of lines is measured, and the thickest line there.
FIRST_SIDE, FIRST_THICKNESS, WORKING_THICKNESS = 1600, 4, 3
MOST_ENLARGED = 4.0
# Gray levels below which a stroke may be noise of camera or paper.
NOISE_FLOOR = 4.0


class LineEvidence(NamedTuple):
    """A page as seen for its staff lines.

    Attributes:
        lines: (H, C) float32 in [0, 1]; one column stands for `column_width` working pixels.
        space: Distance of neighbouring staff lines in working pixels, about `WORKING_SPACE`.
        scale: Working pixels to one pixel of the page.
        column_width: Working pixels to one column.
    """

    lines: Floats
    space: float
    scale: float
    column_width: float


def thin_lines(gray: NDArray[np.uint8], thickness: int) -> Floats:
    """Dark strokes of at most `thickness` rows, in [0, 1] of what is usual around them; same shape as `gray`."""
    kernel = np.ones((2 * (thickness // 2) + 3, 1), np.uint8)
    darker = cv2.morphologyEx(gray, cv2.MORPH_BLACKHAT, kernel, borderType=cv2.BORDER_REPLICATE).astype(np.float32)
    # Only what goes on sideways: dots, stems and grain do not.
    along = cv2.blur(darker, (4 * thickness + 1, 1), borderType=cv2.BORDER_REPLICATE)
    reach = (64 * thickness + 1, 32 * thickness + 1)
    # A running sum of squares may fall a hair below nothing.
    usual = np.sqrt(np.maximum(cv2.blur(along * along, reach, borderType=cv2.BORDER_REPLICATE), 0.0))
    return np.minimum(along / (2.0 * usual + NOISE_FLOOR), 1.0)


def space_of(lines: Floats) -> float | None:
    """Distance of neighbouring staff lines in rows of `lines`; None where nothing repeats.

    Args:
        lines: (H, C) evidence.
    """
    height = lines.shape[0]
    longest = int(min(MOST_SPACE * 4.5, height - 1))
    if longest < 4.5 * LEAST_SPACE:
        return None
    centred = lines - cv2.blur(lines, (1, 2 * int(MOST_SPACE) + 1), borderType=cv2.BORDER_REPLICATE)
    size = cv2.getOptimalDFTSize(2 * height)
    spectrum = np.abs(np.fft.rfft(centred, size, axis=0)) ** 2
    likeness = np.fft.irfft(spectrum.sum(axis=1), size)[: longest + 1]
    if likeness[0] <= 0:
        return None
    likeness /= likeness[0]
    spaces = np.arange(LEAST_SPACE, longest / 4.5, 0.05)
    rows = np.arange(longest + 1)
    at = [np.interp(spaces * k, rows, likeness) for k in (1, 2, 3, 4)]
    between = [np.interp(spaces * (k - 0.5), rows, likeness) for k in (1, 2, 3, 4)]
    # Of five lines 4 pairs are one space apart, 3 two, 2 three and 1 four.
    strength = sum(np.asarray([0.4, 0.3, 0.2, 0.1])[:, None] * (np.asarray(at) - np.asarray(between)))
    best = int(np.argmax(strength))
    return float(spaces[best]) if strength[best] > 0.02 else None


def line_evidence(gray: NDArray[np.uint8]) -> LineEvidence | None:
    """Look for staff lines on a page.

    Args:
        gray: (H, W) page, 0 = black.

    Returns:
        None where nothing on the page is spaced as staff lines are.
    """
    first = min(FIRST_SIDE / max(gray.shape), MOST_ENLARGED)
    rough = _columns(thin_lines(scaled(gray, first), FIRST_THICKNESS), COLUMN_SPACES * WORKING_SPACE)
    space = space_of(rough)
    if space is None:
        return None
    scale = first * WORKING_SPACE / space
    lines = thin_lines(scaled(gray, scale), WORKING_THICKNESS)
    columns = _columns(lines, COLUMN_SPACES * WORKING_SPACE)
    return LineEvidence(columns, WORKING_SPACE, scale, lines.shape[1] / columns.shape[1])


def scaled(gray: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """The page enlarged or reduced by a factor; at least one pixel each way."""
    height, width = gray.shape
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(gray, size, interpolation=method), np.uint8)


def _columns(lines: Floats, width: float) -> Floats:
    height, across = lines.shape
    size = (max(1, round(across / width)), height)
    return np.asarray(cv2.resize(lines, size, interpolation=cv2.INTER_AREA), np.float32)
