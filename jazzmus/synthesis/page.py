"""A generated page: a drawn page on paper, with its exact text and boxes. Knows nothing of where either comes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from jazzmus.dataset.manifest import SystemBox
from jazzmus.synthesis.drawn_page import DrawnPage
from jazzmus.synthesis.paper.sheet import put_on_paper
from jazzmus.synthesis.paper.style import PaperStyle


@dataclass(frozen=True)
class SyntheticPage:
    """A generated page with its exact text and boxes.

    Attributes:
        image: Mode `L`.
        kern: Its text.
        system_boxes: One box for each system, top to bottom, in pixels; chords and staff are inside.
        writer: Who wrote it, such as `hand-7` or `engraved-Leland`.
        seed: The number it was made from.
    """

    image: Image.Image
    kern: str
    system_boxes: tuple[SystemBox, ...]
    writer: str
    seed: int


def on_paper(drawn: DrawnPage, seed: int, rng: np.random.Generator, style: PaperStyle) -> SyntheticPage:
    """Put a drawn page on paper; as often as wanted, each time on another sheet."""
    image, boxes = put_on_paper(drawn.ink, drawn.staves, drawn.boxes, rng, style, space=drawn.space)
    return SyntheticPage(Image.fromarray(image), drawn.kern, boxes, drawn.writer, seed)
