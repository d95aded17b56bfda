from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_pages import TRAINING

from jazzmus.dataset.augment import PageAugmentation
from jazzmus.dataset.full_page_dataset import FullPageDataset, Page, PageRequest, read_pages, system_text
from jazzmus.dataset.manifest import read_manifest
from jazzmus.dataset.page_image import read_image
from jazzmus.dataset.page_transform import PageTransform, crop_systems, strip_area
from jazzmus.errors import DataError
from jazzmus.kern.codec import TextCodec
from jazzmus.kern.forms import build_form
from jazzmus.kern.systems import count_systems, system_range
from jazzmus.kern.tokenizer import build_tokenizer
from jazzmus.kern.vocabulary import Vocabulary

TRANSFORM = PageTransform(width=240, max_height=1000)


def pages_of(folder: Path, split: str = "train") -> list[Page]:
    return read_pages("h", folder, read_manifest(folder), split)


def dataset_of(pages: list[Page], augmentation: PageAugmentation | None = None) -> FullPageDataset:
    tokenizer = build_tokenizer("medium")
    codec = TextCodec(tokenizer, Vocabulary.build(tokenizer.encode(page.kern) for page in pages))
    return FullPageDataset(pages, TRANSFORM, codec, augmentation)


def test_pages_are_read_in_the_manifests_order_with_their_text(small_data: Path) -> None:
    pages = pages_of(small_data)
    assert [page.record.page_id for page in pages] == [page.page_id for page in TRAINING]
    assert [page.kern for page in pages] == [page.kern for page in TRAINING]
    assert [page.num_systems for page in pages] == [page.systems for page in TRAINING]
    assert [page.can_be_cut for page in pages] == [page.has_boxes for page in TRAINING]
    assert pages_of(small_data, "test") == []


def test_a_whole_page(small_data: Path) -> None:
    pages = pages_of(small_data)
    dataset = dataset_of(pages)
    sample = dataset[PageRequest(3, 0, 2)]
    assert (sample.page_id, sample.kern) == ("b-1", pages[3].kern)
    assert torch.equal(sample.image, TRANSFORM(read_image(small_data / pages[3].record.image)))
    assert sample.image.dtype == torch.float32
    assert sample.image.shape == (1, TRAINING[3].height, 240)
    assert sample.token_ids.dtype == torch.int64
    assert sample.token_ids.tolist() == dataset.codec.encode(pages[3].kern)
    assert len(dataset) == 6


@pytest.mark.parametrize(("first", "last"), [(0, 1), (0, 2), (1, 2), (2, 3)])
def test_a_cut_page_shows_exactly_its_systems_in_image_and_text(small_data: Path, first: int, last: int) -> None:
    page = pages_of(small_data)[0]
    sample = dataset_of([page])[PageRequest(0, first, last)]
    assert sample.page_id == f"a-1:{first}-{last}"
    assert sample.kern == system_range(page.kern, first, last)
    assert count_systems(sample.kern) == last - first
    whole = read_image(small_data / page.record.image)
    expected = TRANSFORM(crop_systems(whole, page.record.systems or (), first, last))
    assert torch.equal(sample.image, expected)
    # Each system is drawn with five staff lines across the page.
    dark_pixels = (sample.image[0] < 0.5).float().sum(1)
    assert int((dark_pixels > 200).sum()) == 5 * (last - first)


def test_a_strip_shows_little_more_than_its_system_also_on_a_page_of_one(small_data: Path) -> None:
    pages = pages_of(small_data)
    alone = next(index for index, page in enumerate(pages) if page.num_systems == 1 and page.can_be_cut)
    dataset, page = dataset_of(pages), pages[alone]
    whole, strip = (dataset[PageRequest(alone, 0, 1, strip=strip)] for strip in (False, True))
    image = read_image(small_data / page.record.image)
    assert torch.equal(strip.image, TRANSFORM(image.crop(strip_area(image.size, page.record.systems or (), 0))))
    assert strip.image.shape[1] < whole.image.shape[1]
    assert (strip.page_id, strip.kern) == (f"{page.record.page_id}:0-1", whole.kern)


def test_a_text_without_the_form_that_is_wanted_names_its_file(small_data: Path) -> None:
    pages = pages_of(small_data)
    broken = replace(pages[0], kern=pages[0].kern.replace("*-", "*"))
    dataset = dataset_of([broken])
    dataset.codec.form = build_form("normal")
    with pytest.raises(DataError, match=r"a-1\.txt: has no normal form \(.*never closed.*text_form = 'source'"):
        dataset[PageRequest(0, 0, broken.num_systems)]


def test_the_seed_of_a_request_decides_its_augmentation(small_data: Path) -> None:
    dataset = dataset_of(pages_of(small_data), PageAugmentation(probability=1.0))
    first, again, other = (dataset[PageRequest(0, 0, 3, seed)].image for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == other.shape
    unchanged = dataset[PageRequest(0, 0, 3)].image
    assert torch.equal(unchanged, dataset_of(pages_of(small_data))[PageRequest(0, 0, 3, 5)].image)


def test_images_are_read_when_asked_for_and_only_a_missing_ones_sample_fails(small_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(small_data, folder)
    dataset = dataset_of(pages_of(folder))
    missing = folder / dataset.pages[1].record.image
    missing.unlink()
    assert dataset[PageRequest(0, 0, 3)].page_id == "a-1"
    with pytest.raises(DataError) as caught:
        dataset[PageRequest(1, 0, 3)]
    assert str(missing) in str(caught.value)


@pytest.mark.parametrize("content", [None, b" \n", b"\xff\xfe\xfd"])
def test_a_text_that_is_missing_empty_or_broken_is_named(
    small_data: Path, tmp_path: Path, content: bytes | None
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(small_data, folder)
    path = folder / TRAINING[2].split / "ground_truth" / "a-3.txt"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        pages_of(folder)
    assert str(path) in str(caught.value)


def test_a_page_without_boxes_or_with_a_broken_text_is_never_cut(small_data: Path, tmp_path: Path) -> None:
    dataset = dataset_of(pages_of(small_data))
    assert dataset[PageRequest(5, 0, 3)].page_id == "d-1"
    with pytest.raises(DataError, match=r"d-1\.txt.*boxes"):
        dataset[PageRequest(5, 0, 2)]
    folder = tmp_path / "copy"
    shutil.copytree(small_data, folder)
    (folder / "train" / "ground_truth" / "a-1.txt").write_text(TRAINING[0].kern.replace("4c\tC:maj7", "4c"))
    page = next(page for page in pages_of(folder) if page.record.page_id == "a-1")
    with pytest.raises(DataError, match=r"a-1\.txt: .*line 1?\d"):
        system_text(page, 0, 1)
