"""The table of formats a reading can be written in. Makes the content of files; does not know where they go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from PIL import Image

from jazzmus.errors import ConfigError
from jazzmus.export.engraved import to_png, to_svg
from jazzmus.export.html_page import to_html
from jazzmus.export.json_record import to_json
from jazzmus.export.midi import to_midi
from jazzmus.export.musicxml import to_musicxml
from jazzmus.export.reading import Reading


class Format(NamedTuple):
    """A format: the ending of its files, and what makes their contents, one for each engraved page."""

    suffix: str
    make: Callable[[Reading, Image.Image, str], Sequence[bytes]]


FORMATS: dict[str, Format] = {
    "krn": Format(".krn", lambda reading, image, title: [reading.kern.encode("utf-8")]),
    "musicxml": Format(".musicxml", lambda reading, image, title: [to_musicxml(reading.kern, title).encode("utf-8")]),
    "midi": Format(".mid", lambda reading, image, title: [to_midi(reading.kern)]),
    "svg": Format(".svg", lambda reading, image, title: [page.encode("utf-8") for page in to_svg(reading.kern)]),
    "png": Format(".png", lambda reading, image, title: to_png(reading.kern)),
    "json": Format(".json", lambda reading, image, title: [to_json(reading).encode("utf-8")]),
    "html": Format(".html", lambda reading, image, title: [to_html(title, image, reading).encode("utf-8")]),
}


def render(reading: Reading, page_image: Image.Image, title: str, name: str) -> dict[str, bytes]:
    """Return the files of a reading in one format.

    Args:
        reading: What was read.
        page_image: The page it was read from.
        title: Of the piece, such as the stem of the page's file.
        name: One of `FORMATS`.

    Returns:
        The content of each file by the end of its name: `.svg`, and `-2.svg` and so on for further pages.

    Raises:
        KernError: if the text cannot be written so. `krn`, `json` and `html` take every text.
        ConfigError: if there is no such format.
    """
    if name not in FORMATS:
        raise ConfigError(f"no format {name!r}; choose from {','.join(FORMATS)}")
    suffix, make = FORMATS[name]
    contents = make(reading, page_image, title)
    return {suffix if number == 1 else f"-{number}{suffix}": content for number, content in enumerate(contents, 1)}
