"""From an image file to an upright gray page.

`read_image` turns any picture a user or a dataset may bring into the form pages are stored and read in. Knows nothing
of kern, datasets, systems or the model.
"""

from __future__ import annotations

import io
import logging
import math
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, TiffImagePlugin

from jazzmus.errors import DataError

logger = logging.getLogger(__name__)

MAX_PIXELS = 200_000_000
MAX_STORED_SIDE = 4096
MIN_SIDE = 16
# Those that may hold several pages; the second picture in a photograph is a preview.
_FORMATS_OF_PAGES = ("TIFF", "GIF", "WEBP")
FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF", "PPM", "JPEG2000")

# Pillow warns from 89 megapixels on and refuses from 179 on; large scans are honest pages here.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
# Without this, `Image.open` does not know the names of the less usual formats until it has failed once.
Image.init()

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Of a TIFF: what a picture is to the others, and the bit that calls it a smaller copy.
_SUBFILE_TAG = 254
_REDUCED = 1
_BAND_ROWS = 512
_NUMERIC_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
# What Pillow's decoders raise on broken files.
_DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


@dataclass(frozen=True)
class SourcePage:
    """An image file as read.

    Attributes:
        image: The upright page, mode "L", longest side at most `MAX_STORED_SIDE`.
        width: Width of the upright page at the file's own resolution, in pixels.
        height: Its height.
        orientation: The file's EXIF orientation, 1 to 8.
        is_stored_form: The file already is an upright gray JPEG of at most `MAX_STORED_SIDE`.
    """

    image: Image.Image
    width: int
    height: int
    orientation: int
    is_stored_form: bool


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except _DECODING_ERRORS as error:
        logger.debug("unreadable EXIF data ignored: %s", error)
        return 1
    return value if value in _UPRIGHT else 1


def _numeric_range(image: Image.Image) -> tuple[float, float]:
    """The values of an integer or float image that stand for black and white."""
    if image.mode.startswith("I;16"):
        return 0.0, 65535.0
    low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("pixel values that are not finite")
    if low < 0:
        return low, max(high, low + 1e-12)
    ceilings = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
    return 0.0, next((ceiling for ceiling in ceilings if high <= ceiling), high)


def _band_to_gray(band: Image.Image, numeric_range: tuple[float, float] | None) -> Image.Image:
    if numeric_range is not None:
        low, high = numeric_range
        values = (np.asarray(band, dtype=np.float32) - low) * (255.0 / (high - low))
        if not np.isfinite(values).all():  # the extremes of an image pass over values that are no numbers
            raise ValueError("pixel values that are not finite")
        return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))
    if band.has_transparency_data:
        colours = band.convert("RGBA")
        paper = Image.new("L", band.size, 255)
        return Image.composite(colours.convert("L"), paper, colours.getchannel("A"))
    return band.convert("L")


def to_gray(image: Image.Image) -> Image.Image:
    """Convert an image of any mode to 8-bit gray; what is transparent becomes white.

    Works in bands of rows, so that a large page needs no second copy in colour.

    Args:
        image: Any mode Pillow reads; 16-bit values are scaled by 1/257, float ones from [0, 1], [0, 255] or [0, 65535].

    Returns:
        An image of mode "L" and the same size.

    Raises:
        ValueError: Pixel values that are not finite, or a mode that has no gray form.
    """
    if image.mode == "L" and not image.has_transparency_data:
        return image
    numeric_range = _numeric_range(image) if image.mode in _NUMERIC_MODES else None
    gray = Image.new("L", image.size)
    for top in range(0, image.height, _BAND_ROWS):
        band = image.crop((0, top, image.width, min(top + _BAND_ROWS, image.height)))
        gray.paste(_band_to_gray(band, numeric_range), (0, top))
    return gray


def _shrunk(image: Image.Image, scale: float) -> Image.Image:
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _ends_in_nothing(image: Image.Image) -> bool:
    """Whether the last rows hold the one gray that a JPEG decoder fills in where an end marker comes too early."""
    tail = image.crop((0, max(0, image.height - 8), image.width, image.height)).convert("L")
    return tail.getextrema() == (128, 128) != image.convert("L").getextrema()


def _decode(image: Image.Image) -> SourcePage:
    orientation = _orientation(image)
    width, height = image.size
    is_stored_form = (
        image.format == "JPEG" and image.mode == "L" and orientation == 1 and max(width, height) <= MAX_STORED_SIDE
    )
    scale = min(1.0, MAX_STORED_SIDE / max(width, height))
    # A JPEG decoder can leave out the colour and decode at 1/2, 1/4 or 1/8 of the size; elsewhere this does nothing.
    image.draft("L", (math.ceil(width * scale), math.ceil(height * scale)))
    image.load()
    if image.format == "JPEG" and _ends_in_nothing(image):
        raise OSError("it ends in flat gray, as a JPEG that was cut off does")
    # The TIFF reader turns the page itself and then forgets the tag; its size was the upright one all along.
    turn = _UPRIGHT.get(_orientation(image))
    gray = to_gray(image)
    if scale < 1.0:
        gray = _shrunk(gray, MAX_STORED_SIDE / max(gray.size))
    if turn is not None:
        gray = gray.transpose(turn)
        if turn not in (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180, Image.Transpose.FLIP_TOP_BOTTOM):
            width, height = height, width
    return SourcePage(gray, width, height, orientation, is_stored_form)


def _open(source: Path | bytes) -> Image.Image:
    image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS)
    # Without a name the pixels are not mapped into memory: of a turned TIFF, Pillow maps them with swapped sides.
    image.filename = ""
    return image


@contextmanager
def _named_errors(label: str) -> Iterator[None]:
    """Turn what Pillow raises into a `DataError` that names the image and the remedy."""
    try:
        # What Pillow warns of is mended, or an error of our own here.
        with warnings.catch_warnings(action="ignore"):
            yield
    except Image.DecompressionBombError as error:
        raise DataError(_too_large(label, str(error))) from error
    except Image.UnidentifiedImageError as error:
        raise DataError(f"{label}: not an image that can be read (one of {', '.join(FORMATS)})") from error
    except _DECODING_ERRORS as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise DataError(
                f"{label}: cannot be read ({error.strerror}); check the file and its permissions"
            ) from error
        raise DataError(f"{label}: broken image ({type(error).__name__}: {error}); replace the file") from error


def _open_file(source: Path | bytes, label: str) -> Image.Image:
    """Open an image, but no pipe: that would wait for ever."""
    if isinstance(source, Path) and not source.is_file():
        raise DataError(f"{label}: no such image file" if not source.exists() else f"{label}: not an image file")
    return _open(source)


def page_frames(path: Path) -> list[int]:
    """Which pictures of a TIFF are pages: all but the small previews; of another image the first.

    Raises:
        DataError: As in `read_image`.
    """
    label = str(path)
    with _named_errors(label), _open_file(path, label) as image:
        if not isinstance(image, TiffImagePlugin.TiffImageFile):
            return [0]
        pages = []
        for frame in range(image.n_frames):
            image.seek(frame)
            if not image.tag_v2.get(_SUBFILE_TAG, 0) & _REDUCED:
                pages.append(frame)
        return pages or [0]


def read_source_page(source: Path | bytes, name: str = "", frame: int | None = None) -> SourcePage:
    """Read an image with what is needed to place boxes on it; see `read_image`.

    Raises:
        DataError: As in `read_image`.
    """
    label = name or (str(source) if isinstance(source, Path) else "image")
    with _named_errors(label), _open_file(source, label) as image:
        if frame is not None:
            image.seek(frame)
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise DataError(_too_large(label, f"{width}x{height} pixels"))
        if min(width, height) < MIN_SIDE:
            raise DataError(f"{label}: {width}x{height} pixels are too few for a page (at least {MIN_SIDE} a side)")
        if image.format == "PNG":
            with _open(source) as unread:  # decoding passes over the checksums of pixels
                unread.verify()
        if frame is None and image.format in _FORMATS_OF_PAGES and getattr(image, "is_animated", False):
            logger.warning("%s: holds several pictures, only the first is read; give one file a page", label)
        return _decode(image)


def _too_large(label: str, found: str) -> str:
    return f"{label}: {found}; the limit is {MAX_PIXELS // 1_000_000} megapixels, make the image smaller first"


def read_image(source: Path | bytes, name: str = "", frame: int | None = None) -> Image.Image:
    """Read a page as `data_prep.py` would store it: upright, 8-bit gray, longest side at most `MAX_STORED_SIDE`.

    Colour, alpha (over white), CMYK, palette, 1-bit, 16-bit and float images are converted; EXIF rotation is applied;
    of a file with several pictures one is read. The size is checked before any pixel is decoded.

    Args:
        source: A file, or the bytes of one.
        name: What error messages call the image; by default the path.
        frame: Which picture of the file, from 0; None reads the first, and warns where there are more.

    Returns:
        An image of mode "L", 0 black to 255 white.

    Raises:
        DataError: Missing, unreadable, truncated, smaller than `MIN_SIDE` or larger than `MAX_PIXELS`.
    """
    return read_source_page(source, name, frame).image
