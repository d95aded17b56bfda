"""Weights of the public families: what is read, what is taken over, and what stops with names."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from model.networks import random_page, tiny_config
from model.public_checkpoints import (
    GRAND_STAFF_TOKENS,
    LEAD_SHEET_TOKENS,
    SWITCHES,
    config_values,
    hyperparameters,
    padded,
    public_model,
    write_folder,
    write_lightning,
)
from safetensors.torch import load_file, save_file

from jazzmus.errors import CheckpointError
from jazzmus.kern.token_mapping import nearest_tokens
from jazzmus.kern.vocabulary import Vocabulary
from jazzmus.model.pretrained import read_weights
from jazzmus.model.public_weights import pixel_advice
from jazzmus.model.smt.configuration_smt import SMTConfig
from jazzmus.model.smt.modeling_smt import SheetMusicTransformer
from jazzmus.model.transfer import transfer

OURS = Vocabulary.build([["*clefG2\t*\n", "=\t=\n", "8", "c", "cc", "L", "4.", "\tF", ":min7", "\t.\n", "'"]]).tokens
FAMILIES = ("v1", "v2")


def our_model(family: str, **changes: Any) -> SheetMusicTransformer:
    torch.manual_seed(5)
    return SheetMusicTransformer(
        tiny_config(tokens=list(OURS), vocab_size=len(OURS), **{**SWITCHES[family], **changes})
    )


@pytest.fixture
def lead_sheets(tmp_path: Path) -> Path:
    """As jazzmus-model: the first family, the embedding of a vocabulary larger than that of the output."""
    tokens = padded(LEAD_SHEET_TOKENS, 34)
    model = public_model("v1", vocab_size=70, num_outputs=34)
    return write_folder(tmp_path / "lead_sheets", model, "v1", tokens)


def grand_staffs(folder: Path, family: str) -> Path:
    tokens = padded(GRAND_STAFF_TOKENS, 40)
    return write_folder(folder, public_model(family, vocab_size=40, num_outputs=40), family, tokens)


def test_rows_of_lead_sheets_move_by_what_they_write(lead_sheets: Path) -> None:
    weights, model = read_weights(lead_sheets), our_model("v1")
    report = transfer(model, weights, nearest_tokens)
    tokens = padded(LEAD_SHEET_TOKENS, 34)
    assert weights.config.tokens == tokens
    # `'` stands in no lead sheet of the source, and no published vocabulary has <unk>.
    assert report.new_tokens == ("'", "<unk>")
    assert report.composed_tokens["\tF"] == ("<t>", "<chord-pitch>F")
    assert report.composed_tokens["*clefG2\t*\n"] == ("*clefG2", "<t>", "*", "<n>")
    assert report.composed_tokens["4."] == ("4", ".")
    assert {"8", "c", "cc", "L", "<pad>", "<bos>", "<eos>"} <= set(report.remapped_tokens)
    assert "<chord-pitch>C" in report.dropped_tokens
    state = model.state_dict()
    for name in ("decoder.embedding.weight", "decoder.vocab_projection.weight", "decoder.vocab_projection.bias"):
        source = weights.tensors[name]
        for token, parts in report.composed_tokens.items():
            mean = torch.stack([source[tokens.index(part)] for part in parts]).mean(dim=0)
            assert torch.allclose(state[name][OURS.index(token)], mean, atol=1e-6)
        for token in report.remapped_tokens:
            assert torch.equal(state[name][OURS.index(token)], source[tokens.index(token)])
    assert all(torch.equal(state[name], weights.tensors[name]) for name in report.loaded)
    assert report.unused == ("encoder.layernorm.bias", "encoder.layernorm.weight")


@pytest.mark.parametrize("family", FAMILIES)
def test_what_grand_staffs_write_alike_is_taken(family: str, tmp_path: Path) -> None:
    report = transfer(our_model(family), read_weights(grand_staffs(tmp_path, family)), nearest_tokens)
    assert report.composed_tokens["=\t=\n"] == ("=", "<t>", "=", "<b>")
    assert report.composed_tokens["\t.\n"] == ("<t>", ".", "<b>")
    assert {"8", "\tF", ":min7", "c"} <= set(report.new_tokens)
    assert report.family == family


@pytest.mark.parametrize("family", FAMILIES)
def test_positions_grow_without_touching_a_weight(family: str, tmp_path: Path) -> None:
    source = read_weights(grand_staffs(tmp_path, family))
    short, long = our_model(family), our_model(family, max_sequence_length=5000)
    for model in (short, long):
        transfer(model.eval(), source, nearest_tokens)
    assert short.state_dict().keys() == long.state_dict().keys()
    assert all(torch.equal(tensor, long.state_dict()[name]) for name, tensor in short.state_dict().items())
    # Far beyond the 24 ids of the source: what stands before is read as it was.
    ids = torch.randint(4, len(OURS), (1, 3000), generator=torch.Generator().manual_seed(0))
    page = random_page(96, 64)[None]
    logits = long(pixel_values=page, decoder_input_ids=ids).logits
    assert torch.allclose(logits[:, :20], short(pixel_values=page, decoder_input_ids=ids[:, :20]).logits, atol=1e-4)
    assert long(pixel_values=random_page(640, 1024)[None], decoder_input_ids=ids[:, :5]).logits.isfinite().all()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_with_the_config_of_the_other_stops(family: str, tmp_path: Path) -> None:
    weights, other = read_weights(grand_staffs(tmp_path, family)), "v2" if family == "v1" else "v1"
    with pytest.raises(CheckpointError) as error:
        transfer(our_model(other), weights, nearest_tokens)
    for named in ("SMTConfig.scale_attention", "SMTConfig.output_relu", f"config/base/public_{family}.gin"):
        assert named in str(error.value)
    with pytest.raises(CheckpointError, match=r"SMTConfig\.norm_first is False there and True here"):
        transfer(our_model(family, norm_first=True), weights, nearest_tokens)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda tensors: tensors.pop("encoder.embeddings.patch_embeddings.bias"), r"missing encoder\.emb.*bias"),
        (lambda tensors: tensors.pop("decoder.embedding.weight"), r"decoder\.embedding\.weight"),
        (lambda tensors: tensors.update({"decoder.more": torch.ones(2)}), r"unexpected decoder\.more"),
        (
            lambda tensors: tensors.update({"decoder.embedding.weight": torch.ones(40, 8)}),
            r"wrong shape decoder\.embedding\.weight \(40, 8\) instead of \(40, 32\)",
        ),
        (
            lambda tensors: tensors.update({"encoder.embeddings.layernorm.bias": torch.ones(9)}),
            r"wrong shape encoder\.embeddings\.layernorm\.bias \(9,\) instead of \(8,\)",
        ),
    ],
    ids=["missing", "missing embedding", "extra", "wrong embedding", "wrong shape"],
)
def test_tensors_that_do_not_fit_stop_with_their_names(family: str, change: Any, named: str, tmp_path: Path) -> None:
    folder = grand_staffs(tmp_path, family)
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")
    model = our_model(family)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(CheckpointError, match=named):
        transfer(model, read_weights(folder), nearest_tokens)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("family", FAMILIES)
def test_a_network_of_another_size_stops_with_names(family: str, tmp_path: Path) -> None:
    weights = read_weights(grand_staffs(tmp_path, family))
    with pytest.raises(
        CheckpointError, match=r"wrong shape .*decoder\.layers\.0\.ffn\.0\.bias \(48,\) instead of \(64,\)"
    ):
        transfer(our_model(family, d_ff=64), weights, nearest_tokens)
    with pytest.raises(CheckpointError, match=r"rows of decoder\.embedding\.weight|wrong shape"):
        transfer(our_model(family, d_model=64, encoder_hidden_sizes=(8, 16, 64)), weights, nearest_tokens)


def test_names_of_both_families_in_one_file_stop(tmp_path: Path) -> None:
    folder = grand_staffs(tmp_path, "v1")
    tensors = load_file(folder / "model.safetensors")
    tensors["decoder.vocab_projection.bias"] = tensors["decoder.out_layer.bias"].clone()
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="is there twice"):
        read_weights(folder)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_lightning_file_of_a_family_is_read(family: str, tmp_path: Path) -> None:
    tokens = padded(GRAND_STAFF_TOKENS, 40)
    sizes = {"encoder_hidden_sizes": (64, 128, 256), "encoder_depths": (3, 3, 9), "d_model": 256, "num_heads": 4}
    model = public_model(family, vocab_size=40, num_outputs=40, **sizes)
    values = hyperparameters(model, tokens) | {"maxh": np.int64(256), "lr": np.float64(1e-4)}
    weights = read_weights(write_lightning(tmp_path / "last.ckpt", model, family, hyper_parameters=values))
    assert (weights.family, weights.config.tokens) == (family, tokens)
    assert transfer(our_model(family, **sizes), weights, nearest_tokens).composed_tokens["=\t=\n"]


def test_a_lightning_file_takes_its_config_from_beside_it_or_its_sizes_from_tensors(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = padded(GRAND_STAFF_TOKENS, 40)
    model = public_model("v2", vocab_size=40, num_outputs=40, num_heads=4)
    path = write_lightning(tmp_path / "last.ckpt", model, "v2")
    (tmp_path / "config.json").write_text(json.dumps(config_values(model, "v2", tokens)))
    assert read_weights(path).config.tokens == tokens
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"config\.json: cannot be read"):
        read_weights(path)
    (tmp_path / "config.json").unlink()
    weights = read_weights(path)
    assert "says nothing of its tokens" in caplog.text
    config = weights.config
    assert (config.tokens, config.d_ff, config.num_decoder_layers, config.d_model) == (None, 48, 2, 32)


def test_a_lightning_file_with_objects_of_foreign_code_says_so(tmp_path: Path) -> None:
    model = public_model("v1")
    path = write_lightning(tmp_path / "last.ckpt", model, "v1", hyper_parameters={"config": SimpleNamespace(maxh=1)})
    with pytest.raises(CheckpointError, match=r"safely \(it holds objects of types\.SimpleNamespace; save") as error:
        read_weights(path)
    assert "\n" not in str(error.value)


def test_the_report_says_it_all_in_plain_values(lead_sheets: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    report = transfer(our_model("v1"), read_weights(lead_sheets), nearest_tokens)
    again = json.loads(json.dumps(report.to_dict()))
    assert again["composed_tokens"]["4."] == ["4", "."]
    assert again["new_tokens"] == ["'", "<unk>"]
    assert again["summary"] == report.summary()
    assert "6 composed, 2 new" in report.summary()
    for line in report.table():
        assert line in caplog.messages


def source_of(lead_sheet: bool) -> SMTConfig:
    return tiny_config(vocab_size=40, num_outputs=34 if lead_sheet else 40, tokens=None)


@pytest.mark.parametrize(
    ("lead_sheet", "unit", "transform", "advice"),
    [
        (True, "page", {"width": 1000, "max_height": 1600}, ""),
        (True, "page", {"width": 800, "max_height": 1600}, "PageTransform.width = 1000"),
        (True, "system", {"width": 1000, "max_height": 400, "height": 128}, ""),
        (True, "system", {"width": 1000, "max_height": 400}, "PageTransform.height = 128"),
        (False, "page", {"width": 1860, "max_height": 3000}, ""),
        (False, "page", {"width": 1860, "max_height": 1600}, "PageTransform.max_height = 3000"),
        (False, "system", {"width": 1860, "max_height": 400}, ""),
        (False, "system", {"width": 800, "max_height": 400}, "PageTransform.width = 1860"),
    ],
)
def test_pixels_that_public_weights_did_not_see_are_told(
    lead_sheet: bool, unit: str, transform: dict[str, int], advice: str
) -> None:
    told = pixel_advice(source_of(lead_sheet), tiny_config(unit=unit, page_transform=transform))
    assert bool(told) == bool(advice)
    assert advice in told


def test_a_transfer_warns_of_the_pixels(lead_sheets: Path, caplog: pytest.LogCaptureFixture) -> None:
    our = our_model("v1", page_transform={"width": 480, "max_height": 640})
    transfer(our, read_weights(lead_sheets), nearest_tokens)
    assert "bind PageTransform.width = 1000" in caplog.text


@pytest.mark.parametrize("count", [33, 70])
def test_tokens_that_are_not_those_of_the_output_stop_with_both_numbers(tmp_path: Path, count: int) -> None:
    """Those of an earlier, larger vocabulary included, of which the embedding has rows."""
    model = public_model("v1", vocab_size=70, num_outputs=34)
    folder = write_folder(tmp_path, model, "v1", padded(LEAD_SHEET_TOKENS, count))
    with pytest.raises(CheckpointError, match=rf"i2w names {count} tokens and the output has 34 rows; give the config"):
        read_weights(folder)


def test_a_public_file_that_names_no_tokens_is_not_taken_over(tmp_path: Path) -> None:
    weights = read_weights(write_lightning(tmp_path / "last.ckpt", public_model("v2", num_heads=4), "v2"))
    with pytest.raises(CheckpointError, match=r"last\.ckpt: names no tokens.*config\.json beside it"):
        transfer(our_model("v2", num_heads=4), weights, nearest_tokens)


def test_public_tokens_that_write_nothing_of_ours_stop(tmp_path: Path) -> None:
    tokens = ["<pad>", "<bos>", "<eos>", *(f"{count}gg" for count in range(31))]
    folder = write_folder(tmp_path, public_model("v1", vocab_size=70, num_outputs=34), "v1", tokens)
    with pytest.raises(CheckpointError, match=r"no token in common.*FullPageDataModule\.tokenizer"):
        transfer(our_model("v1"), read_weights(folder), nearest_tokens)
