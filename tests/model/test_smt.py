from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from networks import random_page, tiny_config, tiny_model
from safetensors.torch import load_file

from jazzmus.dataset.batch import pad_images
from jazzmus.errors import ConfigError
from jazzmus.model.pretrained import load_smt
from jazzmus.model.smt.positions import page_positions, sinusoids

GREEDY_STEPS = 24


@pytest.mark.parametrize("family", ["v1", "v2"])
@pytest.mark.parametrize("saved_again", [False, True])
def test_public_families_give_their_published_outputs(
    shared: Path, tmp_path: Path, family: str, saved_again: bool
) -> None:
    model = load_smt(shared / "smt_parity" / family)
    if saved_again:
        model.save_pretrained(tmp_path)
        model = load_smt(tmp_path)
    wanted = load_file(shared / "smt_parity" / family / "io.safetensors")
    with torch.inference_mode():
        features = model.encode(wanted["pixel_values"])
        logits = model(pixel_values=wanted["pixel_values"], decoder_input_ids=wanted["decoder_input_ids"]).logits
    ids = model.generate(wanted["pixel_values"], max_length=wanted["greedy_ids"].shape[1])
    torch.testing.assert_close(features, wanted["encoder_output"], atol=1e-4, rtol=0)
    torch.testing.assert_close(logits, wanted["logits"], atol=1e-4, rtol=0)
    assert ids.tolist() == wanted["greedy_ids"].tolist()


@pytest.mark.parametrize("switches", [{}, {"norm_first": False}, {"encoder": "resnet"}], ids=str)
def test_batch_and_padding_change_nothing(switches: dict[str, Any]) -> None:
    model = tiny_model(**switches)
    pages = [random_page(64, 48, 1), random_page(37, 90, 2), random_page(96, 20, 3)]
    ids = torch.tensor([[1, 5, 6, 7, 8, 9], [1, 9, 8, 7, 6, 5], [1, 4, 4, 5, 5, 6]])
    images, sizes = pad_images(pages, model.config.stride)
    with torch.inference_mode():
        together = model(pixel_values=images, decoder_input_ids=ids, image_sizes=sizes).logits
    reading = model.read(images, sizes)
    for row, page in enumerate(pages):
        alone, size = pad_images([page], model.config.stride)
        with torch.inference_mode():
            logits = model(pixel_values=alone, decoder_input_ids=ids[row : row + 1], image_sizes=size).logits
        torch.testing.assert_close(together[row : row + 1], logits, atol=1e-5, rtol=0)
        single = model.read(alone, size)
        length = single.ids.shape[1]
        assert reading.ids[row, :length].tolist() == single.ids[0].tolist()
        assert reading.stop_reasons[row] == single.stop_reasons[0]
        torch.testing.assert_close(reading.log_probs[row, :length], single.log_probs[0], atol=1e-5, rtol=0)
        # Nothing is padded within a page of whole strides, so sizes may be left out.
        if not any(side % model.config.stride for side in page.shape[1:]):
            assert torch.equal(model.generate(alone), single.ids)


@pytest.mark.parametrize("encoder", ["convnext", "resnet"])
def test_what_lies_in_the_padding_does_not_matter(encoder: str) -> None:
    model = tiny_model(encoder=encoder)
    images, sizes = pad_images([random_page(64, 64), random_page(32, 32)], model.config.stride)
    scribbled = images.clone()
    scribbled[1, :, 32:] = 0.0
    scribbled[1, :, :, 32:] = 0.0
    with torch.inference_mode():
        assert torch.equal(model.encode(images, sizes), model.encode(scribbled, sizes))


@pytest.mark.parametrize(
    "switches", [{}, {"norm_first": False}, {"scale_attention": False, "output_relu": True}], ids=str
)
def test_cached_decoding_equals_recomputing_the_prefix(switches: dict[str, bool]) -> None:
    model = tiny_model(seed=3, **switches)
    images, sizes = pad_images([random_page(48, 80)], model.config.stride)
    reading = model.read(images, sizes, GREEDY_STEPS)
    ids = torch.tensor([[model.config.bos_token_id]])
    scores = [0.0]
    with torch.inference_mode():
        while ids.shape[1] < GREEDY_STEPS and ids[0, -1] != model.config.eos_token_id:
            logits = model(pixel_values=images, decoder_input_ids=ids, image_sizes=sizes).logits[:, -1]
            score, best = logits.log_softmax(-1).max(-1, keepdim=True)
            ids = torch.cat((ids, best), dim=1)
            scores.append(float(score))
    assert reading.ids.tolist() == ids.tolist()
    torch.testing.assert_close(reading.log_probs[0], torch.tensor(scores), atol=1e-5, rtol=0)


def test_later_ids_do_not_change_earlier_logits() -> None:
    model = tiny_model()
    page = random_page(32, 32)[None]
    with torch.inference_mode():
        one = model(pixel_values=page, decoder_input_ids=torch.tensor([[1, 5, 6, 7]])).logits
        other = model(pixel_values=page, decoder_input_ids=torch.tensor([[1, 5, 9, 9]])).logits
    torch.testing.assert_close(one[:, :2], other[:, :2], atol=1e-6, rtol=0)
    assert not torch.allclose(one[:, 2:], other[:, 2:])


def test_positions_follow_the_formula() -> None:
    channels, height, width = 16, 3, 5
    code = page_positions(height, width, channels, torch.device("cpu")).view(height, width, channels)
    for row in range(height):
        for column in range(width):
            for channel in range(channels):
                position = row if channel < channels // 2 else column
                pair = channel % (channels // 2) // 2 * 2
                angle = position * math.exp(-pair / channels * math.log(1e4))
                wanted = math.sin(angle) if channel % 2 == 0 else math.cos(angle)
                assert float(code[row, column, channel]) == pytest.approx(wanted, abs=1e-6)


def test_token_positions_follow_the_formula() -> None:
    code = sinusoids(torch.tensor([0, 7]), 8)
    assert code[0].tolist() == [0, 1] * 4
    wanted = [f(7 * 1e4 ** (-pair / 8)) for pair in (0, 2, 4, 6) for f in (math.sin, math.cos)]
    assert code[1].tolist() == pytest.approx(wanted, abs=1e-6)


def test_a_large_page_costs_positions_of_feature_size_only(monkeypatch: pytest.MonkeyPatch) -> None:
    import jazzmus.model.smt.decoder as decoder

    asked: list[tuple[int, int]] = []

    def recorded(height: int, width: int, channels: int, device: torch.device) -> torch.Tensor:
        asked.append((height, width))
        return page_positions(height, width, channels, device)

    monkeypatch.setattr(decoder, "page_positions", recorded)
    model = tiny_model()
    with torch.inference_mode():
        model.decoder.remember(model.encode(torch.ones(1, 1, 2816, 2000)), None)
    assert asked == [(2816 // 16, 2000 // 16)]
    largest = max(tensor.numel() for tensor in [*model.parameters(), *model.buffers()])
    assert largest < 2816 * 2000 // 16, "no table as large as a page is kept"


def test_frozen_positions_are_not_in_the_state() -> None:
    assert not [name for name in tiny_model().state_dict() if "pos" in name or name.startswith("encoder.layernorm")]


def test_norm_first_adds_a_final_norm() -> None:
    before, after = (set(tiny_model(norm_first=first).state_dict()) for first in (True, False))
    assert before - after == {"decoder.final_norm.weight", "decoder.final_norm.bias"}


def test_the_network_says_what_it_needs() -> None:
    model = tiny_model()
    with pytest.raises(ValueError, match="pixel_values"):
        model(decoder_input_ids=torch.tensor([[1]]))
    with pytest.raises(ValueError, match="decoder_input_ids"):
        model(pixel_values=random_page(32, 32)[None])


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"encoder_depths": (1, 1)}, "encoder_depths"),
        ({"encoder_depths": (), "encoder_hidden_sizes": ()}, "encoder_depths"),
        ({"d_model": 64}, "SMTConfig.d_model is 64"),
        ({"num_heads": 5}, "num_heads"),
        ({"num_heads": 0}, "num_heads"),
        ({"num_decoder_layers": 0}, "num_decoder_layers"),
        ({"max_sequence_length": 0}, "max_sequence_length"),
        ({"dropout": 1.0}, "dropout"),
        ({"vocab_size": 5}, "tokens"),
        ({"encoder_hidden_sizes": (8, 16, 30), "d_model": 30, "num_heads": 2}, "divisible by 4"),
    ],
)
def test_config_that_does_not_fit_together(changes: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        tiny_config(**changes)


def test_stride_follows_the_stages() -> None:
    assert tiny_config().stride == 16
    assert tiny_config(encoder_hidden_sizes=(8, 32), encoder_depths=(1, 1)).stride == 8
