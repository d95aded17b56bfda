from __future__ import annotations

import pytest
from pieces import HOSTILE, PIECE, PlainReading
from PIL import Image
from test_engraved import LONG

from jazzmus.errors import ConfigError, KernError
from jazzmus.export.formats import FORMATS, render

PAGE = Image.new("L", (40, 60), 255)
BEGINNINGS = {
    "krn": b"**kern",
    "musicxml": b"<?xml",
    "midi": b"MThd",
    "svg": b"<svg",
    "png": b"\x89PNG",
    "json": b"{",
    "html": b"<!DOC",
}


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_gives_one_file_of_its_kind(name: str) -> None:
    ((suffix, content),) = render(PlainReading(PIECE), PAGE, "tune", name).items()
    assert suffix == FORMATS[name].suffix
    assert content.startswith(BEGINNINGS[name])


def test_endings_differ_and_the_text_is_first() -> None:
    assert len({entry.suffix for entry in FORMATS.values()}) == len(FORMATS)
    assert next(iter(FORMATS)) == "krn"


def test_further_pages_are_numbered() -> None:
    assert list(render(PlainReading(LONG), PAGE, "tune", "svg"))[:2] == [".svg", "-2.svg"]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kern", HOSTILE)
def test_text_and_html_take_every_text_and_the_others_say_why_not(kern: str, name: str) -> None:
    if name in ("krn", "json", "html"):
        assert len(render(PlainReading(kern), PAGE, "tune", name)) == 1
    else:
        with pytest.raises(KernError, match=r"^line \d+: "):
            render(PlainReading(kern), PAGE, "tune", name)


def test_an_unknown_format_is_one_line_of_error() -> None:
    with pytest.raises(ConfigError, match="no format 'pdf'; choose from krn,"):
        render(PlainReading(PIECE), PAGE, "tune", "pdf")
