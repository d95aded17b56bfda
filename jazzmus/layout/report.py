"""How well found systems agree with the boxes of a prepared folder. Knows pages and boxes, no text and no network."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from jazzmus.dataset.manifest import PageRecord, SystemBox
from jazzmus.dataset.page_image import read_image
from jazzmus.dataset.page_transform import strip_area
from jazzmus.layout.staff_finding import FoundSystem, find_systems

# Least vertical overlap over union at which a found box counts as the true one.
LEAST_OVERLAP = 0.5
# Five lines take about two sevenths of the height of a system.
HALF_STAFF = 1 / 7
FOUND, EMPTY, TRUE = (220, 0, 0), (240, 160, 0), (0, 0, 220)


class PageReport(NamedTuple):
    """What was found on one page.

    Attributes:
        page_id: The page.
        staves: Staves found, empty ones included.
        found: Systems found: staves with music.
        expected: Systems of the manifest.
        overlaps: Vertical intersection over union of found and true systems, in order; empty where the counts differ.
        strips_off: Single systems whose cut at the found boxes begins or ends more than half a staff from the true cut.
        seconds: Processor time.
    """

    page_id: str
    staves: int
    found: int
    expected: int
    overlaps: tuple[float, ...]
    strips_off: int
    seconds: float

    @property
    def is_right(self) -> bool:
        """Whether each system was found, and nothing else."""
        return self.found == self.expected and all(overlap >= LEAST_OVERLAP for overlap in self.overlaps)


def vertical_overlap(one: SystemBox, other: SystemBox) -> float:
    """Intersection over union of the rows of two boxes, in [0, 1]."""
    shared = min(one.to_y, other.to_y) - max(one.from_y, other.from_y)
    union = max(one.to_y, other.to_y) - min(one.from_y, other.from_y)
    return max(shared, 0) / union if union else 0.0


def examine(folder: Path, record: PageRecord) -> tuple[PageReport, Image.Image]:
    """Find the systems of one page of a prepared folder.

    Returns:
        The report, and the page with the true boxes, those found, and empty staves drawn on it.

    Raises:
        DataError: The image cannot be read.
    """
    image = read_image(folder / record.image)
    began = time.process_time()
    staves = find_systems(image)
    seconds = time.process_time() - began
    true = record.systems or ()
    found = [staff.box for staff in staves if staff.has_music]
    matched = len(found) == len(true)
    overlaps = tuple(round(vertical_overlap(*pair), 3) for pair in zip(found, true, strict=True)) if matched else ()
    strips_off = _strips_off(image.size, found, true) if matched else len(true)
    report = PageReport(record.page_id, len(staves), len(found), len(true), overlaps, strips_off, round(seconds, 3))
    return report, _drawn(image, staves, true)


def summary(reports: Sequence[PageReport]) -> dict[str, Any]:
    """Figures over pages: counts, and percentiles of the overlaps where the count is right."""
    overlaps = [overlap for report in reports for overlap in report.overlaps]
    return {
        "pages": len(reports),
        "right_count": sum(report.found == report.expected for report in reports),
        "right_pages": sum(report.is_right for report in reports),
        "systems": sum(report.expected for report in reports),
        "overlap_percentiles": {
            str(share): round(float(np.percentile(overlaps, share)), 3) for share in (0, 1, 5, 50) if overlaps
        },
        "strips_off": sum(report.strips_off for report in reports),
        "seconds_a_page": round(sum(report.seconds for report in reports) / max(len(reports), 1), 3),
    }


def _strips_off(size: tuple[int, int], found: Sequence[SystemBox], true: Sequence[SystemBox]) -> int:
    off = 0
    for at, box in enumerate(true):
        (_, top, _, bottom), (_, true_top, _, true_bottom) = (strip_area(size, boxes, at) for boxes in (found, true))
        limit = HALF_STAFF * (box.to_y - box.from_y)
        off += abs(top - true_top) > limit or abs(bottom - true_bottom) > limit
    return off


def _drawn(image: Image.Image, staves: Sequence[FoundSystem], true: Sequence[SystemBox]) -> Image.Image:
    picture = image.convert("RGB")
    draw = ImageDraw.Draw(picture)
    width = max(2, image.width // 500)
    boxes = [(box, TRUE) for box in true] + [(staff.box, FOUND if staff.has_music else EMPTY) for staff in staves]
    for box, colour in boxes:
        corners = (box.from_x, box.from_y, max(box.from_x, box.to_x - 1), max(box.from_y, box.to_y - 1))
        draw.rectangle(corners, outline=colour, width=width)
    for staff in staves:
        draw.text((staff.box.from_x, staff.box.from_y), f"{staff.confidence:.2f}", fill=FOUND)
    return picture
