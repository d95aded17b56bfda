"""Whether there is music on a staff, from the ink between its lines. Knows one staff and no page around it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from jazzmus.layout.line_evidence import WORKING_SPACE, Floats, LineEvidence
from jazzmus.layout.staff_paths import StaffPath

# Rows of a straightened staff above and below its middle line, in spaces.
REACH = 3
ROWS_PER_SPACE = int(WORKING_SPACE)
# Ink is darker than this share of the staff's own lines, and than this many gray levels.
INK_OF_LINES, LEAST_INK = 0.25, 8.0
# Spaces from the beginning of a staff at which a clef ends, and first notes; parts into which a staff is divided.
CLEF_SPACES, OPENING_SPACES, PARTS = 5, 18, 16
# Logistic regression on the 2017 staves of the handwritten training pages: share of the staff with ink in a gap (root),
# strokes through all gaps (logarithm), share of parts with ink, share of the clef's place and of the opening (roots).
WEIGHTS = (-15.6, 2.32, 9.92, 4.16, 6.80)
BIAS = -5.58
# A staff with ink on more of its length than this is crossed out, or in a shadow.
MOST_INKED = 0.75


def straightened(page: NDArray[np.uint8], evidence: LineEvidence, path: StaffPath) -> NDArray[np.uint8]:
    """A staff with straight level lines, `ROWS_PER_SPACE` apart, the middle one in the middle row.

    Args:
        page: (H, W) at the working scale of `evidence`.
        evidence: Of the page.
        path: The staff.
    """
    across = np.arange(round(path.first * evidence.column_width), round(path.last * evidence.column_width))
    centres = (np.arange(len(path.middle)) + 0.5) * evidence.column_width - 0.5
    middle, space = (np.interp(across, centres, _smooth(values)) for values in (path.middle, path.space))
    rows = np.arange(-REACH * ROWS_PER_SPACE, REACH * ROWS_PER_SPACE + 1)[:, None] / ROWS_PER_SPACE
    down = (middle + rows * space).astype(np.float32)
    sideways = np.broadcast_to(across.astype(np.float32), down.shape)
    return np.asarray(
        cv2.remap(page, np.ascontiguousarray(sideways), down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )


def ink_in_gaps(staff: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where something is written in each of the four gaps of a straightened staff: (4, W)."""
    pixels = staff.astype(np.float32)
    paper = cv2.blur(np.percentile(pixels, 80, axis=0).astype(np.float32)[None], (8 * ROWS_PER_SPACE + 1, 1))
    darker = paper - pixels
    lines = [_row(k) for k in (-2, -1, 0, 1, 2)]
    limit = max(INK_OF_LINES * float(np.median(darker[lines])), LEAST_INK)
    # In all of the middle rows of a gap, so that neither a neighbouring line nor a speck counts.
    middles = np.stack([darker[_row(k + 0.5) - 1 : _row(k + 0.5) + 2].min(axis=0) for k in range(-2, 2)])
    return np.asarray(middles > limit)


def ink_features(staff: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What tells music from titles, empty staves and clefs that nothing follows: the 5 numbers of `WEIGHTS`.

    Args:
        staff: A straightened staff, at least `PARTS` pixels wide.
    """
    gaps = ink_in_gaps(staff)
    inked = np.asarray(gaps.any(axis=0))
    through = cv2.dilate(gaps.astype(np.uint8), np.ones((1, 5), np.uint8)).min(axis=0)
    strokes = int((np.diff(through, prepend=0) == 1).sum())
    covered = np.mean([part.mean() > 0.02 for part in np.array_split(inked, PARTS)])
    clef_end, opening_end = (spaces * ROWS_PER_SPACE for spaces in (CLEF_SPACES, OPENING_SPACES))
    clef, opening = inked[:clef_end].mean(), inked[clef_end:opening_end].mean() if inked.size > clef_end else 0.0
    return np.asarray([np.sqrt(inked.mean()), np.log1p(strokes), covered, np.sqrt(clef), np.sqrt(opening)])


def chance_of_music(staff: NDArray[np.uint8]) -> float:
    """Probability in [0, 1] that there is music on a straightened staff."""
    if staff.shape[1] < PARTS:
        return 0.0
    features = ink_features(staff)
    if features[0] ** 2 > MOST_INKED:
        return 0.0
    score = float(features @ np.asarray(WEIGHTS)) + BIAS
    return float(1.0 / (1.0 + np.exp(-score)))


def _row(spaces: float) -> int:
    return round((REACH + spaces) * ROWS_PER_SPACE)


def _smooth(values: Floats) -> Floats:
    return np.asarray(cv2.blur(values[None], (9, 1), borderType=cv2.BORDER_REPLICATE)[0], np.float32)
