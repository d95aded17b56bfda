"""A text written down: engraved, then redrawn by one writer (or by an engraver) on the staves of a page.

What comes out are layers and boxes; paper and camera are added later, so that one drawing serves several times. Knows
neither where texts come from nor what paper looks like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
from jazzmus.synthesis.handwriting.strokes import Mark, Points, all_points, moved
from jazzmus.synthesis.handwriting.system_strokes import draw_system
from jazzmus.synthesis.handwriting.writer import Writer, draw_writer
from jazzmus.synthesis.page_style import PageStyle
from jazzmus.synthesis.paper.staff_paper import StaffLayout, draw_layout, staff_lines
from jazzmus.synthesis.score_elements import score_elements

Layer = NDArray[np.uint8]
# The paper between two systems, in parts of the distance between them, that belongs to the lower and the upper one.
ABOVE, BELOW = 0.6, 0.35
ONLY_PITCH = 12.0  # staff spaces; for a page of one staff
STRIP_REACH = (0.05, 0.35)  # how far a strip goes beyond its box, in heights of the box


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
    if engraved:
        page = _engraved(kern, rng, style, layout)
        page = replace(page, boxes=page.boxes[index : index + 1], kern=shown)
    else:
        pitch = layout.middles[1] - layout.middles[0]
        layout = replace(layout, height=round(2.6 * pitch), middles=(0.3 * pitch, 1.3 * pitch, 2.3 * pitch))
        page = _by_hand(kern, shown, index, layout, [1], writer_number, rng, style)
    return _cut_out(page, rng)


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
    systems = score_elements(with_voltas, (layout.right - layout.left) / layout.space)
    check_elements(kern, systems)
    lines = staff_lines(layout, rng, style.paper)
    sheet = InkSheet(layout.height, layout.width)
    pen = writer.music.pen * layout.space
    middles = layout.middles
    pitch = (middles[-1] - middles[0]) / (len(middles) - 1) / layout.space if len(middles) > 1 else ONLY_PITCH
    letters = _ChordLetters(writer, rng)
    remarks = settled(style.remarks, rng)
    boxes: list[SystemBox] = []
    for staff, (index, system) in zip(staves, list(enumerate(systems))[first:], strict=False):

        def place(points: Points, staff: int = staff) -> Points:
            x = layout.left + layout.space * points[:, 0]
            y = layout.middles[staff] + layout.space * points[:, 1] + lines.shift(staff, x)
            return np.stack([x, y], axis=1)

        strokes = draw_system(system, writer.music, rng, index == 0, letters.width)
        music = [*strokes.strokes, *letters.placed(strokes.chord_places)]
        room = SystemRoom(system.width, system.bar_number, strokes.occupied, -ABOVE * pitch, BELOW * pitch)
        sheet.draw(music, place, pen)
        sheet.draw(system_remarks(room, remarks, writer.letters, rng), place, pen)
        boxes.append(_box(place(all_points(music)), layout, pen))
    if shown == kern:
        around = PageRoom(
            layout.width, layout.height, layout.left, layout.right, boxes[0].from_y, boxes[-1].to_y, layout.space
        )
        sheet.draw(page_remarks(around, remarks, writer.letters, rng), lambda points: points, pen)
    return DrawnPage(sheet.coverage(), lines.coverage, tuple(boxes), layout.space, shown, f"hand-{writer_number}")


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
        marks = [moved(mark, place.x, place.baseline) for place in places for mark in self._waiting[place.cell].pop(0)]
        self._waiting.clear()
        return marks


def _box(points: Points, layout: StaffLayout, pen: float) -> SystemBox:
    """Return the box of a system: its ink, and its staff from end to end."""
    left, top = points.min(axis=0) - pen / 2
    right, bottom = points.max(axis=0) + pen / 2
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
    music, boxes = rasterise(engrave(kern, engraving), round(layout.right - layout.left))
    left, top = round(layout.left), round(max(0.0, layout.middles[0] - 6 * layout.space))
    height = max(layout.height, top + music.height + round(0.04 * layout.width))
    ink = np.zeros((height, layout.width), dtype=np.uint8)
    ink[top : top + music.height, left : left + music.width] = 255 - np.asarray(music)
    moved = tuple(SystemBox(box.from_x + left, box.to_x + left, box.from_y + top, box.to_y + top) for box in boxes)
    return DrawnPage(ink, np.zeros_like(ink), moved, layout.space, kern, f"engraved-{engraving.music_font}")


def _cut_out(page: DrawnPage, rng: np.random.Generator) -> DrawnPage:
    """Return the rows of a page around its only box."""
    (box,) = page.boxes
    above, below = rng.uniform(*STRIP_REACH, 2) * (box.to_y - box.from_y)
    top, bottom = max(0, round(box.from_y - above)), min(len(page.ink), round(box.to_y + below))
    return replace(
        page,
        ink=np.ascontiguousarray(page.ink[top:bottom]),
        staves=np.ascontiguousarray(page.staves[top:bottom]),
        boxes=(SystemBox(box.from_x, box.to_x, box.from_y - top, box.to_y - top),),
    )
