from __future__ import annotations

import json

import pytest
from PIL import Image

from jazzmus.dataset.annotation import Annotation, parse_annotation, piece_title, system_boxes
from jazzmus.dataset.manifest import SystemBox
from jazzmus.dataset.page_image import SourcePage
from jazzmus.errors import DataError

CONTENT = {
    "encodings": {"**kern": "**kern\n*-\n", "musicxml": "<score-partwise><movement-title>Blue</movement-title>"},
    "systems": [{"bounding_box": {"fromX": 1, "toX": 9.5, "fromY": "2", "toY": 5}}, {"bounding_box": {"fromX": 1}}, 3],
}


@pytest.mark.parametrize("value", [json.dumps(CONTENT), repr(CONTENT), CONTENT])
def test_json_literal_and_mapping_say_the_same(value: object) -> None:
    assert parse_annotation(value) == Annotation("**kern\n*-\n", "Blue", ((1.0, 9.5, 2.0, 5.0), None, None))


@pytest.mark.parametrize("value", ["{}", "{'encodings': None, 'systems': None}", {"encodings": {"**kern": 3}}])
def test_missing_parts_are_none(value: object) -> None:
    assert parse_annotation(value) == Annotation(None, None, None)


@pytest.mark.parametrize("value", ["{'a': ", "__import__('os')", "[1]", 7, "[" * 100_000])
def test_broken_annotations(value: object) -> None:
    with pytest.raises(DataError, match=r"^broken annotation"):
        parse_annotation(value)


@pytest.mark.parametrize(
    ("musicxml", "title"),
    [
        ("<work><work-title>W</work-title></work><movement-title> M </movement-title>", "M"),
        ("<movement-title>M</movement-title><creator type='composer'>Q &amp; R</creator>", "M - Q & R"),
        ('<work-title>W\n 2</work-title><creator type="lyricist">L</creator>', "W 2"),
        ('<movement-title/><work-title id="1">W</work-title><creator type="composer">C</creator>', "W - C"),
        ('<movement-title></movement-title><creator type="composer">C</creator>', None),
        ("<score-partwise/>", None),
    ],
)
def test_piece_titles(musicxml: str, title: str | None) -> None:
    assert piece_title(musicxml) == title


def page(orientation: int = 1, scale: float = 0.5) -> SourcePage:
    width, height = 200, 300
    image = Image.new("L", (round(width * scale), round(height * scale)))
    return SourcePage(image, width, height, orientation, False)


def boxes(*corners: tuple[float, float, float, float] | None) -> Annotation:
    return Annotation("", None, corners)


UPPER, LOWER = (20.0, 180.0, 40.0, 80.0), (20.0, 180.0, 90.0, 130.0)
PLACED = (SystemBox(10, 90, 20, 40), SystemBox(10, 90, 45, 65))


def test_boxes_are_scaled_sorted_and_clamped() -> None:
    assert system_boxes(boxes(LOWER, UPPER), 2, page()) == PLACED
    assert system_boxes(boxes((-5, 500, -3, 20)), 1, page(scale=1.0)) == (SystemBox(0, 200, 0, 20),)


@pytest.mark.parametrize(
    ("annotation", "count", "reason"),
    [
        (Annotation("", None, None), 1, "no list"),
        (boxes(UPPER), 2, "number of boxes"),
        (boxes(UPPER, None), 2, "complete"),
        (boxes(UPPER, (20, 20, 90, 130)), 2, "empty"),
        (boxes(UPPER, (180, 20, 90, 130)), 2, "empty"),
        (boxes(UPPER, (20, 180, 400, 500)), 2, "outside"),
    ],
)
def test_boxes_that_are_not_used(annotation: Annotation, count: int, reason: str) -> None:
    assert reason in system_boxes(annotation, count, page())


def on_the_file(corners: tuple[float, float, float, float], orientation: int) -> tuple[float, float, float, float]:
    """Where corners on the upright 200x300 page lie on the pixels of a file with this orientation."""
    from_x, to_x, from_y, to_y = corners
    if orientation in (2, 3, 6, 7):
        from_x, to_x = 200 - to_x, 200 - from_x
    if orientation in (3, 4, 7, 8):
        from_y, to_y = 300 - to_y, 300 - from_y
    return (from_y, to_y, from_x, to_x) if orientation >= 5 else (from_x, to_x, from_y, to_y)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_of_a_rotated_file_in_either_frame(orientation: int) -> None:
    assert system_boxes(boxes(UPPER, LOWER), 2, page(orientation)) == PLACED
    turned = [on_the_file(UPPER, orientation), on_the_file(LOWER, orientation)]
    assert system_boxes(boxes(*turned), 2, page(orientation)) == (
        PLACED if orientation != 2 else tuple(SystemBox(10, 90, box.from_y, box.to_y) for box in PLACED)
    )
