"""The form of a small sign: the control points of its strokes, as tables write them down.

Knows points only; who writes a sign, how large and how neatly is decided elsewhere.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from jazzmus.synthesis.handwriting.strokes import Points

Glyph: TypeAlias = tuple[Points, ...]


def glyph(*paths: str) -> Glyph:
    """Return a sign of one stroke for each path `x,y x,y ...`, y down; a point given twice is a corner."""
    return tuple(np.array([[float(number) for number in point.split(",")] for point in path.split()]) for path in paths)


def joined(*glyphs: Glyph) -> Glyph:
    """Return one sign of the strokes of several."""
    return tuple(stroke for part in glyphs for stroke in part)


def shifted(sign: Glyph, dx: float, dy: float) -> Glyph:
    """Return a sign moved by (dx, dy)."""
    shift = np.array((dx, dy))
    return tuple(stroke + shift for stroke in sign)


def upside_down(sign: Glyph) -> Glyph:
    """Return a sign mirrored at its horizontal axis."""
    return tuple(stroke * (1.0, -1.0) for stroke in sign)
