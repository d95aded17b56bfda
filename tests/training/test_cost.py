from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from small_pages import TRAINING, write_pages
from tiny_runs import build, interrupted

from jazzmus.training import cost
from jazzmus.training.experiment import train


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A second goes by from one look at the clock to the next."""
    now = [0.0]

    def monotonic() -> float:
        now[0] += 1.0
        return now[0]

    monkeypatch.setattr(cost, "time", SimpleNamespace(monotonic=monotonic))
    return now


def record(folder: str = "weights/small") -> dict[str, Any]:
    found = json.loads((Path(folder) / "cost.json").read_text())
    assert isinstance(found, dict)
    return found


def test_a_run_says_what_it_cost(small_data: Path, here: Path, clock: list[float]) -> None:
    run = build(small_data, "experiment.max_epochs = 2")
    train(run, None, None)
    found = record()
    parameters = sum(parameter.numel() for parameter in run.module.model.parameters())
    assert (found["steps"], found["epochs"], found["pages"]) == (4, 2, 8)
    assert found["parameters"] == found["trainable_parameters"] == parameters
    assert found["training_seconds"] > 0
    assert found["validation_seconds"] > 0
    assert found["peak_memory_mib"] > 50
    assert (found["precision"], found["unit"], found["transfer"]) == ("32-true", "page", None)
    assert "threads" in found["machine"]
    assert found["versions"].keys() >= {"python", "torch", "jazzmus"}
    assert found["command"].startswith("python ")
    assert [step for step, _ in found["clock"]] == [2, 4, 4], "two validations and the end"
    lines = (here / "weights/small/results.jsonl").read_text().splitlines()
    assert [json.loads(line)["systems"] for line in lines] == [2, 1]
    assert all(isinstance(json.loads(line)["confusions"], dict) for line in lines)


def test_a_resumed_run_adds_up(small_data: Path, here: Path, clock: list[float]) -> None:
    train(build(small_data), None, None)
    first = record()
    train(build(small_data, "experiment.max_epochs = 3"), None, "auto")
    both = record()
    assert (both["steps"], both["epochs"], both["pages"]) == (6, 3, 12)
    assert both["training_seconds"] > first["training_seconds"] > 0
    assert both["clock"] == sorted(both["clock"])


def test_evaluating_again_keeps_what_training_cost(small_data: Path, here: Path, clock: list[float]) -> None:
    train(build(small_data), None, None)
    before = record()
    train(build(small_data, "experiment.max_epochs = 0"), None, "auto")
    after = record()
    assert after["validation_seconds"] > before["validation_seconds"]
    same = before.keys() - {"validation_seconds", "peak_memory_mib"}
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


def test_ctrl_c_and_the_time_limit_leave_a_record(
    small_data: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(build(small_data, "experiment.max_minutes = 1e-9", "experiment.max_epochs = 5"), None, None)
    assert (record()["steps"], record()["epochs"]) == (1, 0)
    with interrupted(monkeypatch, lambda trainer: trainer.global_step == 3):
        train(build(small_data, "experiment.max_epochs = 5"), None, "auto")
    assert (record()["steps"], record()["epochs"], record()["pages"]) == (3, 1, 6)


def test_without_training_there_is_a_record_too(small_data: Path, here: Path) -> None:
    train(build(small_data, "experiment.max_epochs = 0"), None, None)
    assert (record()["steps"], record()["training_seconds"], record()["clock"]) == (0, 0.0, [])
    assert record()["parameters"] > 0


def test_without_validation_pages_there_is_a_record_too(here: Path) -> None:
    train(build(write_pages(here / "data", TRAINING)), None, None)
    assert (record()["steps"], record()["validation_seconds"]) == (2, 0.0)


def test_parameters_that_training_leaves_alone_are_told(small_data: Path, here: Path) -> None:
    run = build(small_data, "FullPageTrainer.freeze_encoder = True")
    train(run, None, None)
    encoder = sum(parameter.numel() for parameter in run.module.model.encoder.parameters())
    assert record()["trainable_parameters"] == record()["parameters"] - encoder


def test_what_became_of_pretrained_weights_is_kept(small_data: Path, here: Path) -> None:
    train(build(small_data), None, None)
    weights = ("FullPageTrainer.load_pretrained = True", "FullPageTrainer.pretrained = 'weights/best.ckpt'")
    run = build(small_data, *weights)
    train(run, here / "second", None)
    assert run.module.transfer_report is not None
    assert record("second")["transfer"] == run.module.transfer_report.summary()
    assert isinstance(json.loads((here / "second" / "transfer.json").read_text()), dict)


def test_the_commit_is_that_of_the_packages_own_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(tmp_path), *words], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    own = tmp_path / "jazzmus" / "training" / "cost.py"
    own.parent.mkdir(parents=True)
    own.write_text("one\n")
    monkeypatch.setattr(cost, "__file__", str(own))
    git("init")
    assert cost.commit() is None, "nothing is committed"
    git("add", ".")
    git("-c", "user.name=a", "-c", "user.email=a@b.org", "commit", "--no-gpg-sign", "-m", "one")
    assert cost.commit() == git("rev-parse", "HEAD")
    own.write_text("two\n")
    assert cost.commit() == git("rev-parse", "HEAD") + "+changes"
    installed = tmp_path / "site-packages" / "jazzmus" / "training" / "cost.py"
    monkeypatch.setattr(cost, "__file__", str(installed))
    installed.parent.mkdir(parents=True)
    assert cost.commit() is None, "the tree is another project's"


def test_a_broken_record_is_begun_anew(tmp_path: Path) -> None:
    for text in ("", "[]", "{}", '{"steps": 1}'):
        (tmp_path / "cost.json").write_text(text)
        assert cost.CostRecord(tmp_path).sums["steps"] == 0


def test_the_clock_stays_short(tmp_path: Path) -> None:
    callback = cost.CostRecord(tmp_path)
    for step in range(5000):
        callback.sums["steps"] = step
        callback._tick()
    assert len(callback.sums["clock"]) <= 200
    assert callback.sums["clock"][0][0] == 0
    assert callback.sums["clock"][-1][0] > 4900
