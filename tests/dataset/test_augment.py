from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from small_pages import SmallPage

from jazzmus.dataset.augment import PageAugmentation
from jazzmus.errors import ConfigError

PAGE = SmallPage("a", "train", "a", 3).draw()
NOTHING = dict.fromkeys(("rotation", "shift", "scale", "blur", "contrast", "brightness", "noise"), 0.0)


def tensor_of(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.asarray(image, dtype=np.float32) / 255).unsqueeze(0)


def augmented(augmentation: PageAugmentation, seed: int) -> torch.Tensor:
    generator = np.random.default_rng(seed)
    return augmentation.on_tensor(tensor_of(augmentation.on_image(PAGE, generator)), generator)


def test_the_generator_decides_everything() -> None:
    augmentation = PageAugmentation(probability=1.0)
    assert torch.equal(augmented(augmentation, 3), augmented(augmentation, 3))
    assert not torch.equal(augmented(augmentation, 3), augmented(augmentation, 4))


@pytest.mark.parametrize("seed", range(5))
def test_size_mode_and_range_stay(seed: int) -> None:
    strong = PageAugmentation(1.0, rotation=5, shift=0.1, scale=0.3, blur=5, contrast=2.0, brightness=0.9, noise=0.5)
    image = strong.on_image(PAGE, np.random.default_rng(seed))
    assert (image.size, image.mode) == (PAGE.size, "L")
    tensor = augmented(strong, seed)
    assert tensor.dtype == torch.float32
    assert tensor.shape == (1, PAGE.height, PAGE.width)
    assert 0 <= tensor.min() < tensor.max() <= 1


def test_what_is_given_stays_as_it_was() -> None:
    before = tensor_of(PAGE)
    tensor = before.clone()
    PageAugmentation(probability=1.0).on_tensor(tensor, np.random.default_rng(0))
    assert torch.equal(tensor, before)
    assert torch.equal(tensor_of(PAGE), before)


def test_probability_0_and_zero_amounts_change_nothing() -> None:
    assert torch.equal(augmented(PageAugmentation(probability=0.0), 1), tensor_of(PAGE))
    torch.testing.assert_close(augmented(PageAugmentation(1.0, **NOTHING), 1), tensor_of(PAGE), atol=0.01, rtol=0)


def test_probability_is_the_share_of_changed_pages() -> None:
    augmentation = PageAugmentation(probability=0.3)
    image = PAGE.resize((40, 40))
    changed = sum(augmentation.on_image(image, np.random.default_rng(seed)) is not image for seed in range(400))
    assert 85 <= changed <= 155


def test_each_amount_alone_changes_a_page() -> None:
    for name in NOTHING:
        amount = {"rotation": 2.0, "blur": 10.0}.get(name, 0.2)
        alone = augmented(PageAugmentation(1.0, **{**NOTHING, name: amount}), 2)
        assert (alone - tensor_of(PAGE)).abs().max() > 0.05, name


def test_a_shift_moves_the_ink_and_fills_with_the_papers_tone() -> None:
    paper, ink = 200, 0
    page = Image.new("L", (100, 100), paper)
    page.paste(ink, (48, 48, 52, 52))
    draws = np.random.default_rng(7)
    draws.random(), draws.uniform(), draws.uniform()
    across, down = (draws.uniform(-0.1, 0.1) * 100 for _ in range(2))
    moved = np.asarray(PageAugmentation(1.0, **{**NOTHING, "shift": 0.1}).on_image(page, np.random.default_rng(7)))
    rows, columns = np.nonzero(moved < 100)
    assert rows.mean() == pytest.approx(49.5 + down, abs=0.6)
    assert columns.mean() == pytest.approx(49.5 + across, abs=0.6)
    assert moved[[0, 0, -1, -1], [0, -1, 0, -1]].tolist() == [paper] * 4


@pytest.mark.parametrize(
    ("name", "value"), [("noise", -0.1), ("probability", 1.1), ("probability", -0.1), ("scale", 1.0), ("blur", np.nan)]
)
def test_values_out_of_range_are_named(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{name}.*{value}"):
        PageAugmentation(**{name: value})
