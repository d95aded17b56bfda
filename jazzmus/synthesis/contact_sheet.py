"""One picture of many generated pages, on request with real ones between them. Knows images only."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from jazzmus.errors import ConfigError, DataError
from jazzmus.files import write_bytes
from jazzmus.pictures import picture_format
from jazzmus.synthesis.generated_pages import GeneratedPages

PAGE_WIDTH, STRIP_WIDTH = 420, 800
GAP = 8
DESK = 150  # gray level between the pages
IMAGES = (".jpg", ".jpeg", ".png")


def write_contact_sheet(
    path: Path, pages: GeneratedPages, count: int, seed: int = 0, strips: bool = False, beside: Path | None = None
) -> None:
    """Write a contact sheet.

    Args:
        path: Picture to write; its ending gives the format.
        pages: Makes the pages.
        count: Number of generated pages on it, at least 1.
        seed: Number of the first one.
        strips: Single systems instead of pages.
        beside: Folder of images; one of them follows each generated page.

    Raises:
        ConfigError: `count` or `seed` is out of range.
        DataError: The ending is not that of a picture, or `beside` holds no images.
    """
    file_format = picture_format(path)
    if count < 1 or seed < 0:
        raise ConfigError(f"a contact sheet of {count} pages from {seed}: give at least 1 page, from 0 on")
    width = STRIP_WIDTH if strips else PAGE_WIDTH
    others = _images_of(beside) if beside else iter(())
    shown = []
    for number in range(seed, seed + count):
        shown.append(_scaled((pages.strip(number) if strips else pages.page(number)).image, width))
        shown += [_scaled(other, width) for other in [next(others, None)] if other is not None]
    encoded = io.BytesIO()
    _sheet(shown, width).save(encoded, file_format)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, encoded.getvalue())


def _images_of(folder: Path) -> Iterator[Image.Image]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGES)
    if not paths:
        raise DataError(f"{folder}: no images ({', '.join(IMAGES)}) in this folder; give a folder of pages")
    return (_read(path) for path in paths)


def _read(path: Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            return image.convert("L")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: not an image that can be shown ({error}); remove it from the folder") from error


def _scaled(image: Image.Image, width: int) -> Image.Image:
    return image.resize((width, max(1, round(image.height * width / image.width))), Image.Resampling.LANCZOS)


def _sheet(images: list[Image.Image], width: int) -> Image.Image:
    """Lay images out in columns, each in the column that is shortest so far."""
    total = sum(image.height + GAP for image in images)
    columns = min(len(images), max(1, round(math.sqrt(total / (width + GAP) * 1.4))))
    heights = [GAP] * columns
    places = []
    for image in images:
        column = heights.index(min(heights))
        places.append((GAP + column * (width + GAP), heights[column]))
        heights[column] += image.height + GAP
    sheet = Image.new("L", (GAP + columns * (width + GAP), max(heights)), DESK)
    for image, place in zip(images, places, strict=True):
        sheet.paste(image, place)
    return sheet
