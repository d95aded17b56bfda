"""How generated paper looks: for every effect how often it is seen and how strongly.

Knows numbers only; what an effect does to pixels is written in the other files of this folder.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import Field, dataclass, fields, replace
from typing import Any, TypeAlias

import numpy as np

from jazzmus.config import configurable
from jazzmus.errors import ConfigError

Effect: TypeAlias = tuple[float, float, float]  # probability, least and greatest strength
Span: TypeAlias = tuple[float, float]  # least and greatest value

PHOTO_ONLY = ("perspective", "gradient", "shadow", "desk")
SCAN_ONLY = ("black_border", "sheet_edges", "streaks", "threshold", "grey_paper")


AROUND_A_PAGE = ("desk", "black_border", "sheet_edges", "crop")

SPANS = ("width", "aspect", "staff_space", "staff_pitch", "staff_tone", "ink", "tone")
# Beyond these values a page is no page any more, or cannot be read.
LIMITS: Mapping[str, Span] = {
    "width": (64, 4000),
    "aspect": (0.1, 2.5),
    "odd_page": (0.1, 2.5),
    "short_page": (0, 10),
    "staff_space": (0.004, 0.05),
    "large_staves": (0.004, 0.05),
    "staff_pitch": (8, 30),
    "filled_page": (0, 1),
    "staff_tone": (0.3, 1),
    "faint_staves": (0.25, 1),
    "broken_staves": (0, 0.6),
    "hand_ruled": (0, 2),
    "ink": (0.3, 1),
    "pencil": (0.3, 1),
    "ink_grain": (0, 0.6),
    "fine_shift": (0, 0.08),
    "broad_shift": (0, 0.3),
    "photo": (120, 255),
    "tone": (150, 300),
    "grey_paper": (150, 255),
    "grain": (0, 8),
    "bleed": (0, 0.2),
    "rotation": (0, 5),
    "perspective": (0, 0.08),
    "curl": (0, 3),
    "gradient": (0, 0.5),
    "shadow": (0, 0.5),
    "desk": (0, 0.2),
    "black_border": (0, 0.2),
    "sheet_edges": (0, 0.5),
    "spiral": (0.02, 0.1),
    "crop": (0, 0.3),
    "dust": (0, 500),
    "streaks": (0, 0.3),
    "blur": (0, 1.5),
    "contrast": (0.6, 3),
    "low_resolution": (0.2, 1),
    "threshold": (0.1, 0.8),
    "jpeg": (20, 100),
}


@configurable
@dataclass(frozen=True)
class PaperStyle:
    """What paper may look like. The default resembles JAZZMUS: mostly clean flat scans, some photographs.

    An effect is (probability, least strength, greatest strength), a span (least, greatest).

    Attributes:
        width: Width of a page in pixels.
        aspect: Height of a usual page over its width.
        odd_page: A page of another height; strength: height over width.
        short_page: A page, or part of one, just high enough for its music; strength: staves without music below.
        staff_space: Distance of two staff lines over the page's width.
        staff_pitch: Distance of two staves in staff spaces, middle to middle.
        filled_page: A page without empty staves; strength not used.
        staff_tone: Darkness of staff lines, 1 is black.
        faint_staves: Pale staff lines; strength: their darkness.
        broken_staves: Staff lines with gaps as in a bad copy; strength: share that is missing.
        hand_ruled: Staff lines drawn by hand; strength: wobble in tenths of a staff space.
        ink: Darkness of a pen's ink, 1 is black.
        pencil: A pencil instead of a pen; strength: its darkness.
        ink_grain: Texture of the ink; strength: share of the darkness that may be missing.
        fine_shift: Ink moved from pixel to pixel; strength in staff spaces.
        broad_shift: Ink moved over whole signs; strength in staff spaces.
        photo: A photograph instead of a flat scan; strength: gray level of its paper.
        tone: Gray level of the paper in a scan; what is above 255 is clipped, as scanners do.
        grey_paper: Paper that is not clipped to white; strength: its gray level. Scans only.
        grain: Noise of the paper; strength: standard deviation in gray levels.
        bleed: The other side shows through; strength: its darkness.
        rotation: Degrees, to either side.
        perspective: Shift of the corners over the page's width. Photographs only.
        curl: A page bent near its spine; strength: shift of the page there in staff spaces.
        gradient: Light falls off to one side; strength: share lost. Photographs only.
        shadow: A soft shadow; strength: share of the light lost. Photographs only.
        desk: What the page lies on is seen; strength: its width over the page's. Photographs only.
        black_border: Black sides of a scan; strength: width over the page's. Scans only.
        sheet_edges: Thin lines where the sheet ends; strength: darkness. Scans only.
        spiral: Rings of a notebook; strength: distance of two over the page's width.
        crop: Margins cut off; strength: most of the page's width at each side. Boxes are never cut.
        dust: Specks; strength: number on a page.
        streaks: Lines along the scan; strength: darkness. Scans only.
        blur: Standard deviation in pixels on a page with 10 pixels in a staff space.
        contrast: Factor on the distance to the paper's tone.
        low_resolution: Share of the pixels that are kept in each direction.
        threshold: Black and white only; strength: where between paper and the palest line the limit lies. Scans only.
        jpeg: Strength: quality.
        large_staves: A page with larger staves; strength: distance of two staff lines over the page's width.
    """

    width: Span = (1000, 1131)
    aspect: Span = (1.40, 1.43)
    odd_page: Effect = (0.10, 0.75, 1.6)
    short_page: Effect = (0.08, 0, 1)
    staff_space: Span = (0.0088, 0.0105)
    staff_pitch: Span = (9.5, 16.0)
    filled_page: Effect = (0.15, 0, 0)
    staff_tone: Span = (0.6, 0.92)
    faint_staves: Effect = (0.2, 0.32, 0.5)
    broken_staves: Effect = (0.04, 0.08, 0.3)
    hand_ruled: Effect = (0.04, 0.3, 1.0)
    ink: Span = (0.88, 1.0)
    pencil: Effect = (0.38, 0.42, 0.7)
    ink_grain: Effect = (0.5, 0.1, 0.45)
    fine_shift: Effect = (0.8, 0.01, 0.035)
    broad_shift: Effect = (0.8, 0.03, 0.12)
    photo: Effect = (0.06, 145, 225)
    tone: Span = (249, 268)
    grey_paper: Effect = (0.2, 226, 243)
    grain: Effect = (0.8, 0.5, 2.2)
    bleed: Effect = (0.05, 0.02, 0.09)
    rotation: Effect = (0.55, 0.05, 0.9)
    perspective: Effect = (0.9, 0.002, 0.02)
    curl: Effect = (0.08, 0.3, 2.0)
    gradient: Effect = (0.9, 0.05, 0.3)
    shadow: Effect = (0.5, 0.05, 0.3)
    desk: Effect = (0.4, 0.005, 0.05)
    black_border: Effect = (0.12, 0.004, 0.04)
    sheet_edges: Effect = (0.2, 0.02, 0.12)
    spiral: Effect = (0.1, 0.036, 0.05)
    crop: Effect = (0.15, 0.01, 0.06)
    dust: Effect = (0.15, 3, 40)
    streaks: Effect = (0.03, 0.03, 0.15)
    blur: Effect = (0.4, 0.3, 0.9)
    contrast: Effect = (0.4, 0.9, 1.6)
    low_resolution: Effect = (0.12, 0.55, 0.9)
    threshold: Effect = (0.02, 0.35, 0.6)
    jpeg: Effect = (0.7, 45, 95)
    large_staves: Effect = (0.06, 0.0115, 0.0145)

    def __post_init__(self) -> None:
        for item in fields(self):
            values = getattr(self, item.name)
            length = 2 if item.name in SPANS else 3
            if len(values) != length or not all(math.isfinite(value) for value in values):
                raise ConfigError(f"PaperStyle.{item.name}={values}: give {length} finite numbers")
            lowest, highest = LIMITS[item.name]
            if not lowest <= values[-2] <= values[-1] <= highest:
                raise ConfigError(
                    f"PaperStyle.{item.name}={values}: give least and greatest value, within {lowest} to {highest}"
                )
            if length == 3 and not 0 <= values[0] <= 1:
                raise ConfigError(f"PaperStyle.{item.name}={values}: give a probability within 0 to 1 first")

    @classmethod
    def clean(cls) -> PaperStyle:
        """Return the style that applies no effect: printed staves, pen and paper in their tones."""
        default = cls()
        return replace(default, **{item.name: (0.0, *getattr(default, item.name)[1:]) for item in _effects(default)})

    def inside_a_page(self) -> PaperStyle:
        """Return the style of a part cut out of a page: nothing lies around it."""
        return replace(self, **{name: (0.0, *getattr(self, name)[1:]) for name in AROUND_A_PAGE})

    def strengths(self, rng: np.random.Generator) -> Mapping[str, float]:
        """Draw the effects of one page.

        Returns:
            The strength by the name of each effect that is seen; what only photographs or only scans show is not in
            the other.
        """
        # All is drawn whether it is seen or not, so that switching one effect off leaves the others as they were.
        seen: dict[str, float] = {}
        for item in _effects(self):
            probability, least, most = getattr(self, item.name)
            chance, strength = rng.random(), rng.uniform(least, most)
            if chance < probability:
                seen[item.name] = strength
        for name in SCAN_ONLY if "photo" in seen else PHOTO_ONLY:
            seen.pop(name, None)
        return seen


def _effects(style: PaperStyle) -> list[Field[Any]]:
    return [item for item in fields(style) if item.name not in SPANS]
