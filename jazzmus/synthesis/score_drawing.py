"""Verovio's drawing of a text as `svg_elements` reads it: ids that lead back to the text, and no surprises at breaks.

Knows what Verovio hides, merges or moves. Does not know what is in the drawing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from jazzmus.errors import KernError
from jazzmus.synthesis.bar_rests import hide_bar_rests
from jazzmus.synthesis.engraving import EngravingStyle, drawable_rows, shared_toolkit, verovio_options

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


def draw_for_elements(kern: str, style: EngravingStyle) -> ScoreDrawing:
    """Let Verovio draw a well-formed text for `svg_elements`: meters in figures, no endings, bars of rest left empty.

    Verovio moves a system break out of an ending, so endings are left to the caller.

    Raises:
        KernError: Verovio does not load the text.
    """
    toolkit = shared_toolkit()
    toolkit.setOptions({**verovio_options(kern, style), "svgBoundingBoxes": False})
    numbered = [(line, row) for line, row in drawable_rows(kern) if not row.startswith("*>")]
    apart = hide_bar_rests(_meters_in_figures([row for _, row in numbered]))
    if not toolkit.loadData("\n".join([*apart.rows, ""])):
        raise KernError("line 1: Verovio does not load this text; check it with jazzmus.kern.document.parse_kern")
    lines = tuple(numbered[source][0] for source in apart.sources)
    return ScoreDrawing(toolkit.renderToSVG(1), lines, apart.halves)


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
