from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from networks import TOKENS, tiny_model
from safetensors.torch import load_file, save_file

from jazzmus.errors import CheckpointError
from jazzmus.model.pretrained import (
    CHECKPOINT_KEY,
    load_smt,
    read_weights,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny_model().save_pretrained(tmp_path / "saved")
    return tmp_path / "saved"


def change_tensors(folder: Path, change: Any) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


def one_line(error: pytest.ExceptionInfo[CheckpointError]) -> str:
    message = str(error.value)
    assert "\n" not in message
    assert len(message) < 600
    return message


def test_saving_and_loading_keeps_every_tensor_and_what_reading_needs(folder: Path) -> None:
    model, loaded = tiny_model(), load_smt(folder)
    assert not loaded.training
    assert model.state_dict().keys() == loaded.state_dict().keys()
    assert all(torch.equal(tensor, loaded.state_dict()[name]) for name, tensor in model.state_dict().items())
    assert loaded.config.tokens == list(TOKENS)
    assert loaded.config.tokenizer == "medium"


def test_a_missing_tensor_is_named(folder: Path) -> None:
    change_tensors(folder, lambda tensors: tensors.pop("decoder.layers.1.ffn.0.bias"))
    with pytest.raises(CheckpointError, match=r"missing decoder\.layers\.1\.ffn\.0\.bias") as error:
        load_smt(folder)
    assert str(folder) in one_line(error)


def test_a_tensor_too_many_is_named(folder: Path) -> None:
    change_tensors(folder, lambda tensors: tensors.update({"decoder.extra": torch.ones(1)}))
    with pytest.raises(CheckpointError, match=r"unexpected decoder\.extra"):
        load_smt(folder)


def test_a_tensor_of_another_shape_is_named(folder: Path) -> None:
    change_tensors(folder, lambda tensors: tensors.update({"decoder.layers.0.ffn.0.bias": torch.ones(3)}))
    with pytest.raises(CheckpointError, match=r"decoder\.layers\.0\.ffn\.0\.bias \(3,\) instead of \(48,\)"):
        load_smt(folder)


def test_many_missing_tensors_are_counted(folder: Path) -> None:
    change_tensors(folder, lambda tensors: [tensors.pop(name) for name in list(tensors) if "layers.1" in name])
    with pytest.raises(CheckpointError, match=r"missing .* and \d+ more") as error:
        load_smt(folder)
    one_line(error)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_folder_without_one_of_its_files(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=re.escape(name)) as error:
        load_smt(folder)
    one_line(error)


@pytest.mark.parametrize(
    "text", ["[1]", "{", '{"d_model": 32, "encoder_hidden_sizes": [8, 16, 64]}', '{"d_model": "wide"}']
)
def test_a_broken_config(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)
    with pytest.raises(CheckpointError) as error:
        load_smt(folder)
    assert str(folder) in one_line(error)


def test_truncated_tensors(folder: Path) -> None:
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(CheckpointError, match="cannot be read") as error:
        load_smt(folder)
    one_line(error)


class Harmful:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_pickled_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    torch.save({CHECKPOINT_KEY: Harmful(tmp_path / "harm"), "state_dict": {}}, tmp_path / "evil.ckpt")
    with pytest.raises(CheckpointError, match=r"evil\.ckpt: not a checkpoint that can be loaded safely") as error:
        read_weights(tmp_path / "evil.ckpt")
    one_line(error)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    "content",
    [
        [1, 2],
        {"state_dict": {}},
        {CHECKPOINT_KEY: {}, "state_dict": {}},
        {CHECKPOINT_KEY: {"config": "tiny"}, "state_dict": {}},
        {CHECKPOINT_KEY: "config", "state_dict": {}},
    ],
    ids=str,
)
def test_a_checkpoint_of_something_else(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "other.ckpt")
    with pytest.raises(CheckpointError, match=r"other\.ckpt: not a checkpoint of this project"):
        read_weights(tmp_path / "other.ckpt")


def test_a_truncated_checkpoint(tmp_path: Path) -> None:
    torch.save({"state_dict": tiny_model().state_dict()}, tmp_path / "cut.ckpt")
    content = (tmp_path / "cut.ckpt").read_bytes()
    (tmp_path / "cut.ckpt").write_bytes(content[: len(content) // 2])
    with pytest.raises(CheckpointError, match=r"cut\.ckpt"):
        read_weights(tmp_path / "cut.ckpt")


@pytest.mark.parametrize("source", ["weights/best.ckpt", "./there", "/no/such/folder", "runs/best.ckpt", "nothing"])
def test_a_source_that_is_not_there_is_no_hub_id(source: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("jazzmus.model.pretrained._download", lambda _: pytest.fail("asked the hub"))
    with pytest.raises(CheckpointError, match=re.escape(source)):
        read_weights(source)


def test_a_hub_id_is_downloaded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jazzmus.model.pretrained.snapshot_download", lambda hub_id, allow_patterns: str(folder))
    assert read_weights("someone/smt-1.5").source == "someone/smt-1.5"


def test_an_unreachable_hub_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(hub_id: str, allow_patterns: list[str]) -> str:
        raise OSError("no route\nto host")

    monkeypatch.setattr("jazzmus.model.pretrained.snapshot_download", refuse)
    with pytest.raises(CheckpointError, match="someone/smt: neither a file or folder here nor reachable") as error:
        read_weights("someone/smt")
    one_line(error)


def test_public_weights_say_what_they_hold_unused(shared: Path) -> None:
    for family in ("v1", "v2"):
        weights = read_weights(shared / "smt_parity" / family)
        assert weights.family == family
        assert set(weights.unused) <= {"encoder.layernorm.weight", "encoder.layernorm.bias"}
        assert weights.config.tokens is None or len(weights.config.tokens) == weights.config.vocab_size


def test_a_public_checkpoint_short_of_a_tensor_is_refused(shared: Path, tmp_path: Path) -> None:
    tensors = load_file(shared / "smt_parity" / "v1" / "model.safetensors")
    gone = next(name for name in sorted(tensors) if ".lq." in name and name.endswith("bias"))
    tensors.pop(gone)
    save_file(tensors, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text((shared / "smt_parity" / "v1" / "config.json").read_text())
    with pytest.raises(CheckpointError, match=r"missing decoder\.layers\.0\..*q_proj\.bias"):
        load_smt(tmp_path)


def test_a_public_checkpoint_whose_embedding_is_larger_than_its_output(shared: Path, tmp_path: Path) -> None:
    """As jazzmus-model: the tokens of its config are those of the output, and the embedding's first rows are theirs."""
    source = shared / "smt_parity" / "v1"
    tensors, config = load_file(source / "model.safetensors"), json.loads((source / "config.json").read_text())
    embedding = next(name for name in tensors if name.endswith("embedding.weight"))
    outputs = len(tensors[embedding])
    tensors[embedding] = torch.cat((tensors[embedding], torch.zeros(7, tensors[embedding].shape[1])))
    config["i2w"] = {str(index): f"token{index}" for index in range(outputs)}
    save_file(tensors, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(config))
    model = load_smt(tmp_path)
    assert (model.config.vocab_size, model.config.num_outputs) == (outputs + 7, outputs)
    assert model.config.tokens == [f"token{index}" for index in range(outputs)]
    model.save_pretrained(tmp_path / "again")
    assert load_smt(tmp_path / "again").config.num_outputs == outputs


def test_public_ids_of_bos_and_eos_are_those_of_its_vocabulary(shared: Path, tmp_path: Path) -> None:
    source = shared / "smt_parity" / "v1"
    config = json.loads((source / "config.json").read_text())
    config["i2w"] = {"0": "<pad>", "1": "<eos>", "2": "tok", "3": "<bos>"} | {
        index: token for index, token in config["i2w"].items() if int(index) > 3
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes((source / "model.safetensors").read_bytes())
    loaded = load_smt(tmp_path).config
    assert (loaded.bos_token_id, loaded.eos_token_id) == (3, 1)
