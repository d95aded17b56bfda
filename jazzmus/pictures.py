"""Pictures as files: the shipped fonts, drawings as pixels, and the formats that endings of names ask for.

Whatever draws text does it with these fonts, so that a machine without any draws the same. Knows no music.
"""

from __future__ import annotations

from pathlib import Path

import resvg_py
from PIL import Image

from jazzmus.errors import DataError

FONT_FOLDER = Path(__file__).resolve().parent / "fonts"
FIXED_WIDTH_FONT = FONT_FOLDER / "Cousine-Regular.ttf"
_PRINT_FONT = FONT_FOLDER / "Tinos-Regular.ttf"


def svg_to_png(svg: str, width: int) -> bytes:
    """Return a drawing as a PNG file, on white.

    Args:
        svg: The drawing; its letters are set in Tinos, whatever font it names.
        width: In pixels; the height follows.
    """
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            width=width,
            background="#ffffff",
            skip_system_fonts=True,
            font_files=[str(_PRINT_FONT)],
            font_family="Tinos",
            serif_family="Tinos",
        )
    )


def picture_format(path: Path) -> str:
    """Pillow's name of the format that a file's ending asks for.

    Raises:
        DataError: No picture can be written under that ending.
    """
    name = Image.registered_extensions().get(path.suffix.lower(), "")
    if name not in Image.SAVE:
        raise DataError(f"{path}: no picture can be written under the ending {path.suffix!r}; use .png")
    return name
