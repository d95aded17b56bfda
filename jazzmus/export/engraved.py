"""A text as engraved pages, SVG or PNG: Verovio sets the MusicXML of the text, with its systems as they are.

Knows nothing of kern but through MusicXML. Verovio runs in a process of its own, which it may end on a strange text.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from lxml import etree

from jazzmus.errors import KernError
from jazzmus.export import verovio_process
from jazzmus.export.musicxml import score_element
from jazzmus.export.score import build_bars
from jazzmus.kern.systems import count_systems
from jazzmus.pictures import svg_to_png

PNG_WIDTH = 1600  # pixels
_SECONDS = 60.0
_OPTIONS: dict[str, object] = {
    "inputFrom": "musicxml",
    "header": "none",
    "footer": "none",
    "pageWidth": 2100,
    "pageHeight": 2970,
    "adjustPageHeight": True,
    "spacingSystem": 8,
    "svgViewBox": True,
    "outputIndent": 0,
    "smuflTextFont": "none",
    "xmlIdSeed": 1,
}
# Verovio sets the accidentals of chord symbols in its music font, which no other program has at hand.
_MUSIC_TEXT = re.compile(r'<tspan font-family="Leipzig" font-size="(\d+)px">([^<]*)</tspan>')
_LETTERS = str.maketrans({"\uea63": "bb", "\uea64": "b", "\uea65": "", "\uea66": "#", "\uea67": "##"})
_LETTER_SIZE = 0.5625  # of letters beside signs of the music font


def to_svg(kern: str) -> list[str]:
    """Return the engraved pages of a text as SVG documents: one, or more where the systems do not fit one page.

    Raises:
        KernError: if the text cannot be parsed or drawn. The message begins with the line number.
    """
    pages = _pages(kern)
    if not pages:
        raise KernError("line 1: this text cannot be engraved; write it as musicxml and open it in a notation program")
    return list(pages)


def to_png(kern: str) -> list[bytes]:
    """Return the engraved pages of a text as PNG files, black on white, `PNG_WIDTH` pixels wide.

    Raises:
        KernError: if the text cannot be parsed or drawn. The message begins with the line number.
    """
    return [svg_to_png(page, PNG_WIDTH) for page in to_svg(kern)]


# A reading that is written in several formats is engraved once, and a text on which Verovio fails tried once.
@lru_cache(maxsize=1)
def _pages(kern: str) -> tuple[str, ...]:
    root = score_element(build_bars(kern))
    # What is printed of a chord stands in the text of its kind; Verovio would print the degrees behind it.
    etree.strip_elements(root, "degree")
    # Without line breaks of its own, a text is broken where the width ends.
    options = {**_OPTIONS, "breaks": "line" if count_systems(kern) > 1 else "auto"}
    pages = _engrave({"options": options, "document": etree.tostring(root, encoding="unicode")})
    return tuple([_MUSIC_TEXT.sub(_in_letters, page) for page in pages])


def _engrave(request: dict[str, object]) -> list[str]:
    """Return the pages that Verovio draws; none where it fails, in whatever way."""
    command = [sys.executable, "-P", str(Path(verovio_process.__file__))]
    try:
        done = subprocess.run(command, input=json.dumps(request).encode(), capture_output=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        return []
    return list(json.loads(done.stdout)) if done.returncode == 0 else []


def _in_letters(text: re.Match[str]) -> str:
    size = round(int(text[1]) * _LETTER_SIZE)
    return f'<tspan font-size="{size}px">{text[2].translate(_LETTERS)}</tspan>'
