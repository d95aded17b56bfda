"""A recipe goes through its stages, stops when its minutes are over, and goes on where it was."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_runs import CONFIG, TINY

from jazzmus import config, recipe
from jazzmus.errors import ConfigError, JazzmusError
from jazzmus.model.pretrained import read_weights
from jazzmus.recipe import TIME_IS_OVER, is_complete, main, run_recipe, stage_command


@pytest.fixture
def stages(tmp_path: Path, small_data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Two stages, the second from the weights of the first."""
    monkeypatch.chdir(tmp_path)
    Path("tiny.gin").write_text(TINY)
    Path("config").symlink_to(CONFIG.parent)
    shared = f'include "config/{CONFIG.name}"\ninclude "tiny.gin"\nFullPageDataModule.data_path = {str(small_data)!r}\n'
    Path("1_first.gin").write_text(shared + 'experiment.name = "first"\nexperiment.max_epochs = 2\n')
    Path("2_second.gin").write_text(
        shared + 'experiment.name = "second"\nFullPageTrainer.load_pretrained = True\n'
        'FullPageTrainer.pretrained = "weights/first/best.ckpt"\n'
    )
    yield ["1_first.gin", "2_second.gin"]
    config.clear_config()


def test_stages_follow_each_other_and_complete_ones_are_passed_over(
    stages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_recipe(stages, minutes=None, bindings=["Optimization.lr=0.001"])
    first, second = Path("weights/first"), Path("weights/second")
    assert is_complete(first, epochs=2)
    assert is_complete(second, epochs=1)
    assert not is_complete(second, epochs=2)
    assert "Optimization.lr = 0.001" in (second / "operative_config.gin").read_text()
    assert json.loads((second / "transfer.json").read_text())["source"].endswith("first/best.ckpt")
    weights = (second / "last.ckpt").read_bytes()
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a complete stage runs again"))
    assert run_recipe(stages, minutes=None)
    assert (second / "last.ckpt").read_bytes() == weights


def test_it_stops_when_its_minutes_are_over_and_goes_on(stages: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["recipe", *stages, "--minutes", "0.01"]
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.setattr(recipe, "stage_command", lambda stage, left, given: stage_command(stage, left and 1e-9, given))
    assert main() == TIME_IS_OVER
    assert not is_complete(Path("weights/first"), epochs=2)
    assert json.loads(Path("weights/first/cost.json").read_text())["steps"] == 1
    monkeypatch.setattr(sys, "argv", command[:-2])
    assert main() == 0
    assert json.loads(Path("weights/first/cost.json").read_text())["steps"] == 4
    assert read_weights("weights/second/best.ckpt").config.d_model == 32


def test_a_stage_that_fails_stops_the_recipe(stages: list[str]) -> None:
    with pytest.raises(JazzmusError, match=r"1_first.gin: ended with exit code 2; mend it"):
        run_recipe(stages, minutes=None, bindings=["FullPageDataModule.data_path='nowhere'"])
    with pytest.raises(JazzmusError, match=r"1_first.gin: ended before its epochs"):
        run_recipe(stages, minutes=None, bindings=["experiment.max_minutes=1e-9"])
    with pytest.raises(ConfigError, match="missing"):
        run_recipe(["missing.gin"], minutes=None)
    assert not Path("weights/second").exists()
