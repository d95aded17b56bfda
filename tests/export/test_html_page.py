from __future__ import annotations

import base64
import io
import re

import pytest
from lxml import html
from pieces import HOSTILE, PIECE, PlainReading
from PIL import Image

from jazzmus.dataset.manifest import SystemBox
from jazzmus.export.html_page import to_html

PAGE = Image.new("L", (1200, 2000), 240)
BOXES = (SystemBox(10, 1190, 100, 400), SystemBox(20, 1180, 500, 800))


def parsed(reading: PlainReading, title: str = "page", image: Image.Image = PAGE) -> html.HtmlElement:
    return html.fromstring(to_html(title, image, reading))


def test_the_page_is_embedded_and_scaled_with_its_systems() -> None:
    root = parsed(PlainReading(PIECE, system_boxes=BOXES))
    (image,) = root.iter("img")
    kind, _, data = image.get("src").partition(",")
    assert kind == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as embedded:
        assert embedded.size == (960, 1600)
    overlay = root.find_class("page")[0].find("svg")
    assert overlay.get("viewbox") == "0 0 1200 2000"
    assert [box.get("y") for box in overlay.iter("rect")] == ["100", "500"]


def test_rows_are_coloured_and_doubtful_bars_marked() -> None:
    confidences = (0.2, 0.6, 0.9, *[0.99] * 10)
    root = parsed(PlainReading(PIECE, row_confidences=confidences, doubtful_bars=(8, 17)))
    rows = root.find_class("row")
    assert len(rows) == PIECE.count("\n")
    assert [row.get("class") for row in rows[:4]] == ["row low", "row middle", "row high", "row"]
    assert rows[0].get("title") == "line 1: least probability 0.20"
    assert rows[16].get("class") == "row doubt"
    assert "does not fill its meter" in rows[16].get("title")
    assert [link.get("href") for link in root.iter("a")] == ["#line-8", "#line-17"]
    assert root.get_element_by_id("line-8") is rows[7]


def test_facts_are_told() -> None:
    facts = parsed(PlainReading(PIECE, "loop", 0.875, 3.14, system_boxes=BOXES)).find_class("facts")[0].text_content()
    assert "0.88" in facts
    assert "3.1 s" in facts
    assert "repeated itself" in facts
    assert "2 systems" in facts


def test_everything_is_in_the_file() -> None:
    text = to_html("page", PAGE, PlainReading(PIECE, system_boxes=BOXES))
    assert "<script" not in text
    assert not re.search(r"(src|href)=\"(?!data:|#)", text)
    assert not re.search(r"url\(|@import", text)
    assert "prefers-color-scheme: dark" in text
    assert text.count('class="engraved"') == 1


def test_texts_are_escaped() -> None:
    evil = '<script>alert("1")</script>\x00'
    text = to_html(evil, PAGE, PlainReading(f"**kern\n4c{evil}\n*-\n", stop_reason=evil))
    assert "<script" not in text
    assert "\x00" not in text
    assert text.count("&lt;script&gt;") >= 4


@pytest.mark.parametrize("kern", HOSTILE)
def test_texts_that_cannot_be_engraved_are_shown_all_the_same(kern: str) -> None:
    root = parsed(PlainReading(kern))
    assert "cannot be engraved (line" in root.text_content()
    assert [row.get("id") for row in root.find_class("row")] == [
        f"line-{n}" for n in range(1, kern.count("\n") + (not kern.endswith("\n") and bool(kern)) + 1)
    ]


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "P", "CMYK", "I;16"])
def test_pages_of_every_mode(mode: str) -> None:
    assert "data:image/jpeg" in to_html("page", Image.new(mode, (30, 20)), PlainReading(PIECE))
