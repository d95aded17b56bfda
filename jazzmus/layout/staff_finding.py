"""The systems of a page, found in its pixels: one staff each, with the chord symbols above it.

`find_systems` is for pages whose boxes nobody knows. It needs no weights. Knows nothing of kern, files or the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from jazzmus.dataset.manifest import SystemBox
from jazzmus.layout.line_evidence import line_evidence, scaled
from jazzmus.layout.music_ink import chance_of_music, straightened
from jazzmus.layout.staff_paths import StaffPath, follow_staves

# Where annotators draw boxes, in distances to the next staff (medians of the training pages of JAZZMUS). Chord symbols
# stand above their staff, so that more of the paper between two staves belongs to the lower one; boxes overlap a bit.
ABOVE, BELOW = 0.62, 0.43
# Above the first staff of a page, where ascending notes and chord symbols are not hemmed in by another one.
ABOVE_FIRST = 0.77
# Distance of staves on a page with a single one, in staff spaces, and the most that belongs to one system.
USUAL_PITCH, MOST_PITCH = 12.4, 16.0
# Staff spaces by which evidence reaches beyond the ends of the lines.
BEYOND = 1.4
SMALLEST_SIDE = 32


class FoundSystem(NamedTuple):
    """A staff and what belongs to it.

    Attributes:
        box: Chord symbols and staff, in pixels of the page.
        has_music: Something is written on the staff that looks like music.
        confidence: In [0, 1]; how sure it is that there is a staff and that `has_music` is right.
    """

    box: SystemBox
    has_music: bool
    confidence: float


def find_systems(page: Image.Image) -> list[FoundSystem]:
    """Find the systems of an upright page, empty staves among them.

    Args:
        page: Mode "L".

    Returns:
        From top to bottom; empty where there are no staves.

    Raises:
        ValueError: The image is not of mode "L".
    """
    if page.mode != "L":
        raise ValueError(f"expected a gray page (mode L), got mode {page.mode}; use read_image")
    if min(page.size) < SMALLEST_SIDE:
        return []
    gray = np.asarray(page, np.uint8)
    evidence = line_evidence(gray)
    if evidence is None:
        return []
    staves = follow_staves(evidence)
    working = scaled(gray, evidence.scale)
    chances = [chance_of_music(straightened(working, evidence, staff)) for staff in staves]
    boxes = _boxes(staves, evidence.column_width, evidence.scale, page.size)
    return [
        FoundSystem(box, chance >= 0.5, float(np.clip(staff.score[staff.first : staff.last].mean(), 0, 1)) * sure)
        for box, staff, chance, sure in zip(boxes, staves, chances, (max(c, 1 - c) for c in chances), strict=True)
    ]


def _boxes(staves: Sequence[StaffPath], column_width: float, scale: float, size: tuple[int, int]) -> list[SystemBox]:
    """Boxes of staves in pixels of a page of `size` (width, height)."""
    width, height = size
    middles = [float(np.median(staff.middle[staff.first : staff.last])) for staff in staves]
    spaces = [float(np.mean(staff.space[staff.first : staff.last])) for staff in staves]
    pitches = np.diff(middles)
    usual = float(np.median(pitches)) if len(pitches) else USUAL_PITCH * spaces[0] if spaces else 0.0
    all_sides = [
        (staff.first * column_width + BEYOND * space, staff.last * column_width - BEYOND * space)
        for staff, space in zip(staves, spaces, strict=True)
    ]
    # Where lines are faint a staff seems to begin late or end early; the staves of a page stand one above the other.
    usual_left, usual_right = (float(np.median(ends)) for ends in zip(*all_sides, strict=True)) if staves else (0, 0)
    boxes = []
    for at, (middle, space, (left, right)) in enumerate(zip(middles, spaces, all_sides, strict=True)):
        most = MOST_PITCH * space
        above = ABOVE * min(pitches[at - 1], most) if at else ABOVE_FIRST * min(usual, most)
        below = BELOW * min(pitches[at] if at < len(pitches) else usual, most)
        sides = (min(left, usual_left), max(right, usual_right))
        from_x, to_x = (int(np.clip(round(side / scale), 0, width)) for side in sides)
        from_y, to_y = (int(np.clip(round((row + 0.5) / scale), 0, height)) for row in (middle - above, middle + below))
        boxes.append(SystemBox(from_x=from_x, to_x=to_x, from_y=from_y, to_y=to_y))
    return boxes
