"""Ways from pages to texts behind one interface: the whole page at once, or system by system.

`page` reads end to end. `systems` finds the systems, reads each as a picture of its own, all in one batch, and joins
their texts, with clef and key carried on and a new meter where bars fit it. `concatenate` does the same with the first
header only and whatever the systems say: the published baseline of detection and concatenation.

Knows pages and readings; does not know how a network decodes nor where results are written.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from PIL import Image

from jazzmus.dataset.manifest import SystemBox
from jazzmus.dataset.page_transform import strip_area
from jazzmus.errors import KernError
from jazzmus.kern.document import LINEBREAK_ROW, split_lines
from jazzmus.kern.joining import concatenate_systems, join_systems
from jazzmus.layout.staff_finding import find_systems
from jazzmus.utils.transcription import DecodedText, confidences_in

logger = logging.getLogger(__name__)

StrategyName = Literal["page", "systems", "concatenate"]
STRATEGIES: tuple[StrategyName, ...] = ("page", "systems", "concatenate")
_WORST_FIRST = ("loop", "length", "eos")

# Reads pictures: the texts found for each, best first.
ReadPictures = Callable[[Sequence[Image.Image]], list[list[DecodedText]]]
# Chooses a text for each system of a page, from top to bottom.
Choose = Callable[[Sequence[Sequence[DecodedText]]], list[DecodedText]]


def likeliest(systems: Sequence[Sequence[DecodedText]]) -> list[DecodedText]:
    """The first text of each system."""
    return [texts[0] for texts in systems]


class PageText(NamedTuple):
    """The text of a page in its codec's form, and the boxes it was read from (empty: the whole page)."""

    decoded: DecodedText
    boxes: tuple[SystemBox, ...]


def read_pages(
    strategy: StrategyName,
    pages: Sequence[Image.Image],
    read_pictures: ReadPictures,
    boxes: Sequence[Sequence[SystemBox]] | None = None,
    choose: Choose = likeliest,
) -> list[PageText]:
    """Read gray pages.

    Args:
        strategy: One of `STRATEGIES`.
        pages: Mode "L".
        read_pictures: Reads whole pages or pictures of one system.
        boxes: Systems of each page from top to bottom, where they are known; found when None.
        choose: Which of the texts found for each system of a page is taken.
    """
    if strategy == "page":
        return [PageText(choose([texts])[0], ()) for texts in read_pictures(pages)]
    found = [tuple(page_boxes) for page_boxes in boxes] if boxes is not None else [music_boxes(page) for page in pages]
    pictures: list[Image.Image] = []
    for page, page_boxes in zip(pages, found, strict=True):
        if not page_boxes:
            logger.warning("no staff with music was found on a page; it is read as one system")
            pictures.append(page)
        pictures += [page.crop(strip_area(page.size, page_boxes, at)) for at in range(len(page_boxes))]
    readings = iter(read_pictures(pictures))
    return [
        PageText(_joined(strategy, choose([next(readings) for _ in page_boxes or (None,)])), page_boxes)
        for page_boxes in found
    ]


def music_boxes(page: Image.Image) -> tuple[SystemBox, ...]:
    """The boxes of the systems with music on a gray page, from top to bottom."""
    return tuple(system.box for system in find_systems(page) if system.has_music)


def _joined(strategy: StrategyName, systems: Sequence[DecodedText]) -> DecodedText:
    texts = [system.text for system in systems]
    try:
        text = (join_systems if strategy == "systems" else concatenate_systems)(texts)
    except KernError as error:
        logger.warning("systems are joined as they were read, for one of them is not well-formed: %s", error)
        text = f"{LINEBREAK_ROW}\n".join(texts)
    lines = [line for system in systems for line in [*split_lines(system.text), LINEBREAK_ROW]][:-1]
    confidences = [value for system in systems for value in (*system.row_confidences, 1.0)][:-1]
    return DecodedText(
        text,
        confidences_in(text, lines, confidences),
        tuple(token for system in systems for token in system.tokens),
        min((system.stop_reason for system in systems), key=_WORST_FIRST.index),
    )
