"""Staves as paths across a page: five lines at one distance, followed through slope, bend and perspective.

Knows the evidence for lines, not the pixels; nothing of systems or music.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from jazzmus.layout.line_evidence import Floats, LineEvidence

# Staves of one page may be this much smaller or larger than its usual staff.
STRETCHES = np.geomspace(0.8, 1.25, 9)
# Cost of one row up or down, and of the next stretch, from one column to the next, in units of the comb's score.
BEND_COST, STRETCH_COST = 0.02, 0.1
STEEPEST = 2
# Between the middles of two staves lie at least this many spaces.
LEAST_PITCH = 5.5
MOST_STAVES = 40
# Score of a column above which its lines are there, and least share of the page's columns that have them.
PRESENT, LEAST_SHARE = 0.15, 0.25
# Columns in a row that music may hide.
LONGEST_GAP = 2
# Least mean score of a staff, and least sum of scores beside the clearest staff of the page.
LEAST_SCORE, LEAST_OF_BEST = 0.35, 0.4


class StaffPath(NamedTuple):
    """One staff, in working pixels.

    Attributes:
        middle: (C,) row of its middle line in every column, also beyond its ends.
        space: (C,) distance of its lines.
        score: (C,) evidence of the five lines, about 0 where there is none, 1 at most.
        first: First column of the staff.
        last: Column after its last one.
    """

    middle: Floats
    space: Floats
    score: Floats
    first: int
    last: int


def comb_scores(evidence: LineEvidence) -> Floats:
    """How well five lines stand around each place: (stretches, H, C), at most 1."""
    height = evidence.lines.shape[0]
    rows = np.arange(height, dtype=np.float32)[:, None]
    across = np.repeat(np.arange(evidence.lines.shape[1], dtype=np.float32)[None], height, axis=0)
    scores = []
    for stretch in STRETCHES:
        space = evidence.space * stretch

        def shifted(spaces: float, space: float = space) -> Floats:
            down = np.broadcast_to(rows + np.float32(spaces * space), across.shape)
            moved = cv2.remap(evidence.lines, across, np.ascontiguousarray(down), cv2.INTER_LINEAR)
            return np.asarray(moved, np.float32)

        teeth = [shifted(k) for k in (-2, -1, 0, 1, 2)]
        gaps = [shifted(k + 0.5) for k in range(-3, 3)]
        outside = shifted(-3) + shifted(3)
        scores.append(np.mean(teeth, axis=0) - np.mean(gaps, axis=0) - np.float32(0.1) * outside)
    return np.stack(scores)


def best_path(scores: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The path from the left to the right edge with the largest sum of scores less costs.

    Args:
        scores: (S, H, C).

    Returns:
        Stretch index and row of every column, (C,) each.
    """
    stretches, height, columns = scores.shape
    moves = [
        (ds, dy, STRETCH_COST * abs(ds) + BEND_COST * abs(dy))
        for ds, dy in [(0, dy) for dy in range(-STEEPEST, STEEPEST + 1)] + [(-1, 0), (1, 0)]
    ]
    total = scores[:, :, 0].copy()
    came_from = np.zeros((columns, stretches, height), np.int8)
    padded = np.full((stretches + 2, height + 2 * STEEPEST), -np.inf, np.float32)
    for column in range(1, columns):
        padded[1:-1, STEEPEST:-STEEPEST] = total
        best = np.full_like(total, -np.inf)
        for index, (ds, dy, cost) in enumerate(moves):
            earlier = padded[1 + ds : 1 + ds + stretches, STEEPEST + dy : STEEPEST + dy + height] - np.float32(cost)
            better = earlier > best
            np.copyto(best, earlier, where=better)
            np.copyto(came_from[column], np.int8(index), where=better)
        total = best + scores[:, :, column]
    path = [divmod(int(np.argmax(total)), height)]
    for column in range(columns - 1, 0, -1):
        stretch, row = path[-1]
        ds, dy, _ = moves[came_from[column, stretch, row]]
        path.append((stretch + ds, row + dy))
    at = np.asarray(path[::-1], np.intp)
    return at[:, 0], at[:, 1]


def follow_staves(evidence: LineEvidence) -> list[StaffPath]:
    """All staves of a page from top to bottom, the clearest searched for first."""
    scores = comb_scores(evidence)
    rows = np.arange(scores.shape[1])[:, None]
    found: list[StaffPath] = []
    clearest = 0.0
    while len(found) < MOST_STAVES:
        stretches, middle = best_path(scores)
        space = (evidence.space * STRETCHES[stretches]).astype(np.float32)
        path = trimmed(evidence, middle.astype(np.float32), space)
        score = path.score[path.first : path.last]
        clearest = max(clearest, float(score.sum()))
        if (
            len(score) < LEAST_SHARE * scores.shape[2]
            or score.mean() < LEAST_SCORE
            or score.sum() < LEAST_OF_BEST * clearest
        ):
            break
        found.append(path)
        scores[:, np.abs(rows - path.middle) < LEAST_PITCH * space] = -0.2
    return sorted(found, key=lambda path: float(path.middle[path.first : path.last].mean()))


def trimmed(evidence: LineEvidence, middle: Floats, space: Floats) -> StaffPath:
    """Find where on its path a staff begins and ends: the longest stretch on which at most one line is missing.

    Args:
        evidence: The page.
        middle: (C,) row of the middle line.
        space: (C,) distance of the lines.
    """
    height, across = evidence.lines.shape
    columns = np.arange(across)

    def near(spaces: float, reach: int) -> Floats:
        rows = np.rint(middle + spaces * space).astype(np.intp)
        around = [evidence.lines[np.clip(rows + k, 0, height - 1), columns] for k in range(-reach, reach + 1)]
        return np.asarray(np.max(around, axis=0))

    teeth = np.sort([near(k, 1) for k in (-2, -1, 0, 1, 2)], axis=0)
    score = teeth[1] - np.mean([near(k + 0.5, 0) for k in range(-3, 3)], axis=0)
    present = (cv2.blur(score[None], (3, 1))[0] > PRESENT).astype(np.uint8)
    closed = cv2.morphologyEx(present[None], cv2.MORPH_CLOSE, np.ones((1, LONGEST_GAP + 1), np.uint8))[0]
    edges = np.flatnonzero(np.diff(closed, prepend=0, append=0))
    runs = [(int(last - first), int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]
    _, first, last = max(runs, default=(0, 0, 0))
    return StaffPath(middle, space, score.astype(np.float32), first, last)
