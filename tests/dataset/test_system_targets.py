"""Where the systems of a sample stand in its image, and what CTC is to write for each."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_pages import TRAINING, WIDTH
from torch import Tensor

from jazzmus.dataset.augment import PageAugmentation
from jazzmus.dataset.batch import MicroBatchCollator, PageSample
from jazzmus.dataset.full_page_dataset import FullPageDataset, GeneratedRequest, Page, PageRequest, read_pages
from jazzmus.dataset.manifest import SystemBox, read_manifest
from jazzmus.dataset.page_transform import PageTransform, Rows, rows_of_systems, strip_area, system_rows
from jazzmus.kern.codec import TextCodec
from jazzmus.kern.forms import build_form
from jazzmus.kern.systems import system_range, system_texts
from jazzmus.kern.tokenizer import build_tokenizer
from jazzmus.kern.vocabulary import Vocabulary
from jazzmus.synthesis.content.procedural import TuneStyle
from jazzmus.synthesis.generated_pages import GeneratedPages
from jazzmus.synthesis.page_style import PageStyle

TRANSFORM = PageTransform(width=WIDTH, max_height=1000)
EDGES: tuple[Rows, ...] = ((10.0, 60.0), (60.0, 108.0), (108.0, 170.0))
GENERATED = GeneratedPages(PageStyle(systems=(1, 3)), procedural=TuneStyle(plain=True))


def barred(edges: Sequence[Rows], width: int = WIDTH, height: int = 180) -> Image.Image:
    """A page with two black bars for each system, from its upper to its lower edge, in columns of their own."""
    pixels = np.full((height, width), 250, dtype=np.uint8)
    for system, (top, bottom) in enumerate(edges):
        for left in (8 + 30 * system, width - 76 + 30 * system):
            pixels[round(top) : round(bottom), left : left + 8] = 0
    return Image.fromarray(pixels)


def rows_of_bars(image: Tensor | Image.Image, edges: Sequence[Rows]) -> list[tuple[int, int]]:
    """The rows, from first to last, in which the bars of each system are seen; they keep near to their columns."""
    pixels = np.asarray(image, dtype=np.float32) / 255 if isinstance(image, Image.Image) else image[0].numpy()
    scale = pixels.shape[1] / WIDTH
    found = []
    for system in range(len(edges)):
        lefts = (max(0, 30 * system - 3), WIDTH - 87 + 30 * system)
        dark = [np.nonzero((pixels[:, round(scale * x) : round(scale * (x + 29))] < 0.4).any(axis=1))[0] for x in lefts]
        rows = np.concatenate(dark)
        found.append((int(rows.min()), int(rows.max()) + 1))
    return found


def dataset_of(pages: list[Page], transform: PageTransform = TRANSFORM, form: str = "source") -> FullPageDataset:
    tokenizer, text_form = build_tokenizer("medium"), build_form(form)
    texts = [text for page in pages for text in (page.kern, *system_texts(page.kern))]
    vocabulary = Vocabulary.build(tokenizer.encode(text_form.apply(text)) for text in texts)
    return FullPageDataset(pages, transform, TextCodec(tokenizer, vocabulary, text_form))


@pytest.fixture
def dataset(small_data: Path) -> FullPageDataset:
    return dataset_of(read_pages("h", small_data, read_manifest(small_data), "train"))


@pytest.mark.parametrize(
    "transform",
    [
        TRANSFORM,
        PageTransform(width=120, max_height=1000),
        PageTransform(width=333, max_height=1000),
        PageTransform(width=WIDTH, max_height=100),
        PageTransform(width=WIDTH, height=128),
    ],
    ids=["as it is", "smaller", "larger", "limited height", "fixed height"],
)
def test_the_transform_keeps_every_system_within_its_rows(transform: PageTransform) -> None:
    tensor, rows = transform.with_rows(barred(EDGES), EDGES)
    scale = tensor.shape[1] / 180
    for (top, bottom), (upper, lower) in zip(rows, EDGES, strict=True):
        assert 0 <= upper * scale - top < 1
        assert 0 <= bottom - lower * scale < 1
    if transform is TRANSFORM:
        assert rows == rows_of_bars(tensor, EDGES) == list(EDGES)


def test_rows_move_up_by_the_border_that_is_trimmed() -> None:
    pixels = np.asarray(barred(EDGES)).copy()
    pixels[:10] = 0
    transform = PageTransform(width=WIDTH, max_height=1000, trim_dark_border=True)
    tensor, rows = transform.with_rows(Image.fromarray(pixels), EDGES)
    assert tensor.shape[1] == 170
    assert rows == rows_of_bars(tensor, EDGES) == [(0, 50), (50, 98), (98, 160)]


def test_rows_never_leave_the_image_nor_vanish() -> None:
    _, rows = TRANSFORM.with_rows(barred(EDGES), [(-20, 9), (170, 200), (190, 220), (-9, -3), (50.2, 50.3)])
    assert rows == [(0, 9), (170, 180), (179, 180), (0, 1), (50, 51)]


@pytest.mark.parametrize("seed", range(12))
def test_augmentation_moves_rows_with_their_systems(seed: int) -> None:
    strong = PageAugmentation(1.0, rotation=1.0, shift=0.02, scale=0.03, blur=0.0)
    image, rows = strong.on_image_and_rows(barred(EDGES), EDGES, np.random.default_rng(seed))
    plain = strong.on_image(barred(EDGES), np.random.default_rng(seed))
    assert image.tobytes() == plain.tobytes()
    for (top, bottom), (first, last) in zip(rows, rows_of_bars(image, EDGES), strict=True):
        # Some bar is within 76 columns of either side, where a degree turns the corner by 1.3 pixels more.
        assert -1 <= first - top < 3 or first == 0
        assert -1 <= bottom - last < 3 or last == 180


def test_a_page_that_is_not_augmented_keeps_its_rows() -> None:
    never = PageAugmentation(probability=0.0)
    assert never.on_image_and_rows(barred(EDGES), EDGES, np.random.default_rng(0))[1] == list(EDGES)


def test_rows_reach_above_their_boxes_and_below_the_last_one_as_far_as_the_page_is_shown() -> None:
    boxes = [SystemBox(0, 9, 20, 60), SystemBox(0, 9, 80, 120), SystemBox(0, 9, 118, 160)]
    size = (100, 200)
    assert rows_of_systems(size, boxes, 0, 3) == ((14, 60), (74, 120), (112, 166))
    assert rows_of_systems(size, boxes, 0, 2) == ((14, 60), (74, 119))
    assert rows_of_systems(size, boxes, 1, 3) == ((4, 50), (42, 96))


def texts_of(dataset: FullPageDataset, kern: str, systems: Sequence[int]) -> list[tuple[int, ...]]:
    return [tuple(dataset.codec.encode(system_range(kern, at, at + 1))[1:-1]) for at in systems]


@pytest.mark.parametrize("form", ["source", "written"])
@pytest.mark.parametrize(("first", "last"), [(0, 3), (0, 2), (1, 3)])
def test_systems_of_a_page_with_the_texts_they_have_alone(small_data: Path, form: str, first: int, last: int) -> None:
    pages = read_pages("h", small_data, read_manifest(small_data), "train")
    dataset = dataset_of(pages, form=form)
    sample = dataset[PageRequest(0, first, last)]
    record = pages[0].record
    size, boxes = (record.width, record.height), record.systems or ()
    top, bottom = system_rows(record.height, boxes, first, last)
    assert [system.ids for system in sample.systems] == texts_of(dataset, pages[0].kern, range(first, last))
    for at, system in zip(range(first, last), sample.systems, strict=True):
        alone = dataset[PageRequest(0, at, at + 1, strip=True)]
        assert system.ids == tuple(alone.token_ids[1:-1].tolist())
        _, upper, _, lower = strip_area(size, boxes, at)
        assert (system.top, system.bottom) == (max(upper, top) - top, min(lower, bottom) - top)
    # Five staff lines each.
    dark = (sample.image[0] < 0.5).float().sum(1) > 200
    assert [int(dark[system.top : system.bottom].sum()) for system in sample.systems] == [5] * (last - first)


@pytest.mark.parametrize("request_", [PageRequest(0, 0, 1), PageRequest(0, 1, 2, strip=True), PageRequest(4, 0, 1)])
def test_a_strip_is_its_system_and_a_page_that_shows_one_is_not(
    dataset: FullPageDataset, request_: PageRequest
) -> None:
    dataset.augmentation = PageAugmentation(1.0)
    for seed in (None, 3):
        sample = dataset[request_._replace(seed=seed)]
        ((top, bottom, ids),) = sample.systems
        height = sample.image.shape[1]
        assert (0 <= top < bottom <= height) if not request_.strip else ((top, bottom) == (0, height))
        assert request_.strip or (top, bottom) != (0, height)
        assert ids == tuple(sample.token_ids[1:-1].tolist())


@pytest.mark.parametrize("seed", range(6))
def test_bars_in_the_boxes_of_a_stored_page_stay_in_its_rows(small_data: Path, tmp_path: Path, seed: int) -> None:
    page = read_pages("h", small_data, read_manifest(small_data), "train")[0]
    boxes = page.record.systems or ()
    edges = [(float(box.from_y), float(box.to_y)) for box in boxes]
    barred(edges, height=TRAINING[0].height).save(tmp_path / "bars.png")
    moved = replace(page, folder=tmp_path, record=replace(page.record, image="bars.png"))
    dataset = dataset_of([moved], PageTransform(width=400, max_height=1000))
    dataset.augmentation = PageAugmentation(1.0, contrast=0.0, brightness=0.0, noise=0.0, blur=0.0)
    sample = dataset[PageRequest(0, 0, 3, seed)]
    for system, (first, last) in zip(sample.systems, rows_of_bars(sample.image, edges), strict=True):
        assert system.top <= first < last <= system.bottom
    for above, below in pairwise(sample.systems):
        assert above.top < below.top
        assert above.bottom < below.bottom


def test_no_targets_without_boxes_or_with_a_broken_text(
    small_data: Path, dataset: FullPageDataset, caplog: pytest.LogCaptureFixture
) -> None:
    assert TRAINING[5].has_boxes is False
    assert dataset[PageRequest(5, 0, 3)].systems == ()
    page = dataset.pages[0]
    broken = dataset_of([replace(page, text_problem="line 7")])
    assert broken[PageRequest(0, 0, 3)].systems == ()
    assert not caplog.records
    cut_short = dataset_of([page])
    cut_short.pages = [replace(page, kern=page.kern.replace("4c\tC:maj7", "4c"))]
    with caplog.at_level(logging.WARNING):
        samples = [cut_short[PageRequest(0, 0, 3)] for _ in range(2)]
    assert [sample.systems for sample in samples] == [(), ()]
    (record,) = caplog.records
    assert "a-1.txt: only the decoder learns from it" in record.getMessage()


def generated_dataset(tmp_path: Path | None = None) -> FullPageDataset:
    tokenizer = build_tokenizer("medium")
    vocabulary = Vocabulary.build(tokenizer.encode(text) for text in GENERATED.texts("page", 40))
    generator = GENERATED
    if tmp_path is not None:
        generator = GeneratedPages(
            PageStyle(systems=(1, 3)), procedural=TuneStyle(plain=True), papers=2, cache=str(tmp_path)
        )
    return FullPageDataset(
        [], PageTransform(width=400, max_height=1000), TextCodec(tokenizer, vocabulary), None, generator
    )


def test_generated_pages_know_their_systems(tmp_path: Path) -> None:
    dataset = generated_dataset()
    for number in range(4):
        sample = dataset[GeneratedRequest(number, 3, seed=number)]
        page = GENERATED.page(number, 3, paper=number)
        scale = sample.image.shape[1] / page.image.height
        assert [system.ids for system in sample.systems] == texts_of(dataset, page.kern, range(3))
        for box, system in zip(page.system_boxes, sample.systems, strict=True):
            assert system.top < scale * (box.from_y + box.to_y) / 2 < system.bottom
            # Boxes on turned paper overlap, and each keeps its half.
            overlap = min(box.to_y * scale, system.bottom) - max(box.from_y * scale, system.top)
            assert overlap > 0.75 * scale * (box.to_y - box.from_y)
    stored = generated_dataset(tmp_path)
    request = GeneratedRequest(2, 3, seed=2)
    drawn, kept = stored[request], stored[request]
    assert list(tmp_path.glob("*.png"))
    assert drawn.systems == kept.systems == dataset[request].systems


def test_a_generated_strip_is_its_system_and_a_page_of_one_is_not() -> None:
    dataset = generated_dataset()
    strip, page = dataset[GeneratedRequest(6, 1, 6, strip=True)], dataset[GeneratedRequest(6, 1, 6)]
    for sample in (strip, page):
        ((_, _, ids),) = sample.systems
        assert ids == tuple(sample.token_ids[1:-1].tolist())
    assert strip.systems[0][:2] == (0, strip.image.shape[1])
    (top, bottom, _), height = page.systems[0], page.image.shape[1]
    assert 0 <= top < bottom < height / 2


@pytest.mark.parametrize("systems", [1, 3])
def test_a_generated_page_that_is_cut_ends_below_its_last_system(systems: int) -> None:
    dataset, request = generated_dataset(), GeneratedRequest(2, systems, seed=2)
    whole, cut = dataset[request], dataset[request._replace(cut=True)]
    height = cut.image.shape[1]
    assert height < whole.image.shape[1]
    assert cut.systems[-1].bottom == height
    assert cut.systems[:-1] == whole.systems[:-1]
    assert torch.equal(cut.token_ids, whole.token_ids)
    # Scaled from another height, a row may lie a fraction of a pixel off.
    assert float((cut.image - whole.image[:, :height]).abs().mean()) < 0.02


def test_micro_batches_keep_the_systems_of_their_pages(dataset: FullPageDataset) -> None:
    samples: list[PageSample] = [dataset[PageRequest(index, 0, page.systems)] for index, page in enumerate(TRAINING)]
    expected = {sample.page_id: sample.systems for sample in samples}
    parts = MicroBatchCollator(0, 16, pixel_budget=2 * 208 * 240)(samples)
    assert len(parts) > 1
    found = {page_id: part.systems[row] for part in parts for row, page_id in enumerate(part.page_ids)}
    assert found == expected
    assert [len(found[page.page_id]) for page in TRAINING] == [3, 3, 3, 2, 1, 0]
    assert parts[0].to("meta").systems == parts[0].systems
