"""The outlines of the shipped handwriting fonts, as polygons that a hand can bend.

Unit is the height of a capital letter; x to the right from the glyph's origin, y DOWN from the baseline. Knows glyphs,
not texts, writers or staves.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import Any, NamedTuple

import cv2
import numpy as np
from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont

from jazzmus.pictures import FONT_FOLDER
from jazzmus.synthesis.handwriting.strokes import Points

HAND_FONTS = tuple(f"hand{number:02d}" for number in range(1, 18))
CURVE_STEPS = 5  # points of a curve of an outline
TOLERANCE = 0.006  # of a capital's height, that an outline may differ from the font's
STEM_LETTERS = "HIlEnm"  # whose strokes tell how thick a font's pen is
USUAL_TEXT = "F#m7b5EbMaj7"
USUAL_WIDTH = 0.74  # of its letters on handwritten lead sheets
EVENED = 0.7  # how far fonts much narrower or wider are brought near it: 1 would make all alike
STEM_LEVELS = 50  # widths of the pen that are told apart, per height of a capital
MOST_THINNING = 0.62  # of a font's own stroke width; more would tear thin parts


class Glyph(NamedTuple):
    """One character's outline.

    Attributes:
        points: (N, 2) of all contours, one after the other.
        cuts: Index of the first point of each contour, and N.
        advance: How far the next glyph's origin lies to the right.
    """

    points: Points
    cuts: tuple[int, ...]
    advance: float


class _Flattener(BasePen):
    """Collects the polygons of a glyph, curves cut into straight pieces."""

    def __init__(self, glyphs: Any) -> None:
        super().__init__(glyphs)
        self.contours: list[list[tuple[float, float]]] = []

    def _moveTo(self, pt: tuple[float, float]) -> None:  # noqa: N802
        self.contours.append([pt])

    def _lineTo(self, pt: tuple[float, float]) -> None:  # noqa: N802
        self.contours[-1].append(pt)

    def _curveToOne(self, *corners: tuple[float, float]) -> None:  # noqa: N802
        p0, p1, p2, p3 = (np.array(point) for point in (self.contours[-1][-1], *corners))
        t = (np.arange(1, CURVE_STEPS + 1) / CURVE_STEPS)[:, None]
        curve = (1 - t) ** 3 * p0 + 3 * (1 - t) ** 2 * t * p1 + 3 * (1 - t) * t**2 * p2 + t**3 * p3
        self.contours[-1].extend(map(tuple, curve.tolist()))


def _area_and_length(contours: list[Points]) -> tuple[float, float]:
    """Signed area, and length of all contours."""
    area = length = 0.0
    for contour in contours:
        following = np.roll(contour, -1, axis=0)
        area += 0.5 * float(np.sum(contour[:, 0] * following[:, 1] - following[:, 0] * contour[:, 1]))
        length += float(np.sum(np.linalg.norm(following - contour, axis=1)))
    return area, length


def _inwards(contour: Points, sign: float) -> Points:
    """Unit vectors (N, 2) from each corner of a contour into the ink."""
    along = np.roll(contour, -1, axis=0) - np.roll(contour, 1, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) * sign
    return normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)


class HandFont:
    """One font file, read when a glyph is first asked for.

    Args:
        name: One of `HAND_FONTS`.

    Attributes:
        stem: Width of the strokes of its letters, in heights of a capital.
    """

    def __init__(self, name: str) -> None:
        # From memory: processes that are forked later must not share a place in an open file.
        font = TTFont(BytesIO((FONT_FOLDER / f"{name}.ttf").read_bytes()))
        self._glyphs = font.getGlyphSet()
        self._names: dict[int, str] = font.getBestCmap()
        self._outlines: dict[str, tuple[list[Points], float]] = {}
        self._cache: dict[tuple[str, int], Glyph] = {}
        self._unit = max(y for contour in self._polygons("H") for _, y in contour)
        mean = sum(self._glyphs[self._names[ord(char)]].width for char in USUAL_TEXT) / len(USUAL_TEXT) / self._unit
        self._widening = float((USUAL_WIDTH / mean) ** EVENED)
        self.stem = float(np.median([self._stem(letter) for letter in STEM_LETTERS]))

    def __contains__(self, char: str) -> bool:
        return ord(char) in self._names

    def _stem(self, letter: str) -> float:
        area, length = _area_and_length(self._outline(letter)[0])
        return 2 * abs(area) / length

    def _polygons(self, char: str) -> list[list[tuple[float, float]]]:
        """In units of the file, y up."""
        pen = _Flattener(self._glyphs)
        self._glyphs[self._names[ord(char)]].draw(pen)
        return pen.contours

    def _outline(self, char: str) -> tuple[list[Points], float]:
        if char not in self._outlines:
            scale = np.array((self._widening, -1.0)) / self._unit
            contours = []
            for polygon in self._polygons(char):
                points = (np.array(polygon) * scale).astype(np.float32)
                kept = cv2.approxPolyDP(points, TOLERANCE, True)[:, 0]
                if len(kept) >= 3:
                    contours.append(kept.astype(np.float64))
            self._outlines[char] = contours, float(self._glyphs[self._names[ord(char)]].width * scale[0])
        return self._outlines[char]

    def glyph(self, char: str, stem: float) -> Glyph:
        """Return a character drawn with a pen of about width `stem`, in heights of a capital.

        Raises:
            KeyError: The font does not have the character; ask `char in font` first.
        """
        level = round(STEM_LEVELS * max(stem, self.stem * (1 - MOST_THINNING)))
        if (char, level) not in self._cache:
            contours, advance = self._outline(char)
            area, _ = _area_and_length(contours)
            thinner = (self.stem - level / STEM_LEVELS) / 2
            parts = [contour + thinner * _inwards(contour, 1.0 if area > 0 else -1.0) for contour in contours]
            cuts = tuple(np.cumsum([0, *map(len, parts)]).tolist())
            points = np.concatenate(parts) if parts else np.zeros((0, 2))
            self._cache[char, level] = Glyph(points, cuts, advance)
        return self._cache[char, level]


@lru_cache(maxsize=len(HAND_FONTS))
def hand_font(name: str) -> HandFont:
    """Return one of `HAND_FONTS`, read once in a process."""
    return HandFont(name)
