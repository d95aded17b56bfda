"""A run whose freeze is lifted at a step goes on exactly where it was killed, before that step and after it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from test_continuation import EMA, PLACES, RUN, KillError, assert_same_run, broken
from tiny_runs import build

from jazzmus.errors import CheckpointError
from jazzmus.model.pretrained import load_smt
from jazzmus.training.experiment import train

LIFTED = (
    *RUN,
    EMA,
    "SMTConfig.encoder = 'resnet'",
    "FullPageTrainer.freeze_encoder = True",
    "FullPageTrainer.unfreeze_step = 6",
    "FullPageTrainer.ctc_weight = 0.0",
    "Optimization.lr_factors = {'encoder.*': 0.3}",
    "experiment.save_every_minutes = 1e-9",
)


def test_a_lifted_freeze_is_resumed_on_either_side_of_its_step(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    train(build(small_data, *LIFTED), tmp_path / "unbroken", None)
    for place, steps in (("step 3", {3}), ("step 6", {6}), ("numbers of a step", {6}), ("step 12", {12, 6})):
        with monkeypatch.context() as patch:
            times = broken(patch, *PLACES[place])
            with pytest.raises(KillError):
                train(build(small_data, *LIFTED), tmp_path / "broken", "auto")
            assert times, place
        assert optimizer_steps(tmp_path / "broken" / "last.ckpt") == steps
    train(build(small_data, *LIFTED), tmp_path / "broken", "auto")
    assert_same_run(tmp_path / "broken", tmp_path / "unbroken")
    assert optimizer_steps(tmp_path / "unbroken" / "last.ckpt") == {15, 9}
    rows = (tmp_path / "unbroken" / "metrics.csv").read_text().splitlines()
    rates = {name: float(value) for step, name, value in (row.split(",") for row in rows[1:]) if step == "3"}
    assert rates["train/lr_x0.3"] == pytest.approx(0.3 * rates["train/lr"])


def optimizer_steps(path: Path) -> set[int]:
    """How often AdamW has moved the parameters that it has moved at all."""
    (optimizer,) = torch.load(path, weights_only=True)["optimizer_states"]
    return {int(state["step"]) for state in optimizer["state"].values()}


def test_frozen_weights_are_bit_equal_in_every_checkpoint(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bindings = (*RUN, EMA, "SMTConfig.encoder = 'resnet'", "FullPageTrainer.freeze_encoder = True")
    run = build(small_data, *bindings)
    before = {name: tensor.clone() for name, tensor in run.module.model.encoder.state_dict().items()}
    train(run, tmp_path / "run", None)
    for name in ("best", "last"):
        after = load_smt(tmp_path / "run" / f"{name}.ckpt").encoder.state_dict()
        assert after.keys() == before.keys()
        assert [key for key in before if not torch.equal(before[key], after[key])] == []


def test_a_frozen_run_goes_on_unfrozen_but_not_with_other_groups(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    train(build(small_data, "FullPageTrainer.freeze_encoder = True"), tmp_path / "run", None)
    two = "experiment.max_epochs = 2"
    with pytest.raises(CheckpointError, match=r"Optimization\.lr_factors"):
        train(build(small_data, two, "Optimization.lr_factors = {'encoder.*': 0.3}"), tmp_path / "run", "auto")
    run = build(small_data, two)
    train(run, tmp_path / "run", "auto")
    assert optimizer_steps(tmp_path / "run" / "last.ckpt") >= {4, 2}
