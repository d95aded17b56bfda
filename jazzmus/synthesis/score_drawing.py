"""Verovio's drawing of a text as `svg_elements` reads it: ids that lead back to the text, and no surprises at breaks.

Knows what Verovio hides, merges or moves. Does not know what is in the drawing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from jazzmus.errors import KernError
from jazzmus.kern.document import MUSIC_KINDS, Row, RowKind, parse_kern
from jazzmus.synthesis.bar_rests import hide_bar_rests
from jazzmus.synthesis.engraving import EngravingStyle, drawable_rows, shared_toolkit, verovio_options
from jazzmus.synthesis.text_bars import TextBars

METER = re.compile(r"\*M\d")
METER_OF_SIGN = {"*met(c)": "*M4/4", "*met(c|)": "*M2/2"}


@dataclass(frozen=True)
class ScoreDrawing:
    """Verovio's drawing of a text without helper rectangles, and how its ids lead back to the text.

    Attributes:
        svg: The drawing as Verovio made it, in drawing units of a twentieth of `UNIT`.
        lines: For each row that Verovio was given, the 1-based line of the text.
        halves: Indices of the rows (from 0) that are the invisible first half of a bar of rest.
    """

    svg: str
    lines: tuple[int, ...]
    halves: frozenset[int]


def draw_for_elements(kern: str, style: EngravingStyle, left_out: Collection[int] = ()) -> ScoreDrawing:
    """Let Verovio draw a well-formed text for `svg_elements`: meters in figures, no endings, bars of rest left empty.

    Verovio moves a system break out of an ending, so endings are left to the caller.

    Args:
        kern: The text.
        style: The look.
        left_out: Lines (from 1) of the text that are not drawn.

    Raises:
        KernError: Verovio does not load the text.
    """
    toolkit = shared_toolkit()
    toolkit.setOptions({**verovio_options(kern, style), "svgBoundingBoxes": False})
    numbered = [(line, row) for line, row in drawable_rows(kern, left_out) if not row.startswith("*>")]
    apart = hide_bar_rests(_meters_in_figures([row for _, row in numbered]))
    if not toolkit.loadData("\n".join([*apart.rows, ""])):
        raise KernError("line 1: Verovio does not load this text; check it with jazzmus.kern.document.parse_kern")
    lines = tuple(numbered[source][0] for source in apart.sources)
    return ScoreDrawing(toolkit.renderToSVG(1), lines, apart.halves)


def far_lines(kern: str, text: TextBars, system: int) -> frozenset[int]:
    """Return the lines (from 1) of a text that change nothing of how one of its systems is drawn.

    That is the music beyond the bar before the system and the bar behind it, unless something in force or a curve or
    beam reaches over the cut.

    Args:
        kern: The text.
        text: What `read_bars` made of it.
        system: The system (from 0).
    """
    rows = parse_kern(kern).rows
    barlines = [number for number, row in enumerate(rows) if row.kind is RowKind.BARLINE]
    near = [number for number, bar in enumerate(text.bars) if bar.system == system]
    far: list[Row] = []
    if near[0] > 0:
        begin = text.bars[near[0] - 1].events[0].line
        music = next(number for number, row in enumerate(rows) if row.kind in MUSIC_KINDS)
        cut = max((number for number in barlines if rows[number].line < begin), default=music)
        far += _if_apart(rows[music:cut])
    if near[-1] + 1 < len(text.bars):
        end = text.bars[near[-1] + 1].events[-1].line
        cut = next((number for number in barlines if rows[number].line > end), len(rows))
        # A break before the barline that stays would begin a system without music.
        breaks = [row for row in rows[:cut] if row.kind is RowKind.LINEBREAK and row.line > end]
        far += [*breaks, *_if_apart(rows[cut + 1 : -1])]
    return frozenset(row.line for row in far)


def _if_apart(rows: Sequence[Row]) -> Sequence[Row]:
    """Return the rows if nothing leads out of them, else none."""
    stated = (row for row in rows if row.kind in (RowKind.INTERPRETATION, RowKind.MANIPULATION))
    melody = "".join(row.cells[0] for row in rows if row.kind is RowKind.DATA)
    leads_out = any(melody.count(begin) != melody.count(end) for begin, end in ("()", "LJ"))
    return () if leads_out or any(not row.cells[0].startswith("*>") for row in stated) else rows


def _meters_in_figures(rows: list[str]) -> list[str]:
    """Replace `*met(c)`, which Verovio hides, by figures, unless figures stand in the same run of interpretations."""
    changed = list(rows)
    for index, row in enumerate(rows):
        if "*met(" in row:
            first = last = index
            while first > 0 and rows[first - 1].startswith("*"):
                first -= 1
            while last + 1 < len(rows) and rows[last + 1].startswith("*"):
                last += 1
            figures = {} if METER.search("\t".join(rows[first : last + 1])) else METER_OF_SIGN
            cells = row.split("\t")
            changed[index] = "\t".join(figures.get(cell, "*") if "*met(" in cell else cell for cell in cells)
    return changed
