"""Reads what stands on a staff within a bar: notes, rests, double stops, beams and tuplets.

Knows Verovio's groups for them, and its ids (`note-L12F1` is line 12, field 1 of what it was given). Does not know
systems, barlines or chords.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lxml import etree

from jazzmus.synthesis.svg_shapes import (
    ACCIDENTALS,
    CLEFS,
    ELLIPSE,
    FLAGS,
    HEADS,
    PATH,
    POLYGON,
    POLYLINE,
    RESTS,
    TEXT,
    Boxes,
    Point,
    glyphs_in,
    numbers,
    points_of,
)

_ID = re.compile(r"-L(\d+)F(\d+)")
Key = tuple[int, int]  # line and field of what Verovio was given


class Mark(NamedTuple):
    """An element before it is put into staff spaces."""

    kind: str
    what: str
    points: tuple[Point, ...]
    owner: Key | None


def name_of(group: etree._Element) -> str:
    """Return what Verovio calls a group: the first of its classes."""
    return group.get("class", "").split(" ", 1)[0]


def keys_of(text: str) -> list[Key]:
    """Return the lines and fields that an id names."""
    return [(int(line), int(column)) for line, column in _ID.findall(text)]


def key_of(group: etree._Element) -> Key | None:
    """Return the line and field of what Verovio was given that a group stands for; the first where it names several."""
    return next(iter(keys_of(group.get("id", ""))), None)


@dataclass(eq=False)
class LayerReader:
    """Collects marks of a staff's layers.

    Attributes:
        boxes: Extents of the music font's glyphs.
        halves: Indices of the rows given to Verovio that are the first half of a hidden bar of rest.
        marks: What was found.
    """

    boxes: Boxes
    halves: frozenset[int]
    marks: list[Mark] = field(default_factory=list)

    def add(self, kind: str, what: str, *points: Point, owner: Key | None = None) -> None:
        """Keep an element; points in drawing units."""
        self.marks.append(Mark(kind, what, points, owner))

    def layer(self, parent: etree._Element, owner: Key | None) -> Key | None:
        """Read a layer or a group in it.

        Args:
            parent: The group.
            owner: The note, rest or double stop whose group this is, if any.

        Returns:
            The first half of a hidden bar of rest, where one is found.
        """
        hidden: Key | None = None
        for group in parent:
            if group.tag == POLYGON:
                continue  # beams, read with their group
            name = name_of(group)
            key = key_of(group) if name in ("note", "chord", "rest", "mRest", "space") else owner
            reader = _READERS.get(name)
            if reader is not None:
                reader(self, group, key)
            elif name in ("note", "chord", "beam", "tuplet", "graceGrp"):
                self.beams(group)
                hidden = self.layer(group, key) or hidden
            elif name == "space":
                hidden = key if key is not None and key[0] - 1 in self.halves else hidden
            else:
                self.other(group, name, key)
        return hidden

    def _head(self, group: etree._Element, owner: Key | None) -> None:
        for glyph in glyphs_in(group, self.boxes):
            if glyph.code in HEADS:
                what = "grace" if glyph.scale < 0.7 else HEADS[glyph.code]
                self.add("head", what, (glyph.centre[0], glyph.y), owner=owner)
            else:
                self.add("other:notehead", glyph.code, glyph.centre, owner=owner)

    def _stem(self, group: etree._Element, owner: Key | None) -> None:
        tip: Point | None = None
        for child in group:
            if child.tag == PATH:
                x, y, _, y1 = numbers(child.get("d"))
                tip = (x, y1)
                self.add("stem", "", (x, y), tip, owner=owner)
            else:
                for glyph in glyphs_in(child, self.boxes):
                    if glyph.code in FLAGS and tip:
                        self.add("flag", FLAGS[glyph.code], tip, owner=owner)
                    else:
                        self.add("other:flag", glyph.code, glyph.centre, owner=owner)

    def _rest(self, group: etree._Element, owner: Key | None) -> None:
        for child in group:
            if name_of(child) == "dots":
                self._dots(child, owner)
        for glyph in glyphs_in(group, self.boxes):
            if glyph.code in RESTS:
                what = "bar" if name_of(group) == "mRest" else RESTS[glyph.code]
                self.add("rest", what, glyph.centre, owner=owner)
            else:
                self.add("other:rest", glyph.code, glyph.centre, owner=owner)

    def _dots(self, group: etree._Element, owner: Key | None) -> None:
        for dot in group.iter(ELLIPSE):
            self.add("dot", "", (float(dot.get("cx", "0")), float(dot.get("cy", "0"))), owner=owner)

    def _accidental(self, group: etree._Element, owner: Key | None) -> None:
        for glyph in glyphs_in(group, self.boxes):
            if glyph.code in ACCIDENTALS:
                self.add("accidental", ACCIDENTALS[glyph.code], (glyph.centre[0], glyph.y), owner=owner)
            else:
                self.add("other:accid", glyph.code, glyph.centre, owner=owner)

    def _clef_in_bar(self, group: etree._Element, owner: Key | None) -> None:
        for glyph in glyphs_in(group, self.boxes):
            if glyph.code in CLEFS:
                self.add("clef", CLEFS[glyph.code], (glyph.centre[0], glyph.y))
            else:
                self.add("other:clef", glyph.code, glyph.centre)

    def _tuplet_figure(self, group: etree._Element, owner: Key | None) -> None:
        glyphs = sorted(glyphs_in(group, self.boxes), key=lambda glyph: glyph.x)
        if not glyphs:
            return
        x = (glyphs[0].centre[0] + glyphs[-1].centre[0]) / 2
        parent = group.getparent()
        lines = [] if parent is None else [points_of(line.get("points")) for line in _brackets(parent)]
        corners = (lines[0][1], lines[-1][1]) if lines else ()
        self.add("tuplet", "".join(glyph.code[-1] for glyph in glyphs), (x, glyphs[0].centre[1]), *corners)

    def beams(self, group: etree._Element) -> None:
        """Read the beams that are drawn directly in a group."""
        for polygon in group.findall(POLYGON):
            (x0, y0), (x1, y1), (x2, y2), (x3, y3) = sorted(points_of(polygon.get("points")))
            self.add("beam", "", ((x0 + x1) / 2, (y0 + y1) / 2), ((x2 + x3) / 2, (y2 + y3) / 2))

    def other(self, group: etree._Element, name: str, owner: Key | None) -> None:
        """Keep what none of the kinds fits, shape by shape."""
        if "placeholder" in group.get("class", "") or group.get("visibility") == "hidden":
            return
        for glyph in glyphs_in(group, self.boxes):
            self.add(f"other:{name}", glyph.code, glyph.centre, owner=owner)
        for text in group.iter(TEXT):
            place = (float(text.get("x", "0")), float(text.get("y", "0")))
            self.add(f"other:{name}", "".join(text.itertext()).strip(), place, owner=owner)
        for line in group.iter(PATH, POLYGON, POLYLINE):
            points = points_of(line.get("d") or line.get("points"))
            self.add(f"other:{name}", "", *points, owner=owner)


def _brackets(tuplet: etree._Element) -> list[etree._Element]:
    return [line for group in tuplet if name_of(group) == "tupletBracket" for line in group.iter(POLYLINE)]


_READERS: Mapping[str, Callable[[LayerReader, etree._Element, Key | None], None]] = {
    "notehead": LayerReader._head,
    "stem": LayerReader._stem,
    "rest": LayerReader._rest,
    "mRest": LayerReader._rest,
    "dots": LayerReader._dots,
    "accid": LayerReader._accidental,
    "clef": LayerReader._clef_in_bar,
    "tupletNum": LayerReader._tuplet_figure,
    "tupletBracket": lambda reader, group, owner: None,
}
