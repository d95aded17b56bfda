"""Strips of fixed size, as public staff-level weights saw them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from jazzmus.dataset.page_transform import PageTransform
from jazzmus.errors import ConfigError

STAFF = PageTransform(width=1000, height=128)


@pytest.mark.parametrize(
    ("size", "drawn"), [((500, 128), 500), ((400, 100), 512), ((3000, 128), 1000), ((401, 300), 172), ((5, 4000), 1)]
)
def test_a_strip_is_scaled_to_its_height_squeezed_and_filled_with_paper(size: tuple[int, int], drawn: int) -> None:
    """The published rule: min(ceil(width * 128 / height), 1000) pixels of music, white beyond up to 1000."""
    tensor = STAFF(Image.new("L", size, 0))
    assert tensor.shape == (1, 128, 1000)
    assert torch.equal(tensor[0, :, :drawn], torch.zeros(128, drawn))
    assert torch.equal(tensor[0, :, drawn:], torch.ones(128, 1000 - drawn))
    assert STAFF.output_size(*size) == (1000, 128)


def test_a_strip_of_its_own_size_is_left_as_it_is() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (128, 1000), dtype=np.uint8)
    assert torch.equal(STAFF(Image.fromarray(pixels))[0], torch.from_numpy(pixels / np.float32(255)))


def test_the_height_is_kept_with_weights_and_may_be_absent_there() -> None:
    assert PageTransform.from_dict(STAFF.to_dict()).to_dict() == STAFF.to_dict()
    assert STAFF.to_dict()["height"] == 128
    assert "height" not in PageTransform().to_dict()
    assert PageTransform.from_dict(PageTransform().to_dict()).height is None


@pytest.mark.parametrize("height", [8, 10_000, 128.0, True])
def test_a_height_out_of_range_is_refused(height: object) -> None:
    with pytest.raises(ConfigError, match=r"PageTransform\.height"):
        PageTransform(height=height)  # type: ignore[arg-type]
