"""A reading as one HTML file: the page with its systems, the reading engraved, and its text with what is unsure.

The file needs no other file, no network and no scripts. Takes every text, also one that cannot be engraved. Does not
know where the file goes.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from PIL import Image

from jazzmus.dataset.manifest import SystemBox
from jazzmus.errors import KernError
from jazzmus.export.engraved import to_svg
from jazzmus.export.html_style import STYLE
from jazzmus.export.reading import Reading
from jazzmus.kern.document import split_lines

TALLEST_PAGE = 1600  # pixels
_JPEG_QUALITY = 80
_STOP_REASONS = {
    "eos": "the network ended the page itself",
    "length": "cut at the length limit",
    "loop": "stopped, as it repeated itself without end",
}
_DOUBTFUL = "the bar that begins here does not fill its meter"


class _Level(NamedTuple):
    """A step of the colour scale: rows whose confidence lies below a limit."""

    below: float
    name: str
    legend: str


_LEVELS = (_Level(0.5, "low", "below 0.5"), _Level(0.8, "middle", "0.5 to 0.8"), _Level(0.95, "high", "0.8 to 0.95"))


def to_html(title: str, page_image: Image.Image, reading: Reading) -> str:
    """Return the HTML file of a reading.

    Args:
        title: Heading, such as the name of the page's file.
        page_image: The page, any mode; scaled to at most 1600 pixels of height.
        reading: What was read from it; its system boxes are in pixels of `page_image`.
    """
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{_shown(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>",
            f"<h1>{_shown(title)}</h1>",
            _facts(reading),
            '<div class="pages">',
            f"<section>\n<h2>Page</h2>\n{_page(page_image, reading.system_boxes)}\n</section>",
            f"<section>\n<h2>Reading</h2>\n{_engraved(reading.kern)}\n</section>",
            "</div>",
            f'<section class="text">\n<h2>Text</h2>\n{_text(reading)}\n</section>',
            "</body>\n</html>\n",
        ]
    )


def _shown(text: str) -> str:
    """Escape a text; characters that HTML cannot hold are replaced."""
    return escape("".join(sign if sign.isprintable() or sign == "\t" else "\ufffd" for sign in text))


def _facts(reading: Reading) -> str:
    reason = _STOP_REASONS.get(reading.stop_reason, reading.stop_reason)
    facts = [
        f"Mean confidence <b>{reading.confidence:.2f}</b>",
        f"<b>{_shown(reason)}</b>",
        f"read in <b>{reading.seconds:.1f} s</b>",
    ]
    if reading.system_boxes:
        facts.append(f"<b>{len(reading.system_boxes)}</b> systems found")
    if reading.doubtful_bars:
        links = " ".join(f'<a href="#line-{line}">{line}</a>' for line in reading.doubtful_bars)
        facts.append(f"bars that do not fill their meter, by line: {links}")
    return f'<p class="facts">{" · ".join(facts)}</p>'


def _page(image: Image.Image, boxes: Sequence[SystemBox]) -> str:
    small = image.convert("L" if image.mode in ("1", "L", "I;16") else "RGB")
    if small.height > TALLEST_PAGE:
        width = max(1, round(small.width * TALLEST_PAGE / small.height))
        small = small.resize((width, TALLEST_PAGE), Image.Resampling.LANCZOS)
    encoded = io.BytesIO()
    small.save(encoded, "JPEG", quality=_JPEG_QUALITY)
    data = base64.b64encode(encoded.getvalue()).decode("ascii")
    size = image.height / 45  # of the numbers
    marks = [
        f'<rect x="{box.from_x}" y="{box.from_y}" width="{box.to_x - box.from_x}" height="{box.to_y - box.from_y}">'
        f'<title>system {number}</title></rect><text x="{box.from_x + size / 4:.0f}" y="{box.from_y + size:.0f}" '
        f'font-size="{size:.0f}">{number}</text>'
        for number, box in enumerate(boxes, start=1)
    ]
    overlay = f'<svg viewBox="0 0 {image.width} {image.height}">{"".join(marks)}</svg>' if marks else ""
    return f'<div class="page"><img alt="the page that was read" src="data:image/jpeg;base64,{data}">{overlay}</div>'


def _engraved(kern: str) -> str:
    try:
        pages = to_svg(kern)
    except KernError as error:
        return f"<p>The text cannot be engraved ({_shown(str(error))}).</p>"
    return "\n".join(f'<div class="engraved">{page[page.index("<svg") :]}</div>' for page in pages)


def _text(reading: Reading) -> str:
    legend = [f'<span class="{level.name}">{level.legend}</span>' for level in _LEVELS]
    lines = split_lines(reading.kern) if reading.kern else []
    confidences = [*reading.row_confidences, *[1.0] * len(lines)]
    doubtful = frozenset(reading.doubtful_bars)
    rows = [
        _row(number, line, confidence, number in doubtful)
        for number, (line, confidence) in enumerate(zip(lines, confidences, strict=False), start=1)
    ]
    return (
        f'<p class="legend">Least probability of a token of the row: {"".join(legend)}'
        f'<span class="doubt">{_DOUBTFUL}</span></p>\n<pre>{"".join(rows)}</pre>'
    )


def _row(number: int, line: str, confidence: float, is_doubtful: bool) -> str:
    level = next((level.name for level in _LEVELS if confidence < level.below), "")
    classes = " ".join(filter(None, ("row", level, "doubt" if is_doubtful else "")))
    told = f"line {number}: least probability {confidence:.2f}" + (f"; {_DOUBTFUL}" if is_doubtful else "")
    return f'<span class="{classes}" id="line-{number}" title="{told}"><i>{number}</i>{_shown(line)}</span>'
