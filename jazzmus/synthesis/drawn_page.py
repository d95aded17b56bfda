"""A text written down: engraved, then redrawn by one writer (or by an engraver) on the staves of a page.

What comes out are layers and boxes; paper and camera are added later, so that one drawing serves several times. Knows
neither where texts come from nor what paper looks like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from jazzmus.dataset.manifest import SystemBox
from jazzmus.kern.systems import count_systems, system_range
from jazzmus.synthesis.element_check import check_elements
from jazzmus.synthesis.endings import with_endings
from jazzmus.synthesis.engraving import EngravingStyle, engrave, rasterise
from jazzmus.synthesis.handwriting.chord_places import ChordPlace
from jazzmus.synthesis.handwriting.chord_symbols import chord_symbol
from jazzmus.synthesis.handwriting.ink import InkSheet
from jazzmus.synthesis.handwriting.remarks import PageRoom, SystemRoom, page_remarks, settled, system_remarks
from jazzmus.synthesis.handwriting.strokes import Mark, Points, all_points, moved, scaled
from jazzmus.synthesis.handwriting.system_strokes import SystemStrokes, draw_system
from jazzmus.synthesis.handwriting.writer import Writer, draw_writer
from jazzmus.synthesis.page_style import PageStyle
from jazzmus.synthesis.paper.staff_paper import StaffLayout, draw_layout, staff_lines, with_room
from jazzmus.synthesis.score_elements import score_elements

Layer = NDArray[np.uint8]
# What belongs to a system from its middle line, in parts of the distance of two staves, as in JAZZMUS.
ABOVE, BELOW = 0.6, 0.41
WIDEST_PITCH = 15.0  # staff spaces; no more belongs to a system, however far apart they are
APART = 0.3  # least distance in staff spaces between what two systems have one above the other
# How far a strip goes beyond its box, in heights of the box: as real ones do, where the box of the first system of a
# page has more paper above. Ink of the neighbours, which real ones may show there, is not drawn.
CUT_ABOVE, CUT_ABOVE_FIRST, CUT_BELOW, CUT_BELOW_LAST = (0.1, 0.2), (0.15, 0.35), (0.0, 0.03), (0.1, 0.18)
ENGRAVED_CUT = (0.05, 0.35)
# On either side, in widths of the box.
CUT_ASIDE = (0.02, 0.06)


@dataclass(frozen=True)
class DrawnPage:
    """What is written on a page, before its paper.

    Attributes:
        ink: (H, W) uint8 coverage, 0 none, 255 all.
        staves: (H, W) uint8 coverage of the staff lines, where they are not part of the ink.
        boxes: One for each system, top to bottom, in pixels.
        space: Distance of two staff lines in pixels.
        kern: The text of what is shown.
        writer: Who wrote it, such as `hand-7` or `engraved-Leland`.
    """

    ink: Layer
    staves: Layer
    boxes: tuple[SystemBox, ...]
    space: float
    kern: str
    writer: str


def draw_page(kern: str, rng: np.random.Generator, style: PageStyle) -> DrawnPage:
    """Write down a text, all its systems on one page.

    Raises:
        KernError: The text cannot be engraved.
        DataError: What would be drawn is not what the text says; a defect of the generator.
    """
    writer_number, engraved = _who(rng, style)
    layout = draw_layout(rng, style.paper, count_systems(kern))
    if engraved:
        return _engraved(kern, rng, style, layout)
    staves = _chosen_staves(layout, count_systems(kern), rng)
    return _by_hand(kern, kern, 0, layout, staves, writer_number, rng, style)


def draw_strip(kern: str, index: int, rng: np.random.Generator, style: PageStyle) -> DrawnPage:
    """Write down system `index` (from 0) of a text as if it were cut out of a page; its neighbours are not shown.

    Raises:
        KernError: The text cannot be engraved.
        DataError: What would be drawn is not what the text says; a defect of the generator.
    """
    writer_number, engraved = _who(rng, style)
    shown = system_range(kern, index, index + 1)
    layout = draw_layout(rng, style.paper, 4)
    count = count_systems(kern)
    if engraved:
        # With its neighbours it is printed as on the whole page: no meter is repeated, only the last one ends short.
        start = max(0, index - 1)
        page = _engraved(system_range(kern, start, min(count, index + 2)), rng, style, layout)
        page = replace(page, boxes=(page.boxes[index - start],), kern=shown)
        return _cut_out(page, rng, ENGRAVED_CUT, ENGRAVED_CUT)
    first, last = index == 0, index == count - 1
    pitch = layout.middles[1] - layout.middles[0]
    middles = (1.3 * pitch, 2.3 * pitch) if first else (0.3 * pitch, 1.3 * pitch, 2.3 * pitch)
    layout = replace(layout, height=round(2.6 * pitch), middles=middles)
    page = _by_hand(kern, shown, index, layout, [len(middles) - 2], writer_number, rng, style)
    return _cut_out(page, rng, CUT_ABOVE_FIRST if first else CUT_ABOVE, CUT_BELOW_LAST if last else CUT_BELOW)


def _who(rng: np.random.Generator, style: PageStyle) -> tuple[int, bool]:
    """Draw the number of the writer, and whether the page is engraved instead."""
    number = int(rng.integers(style.writers or 2**31))
    return number, bool(rng.random() < style.engraved)


def _chosen_staves(layout: StaffLayout, systems: int, rng: np.random.Generator) -> list[int]:
    """Choose the staves that are written on: from the first ones down, seldom every other one."""
    free = len(layout.middles) - systems
    step = 2 if free >= systems - 1 > 0 and rng.random() < 0.08 else 1
    free = len(layout.middles) - ((systems - 1) * step + 1)
    first = 1 if free > 0 and rng.random() < 0.15 else 0
    return [first + step * number for number in range(systems)]


def _by_hand(
    kern: str,
    shown: str,
    first: int,
    layout: StaffLayout,
    staves: Sequence[int],
    writer_number: int,
    rng: np.random.Generator,
    style: PageStyle,
) -> DrawnPage:
    """Write systems `first` and following of a text on the given staves of a layout."""
    writer = draw_writer(np.random.default_rng(writer_number))
    with_voltas = with_endings(kern, rng, style.endings)
    only = None if shown == kern else first
    systems = score_elements(with_voltas, (layout.right - layout.left) / layout.space, only=only)
    check_elements(kern, systems, only)
    letters = _ChordLetters(writer, rng)
    written = []
    for index, system in enumerate(systems, start=first):
        strokes = draw_system(system, writer.music, rng, index == 0, letters.width)
        written.append((system, strokes, [*strokes.strokes, *letters.placed(strokes.chord_places)]))
    layout = _roomy(layout, staves, [strokes for _, strokes, _ in written])
    lines = staff_lines(layout, rng, style.paper)
    sheet = InkSheet(layout.height, layout.width)
    pen = writer.music.pen * layout.space
    pitch = _pitch(layout)
    remarks = settled(style.remarks, rng)
    boxes: list[SystemBox] = []
    inked: list[Points] = []
    for staff, (system, strokes, music) in zip(staves, written, strict=True):

        def place(points: Points, staff: int = staff) -> Points:
            x = layout.left + layout.space * points[:, 0]
            y = layout.middles[staff] + layout.space * points[:, 1] + lines.shift(staff, x)
            return np.stack([x, y], axis=1)

        room = SystemRoom(system.width, system.bar_number, strokes.occupied, -ABOVE * pitch, BELOW * pitch)
        sheet.draw(music, place, pen)
        sheet.draw(system_remarks(room, remarks, writer.letters, rng), place, pen)
        inked.append(place(all_points(music)))
        boxes.append(_box(inked[-1], layout, layout.middles[staff], pen))
    if shown == kern:
        top, bottom = max(0.0, inked[0][:, 1].min() - pen), inked[-1][:, 1].max() + pen
        around = PageRoom(layout.width, layout.height, layout.left, layout.right, top, bottom, layout.space)
        sheet.draw(page_remarks(around, remarks, writer.letters, rng), lambda points: points, pen)
    return DrawnPage(sheet.coverage(), lines.coverage, tuple(boxes), layout.space, shown, f"hand-{writer_number}")


def _pitch(layout: StaffLayout) -> float:
    """Return the distance of two staves in staff spaces, at most `WIDEST_PITCH`."""
    middles = layout.middles
    apart = (middles[-1] - middles[0]) / (len(middles) - 1) / layout.space if len(middles) > 1 else WIDEST_PITCH
    return min(apart, WIDEST_PITCH)


def _roomy(layout: StaffLayout, staves: Sequence[int], systems: Sequence[SystemStrokes]) -> StaffLayout:
    """Return a layout on which no system is written into the one above it, nor over the upper edge."""
    if len(systems) == 1 and staves[0] > 0:
        return layout
    needed = 0.0
    for upper, lower in pairwise(systems):
        above, below = np.array(upper.occupied).T[:, :, None], np.array(lower.occupied).T[:, None, :]
        over = (above[0] < below[2]) & (below[0] < above[2])
        needed = max(needed, float((above[3] - below[1])[over].max(initial=0.0)) + APART)
    step = staves[1] - staves[0] if len(staves) > 1 else 1
    first = (1.0 - systems[0].top) * layout.space if staves[0] == 0 else 0.0
    return with_room(layout, first, needed / step * layout.space, staves[-1] + 1)


class _ChordLetters:
    """Letters chords before their places are known, since their widths decide the places."""

    def __init__(self, writer: Writer, rng: np.random.Generator) -> None:
        self._writer = writer
        self._rng = rng
        self._waiting: dict[str, list[list[Mark]]] = {}

    def width(self, cell: str) -> float:
        """Letter a chord and return its width in staff spaces."""
        writer = self._writer
        size = writer.music.chord_height
        marks, width = chord_symbol(cell, 0.0, 0.0, size, writer.letters, writer.chords, self._rng)
        self._waiting.setdefault(cell, []).append(marks)
        return width

    def placed(self, places: Sequence[ChordPlace]) -> list[Mark]:
        """Return the marks of the chords lettered since the last call, at their places."""
        marks = [
            moved(scaled(mark, place.size), place.x, place.baseline)
            for place in places
            for mark in self._waiting[place.cell].pop(0)
        ]
        self._waiting.clear()
        return marks


def _box(points: Points, layout: StaffLayout, middle: float, pen: float) -> SystemBox:
    """Return the box of a system: its ink, its staff from end to end, and the paper that belongs to it."""
    pitch = _pitch(layout) * layout.space
    left, top = np.minimum(points.min(axis=0) - pen / 2, (np.inf, middle - ABOVE * pitch))
    right, bottom = np.maximum(points.max(axis=0) + pen / 2, (-np.inf, middle + BELOW * pitch))
    return SystemBox(
        from_x=max(0, int(min(left, layout.left))),
        to_x=min(layout.width, int(max(right, layout.right)) + 1),
        from_y=max(0, int(top)),
        to_y=min(layout.height, int(bottom) + 1),
    )


def _engraved(kern: str, rng: np.random.Generator, style: PageStyle, layout: StaffLayout) -> DrawnPage:
    """Print a text with a music font, spread over the page or set closely."""
    engraving = EngravingStyle(
        music_font=style.music_fonts[int(rng.integers(len(style.music_fonts)))],
        staff_spaces=(layout.right - layout.left) / layout.space,
        system_gap=float(rng.uniform(5.0, 11.0)),
        chord_size=float(rng.uniform(4.0, 5.2)),
        line_width=float(rng.uniform(0.12, 0.2)),
        justify_last=bool(rng.random() < 0.7),
    )
    music, boxes = rasterise(engrave(kern, engraving, as_marked=True), round(layout.right - layout.left))
    left, top = round(layout.left), round(max(0.0, layout.middles[0] - 6 * layout.space))
    height = max(layout.height, top + music.height + round(0.04 * layout.width))
    ink = np.zeros((height, layout.width), dtype=np.uint8)
    ink[top : top + music.height, left : left + music.width] = 255 - np.asarray(music)
    moved = tuple(SystemBox(box.from_x + left, box.to_x + left, box.from_y + top, box.to_y + top) for box in boxes)
    return DrawnPage(ink, np.zeros_like(ink), moved, layout.space, kern, f"engraved-{engraving.music_font}")


def _cut_out(
    page: DrawnPage, rng: np.random.Generator, reach_above: tuple[float, float], reach_below: tuple[float, float]
) -> DrawnPage:
    """Return what stands around the only box of a page: so far beyond it in parts of its height, and a bit aside."""
    (box,) = page.boxes
    above, below = (float(rng.uniform(*reach)) * (box.to_y - box.from_y) for reach in (reach_above, reach_below))
    before, after = (float(rng.uniform(*CUT_ASIDE)) * (box.to_x - box.from_x) for _ in range(2))
    height, width = page.ink.shape
    top, bottom = max(0, round(box.from_y - above)), min(height, round(box.to_y + below))
    left, right = max(0, round(box.from_x - before)), min(width, round(box.to_x + after))
    shown = np.s_[top:bottom, left:right]
    return replace(
        page,
        ink=np.ascontiguousarray(page.ink[shown]),
        staves=np.ascontiguousarray(page.staves[shown]),
        boxes=(SystemBox(box.from_x - left, box.to_x - left, box.from_y - top, box.to_y - top),),
    )
