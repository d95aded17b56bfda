"""From a gray page to the tensor the model sees, and to parts of a page: one way for training and inference.

`PageTransform` scales a page, `crop_systems` cuts one so that it shows some of its systems, `strip_area` tells where a
single one is shown alone. Knows nothing of files, kern, datasets or augmentation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from jazzmus.config import configurable
from jazzmus.dataset.manifest import SystemBox
from jazzmus.dataset.page_image import MIN_SIDE
from jazzmus.errors import ConfigError

# What a single system keeps beyond its box, in parts of the box; below it only where no other one follows. On some
# handwritten pages chord symbols stand higher than their boxes, and the last one may pass the end of its staff.
STRIP_ABOVE, STRIP_BELOW_LAST, STRIP_ASIDE = 0.15, 0.15, 0.04

# Upper and lower edge of a system in pixels, not yet whole ones.
Rows = tuple[float, float]


def crop_systems(image: Image.Image, boxes: Sequence[SystemBox], first: int, last: int) -> Image.Image:
    """Cut a page so that it shows systems `first` to `last - 1` (0-based) at full width.

    A cut lies halfway between the lower edge of one box and the upper edge of the next: chord symbols belong to the
    box below them, so in a gap as in an overlap the middle is farthest from the ink of both. What stands above the
    first system stays with it, what stands below the last one with that.

    Args:
        image: The page.
        boxes: All its systems from top to bottom, in pixels of `image`.
        first: Index of the first system shown.
        last: Index after the last system shown.

    Returns:
        The page itself where nothing is cut off.

    Raises:
        ValueError: The range is empty or not within the boxes.
    """
    top, bottom = system_rows(image.height, boxes, first, last)
    return image if (top, bottom) == (0, image.height) else image.crop((0, top, image.width, bottom))


def system_rows(height: int, boxes: Sequence[SystemBox], first: int, last: int) -> tuple[int, int]:
    """The rows of a page of `height` pixels, from the first to the one after the last, that `crop_systems` keeps.

    Raises:
        ValueError: The range is empty or not within the boxes.
    """
    if not 0 <= first < last <= len(boxes):
        raise ValueError(f"systems {first} to {last} of {len(boxes)}")
    top = (boxes[first - 1].to_y + boxes[first].from_y) // 2 if first > 0 else 0
    bottom = (boxes[last - 1].to_y + boxes[last].from_y) // 2 if last < len(boxes) else height
    top = min(max(top, 0), height - 1)
    return top, min(max(bottom, top + 1), height)


def strip_area(size: tuple[int, int], boxes: Sequence[SystemBox], system: int) -> tuple[int, int, int, int]:
    """Where a page shows one system as a picture of its own: its box and a little around it.

    Nothing of the system is cut off where its neighbours stand close, at the price of some of their ink; titles,
    margins and empty paper are left out, so that all systems are shown in about one size.

    Args:
        size: Width and height of the page in pixels.
        boxes: All its systems from top to bottom.
        system: Index of the one shown.

    Returns:
        Left, top, right and bottom edge in pixels, within the page, at least one pixel apart.

    Raises:
        IndexError: There is no such system.
    """
    (width, height), box = size, boxes[system]
    across, down = STRIP_ASIDE * (box.to_x - box.from_x), box.to_y - box.from_y
    below = STRIP_BELOW_LAST * down if system == len(boxes) - 1 else 0
    left = min(max(round(box.from_x - across), 0), width - 1)
    top = min(max(round(box.from_y - STRIP_ABOVE * down), 0), height - 1)
    right, bottom = round(box.to_x + across), round(box.to_y + below)
    return left, top, min(max(right, left + 1), width), min(max(bottom, top + 1), height)


def rows_of_systems(size: tuple[int, int], boxes: Sequence[SystemBox], first: int, last: int) -> tuple[Rows, ...]:
    """Where each system stands in what `crop_systems` shows of a page of a size: the rows of its own strip."""
    top, bottom = system_rows(size[1], boxes, first, last)
    strips = (strip_area(size, boxes, system) for system in range(first, last))
    return tuple((max(upper, top) - top, min(lower, bottom) - top) for _, upper, _, lower in strips)


@configurable
class PageTransform:
    """Gray page to model input: scaled by width with a limit on height, never distorted; or a strip of fixed size.

    Args:
        width: Width of the result in pixels, less where `max_height` decides.
        max_height: Largest height in pixels.
        trim_dark_border: Cut scanner borders and notebook binders off first.
        height: Height of every result, for single systems as public staff-level weights were shown them: what is then
            wider than `width` is squeezed, what is narrower gets white paper on the right. None: `max_height` holds.

    Raises:
        ConfigError: A value of the wrong type or out of range.
    """

    MAX_TRIMMED = 0.12

    def __init__(
        self, width: int = 992, max_height: int = 1600, trim_dark_border: bool = False, height: int | None = None
    ) -> None:
        sides = {"width": width, "max_height": max_height} | ({} if height is None else {"height": height})
        for name, value in sides.items():
            if isinstance(value, bool) or not isinstance(value, int) or not MIN_SIDE <= value <= 8192:
                raise ConfigError(
                    f"PageTransform.{name}: expected a whole number from {MIN_SIDE} to 8192, got {value!r}"
                )
        if not isinstance(trim_dark_border, bool):
            raise ConfigError(f"PageTransform.trim_dark_border: expected True or False, got {trim_dark_border!r}")
        self.width = width
        self.max_height = max_height
        self.trim_dark_border = trim_dark_border
        self.height = height

    def __call__(self, image: Image.Image) -> torch.Tensor:
        """Transform one page.

        Args:
            image: Mode "L".

        Returns:
            float32 tensor (1, H, W) in [0, 1], 1 = white paper, W <= `width`, H <= `max_height`, both >= 16; with a
            `height`, exactly that high and `width` wide.

        Raises:
            ValueError: The image is not of mode "L".
        """
        return self.with_rows(image, ())[0]

    def with_rows(self, image: Image.Image, rows: Sequence[Rows]) -> tuple[torch.Tensor, list[tuple[int, int]]]:
        """Transform one page and rows of it; see `__call__`.

        Args:
            image: Mode "L".
            rows: Upper and lower edges of systems in pixels of the image.

        Returns:
            The tensor, and the whole rows of it that hold each system: at least one.
        """
        if image.mode != "L":
            raise ValueError(f"expected a gray page (mode L), got mode {image.mode}; use read_image")
        left, top, right, bottom = _dark_border(image, self.MAX_TRIMMED) if self.trim_dark_border else (0, 0, 0, 0)
        if left + top + right + bottom:
            image = image.crop((left, top, image.width - right, image.height - bottom))
        size = self.output_size(image.width, image.height)
        scale = size[1] / image.height
        if self.height is not None:
            image = _on_strip(image, *size)
        elif size != image.size:
            image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        pixels = np.array(image, dtype=np.float32)
        tensor = torch.from_numpy(pixels).div_(255.0).unsqueeze(0)
        return tensor, [_whole_rows((upper - top) * scale, (lower - top) * scale, size[1]) for upper, lower in rows]

    def output_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the result for a page of `width` x `height` pixels that needs no trimming."""
        if self.height is not None:
            return self.width, self.height
        scale = min(self.width / width, self.max_height / height)
        return max(MIN_SIDE, round(width * scale)), max(MIN_SIDE, round(height * scale))

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain values, for checkpoints."""
        values = {"width": self.width, "max_height": self.max_height, "trim_dark_border": self.trim_dark_border}
        return values if self.height is None else values | {"height": self.height}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> PageTransform:
        """Inverse of `to_dict`.

        Raises:
            ConfigError: Missing or unknown settings, or bad values.
        """
        try:
            names = ("width", "max_height", "trim_dark_border")
            if unknown := sorted(set(values) - {*names, "height"}):
                raise ConfigError(f"PageTransform: unknown settings {', '.join(unknown)}")
            return cls(**{name: values[name] for name in names}, height=values.get("height"))
        except KeyError as error:
            raise ConfigError(f"PageTransform: setting {error} is missing") from error


def _whole_rows(top: float, bottom: float, height: int) -> tuple[int, int]:
    """The rows of an image of some height that edges enclose, at least one."""
    # Edges that fall on whole rows do so only but for rounding.
    first = min(max(math.floor(top + 1e-6), 0), height - 1)
    return first, min(max(math.ceil(bottom - 1e-6), first + 1), height)


def _on_strip(image: Image.Image, width: int, height: int) -> Image.Image:
    """The image at a height, squeezed to a width or with white paper on the right up to it."""
    drawn = min(max(1, math.ceil(image.width * height / image.height)), width)
    strip = Image.new("L", (width, height), 255)
    strip.paste(image.resize((drawn, height), Image.Resampling.LANCZOS, reducing_gap=3.0))
    return strip


def _dark_margin(is_dark_line: np.ndarray, limit: int) -> int:
    """Number of lines to cut: up to the last dark one of the run that starts at, or just inside, the edge."""
    reach = max(2, limit // 10)  # a sliver of paper may lie outside a binder or between its rings
    margin = 0
    for index in range(limit):
        if is_dark_line[index]:
            margin = index + 1
        elif index - margin >= reach:
            break
    return margin


def _dark_border(image: Image.Image, max_fraction: float) -> tuple[int, int, int, int]:
    """How many columns and rows at the edges (left, top, right, bottom) to cut: more than half is near black."""
    pixels = np.asarray(image)
    paper = float(np.percentile(pixels[::4, ::4], 75))
    dark = pixels < 0.45 * paper
    columns, rows = dark.mean(axis=0) > 0.5, dark.mean(axis=1) > 0.5
    across, down = int(image.width * max_fraction), int(image.height * max_fraction)
    left, right = _dark_margin(columns, across), _dark_margin(columns[::-1], across)
    top, bottom = _dark_margin(rows, down), _dark_margin(rows[::-1], down)
    return left, top, right, bottom
