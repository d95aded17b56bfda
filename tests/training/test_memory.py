"""The computed memory of a step: it counts both encoders, and less where the encoder is frozen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jazzmus.config import clear_config, load_config
from jazzmus.training.memory import step_memory

CONFIG = Path(__file__).resolve().parents[2] / "config"


@pytest.fixture(autouse=True)
def _fresh_config() -> Iterator[None]:
    yield
    clear_config()


@pytest.mark.parametrize("encoder", ["resnet", "convnext"])
def test_activations_are_counted_for_each_encoder_and_fewer_where_it_is_frozen(encoder: str) -> None:
    load_config(
        [CONFIG / "full_page_no_pretrained.gin", CONFIG / "base" / "tiny.gin"],
        [f"SMTConfig.encoder = {encoder!r}", "PageTransform.width = 160"],
    )
    trained, frozen = step_memory(), step_memory(freeze_encoder=True)
    assert trained.pages * trained.height * trained.width < frozen.activations < trained.activations
    assert frozen.weights < trained.weights
    assert trained.total > trained.activations + trained.weights
