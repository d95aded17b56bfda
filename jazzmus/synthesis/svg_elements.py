"""Reads the elements of each system out of Verovio's drawing.

Knows Verovio's groups around the layers of a staff (see `svg_layer` for what is in them). Does not know bars of the
text, voltas or how elements are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

from jazzmus.errors import KernError
from jazzmus.synthesis.elements import Element
from jazzmus.synthesis.engraving import UNIT
from jazzmus.synthesis.score_drawing import ScoreDrawing
from jazzmus.synthesis.svg_layer import Key, LayerReader, Mark, key_of, keys_of, name_of
from jazzmus.synthesis.svg_shapes import (
    ACCIDENTALS,
    CLEFS,
    PATH,
    SIGNS,
    TEXT,
    G,
    Glyph,
    Point,
    glyph_boxes,
    glyphs_in,
    numbers,
    points_of,
)

SPACE = 20 * UNIT  # drawing units in a staff space; Verovio draws ten to its page unit
THICK = 50  # drawing units; a thick line of a barline is 90, a thin one 27
BARLINES = {"t": "single", "tt": "double", "tT": "final", ":tT": "repeat-end", "Tt:": "repeat-start", "d": "dashed"}


@dataclass(frozen=True)
class SvgSystem:
    """The elements of a system without voltas, and where its bars are.

    Attributes:
        elements: In no particular order; meters always in figures.
        width: Length of the staff lines in staff spaces.
        bar_starts: Where the music of each bar begins, in staff spaces, behind clef, key and meter.
        bar_ends: Its barline, in staff spaces.
    """

    elements: tuple[Element, ...]
    width: float
    bar_starts: tuple[float, ...]
    bar_ends: tuple[float, ...]


def read_systems(drawing: ScoreDrawing, font: str, chords: Mapping[int, str]) -> list[SvgSystem]:
    """Read all systems of a drawing.

    Args:
        drawing: Verovio's drawing.
        font: The music font it was drawn in.
        chords: Chord cell by line of the text.

    Raises:
        KernError: Verovio drew nothing.
    """
    root = etree.fromstring(drawing.svg.encode("utf-8"))
    groups = [group for group in root.iter(G) if name_of(group) == "system"]
    if not groups:
        raise KernError("line 1: Verovio draws nothing for this text; it holds no music")
    row_chords = {row: chords[line] for row, line in enumerate(drawing.lines, start=1) if line in chords}
    return [_SystemReader(glyph_boxes(font), drawing.halves, chords=row_chords).read(group) for group in groups]


@dataclass(eq=False)
class _SystemReader(LayerReader):
    """Walks one system, measure by measure."""

    chords: Mapping[int, str] = field(default_factory=dict)  # by line of what Verovio was given
    lines: list[list[float]] = field(default_factory=list)  # x0, y, x1, y of each piece of a staff line
    starts: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    prefix: list[tuple[float, float]] = field(default_factory=list)  # left and right of the bar's clefs, keys, meters

    def read(self, system: etree._Element) -> SvgSystem:
        for group in system.iter(G):
            name = name_of(group)
            if name == "measure":
                self._measure(group)
            elif name in ("tie", "slur") and "spanning" in group.get("class", ""):
                self._curve(group, name)
        left, right = min(line[0] for line in self.lines), max(line[2] for line in self.lines)
        middle = sorted({line[1] for line in self.lines})[2]
        self._give_ledgers_to_heads()
        owners = sorted({mark.owner for mark in self.marks if mark.owner and mark.kind in ("head", "rest")})
        index = {owner: number for number, owner in enumerate(owners)}

        def finish(mark: Mark) -> Element:
            points = tuple((round((x - left) / SPACE, 4), round((y - middle) / SPACE, 4)) for x, y in mark.points)
            return Element(mark.kind, mark.what, points, index.get(mark.owner, -1) if mark.owner else -1)

        return SvgSystem(
            elements=tuple(map(finish, self.marks)),
            width=round((right - left) / SPACE, 4),
            bar_starts=tuple(round((x - left) / SPACE, 4) for x in self.starts),
            bar_ends=tuple(round((x - left) / SPACE, 4) for x in self.ends),
        )

    def _measure(self, measure: etree._Element) -> None:
        first_mark, first_line = len(self.marks), len(self.lines)
        self.prefix = []
        hidden_rest: Key | None = None
        for group in measure:
            name = name_of(group)
            if name == "staff":
                hidden_rest = self._staff(group)
            elif name == "harm":
                self._chord(group)
            elif name == "barLine":
                self._barline(group)
            elif name == "beamSpan":
                self.beams(group)
            elif name in ("tie", "slur"):
                self._curve(group, name)
            elif name == "fermata":
                for glyph in glyphs_in(group, self.boxes):
                    self.add("fermata", "", glyph.centre, owner=key_of(group))
            else:
                self.other(group, name, None)
        marks, lines = self.marks[first_mark:], self.lines[first_line:]
        start, end = min(line[0] for line in lines), max(line[2] for line in lines)
        barlines = [mark.points[0][0] for mark in marks if mark.kind == "barline"]
        end = max((x for x in barlines if x > start + 2 * SPACE), default=end)
        music = min((mark.points[0][0] for mark in marks if mark.kind in ("head", "rest")), default=end)
        start = max((right for left, right in self.prefix if left < music), default=start)
        self.starts.append(start)
        self.ends.append(end)
        if hidden_rest is not None:
            _, y, _, height = self.boxes["E4E3"]
            top = sorted({line[1] for line in lines})[1]
            self.add("rest", "bar", ((start + end) / 2, top - (y + height / 2) * SPACE / 250), owner=hidden_rest)

    def _staff(self, staff: etree._Element) -> Key | None:
        """Read what stands on the staff; return the first half of a hidden bar of rest, if this is one."""
        hidden: Key | None = None
        for group in staff:
            name = name_of(group)
            if group.tag == PATH:
                self.lines.append(numbers(group.get("d")))
            elif name == "layer":
                hidden = self.layer(group, None) or hidden
            elif name == "ledgerLines":
                for path in group.iter(PATH):
                    x0, y0, x1, y1 = numbers(path.get("d"))
                    self.add("ledger", "", (x0, y0), (x1, y1))
            elif name in ("clef", "keySig", "meterSig"):
                self._in_force(group, name)
            else:
                self.other(group, name, None)
        return hidden

    def _in_force(self, group: etree._Element, name: str) -> None:
        glyphs = glyphs_in(group, self.boxes)
        if not glyphs:
            return
        self.prefix.append((min(glyph.x for glyph in glyphs), max(glyph.right for glyph in glyphs)))
        if name == "meterSig":
            self._meter(glyphs)
            return
        kind, shapes = ("clef", CLEFS) if name == "clef" else ("key_accidental", ACCIDENTALS)
        for glyph in glyphs:
            if glyph.code in shapes:
                self.add(kind, shapes[glyph.code], (glyph.centre[0], glyph.y))
            else:
                self.add(f"other:{name}", glyph.code, glyph.centre)

    def _meter(self, glyphs: list[Glyph]) -> None:
        middle = sorted({line[1] for line in self.lines[-5:]})[2]
        x = (min(glyph.centre[0] for glyph in glyphs) + max(glyph.centre[0] for glyph in glyphs)) / 2
        if glyphs[0].code in SIGNS:
            self.add("meter", SIGNS[glyphs[0].code], (x, middle))
            return
        figures = sorted(glyphs, key=lambda glyph: glyph.x)
        above, below = ("".join(g.code[-1] for g in figures if (g.y < middle) is upper) for upper in (True, False))
        self.add("meter", f"{above}/{below}", (x, middle))

    def _curve(self, group: etree._Element, name: str) -> None:
        # `tie-L12F1-L14F1`; the part on the next system says the same in its class.
        spanning = "spanning" in group.get("class", "")
        owners = keys_of(group.get("class", "") if spanning else group.get("id", ""))
        owner = owners[-1 if spanning else 0] if owners else None
        for path in group.iter(PATH):
            points = points_of(path.get("d"))  # there along one edge, and back along the other
            middles = [_middle(points[:4]), _middle(points[3:7])]
            apex = ((middles[0][0] + middles[1][0]) / 2, (middles[0][1] + middles[1][1]) / 2)
            self.add(name, "", points[0], apex, points[3], owner=owner)

    def _chord(self, group: etree._Element) -> None:
        key = key_of(group)
        for text in group.iter(TEXT):
            cell = self.chords.get(key[0], "") if key else ""
            words = cell or "".join(text.itertext()).strip()
            self.add("chord", words, (float(text.get("x", "0")), float(text.get("y", "0"))))

    def _barline(self, group: etree._Element) -> None:
        lines = []
        for path in group.iter(PATH):
            x, top, _, bottom = numbers(path.get("d"))
            width = float(path.get("stroke-width", "0"))
            lines.append((x, top, bottom, "d" if path.get("stroke-dasharray") else "T" if width > THICK else "t"))
        if not lines:
            return
        lines.sort()
        x = (lines[0][0] + lines[-1][0]) / 2
        dots = [glyph.centre[0] for glyph in glyphs_in(group, self.boxes)]
        before, after = (":" if any((dot < x) is left for dot in dots) else "" for left in (True, False))
        pattern = before + "".join(line[3] for line in lines) + after
        what = "repeat-both" if before and after else BARLINES.get(pattern, "")
        self.add("barline" if what else "other:barLine", what or pattern, (x, lines[0][1]), (x, lines[0][2]))
        if dots:
            self.prefix.append((x, max(*dots, x)))

    def _give_ledgers_to_heads(self) -> None:
        heads = [mark for mark in self.marks if mark.kind == "head"]
        for index, mark in enumerate(self.marks):
            if mark.kind == "ledger":
                (left, y), (right, _) = mark.points
                over = [head for head in heads if left < head.points[0][0] < right]
                if over:
                    nearest = min(over, key=lambda head: abs(head.points[0][1] - y))
                    self.marks[index] = mark._replace(owner=nearest.owner)


def _middle(curve: Sequence[Point]) -> Point:
    """Return the point half way along a cubic curve, from its ends and two control points."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = curve
    return (x0 + 3 * x1 + 3 * x2 + x3) / 8, (y0 + 3 * y1 + 3 * y2 + y3) / 8
