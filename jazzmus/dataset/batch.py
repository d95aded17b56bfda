"""Samples and batches of pages: names, shapes and padding. Knows no files, no model and no curriculum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

PAPER = 1.0
IGNORED_LABEL = -100


class SystemTarget(NamedTuple):
    """One system of a page: where it stands, and its own text.

    Attributes:
        top: First row of it in pixels of the page's image.
        bottom: Row after the last one; a strip, and a page of one system without a box, is its system from end to end.
        ids: (N,) ids of its text as a text of its own, without <bos> and <eos>; plain numbers, since tensors this small
            are costly to send from one process to another.
    """

    top: int
    bottom: int
    ids: tuple[int, ...]


class PageSample(NamedTuple):
    """One page, or the part of it that a curriculum stage shows.

    Attributes:
        page_id: Stem of the page's files, with the systems shown where it is not the whole page.
        image: (1, H, W) float32 in [0, 1], 1 = ink-free paper.
        token_ids: (T,) int64, <bos> first and <eos> last.
        kern: The text as the source gives it.
        systems: The systems shown, from top to bottom; none where their places or their texts are not known.
    """

    page_id: str
    image: Tensor
    token_ids: Tensor
    kern: str
    systems: tuple[SystemTarget, ...] = ()


class PageBatch(NamedTuple):
    """Pages padded below and on the right to a common size.

    Attributes:
        page_ids: B ids.
        images: (B, 1, H, W) float32, padded with paper; H and W are multiples of the encoder's stride.
        image_sizes: (B, 2) int64, height and width of each page before padding.
        decoder_input: (B, T) int64 ids from <bos> on, padded with <pad>.
        labels: (B, T) int64, the id that follows each input id, padded with `IGNORED_LABEL`.
        kerns: B texts.
        systems: The systems of each page, B times.
    """

    page_ids: tuple[str, ...]
    images: Tensor
    image_sizes: Tensor
    decoder_input: Tensor
    labels: Tensor
    kerns: tuple[str, ...]
    systems: tuple[tuple[SystemTarget, ...], ...]

    def to(self, device: torch.device | str, non_blocking: bool = False) -> PageBatch:
        """The batch with its tensors on `device`."""
        return self._replace(
            images=self.images.to(device, non_blocking=non_blocking),
            image_sizes=self.image_sizes.to(device, non_blocking=non_blocking),
            decoder_input=self.decoder_input.to(device, non_blocking=non_blocking),
            labels=self.labels.to(device, non_blocking=non_blocking),
        )


def padded_size(sizes: Sequence[Sequence[int]], stride: int) -> tuple[int, int]:
    """Least height and width that hold pages of these heights and widths and are multiples of `stride`."""
    heights, widths = zip(*sizes, strict=True)
    return -(-max(heights) // stride) * stride, -(-max(widths) // stride) * stride


def pad_images(images: Sequence[Tensor], stride: int) -> tuple[Tensor, Tensor]:
    """Pad (1, H, W) pages with paper to one size that is a multiple of `stride`.

    Returns:
        (B, 1, H, W) images and (B, 2) heights and widths before padding.
    """
    sizes = torch.tensor([image.shape[1:] for image in images], dtype=torch.long)
    height, width = padded_size(sizes.tolist(), stride)
    padded = torch.full((len(images), 1, height, width), PAPER, dtype=torch.float32)
    for row, image in enumerate(images):
        padded[row, :, : image.shape[1], : image.shape[2]] = image
    return padded, sizes


def make_batch(samples: Sequence[PageSample], pad_id: int, stride: int) -> PageBatch:
    """Pad samples into one batch."""
    images, sizes = pad_images([sample.image for sample in samples], stride)
    length = max(sample.token_ids.numel() for sample in samples) - 1
    decoder_input = torch.full((len(samples), length), pad_id, dtype=torch.long)
    labels = torch.full((len(samples), length), IGNORED_LABEL, dtype=torch.long)
    for row, sample in enumerate(samples):
        ids = sample.token_ids
        decoder_input[row, : ids.numel() - 1] = ids[:-1]
        labels[row, : ids.numel() - 1] = ids[1:]
    return PageBatch(
        tuple(sample.page_id for sample in samples),
        images,
        sizes,
        decoder_input,
        labels,
        tuple(sample.kern for sample in samples),
        tuple(sample.systems for sample in samples),
    )


class MicroBatchCollator:
    """Turns the samples of one optimizer step into micro-batches that stay under a pixel budget.

    Args:
        pad_id: Id of <pad>.
        stride: Pixels per encoder feature.
        pixel_budget: Most pixels a micro-batch may hold, padding included; a page over it stands alone.
    """

    def __init__(self, pad_id: int, stride: int, pixel_budget: int) -> None:
        self.pad_id = pad_id
        self.stride = stride
        self.pixel_budget = pixel_budget

    def __call__(self, samples: Sequence[PageSample]) -> list[PageBatch]:
        """Micro-batches of similar pages, the largest first."""
        ordered = sorted(samples, key=lambda sample: (-sample.image.shape[1], -sample.image.shape[2], sample.page_id))
        groups: list[list[PageSample]] = []
        for sample in ordered:
            if groups and self._pixels([*groups[-1], sample]) <= self.pixel_budget:
                groups[-1].append(sample)
            else:
                groups.append([sample])
        return [make_batch(group, self.pad_id, self.stride) for group in groups]

    def _pixels(self, samples: Sequence[PageSample]) -> int:
        height, width = padded_size([sample.image.shape[1:] for sample in samples], self.stride)
        return len(samples) * height * width
