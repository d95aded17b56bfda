"""Shapes of Verovio's SVG: tags, numbers, and glyphs with their SMuFL code points and extents.

Knows what a glyph is, not what it means where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import verovio
from lxml import etree

G, USE, PATH, TEXT, POLYGON, POLYLINE, ELLIPSE = (
    f"{{http://www.w3.org/2000/svg}}{name}" for name in ("g", "use", "path", "text", "polygon", "polyline", "ellipse")
)
HREF = "{http://www.w3.org/1999/xlink}href"
CLEFS = {
    "E050": "G",
    "E052": "G",
    "E053": "G",
    "E05C": "C",
    "E062": "F",
    "E064": "F",
    "E07A": "G",
    "E07B": "C",
    "E07C": "F",
}
ACCIDENTALS = {"E260": "-", "E261": "n", "E262": "#", "E263": "##", "E264": "--"}
HEADS = {"E0A2": "whole", "E0A3": "half", "E0A4": "black", "E0A9": "x"}
RESTS = {
    "E4E3": "1", "E4F4": "1", "E4E4": "2", "E4F5": "2", "E4E5": "4", "E4E6": "8", "E4E7": "16", "E4E8": "32",
}  # fmt: skip
FLAGS = {"E240": "8u", "E241": "8d", "E242": "16u", "E243": "16d", "E244": "32u", "E245": "32d"}
SIGNS = {"E08A": "C", "E08B": "C|"}

_PLACE = re.compile(r"translate\(([-\d.]+),? ?([-\d.]+)\) scale\(([\d.]+)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
Point = tuple[float, float]
Boxes = Mapping[str, tuple[float, float, float, float]]


class Glyph(NamedTuple):
    """A glyph in the drawing: its SMuFL code point, origin, centre and right edge, and scale (grace notes 0.54)."""

    code: str
    x: float
    y: float
    centre: Point
    right: float
    scale: float


@cache
def glyph_boxes(font: str) -> Boxes:
    """Return (x, y upwards, width, height) of a music font's glyphs by code point, in thousandths of an em."""
    file = Path(verovio.__file__).parent / "data" / f"{font}.xml"
    boxes = {}
    for glyph in etree.parse(str(file)).iter("g"):
        x, y, width, height = (float(glyph.get(name, "0")) for name in "xywh")
        boxes[glyph.get("c", "")] = (x, y, width, height)
    return boxes


def numbers(text: str | None) -> list[float]:
    """Return all numbers in an attribute."""
    return [float(number) for number in _NUMBER.findall(text or "")]


def points_of(text: str | None) -> list[Point]:
    """Return the points of a path or polygon; of curves, the control points too."""
    flat = numbers(text)
    return list(zip(flat[::2], flat[1::2], strict=True))


def glyphs_in(group: etree._Element, boxes: Boxes) -> list[Glyph]:
    """Return the glyphs drawn anywhere within a group."""
    glyphs = []
    for use in group.iter(USE):
        match = _PLACE.match(use.get("transform", ""))
        if match is None:
            continue
        code = use.get(HREF, "")[1:5]
        x, y, scale = float(match[1]), float(match[2]), float(match[3])
        left, bottom, width, height = boxes.get(code, (0.0, 0.0, 0.0, 0.0))
        centre = (x + (left + width / 2) * scale, y - (bottom + height / 2) * scale)
        glyphs.append(Glyph(code, x, y, centre, x + (left + width) * scale, scale))
    return glyphs
