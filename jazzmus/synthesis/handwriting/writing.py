"""How a writer puts signs, lines and numbers to paper: a form moved, stretched and missed by a little.

Knows no music.
"""

from __future__ import annotations

import numpy as np

from jazzmus.synthesis.handwriting.glyphs import Glyph
from jazzmus.synthesis.handwriting.music_hand import MusicHand
from jazzmus.synthesis.handwriting.signs import DIGITS
from jazzmus.synthesis.handwriting.strokes import Points, Stroke, smooth

DIGIT_PITCH = 0.75  # from one digit of a number to the next, relative to their height


def pen_width(hand: MusicHand, rng: np.random.Generator, width: float = 1.0) -> float:
    """Return a width near `width`, in multiples of the pen's, as the pressure of the moment makes it."""
    return float(width * max(0.5, 1.0 + hand.pressure * rng.standard_normal()))


def write(
    form: Glyph, x: float, y: float, size: float, hand: MusicHand, rng: np.random.Generator, width: float = 1.0
) -> list[Stroke]:
    """Write a sign around (x, y); `size` scales its form, `width` is in multiples of the pen's."""
    noise = rng.standard_normal(4)
    scale_x, scale_y = size * (1.0 + 1.5 * hand.mess * noise[0]), size * (1.0 + hand.mess * noise[1])
    lean = hand.slant + hand.mess * noise[2]
    turn = hand.mess * noise[3]
    matrix = np.array(((scale_x, scale_x * turn), (-lean * scale_y, scale_y)))
    place = np.array((x, y))
    width = pen_width(hand, rng, width)
    return [
        Stroke(smooth(stroke @ matrix + place + rng.normal(0.0, hand.mess * min(size, 1.0), stroke.shape)), width)
        for stroke in form
    ]


def line(
    start: tuple[float, float],
    end: tuple[float, float],
    hand: MusicHand,
    rng: np.random.Generator,
    bow: float = 0.0,
    width: float = 1.0,
) -> Stroke:
    """Draw a nearly straight line; `bow` is how far its middle lies above (less y) the straight one."""
    (x0, y0), (x1, y1) = start, end
    noise = rng.normal(0.0, 0.5 * hand.mess, 6)
    controls = np.array(
        (
            (x0 + noise[0], y0 + noise[1]),
            ((x0 + x1) / 2 + noise[2], (y0 + y1) / 2 + noise[3] - bow),
            (x1 + noise[4], y1 + noise[5]),
        )
    )
    return Stroke(smooth(controls), pen_width(hand, rng, width))


def curve(controls: Points, hand: MusicHand, rng: np.random.Generator, width: float = 1.0) -> Stroke:
    """Draw a smooth curve through points, (N, 2)."""
    return Stroke(smooth(controls + rng.normal(0.0, hand.mess, controls.shape)), pen_width(hand, rng, width))


def number(text: str, x: float, y: float, height: float, hand: MusicHand, rng: np.random.Generator) -> list[Stroke]:
    """Write digits with their middle at (x, y), `height` high; other characters are left out."""
    digits = [character for character in text if character in DIGITS]
    pitch = DIGIT_PITCH * height
    left = x - pitch * (len(digits) - 1) / 2
    strokes: list[Stroke] = []
    for index, digit in enumerate(digits):
        forms = DIGITS[digit]
        strokes += write(forms[hand.digits % len(forms)], left + index * pitch, y, height, hand, rng)
    return strokes
