from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jazzmus.dataset.batch import (
    IGNORED_LABEL,
    PAPER,
    MicroBatchCollator,
    PageBatch,
    PageSample,
    make_batch,
    pad_images,
)

PAD, STRIDE = 0, 16


def sample(page_id: str, height: int, width: int, tokens: int = 3) -> PageSample:
    ids = torch.tensor([1, *range(10, 10 + tokens), 2])
    return PageSample(page_id, torch.full((1, height, width), 0.25), ids, f"kern of {page_id}")


def test_pages_are_padded_with_paper_below_and_on_the_right() -> None:
    images, sizes = pad_images([torch.zeros(1, 33, 20), torch.zeros(1, 10, 40)], STRIDE)
    assert images.shape == (2, 1, 48, 48)
    assert sizes.tolist() == [[33, 20], [10, 40]]
    for image, (height, width) in zip(images, sizes.tolist(), strict=True):
        assert (image[:, :height, :width] == 0).all()
        assert (image == PAPER).sum() == 48 * 48 - height * width


def test_a_page_that_fits_the_stride_is_not_padded() -> None:
    images, _ = pad_images([torch.zeros(1, 32, 64)], STRIDE)
    assert images.shape == (1, 1, 32, 64)


def test_labels_are_the_next_ids() -> None:
    batch = make_batch([sample("a", 20, 20, tokens=3), sample("b", 20, 20, tokens=1)], PAD, STRIDE)
    assert batch.decoder_input.tolist() == [[1, 10, 11, 12], [1, 10, PAD, PAD]]
    assert batch.labels.tolist() == [[10, 11, 12, 2], [10, 2, IGNORED_LABEL, IGNORED_LABEL]]
    assert batch.page_ids == ("a", "b")
    assert batch.kerns == ("kern of a", "kern of b")


def test_moving_a_batch_moves_every_tensor_and_keeps_the_rest() -> None:
    batch = make_batch([sample("a", 20, 20)], PAD, STRIDE)
    moved = batch.to("meta")
    tensors = [name for name, value in moved._asdict().items() if isinstance(value, torch.Tensor)]
    assert tensors == ["images", "image_sizes", "decoder_input", "labels"]
    assert {getattr(moved, name).device.type for name in tensors} == {"meta"}
    assert (moved.page_ids, moved.kerns) == (batch.page_ids, batch.kerns)


sizes = st.tuples(st.integers(1, 90), st.integers(1, 90))


@settings(deadline=None)
@given(st.lists(sizes, min_size=1, max_size=8), st.integers(1, 20_000), st.sampled_from([1, 8, 16]))
def test_micro_batches_keep_to_the_budget_and_lose_nothing(
    page_sizes: list[tuple[int, int]], budget: int, stride: int
) -> None:
    samples = [sample(str(number), *size) for number, size in enumerate(page_sizes)]
    parts = MicroBatchCollator(PAD, stride, budget)(samples)
    for part in parts:
        assert part.images.numel() <= budget or len(part.page_ids) == 1
        assert part.images.shape[2] % stride == part.images.shape[3] % stride == 0
    ids = [page_id for part in parts for page_id in part.page_ids]
    assert sorted(ids) == [page.page_id for page in samples]
    together = {page_id: (part, row) for part in parts for row, page_id in enumerate(part.page_ids)}
    for page in samples:
        part, row = together[page.page_id]
        assert part.image_sizes[row].tolist() == list(page.image.shape[1:])
        assert part.kerns[row] == page.kern


def test_a_page_over_the_budget_stands_alone() -> None:
    collate = MicroBatchCollator(PAD, STRIDE, pixel_budget=2 * 32 * 32)
    parts = collate([sample("small-1", 32, 32), sample("large", 320, 320), sample("small-2", 32, 32)])
    assert [part.page_ids for part in parts] == [("large",), ("small-1", "small-2")]


def test_the_stride_counts_in_the_budget() -> None:
    # Two pages of 33 x 33 fit as they are, but not as the 48 x 48 they become.
    parts = MicroBatchCollator(PAD, STRIDE, pixel_budget=2 * 33 * 33)([sample("a", 33, 33), sample("b", 33, 33)])
    assert len(parts) == 2


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_the_order_of_samples_does_not_matter(order: list[int]) -> None:
    samples = [sample("a", 30, 30), sample("b", 60, 30), sample("c", 30, 30)]
    parts: list[PageBatch] = MicroBatchCollator(PAD, STRIDE, 32 * 32 * 2)([samples[index] for index in order])
    assert [part.page_ids for part in parts] == [("b",), ("a", "c")]
