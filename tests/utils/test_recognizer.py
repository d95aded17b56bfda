from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from one_thread import one_thread  # noqa: F401
from PIL import Image
from random_weights import FEW_TOKENS, save_random_weights
from tiny_readers import codec_of, reader, untrained

from jazzmus.dataset.manifest import SystemBox
from jazzmus.errors import CheckpointError, ConfigError
from jazzmus.kern.document import parse_kern
from jazzmus.kern.systems import count_systems
from jazzmus.model.decoding import DecodingOptions, Text, output_of
from jazzmus.model.pretrained import build_model, read_weights
from jazzmus.utils.inference_utils import load_recognizer

BOXES = (SystemBox(0, 200, 10, 90), SystemBox(0, 200, 110, 190))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_random_weights(tmp_path_factory.mktemp("weights") / "random", FEW_TOKENS, 40)


@pytest.fixture(scope="module")
def system_weights(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same network, as one that was trained on single systems."""
    model = build_model(read_weights(weights))
    model.config.unit = "system"
    folder = tmp_path_factory.mktemp("weights") / "system"
    model.save_pretrained(folder)
    return folder


def page(seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (200, 200), dtype=np.uint8))


def test_weights_say_how_they_read_unless_told(weights: Path, system_weights: Path) -> None:
    assert load_recognizer(weights).strategy == "page"
    assert load_recognizer(system_weights).strategy == "systems"
    assert load_recognizer(system_weights, strategy="page").strategy == "page"


def with_reading(weights: Path, folder: Path, reading: dict[str, Any]) -> Path:
    model = build_model(read_weights(weights))
    model.config.reading = reading
    model.save_pretrained(folder)
    return folder


def test_weights_bring_the_options_that_suit_them(weights: Path, tmp_path: Path) -> None:
    own = with_reading(weights, tmp_path / "own", {"strategy": "systems", "num_beams": 3, "bar_weight": 0.5})
    reader = load_recognizer(own)
    assert (reader.strategy, reader.decoding.num_beams, reader.decoding.bar_weight) == ("systems", 3, 0.5)
    reader = load_recognizer(own, num_beams=2, max_length=40)
    assert (reader.strategy, reader.decoding.num_beams, reader.decoding.max_length) == ("systems", 2, 40)
    # Options found out for one strategy say nothing of another.
    assert load_recognizer(own, strategy="page").decoding == DecodingOptions()
    assert load_recognizer(own, strategy="systems").decoding.num_beams == 3
    with pytest.raises(ConfigError, match="num_beams"):
        load_recognizer(own, num_beams=1)


def test_options_without_a_strategy_are_of_the_usual_one(weights: Path, tmp_path: Path) -> None:
    own = with_reading(weights, tmp_path / "own", {"num_beams": 3})
    assert load_recognizer(own).strategy == "page"
    assert load_recognizer(own, strategy="page").decoding.num_beams == 3
    assert load_recognizer(own, strategy="systems").decoding.num_beams == 1


@pytest.mark.parametrize(
    ("reading", "named"),
    [
        ({"strategy": "lines"}, "'lines'"),
        ({"beams": 3}, "beams"),
        ({"num_beams": 0}, "at least 1"),
        ({"num_beams": 2.5}, "whole number"),
    ],
)
def test_options_that_cannot_be_name_the_weights(
    weights: Path, tmp_path: Path, reading: dict[str, Any], named: str
) -> None:
    with pytest.raises(CheckpointError, match=f"own: .*{named}"):
        load_recognizer(with_reading(weights, tmp_path / "own", reading))


def test_every_text_is_well_formed_and_cut_ones_are_closed(weights: Path) -> None:
    with pytest.raises(ConfigError, match="no text has fewer than") as refused:
        load_recognizer(weights, max_length=2)
    fewest = int(re.findall(r"\d+", str(refused.value))[-1])
    for length in range(fewest, fewest + 12):
        reading = load_recognizer(weights, max_length=length).read(page(length))
        parse_kern(reading.kern)
        assert len(reading.row_confidences) == len(reading.kern.splitlines())
        assert all(0 <= value <= 1 for value in reading.row_confidences)


def test_lines_come_one_by_one_and_are_those_of_the_text(weights: Path) -> None:
    for strategy in ("page", "systems"):
        rows: list[str] = []
        reading = load_recognizer(weights, strategy=strategy).read(page(), on_row=rows.append)
        assert rows == reading.kern.splitlines()


def test_systems_are_read_by_their_boxes_and_pages_alike_alone_or_together(system_weights: Path) -> None:
    recognizer = load_recognizer(system_weights)
    together = recognizer.read_batch([page(1), page(2)], [BOXES, BOXES[:1]])
    assert [reading.system_boxes for reading in together] == [BOXES, BOXES[:1]]
    assert count_systems(together[0].kern) <= 2
    for number, reading in enumerate(together, start=1):
        parse_kern(reading.kern)
        alone = recognizer.read_batch([page(number)], [reading.system_boxes])[0]
        assert alone.kern == reading.kern
        assert alone.row_confidences == pytest.approx(reading.row_confidences, abs=1e-4)


def test_what_cannot_be_is_refused_before_anything_is_read(weights: Path) -> None:
    with pytest.raises(ConfigError, match="CTC needs single systems"):
        load_recognizer(weights, ctc_weight=0.3)
    with pytest.raises(ConfigError, match="no CTC head"):
        load_recognizer(weights, strategy="systems", ctc_weight=0.3)
    with pytest.raises(ConfigError, match="num_beams"):
        load_recognizer(weights, num_beams=0)


def test_beams_read_what_the_grammar_allows(weights: Path) -> None:
    reading = load_recognizer(weights, num_beams=3).read(page())
    parse_kern(reading.kern)
    free = load_recognizer(weights, grammar=False, max_length=12).read(page())
    assert free.kern != reading.kern


@pytest.mark.parametrize("strategy", ["page", "systems"])
def test_full_bars_choose_among_the_texts_that_beams_found(strategy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kern = "**kern\t**mxhm\n*M4/4\t*\n=\t=\n1c\t.\n=\t=\n{}\t.\n=\t=\n1c\t.\n==\t==\n*-\t*-\n"
    likely, fitting = kern.format("2d"), kern.format("1d")
    codec = codec_of("compact", "written", [likely, fitting])
    texts = [
        Text(ids, torch.zeros(len(ids)), "eos", score)
        for ids, score in ((codec.encode(likely), -4.0), (codec.encode(fitting), -5.0))
    ]
    for bar_weight, wanted in ((0.0, likely), (0.5, likely), (2.0, fitting)):
        recognizer = reader(untrained(codec, 0), codec, num_beams=2, bar_weight=bar_weight)
        recognizer.strategy = strategy
        monkeypatch.setattr(recognizer.model, "read", lambda pixels, *_: output_of([texts] * len(pixels), 0))
        boxes = BOXES[: 1 if strategy == "page" else 2]
        (reading,) = recognizer.read_batch([page()], [boxes])
        assert reading.kern.count("2d") == (len(boxes) if wanted is likely else 0)
        assert reading.kern.count("1d") == (0 if wanted is likely else len(boxes))
