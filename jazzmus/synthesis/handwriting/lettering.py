"""Texts in one writer's letters: glyphs of a handwriting font, each bent and placed a little differently.

Works in the units of the caller (staff spaces or pixels), y DOWN. It does not know what the words mean.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np

from jazzmus.errors import ConfigError
from jazzmus.synthesis.handwriting.fonts import HAND_FONTS, hand_font
from jazzmus.synthesis.handwriting.lettering_signs import SIGNS, sign_points
from jazzmus.synthesis.handwriting.strokes import Mark, Points, Shape, Stroke

THICKEST = 0.18  # pen beside the height of a capital; small letters are written more lightly
SPACE = 0.5  # width of a blank in heights of a capital


@dataclass(frozen=True)
class LetterHand:
    """How one writer makes letters.

    Attributes:
        font: One of `HAND_FONTS`.
        pen: Width of the pen in the units that sizes are given in.
        slant: Shear to the right, x per unit of height.
        stretch: Factor on the width of letters.
        spacing: What is added to every advance, in heights of a capital.
        mess: 0 for even letters, 1 for careless ones.
        slope: Rise of a line of writing, per unit of its length.
    """

    font: str
    pen: float = 0.16
    slant: float = 0.0
    stretch: float = 1.0
    spacing: float = 0.02
    mess: float = 0.5
    slope: float = 0.0

    def __post_init__(self) -> None:
        if self.font not in HAND_FONTS:
            raise ConfigError(
                f"LetterHand.font: no font {self.font!r}; choose one of {HAND_FONTS[0]}..{HAND_FONTS[-1]}"
            )
        for name in ("pen", "stretch"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"LetterHand.{name} must be above 0, not {getattr(self, name)}")
        if self.mess < 0:
            raise ConfigError(f"LetterHand.mess must be 0 or more, not {self.mess}")


def draw_letter_hand(rng: np.random.Generator, pen: float = 0.16) -> LetterHand:
    """Return a writer's letters drawn at random.

    Args:
        rng: What everything is drawn from.
        pen: Width of the writer's pen in staff spaces.
    """
    return LetterHand(
        font=HAND_FONTS[int(rng.integers(len(HAND_FONTS)))],
        pen=pen,
        slant=float(rng.normal(0.02, 0.1)),
        stretch=float(rng.uniform(0.78, 1.1)),
        spacing=float(rng.uniform(-0.03, 0.1)),
        mess=float(rng.uniform(0.2, 1.3)),
        slope=float(rng.normal(0.0, 0.012)),
    )


def _known(text: str) -> str:
    """The text with accents taken off letters that no font has: `é` becomes `e`."""
    kept: list[str] = []
    for char in text:
        plain = char if char in SIGNS else unicodedata.normalize("NFKD", char)
        kept.extend(part for part in plain if part in SIGNS or part.isspace() or not unicodedata.combining(part))
    return "".join(kept)


def _bent(points: Points, hand: LetterHand, size: float, mess: float, rng: np.random.Generator) -> Points:
    """A glyph's points (heights of a capital) as they came out this time, in units of the caller."""
    noise = rng.normal(0.0, mess, 7)
    x, y = points[:, 0], points[:, 1]
    slant, turn = hand.slant + 0.05 * noise[0], 0.035 * noise[1]
    # The quadratic terms bow a letter, so that it never comes out twice the same.
    across = hand.stretch * (1 + 0.05 * noise[2]) * x - slant * y + 0.05 * noise[3] * y * y
    down = (1 + 0.05 * noise[4]) * y + turn * x + 0.05 * noise[5] * x * y + 0.025 * noise[6]
    return size * np.stack([across - turn * y, down], axis=1)


def letter_shapes(
    text: str, x: float, baseline: float, size: float, hand: LetterHand, rng: np.random.Generator
) -> tuple[list[Mark], float]:
    """Write a text.

    Args:
        text: Any characters; one that neither the font nor `SIGNS` has leaves a blank.
        x: Left end of the text.
        baseline: y of the line it stands on.
        size: Height of a capital.
        hand: The writer.
        rng: What the jitter is drawn from.

    Returns:
        The marks, and how far the text reaches to the right of `x`.
    """
    font = hand_font(hand.font)
    stem = min(THICKEST, hand.pen / size)
    mess = hand.mess
    marks: list[Mark] = []
    at = 0.0
    drift = 0.0
    for char in _known(text):
        drift = 0.7 * drift + float(rng.normal(0.0, 0.02 * mess))
        origin = np.array((x + at, baseline + size * drift - hand.slope * at))
        if char in SIGNS:
            strokes, fills = sign_points(char, mess, rng)
            marks.extend(Stroke(_bent(points, hand, size, 0.4 * mess, rng) + origin) for points in strokes)
            marks.extend(Shape((_bent(points, hand, size, 0.4 * mess, rng) + origin,)) for points in fills)
            advance = SIGNS[char].advance
        elif char in font and not char.isspace():
            glyph = font.glyph(char, stem)
            points = _bent(glyph.points, hand, size, mess, rng) + origin
            marks.append(Shape(tuple(points[a:b] for a, b in zip(glyph.cuts, glyph.cuts[1:], strict=False))))
            advance = glyph.advance
        else:
            advance = SPACE
        gap = hand.spacing + float(rng.normal(0.0, 0.025 * mess))
        at += size * max(0.15, advance * hand.stretch + gap)
    return marks, at


def text_width(text: str, size: float, hand: LetterHand) -> float:
    """Return about how wide a text comes out, without jitter."""
    font = hand_font(hand.font)
    total = 0.0
    for char in _known(text):
        if char in SIGNS:
            advance = SIGNS[char].advance
        else:
            advance = font.glyph(char, 0.1).advance if char in font and not char.isspace() else SPACE
        total += advance * hand.stretch + hand.spacing
    return size * total
