"""Kern text to an engraved score: Verovio draws it, resvg turns the drawing into pixels.

Knows notation software only. It does not know where a text comes from, nor how a score is laid out on a page of paper.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import verovio
from PIL import Image

from jazzmus.dataset.manifest import SystemBox
from jazzmus.errors import KernError
from jazzmus.kern.accidentals import COURTESY_MARK, DRAWN_MARK, change_notes, drawn_accidental
from jazzmus.kern.document import split_lines
from jazzmus.kern.notes import NATURAL, Note, parse_notes
from jazzmus.kern.systems import count_systems
from jazzmus.pictures import svg_to_png
from jazzmus.synthesis.bar_rests import hide_bar_rests, restore_bar_rests
from jazzmus.synthesis.chord_text import chord_text

MUSIC_FONTS = ("Leipzig", "Bravura", "Leland", "Petaluma", "Gootville")
Extent = tuple[float, float, float, float]  # left, right, top, bottom in drawing units
SVG = "{http://www.w3.org/2000/svg}"
UNIT = 9.0  # half a staff space, in Verovio's page units
MARGIN = 20  # page units; strokes at the edge would be cut without one
NOTE_ID = re.compile(r"note-L(\d+)F(\d+)(?:S(\d+))?")
TRANSLATION = re.compile(r"translate\(([-\d.]+)[ ,]+([-\d.]+)\)")

# Verovio takes `*met(c)` for a remark and hides it; on a lead sheet it is the drawn common-time sign.
HIDDEN_METER_SIGN = re.compile(r'(<meterSig [^>]*sym="[a-z]+"[^>]*?) visible="false"')

# Interpretations that print a word which is no part of the text to be read: instrument, tempo, transposition.
UNDRAWN = re.compile(r"^(\*I|\*MM|\*Tr|!LO|!!LO|!(?!!linebreak))")


@dataclass(frozen=True)
class EngravingStyle:
    """The look of an engraved score.

    Attributes:
        music_font: One of `MUSIC_FONTS`.
        staff_spaces: Width of the score, in distances between two staff lines.
        system_gap: Least distance between systems, in half staff spaces.
        chord_size: Size of the chords; Verovio's lyric size, in half staff spaces.
        line_width: Thickness of a staff line, in half staff spaces.
        justify_last: Whether a short last system is stretched to the full width.
    """

    music_font: str = "Leipzig"
    staff_spaces: float = 110.0
    system_gap: float = 6.0
    chord_size: float = 4.5
    line_width: float = 0.15
    justify_last: bool = True


@dataclass(frozen=True)
class EngravedScore:
    """A drawing and where its systems are.

    Attributes:
        svg: The drawing, without Verovio's helper rectangles.
        width: Width in drawing units (that of the view box).
        height: Height in drawing units.
        systems: (left, right, top, bottom) of each system in drawing units, top to bottom.
    """

    svg: str
    width: float
    height: float
    systems: tuple[Extent, ...]


def drawable_rows(kern: str, left_out: Collection[int] = ()) -> list[tuple[int, str]]:
    """Rewrite a text of the dialect so that Verovio draws it as a lead sheet: chords as text above the staff.

    Args:
        kern: The text.
        left_out: Lines (from 1) of it that are not drawn.

    Returns:
        The rows, each with the 1-based number of the line it was made from.
    """
    rows: list[tuple[int, str]] = []
    chord_column = None
    for line, row in enumerate(split_lines(kern), start=1):
        if line in left_out or not row.strip() or UNDRAWN.match(row):
            continue
        cells = row.split("\t")
        if cells[0].startswith("**"):
            chord_column = cells.index("**mxhm") if "**mxhm" in cells else None
            rows.append((line, "\t".join("**cdata" if cell == "**mxhm" else cell for cell in cells)))
            if chord_column is not None:
                rows.append((line, "\t".join("*above" if cell == "**mxhm" else "*" for cell in cells)))
            continue
        if not row.startswith(("*", "=", "!")):
            chord = [] if chord_column is None or len(cells) < 2 else [chord_text(cells[-1])]
            # The chords stand last, also beside a split staff.
            cells = [_with_drawn_accidentals(cell) for cell in cells[: len(cells) - len(chord)]] + chord
        rows.append((line, "\t".join(cells)))
    return rows


@lru_cache(maxsize=4096)
def _with_drawn_accidentals(cell: str) -> str:
    return change_notes(cell, _with_drawn_accidental)


def _with_drawn_accidental(note: Note) -> Note:
    """Return a note with the mark that makes Verovio draw its accidental, if the text says in any way that it is."""
    drawn = drawn_accidental(note)
    if not drawn:
        return note
    marks = "" if drawn == NATURAL else DRAWN_MARK
    marks += "".join(mark for mark in note.marks if mark not in (DRAWN_MARK, COURTESY_MARK))
    return replace(note, accidental=drawn, marks=marks)


@cache
def shared_toolkit() -> verovio.toolkit:
    """Return the process's Verovio; set all options before each use."""
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setInputFrom("humdrum")
    return toolkit


def verovio_options(kern: str, style: EngravingStyle) -> dict[str, object]:
    """Return Verovio's options for a text and a style, helper rectangles included."""
    return {
        # Where a text has no breaks to encode, Verovio would put in its own.
        "breaks": "encoded" if count_systems(kern) > 1 else "none",
        "header": "none",
        "footer": "none",
        "adjustPageHeight": True,
        "pageHeight": 60000,
        "pageWidth": round(style.staff_spaces * 2 * UNIT),
        **{f"pageMargin{side}": MARGIN for side in ("Top", "Bottom", "Left", "Right")},
        "unit": UNIT,
        "font": style.music_font,
        "spacingSystem": style.system_gap,
        "lyricSize": style.chord_size,
        "staffLineWidth": style.line_width,
        "minLastJustification": 0.0 if style.justify_last else 0.8,
        "svgBoundingBoxes": True,
        "svgViewBox": True,
        "outputIndent": 0,
    }


def engrave(kern: str, style: EngravingStyle, as_marked: bool = False) -> EngravedScore:
    """Engrave a text, one system of it on each line.

    Args:
        kern: Text in the dialect. A text that does not parse may make Verovio fail in ways that cannot be caught;
            texts of unknown origin are parsed first.
        style: The look.
        as_marked: Print only the accidentals that the text marks as drawn, without Verovio's reminders.

    Raises:
        KernError: Verovio does not load the text, or draws nothing.
    """
    toolkit = shared_toolkit()
    toolkit.setOptions(verovio_options(kern, style))
    apart = hide_bar_rests([row for _, row in drawable_rows(kern)])
    if not any(row[0] not in "*=!" for row in apart.rows):
        raise KernError("line 1: the text holds no notes or rests, so there is nothing to engrave")
    text = "\n".join([*apart.rows, ""])
    loaded = toolkit.loadData(text)
    if loaded and (apart.halves or "*met(" in text):
        mei = HIDDEN_METER_SIGN.sub(r"\1", restore_bar_rests(toolkit.getMEI(), apart.halves))
        toolkit.setInputFrom("mei")
        loaded = toolkit.loadData(mei)
        toolkit.setInputFrom("humdrum")
    if not loaded:
        raise KernError("line 1: Verovio does not load this text; check it with jazzmus.kern.document.parse_kern")
    try:
        root = ElementTree.fromstring(toolkit.renderToSVG(1))
    except ElementTree.ParseError as error:
        raise KernError(f"line 1: Verovio's drawing is not valid ({error}); remove control characters") from error
    drawing = root.find(f"{SVG}svg")
    margin = drawing.find(f"{SVG}g[@class='page-margin']") if drawing is not None else None
    if drawing is None or margin is None:
        raise KernError("line 1: Verovio draws nothing for this text; it holds no music")
    if as_marked:
        _remove_reminders(margin, apart.rows)
    left, top = _offset(margin)
    groups = [group for group in margin.iter(f"{SVG}g") if group.get("class", "").split(" ")[0] == "system"]
    extents = _system_extents([group for group in groups if "bounding-box" not in group.get("class", "")])
    systems = tuple((x0 + left, x1 + left, y0 + top, y1 + top) for x0, x1, y0, y1 in extents)
    _prepare_for_drawing(root)
    width, height = (float(number) for number in drawing.get("viewBox", "").split(" ")[2:])
    ElementTree.register_namespace("", "http://www.w3.org/2000/svg")
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    return EngravedScore(ElementTree.tostring(root, encoding="unicode"), width, height, systems)


def _remove_reminders(drawing: ElementTree.Element, rows: Sequence[str]) -> None:
    """Remove accidentals that the text does not mark: Verovio reminds of the key after a tied-in one, pages do not.

    Args:
        drawing: Its notes have ids such as `note-L12F1` or `note-L12F1S2`: line, field and place in the cell.
        rows: What Verovio was given.
    """
    for group in drawing.iter(f"{SVG}g"):
        place = NOTE_ID.fullmatch(group.get("id", "")) if group.get("class", "").split(" ")[0] == "note" else None
        if place is None:
            continue
        line, field, subtoken = (int(number or 1) for number in place.groups())
        notes = parse_notes(rows[line - 1].split("\t")[field - 1])
        if len(notes) < subtoken or drawn_accidental(notes[subtoken - 1]):
            continue
        for child in list(group):
            if child.get("class", "").split(" ")[0] == "accid":
                group.remove(child)


def _offset(group: ElementTree.Element) -> tuple[float, float]:
    match = TRANSLATION.search(group.get("transform", ""))
    return (float(match[1]), float(match[2])) if match else (0.0, 0.0)


def _rectangles(group: ElementTree.Element) -> list[tuple[Extent, bool]]:
    """Return the helper rectangles that Verovio draws around the elements of a group, and whether each is a tie's."""
    return [
        (_rectangle(rectangle), helper.get("class", "").startswith(("tie", "slur")))
        for helper in group.iter(f"{SVG}g")
        if "bounding-box" in helper.get("class", "")
        for rectangle in helper.findall(f"{SVG}rect")
    ]


def _rectangle(rectangle: ElementTree.Element) -> Extent:
    x, y, width, height = (float(rectangle.get(name, "0")) for name in ("x", "y", "width", "height"))
    return x, x + width, y, y + height


def _system_extents(systems: list[ElementTree.Element]) -> list[Extent]:
    """Return what each system covers.

    Verovio keeps a tie over a system break, with both its halves, in the first of the two systems. So ties count for
    the systems whose other elements they touch, wherever they are kept.
    """
    kept = [rectangles for rectangles in map(_rectangles, systems) if rectangles]
    ties = [extent for rectangles in kept for extent, is_tie in rectangles if is_tie]
    extents = []
    for rectangles in kept:
        core = _union([extent for extent, is_tie in rectangles if not is_tie])
        extents.append(_union([core, *(tie for tie in ties if tie[2] < core[3] and tie[3] > core[2])]))
    return extents


def _union(extents: list[Extent]) -> Extent:
    lefts, rights, tops, bottoms = zip(*extents, strict=True)
    return min(lefts), max(rights), min(tops), max(bottoms)


def _prepare_for_drawing(root: ElementTree.Element) -> None:
    """Remove what is not drawn, and say by attributes what Verovio says by a style sheet.

    The style sheet also strokes every glyph with an invisibly thin line, which takes a third of the drawing time.
    """
    for parent in root.iter():
        for child in list(parent):
            classes = child.get("class", "").split(" ")
            if "bounding-box" in classes or "placeholder" in classes or child.tag == f"{SVG}style":
                parent.remove(child)
    for element in root.iter():
        if element.get("stroke-width") is not None:
            element.set("stroke", "currentColor")


def rasterise(score: EngravedScore, width: int) -> tuple[Image.Image, tuple[SystemBox, ...]]:
    """Draw a score in black on white.

    Args:
        score: What `engrave` returned.
        width: Width of the image in pixels; the height follows.

    Returns:
        The image (mode `L`) and the box of each system in its pixels.
    """
    scale = width / score.width
    image = Image.open(io.BytesIO(svg_to_png(score.svg, width))).convert("L")
    boxes = tuple(
        SystemBox(
            from_x=max(0, int(x0 * scale)),
            to_x=min(image.width, int(x1 * scale) + 1),
            from_y=max(0, int(y0 * scale)),
            to_y=min(image.height, int(y1 * scale) + 1),
        )
        for x0, x1, y0, y1 in score.systems
    )
    return image, boxes
