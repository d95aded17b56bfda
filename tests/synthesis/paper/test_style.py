"""What a style refuses, and how the effects of a page are drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from jazzmus.errors import ConfigError
from jazzmus.synthesis.paper.style import PHOTO_ONLY, SCAN_ONLY, PaperStyle


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("blur", (1.5, 0.3, 0.9)),
        ("blur", (-0.1, 0.3, 0.9)),
        ("rotation", (0.5, 2.0, 1.0)),
        ("jpeg", (0.5, 45, 101)),
        ("low_resolution", (0.5, 0.0, 0.5)),
        ("tone", (250.0, 400.0)),
        ("ink", (0.9, float("nan"))),
        ("width", (1000, 1000, 1000)),
        ("spiral", (0.5, 0.04)),
    ],
)
def test_a_wrong_value_names_its_field(field: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"PaperStyle.{field}="):
        replace(PaperStyle(), **{field: value})


def test_the_clean_style_applies_nothing() -> None:
    for seed in range(50):
        assert PaperStyle.clean().strengths(np.random.default_rng(seed)) == {}


def test_photographs_and_scans_show_their_own_effects_only() -> None:
    kinds = set()
    style = replace(PaperStyle(), photo=(0.5, 150, 200))
    for seed in range(200):
        seen = style.strengths(np.random.default_rng(seed))
        kinds.add("photo" in seen)
        assert not seen.keys() & set(SCAN_ONLY if "photo" in seen else PHOTO_ONLY)
    assert kinds == {True, False}


def test_an_effect_that_is_switched_off_leaves_the_others_alone() -> None:
    for seed in range(50):
        seen = dict(PaperStyle().strengths(np.random.default_rng(seed)))
        seen.pop("blur", None)
        assert replace(PaperStyle(), blur=(0.0, 0.3, 0.9)).strengths(np.random.default_rng(seed)) == seen


def test_effects_are_as_frequent_and_as_strong_as_the_style_says() -> None:
    style = replace(PaperStyle(), jpeg=(0.3, 50, 60))
    drawn = [style.strengths(np.random.default_rng(seed)).get("jpeg") for seed in range(600)]
    strengths = [value for value in drawn if value is not None]
    assert 0.22 < len(strengths) / len(drawn) < 0.38
    assert 50 <= min(strengths) < 52
    assert 58 < max(strengths) <= 60
