"""Very many pages of each source: none fails, nearly all tunes can be drawn, and text, boxes and image agree."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pytest

from jazzmus.kern.document import parse_kern
from jazzmus.kern.systems import count_systems
from jazzmus.synthesis.content.procedural import TuneStyle, procedural_tune
from jazzmus.synthesis.generated_pages import SOURCES, GeneratedPages
from jazzmus.synthesis.page import SyntheticPage
from jazzmus.synthesis.page_style import PageStyle
from jazzmus.synthesis.paper.style import PaperStyle

DATA = Path(__file__).resolve().parents[2] / "data"


def assert_page_is_sound(page: SyntheticPage) -> None:
    parse_kern(page.kern)
    assert len(page.system_boxes) == count_systems(page.kern)
    for box in page.system_boxes:
        assert 0 <= box.from_x < box.to_x <= page.image.width
        assert 0 <= box.from_y < box.to_y <= page.image.height
    for above, below in pairwise(page.system_boxes):
        assert above.from_y + above.to_y < below.from_y + below.to_y


def assert_all_are_sound(pages: GeneratedPages, count: int, strips: int, most_refused: int) -> None:
    for number in range(count):
        assert_page_is_sound(pages.page(number))
    for number in range(strips):
        strip = pages.strip(number)
        assert_page_is_sound(strip)
        assert len(strip.system_boxes) == 1
    assert pages.refusals.total() <= most_refused


@pytest.mark.parametrize("source", SOURCES)
def test_ten_pages_of_each_source(source: str, small_data: Path, small_engraved: Path, tmp_path: Path) -> None:
    for seed in range(4):
        (tmp_path / f"{seed}.krn").write_text(procedural_tune(random.Random(seed), 9, TuneStyle()), encoding="utf-8")
    style = PageStyle(systems=(1, 4), paper=PaperStyle.clean())
    texts = (str(small_data), str(small_engraved))
    assert_all_are_sound(GeneratedPages(style, {source: 1.0}, tunes=str(tmp_path), texts=texts), 10, 10, most_refused=0)


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_two_thousand_pages_and_strips_of_each_source(source: str, shared: Path) -> None:
    texts = [DATA / "handwritten", DATA / "synthetic"]
    if source == "recombined" and not all((folder / "manifest.json").is_file() for folder in texts):
        pytest.skip("no prepared data in data/handwritten and data/synthetic")
    pages = GeneratedPages(
        content={source: 1.0}, tunes=str(shared / "openewld"), texts=tuple(str(folder) for folder in texts)
    )
    assert_all_are_sound(pages, 2000, 2000, most_refused=19)  # below 0.5 %
