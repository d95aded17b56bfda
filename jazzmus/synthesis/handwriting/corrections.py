"""What a writer struck out: a wrong note under a scribble, a head written twice.

Knows nothing of what would have been right.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from jazzmus.synthesis.handwriting.heads import draw_head
from jazzmus.synthesis.handwriting.music_hand import MusicHand
from jazzmus.synthesis.handwriting.strokes import Mark, Stroke
from jazzmus.synthesis.handwriting.writing import line, pen_width

ROOM = 4.0  # staff spaces that a crossed-out note needs


def crossed_out_note(spans: Sequence[tuple[float, float]], hand: MusicHand, rng: np.random.Generator) -> list[Mark]:
    """Draw a crossed-out note in one of the free places between spans of x; nothing where none is wide enough."""
    free = [(left, right) for (_, left), (right, _) in pairwise(spans) if right - left >= ROOM]
    if not free:
        return []
    left, right = free[int(rng.integers(len(free)))]
    x, y = float(rng.uniform(left + ROOM / 2, right - ROOM / 2)), float(rng.integers(-4, 5)) / 2
    direction = 1.0 if y < 0 else -1.0
    marks = draw_head("black", x, y, hand, rng)
    marks.append(line((x + 0.3, y), (x + 0.3, y + 2.6 * direction), hand, rng))
    top, bottom = sorted((y - 0.8 * direction, y + 2.4 * direction))
    return [*marks, _scribble(x + 0.1, (top + bottom) / 2, 0.75, (bottom - top) / 2, hand, rng)]


def _scribble(
    x: float, y: float, half_width: float, half_height: float, hand: MusicHand, rng: np.random.Generator
) -> Stroke:
    turns = int(rng.integers(9, 15))
    side = np.where(np.arange(turns) % 2, 1.0, -1.0)
    points = np.stack([x + half_width * side, y + np.linspace(-half_height, half_height, turns) - 0.25 * side], axis=1)
    return Stroke(points + rng.normal(0.0, 0.08 + hand.mess, points.shape), pen_width(hand, rng, 1.1))
