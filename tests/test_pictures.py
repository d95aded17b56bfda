from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jazzmus.errors import DataError
from jazzmus.pictures import FIXED_WIDTH_FONT, FONT_FOLDER, picture_format, svg_to_png


def drawn(text: str, font: str) -> np.ndarray:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 50">'
        f'<text x="5" y="40" font-size="40" font-family="{font}">{text}</text></svg>'
    )
    with Image.open(io.BytesIO(svg_to_png(svg, 400))) as image:
        return np.asarray(image.convert("L"))


def test_letters_are_drawn_in_the_shipped_font_whatever_the_drawing_asks_for() -> None:
    letters = drawn("Bbmaj7", "Times, serif")
    assert letters.shape == (100, 400)
    assert letters[0, 0] == 255
    assert (letters < 128).mean() > 0.02
    assert (letters == drawn("Bbmaj7", "Leipzig")).all()


def test_every_font_has_its_licence() -> None:
    fonts = sorted(FONT_FOLDER.glob("*.ttf"))
    assert FIXED_WIDTH_FONT in fonts
    licences = {path.name.split(".")[0].split("-")[0] for path in FONT_FOLDER.glob("*.txt")}
    assert {path.stem.split("-")[0] for path in fonts} == licences


@pytest.mark.parametrize("name", ["picture", "picture.txt", "picture.krn"])
def test_endings_without_a_format_are_refused(name: str) -> None:
    with pytest.raises(DataError, match=r"no picture can be written under the ending .*use \.png"):
        picture_format(Path(name))


def test_endings_of_pictures() -> None:
    assert [picture_format(Path(name)) for name in ("a.png", "b.JPG")] == ["PNG", "JPEG"]
