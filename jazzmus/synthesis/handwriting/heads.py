"""Note heads: blobs, slashes, dots and rings, each on its line or in its space.

Knows single heads only; stems and dots of prolongation are drawn elsewhere.
"""

from __future__ import annotations

import numpy as np

from jazzmus.synthesis.handwriting.glyphs import glyph
from jazzmus.synthesis.handwriting.music_hand import MusicHand
from jazzmus.synthesis.handwriting.strokes import Mark, Points, Shape, Stroke, extent, moved, smooth
from jazzmus.synthesis.handwriting.writing import pen_width, write

MOST_MISS = 0.2  # a head further off its place than this could be read a step higher or lower
GRACE_SIZE = 0.65
LEAST_SLASH = 0.17  # width of a slash in staff spaces, relative to that in pens; a fine pen goes over it again

# Half width and half height of a head of size 1, and how far its right end is turned up (radians).
BLACK_FORMS = {
    "blob": (0.42, 0.36, 0.3),
    "oval": (0.56, 0.34, 0.4),
    "slash": (0.36, 0.42, 0.0),
    "thick_slash": (0.36, 0.38, 0.0),
    "dot": (0.27, 0.25, 0.0),
    "dash": (0.48, 0.16, 0.0),
    "tick": (0.4, 0.3, 0.0),
    "scribble": (0.48, 0.38, 0.2),
    "big": (0.6, 0.46, 0.25),
}
OPEN_FORMS = {
    "round": (0.45, 0.42, 0.0),
    "oval": (0.58, 0.38, 0.45),
    "unclosed": (0.5, 0.42, 0.2),
    "two_strokes": (0.5, 0.42, 0.1),
    "loop": (0.48, 0.4, 0.3),
}
# Angles from which to which the ring of an open head runs, in turns; 0 is its right end, 0.25 its lowest point.
RING_STROKES = {
    "round": ((0.72, 1.78),),
    "oval": ((0.6, 1.66),),
    "unclosed": ((0.85, 1.72),),
    "two_strokes": ((0.7, 1.25), (0.22, 0.78)),
    "loop": ((0.5, 1.75),),
}
SLASHES = {
    "slash": (glyph("-0.36,0.42 0.36,-0.42"), 1.5),
    "thick_slash": (glyph("-0.34,0.36 0.34,-0.38 0.34,-0.3 -0.28,0.4 -0.2,0.3 0.36,-0.3"), 1.6),
    "dash": (glyph("-0.48,0.12 0,0 0.48,-0.12"), 1.9),
    "tick": (glyph("-0.38,-0.12 -0.1,0.3 -0.1,0.3 0.42,-0.3"), 1.5),
}
CROSS = glyph("-0.42,-0.42 0.42,0.42", "0.42,-0.42 -0.42,0.42")
_TURN = 2 * np.pi


def head_form(what: str, hand: MusicHand) -> tuple[float, float, float]:
    """Return half width, half height (staff spaces) and turn (radians) of this writer's heads of a kind."""
    if what == "x":
        return 0.42, 0.42, 0.0
    if what in ("half", "whole"):
        wide, high, turn = OPEN_FORMS[hand.open_head]
        # The pen must leave a hole.
        wide, high = (max(length * hand.head_size, 0.5 * hand.pen + 0.24) for length in (wide, high))
        return (1.25 * wide, 1.05 * high, 0.5 * turn) if what == "whole" else (wide, min(high, 0.55), turn)
    wide, high, turn = BLACK_FORMS[hand.black_head]
    size = hand.head_size * (GRACE_SIZE if what == "grace" else 1.0)
    return wide * size, high * size, turn


def draw_head(what: str, x: float, y: float, hand: MusicHand, rng: np.random.Generator) -> list[Mark]:
    """Draw a head of a kind (`whole`, `half`, `black`, `x` or `grace`) around (x, y).

    The middle of its height is off by `hand.head_miss`, but by no more than `MOST_MISS`.
    """
    marks = _drawn(what, x, y, hand, rng)
    _, top, _, bottom = extent(marks)
    off = (top + bottom) / 2 - y
    wanted = float(np.clip(off + hand.head_miss * rng.standard_normal(), -MOST_MISS, MOST_MISS))
    return [moved(mark, 0.0, wanted - off) for mark in marks]


def _drawn(what: str, x: float, y: float, hand: MusicHand, rng: np.random.Generator) -> list[Mark]:
    wide, high, turn = head_form(what, hand)
    if what == "x":
        return [*write(CROSS, x, y, 1.0, hand, rng)]
    if what in ("half", "whole"):
        return [_ring(arc, x, y, wide, high, turn, hand, rng) for arc in RING_STROKES[hand.open_head]]
    if hand.black_head in SLASHES:
        form, width = SLASHES[hand.black_head]
        size = hand.head_size * (GRACE_SIZE if what == "grace" else 1.0)
        return [*write(form, x, y, size, hand, rng, max(width, LEAST_SLASH * width * size / hand.pen))]
    if hand.black_head == "scribble":
        return [_spiral(x, y, wide, high, turn, hand, rng)]
    return [_blob(x, y, wide, high, turn, hand, rng)]


def _turned(points: Points, turn: float) -> Points:
    cos, sin = np.cos(turn), np.sin(turn)
    return points @ np.array(((cos, -sin), (sin, cos)))


def _ring(
    arc: tuple[float, float],
    x: float,
    y: float,
    wide: float,
    high: float,
    turn: float,
    hand: MusicHand,
    rng: np.random.Generator,
) -> Stroke:
    begin, end = arc
    shift = rng.normal(0.0, 0.03)
    angles = np.linspace(begin + shift, end + shift, max(6, round(8 * (end - begin)))) * _TURN
    # A second round beside the first, not on it.
    growth = 1.0 + rng.normal(0.0, 0.06) * np.linspace(-1.0, 1.0, len(angles))
    points = np.stack([wide * np.cos(angles) * growth, high * np.sin(angles) * growth], axis=1)
    points = _turned(points, turn + rng.normal(0.0, 0.1)) + rng.normal(0.0, 0.5 * hand.mess, points.shape)
    return Stroke(smooth(points) + np.array((x, y)), pen_width(hand, rng))


def _spiral(
    x: float, y: float, wide: float, high: float, turn: float, hand: MusicHand, rng: np.random.Generator
) -> Stroke:
    inner = max(0.0, 1.0 - 0.5 * hand.pen / high)
    angles = np.linspace(0.0, rng.uniform(2.0, 3.0), 15) * _TURN
    radius = np.linspace(inner, 0.15, 15)
    points = np.stack([wide * radius * np.cos(angles), high * radius * np.sin(angles)], axis=1)
    points = _turned(points, turn) + rng.normal(0.0, hand.mess, points.shape)
    return Stroke(smooth(points, 4) + np.array((x, y)), pen_width(hand, rng, max(1.0, 0.16 / hand.pen)))


def _blob(
    x: float, y: float, wide: float, high: float, turn: float, hand: MusicHand, rng: np.random.Generator
) -> Shape:
    angles = np.arange(12) / 12 * _TURN
    uneven = 1.0 + rng.normal(0.0, 0.03 + 1.5 * hand.mess, 12)
    wide, high = (max(0.12, length - 0.4 * hand.pen) for length in (wide, high))
    points = np.stack([wide * np.cos(angles) * uneven, high * np.sin(angles) * uneven], axis=1)
    points = _turned(points, turn + rng.normal(0.0, 0.12)) + np.array((x, y))
    return Shape((points,), width=0.8)
