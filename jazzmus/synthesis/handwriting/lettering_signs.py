"""Signs that handwriting fonts lack, drawn with the pen: accidentals, chord signs, note, segno and coda.

Unit is the height of a capital letter; x to the right from the sign's left, y DOWN from the baseline. Knows no fonts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from jazzmus.synthesis.handwriting.strokes import Points, smooth, wobble

_Line = tuple[tuple[float, float], ...]


class Sign(NamedTuple):
    """How one sign is drawn.

    Attributes:
        strokes: Control points of each stroke; two make a straight one.
        advance: How far the next letter stands to the right.
        fills: Control points of closed areas that are filled.
    """

    strokes: tuple[_Line, ...]
    advance: float
    fills: tuple[_Line, ...] = ()


def _ring(x: float, y: float, width: float, height: float, turns: float = 1.06) -> _Line:
    """Control points of a loop drawn by hand, its ends overlapping."""
    angles = np.linspace(-2.0, -2.0 - 2 * np.pi * turns, 9)
    return tuple((x + width / 2 * float(np.cos(a)), y + height / 2 * float(np.sin(a))) for a in angles)


SIGNS: dict[str, Sign] = {
    "♭": Sign(
        (((0.0, -1.1), (0.02, 0.02)), ((0.02, -0.42), (0.2, -0.58), (0.33, -0.4), (0.2, -0.12), (0.02, 0.03))), 0.42
    ),
    "♯": Sign(
        (
            ((0.16, -1.0), (0.13, 0.08)),
            ((0.4, -1.05), (0.38, 0.02)),
            ((0.0, -0.6), (0.54, -0.74)),
            ((0.0, -0.24), (0.54, -0.38)),
        ),
        0.62,
    ),
    "♮": Sign(
        (
            ((0.05, -1.1), (0.05, -0.2)),
            ((0.05, -0.24), (0.34, -0.36)),
            ((0.33, -0.72), (0.34, 0.12)),
            ((0.05, -0.6), (0.34, -0.72)),
        ),
        0.46,
    ),
    "Δ": Sign((((0.36, -0.9), (-0.02, 0.0)), ((0.0, -0.01), (0.74, 0.0)), ((0.72, 0.02), (0.35, -0.93))), 0.84),
    "ø": Sign((_ring(0.28, -0.42, 0.52, 0.6), ((0.02, 0.06), (0.56, -0.92))), 0.66),
    "°": Sign((_ring(0.16, -0.82, 0.28, 0.32),), 0.4),
    "/": Sign((((-0.02, 0.14), (0.36, -0.98)),), 0.42),
    "♩": Sign((((0.31, -0.16), (0.33, -1.1)),), 0.55, (_ring(0.17, -0.13, 0.34, 0.24, 0.9),)),
    "𝄋": Sign(
        (
            ((0.52, -0.92), (0.3, -1.05), (0.1, -0.82), (0.3, -0.5), (0.5, -0.22), (0.32, 0.02), (0.06, -0.1)),
            ((0.02, 0.06), (0.62, -1.08)),
            ((0.1, -0.42), (0.12, -0.4)),
            ((0.5, -0.66), (0.52, -0.64)),
        ),
        0.75,
    ),
    "𝄌": Sign((_ring(0.4, -0.5, 0.6, 0.8), ((0.4, -1.12), (0.39, 0.12)), ((-0.02, -0.5), (0.82, -0.52))), 0.95),
}


def sign_points(char: str, mess: float, rng: np.random.Generator) -> tuple[list[Points], list[Points]]:
    """Return the strokes and the filled areas of one of `SIGNS`, each (N, 2), as they came out this time.

    Args:
        char: A key of `SIGNS`.
        mess: 0 for a drawn template, 1 for a careless hand.
        rng: What the jitter is drawn from.
    """
    sign = SIGNS[char]
    jitter = 0.008 + 0.018 * mess
    return (
        [smooth(wobble(np.array(line), jitter, rng)) for line in sign.strokes],
        [smooth(wobble(np.array(line), jitter, rng)) for line in sign.fills],
    )
