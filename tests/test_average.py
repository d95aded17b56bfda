"""The mean of checkpoints, and what is no mean."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from model.networks import TOKENS, tiny_model

from jazzmus import average
from jazzmus.errors import CheckpointError
from jazzmus.model.pretrained import CHECKPOINT_KEY, read_weights
from jazzmus.utils.inference_utils import load_recognizer

TRANSFORM = {"width": 64, "max_height": 96, "trim_dark_border": False}


def write(path: Path, seed: int, **changes: object) -> Path:
    """A training checkpoint of a tiny network."""
    model = tiny_model(seed, **{"page_transform": TRANSFORM, **changes})
    state = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    extras = {"config": model.config.to_dict(), "split_fingerprint": "one", "operative_config": f"seed = {seed}"}
    torch.save({"state_dict": state, "optimizer_states": [], CHECKPOINT_KEY: extras}, path)
    return path


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["average", *arguments])
        return average.main()

    return run


def test_the_mean_reads_as_a_checkpoint_and_says_what_it_is_made_of(command: Callable[..., int]) -> None:
    sources = [write(Path(f"{seed}.ckpt"), seed) for seed in (0, 1, 2)]
    assert command("--output", "out/mean.ckpt", *map(str, sources)) == 0
    mean = read_weights("out/mean.ckpt")
    parts = [read_weights(source).tensors for source in sources]
    for name, tensor in mean.tensors.items():
        torch.testing.assert_close(tensor, (parts[0][name] + parts[1][name] + parts[2][name]) / 3)
        assert tensor.dtype == parts[0][name].dtype
    assert mean.extras == {"split_fingerprint": "one", "averaged_from": ["0.ckpt", "1.ckpt", "2.ckpt"]}
    assert load_recognizer("out/mean.ckpt", "cpu", grammar=False).codec.vocabulary.tokens == TOKENS
    assert [path.name for path in Path("out").iterdir()] == ["mean.ckpt"]


def test_the_mean_of_one_network_with_itself_is_that_network(command: Callable[..., int]) -> None:
    write(Path("a.ckpt"), 0)
    command("--output", "mean.ckpt", "a.ckpt", "a.ckpt")
    mean, source = (read_weights(name).tensors for name in ("mean.ckpt", "a.ckpt"))
    assert all(torch.equal(mean[name], source[name]) for name in source)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"num_heads": 4}, "SMTConfig.num_heads is 4 and not 2"),
        ({"num_decoder_layers": 3}, "SMTConfig.num_decoder_layers is 3 and not 2"),
        ({"tokens": list(reversed(TOKENS))}, "SMTConfig.tokens differs"),
        ({"page_transform": TRANSFORM | {"width": 96}}, "SMTConfig.page_transform differs"),
    ],
)
def test_another_network_is_named(command: Callable[..., int], changes: dict, named: str) -> None:
    write(Path("a.ckpt"), 0)
    write(Path("b.ckpt"), 1, **changes)
    with pytest.raises(CheckpointError, match=rf"b\.ckpt: not the network of a\.ckpt.*{named}") as error:
        command("--output", "mean.ckpt", "a.ckpt", "b.ckpt")
    assert "\n" not in str(error.value)
    assert not Path("mean.ckpt").exists()


def test_a_broken_file_leaves_the_earlier_mean(command: Callable[..., int]) -> None:
    write(Path("a.ckpt"), 0)
    Path("b.ckpt").write_bytes(b"half")
    Path("mean.ckpt").write_bytes(b"earlier")
    with pytest.raises(CheckpointError, match=r"b\.ckpt"):
        command("--output", "mean.ckpt", "a.ckpt", "b.ckpt")
    assert Path("mean.ckpt").read_bytes() == b"earlier"


def test_a_place_that_cannot_be_written_is_named(command: Callable[..., int]) -> None:
    write(Path("a.ckpt"), 0)
    Path("file").write_text("no folder")
    with pytest.raises(CheckpointError, match=r"file/mean\.ckpt: cannot be written"):
        command("--output", "file/mean.ckpt", "a.ckpt", "a.ckpt")


def test_one_checkpoint_has_no_mean(command: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command("--output", "mean.ckpt", "a.ckpt")
    assert end.value.code == 2
    assert "at least two" in capsys.readouterr().err
