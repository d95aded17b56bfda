"""A run that is killed and resumed is the run that was not killed: its losses, its weights and its files."""

from __future__ import annotations

import contextlib
import csv
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tiny_runs import CONFIG, CURRICULUM, ROOT, TINY, build

from jazzmus.errors import CheckpointError
from jazzmus.model.full_page_trainer import FullPageTrainer
from jazzmus.model.pretrained import load_smt
from jazzmus.training import callbacks
from jazzmus.training.checkpoints import TRAINED_WEIGHTS
from jazzmus.training.ema import WeightAverage
from jazzmus.training.experiment import train
from jazzmus.training.loggers import MetricsFile

TOLERANCE = 1e-6
STEPS = 5  # an epoch
RUN = (*CURRICULUM, "experiment.max_epochs = 3", f"FullPageDataModule.draws_per_epoch = {2 * STEPS}",
       "experiment.validate_every = 2", "Optimization.lr = 0.01")  # fmt: skip
GENERATED = (
    "FullPageDataModule.generated = @GeneratedPages()",
    "FullPageDataModule.mix = {'handwritten': 1, 'generated': 1}",
    "GeneratedPages.papers = 2",
    "GeneratedPages.cache = 'drawn'",
)
EMA, WORKERS = "experiment.ema_decay = 0.9", "FullPageDataModule.num_workers = 2"


class KillError(Exception):
    """Stands for the end of the process."""


def numbers(folder: Path) -> list[tuple[int, str, float]]:
    """The lines of metrics.csv; a resumed run must give all of them again."""
    with (folder / "metrics.csv").open() as file:
        return [(int(row["step"]), row["name"], float(row["value"])) for row in csv.DictReader(file)]


def assert_same_run(folder: Path, unbroken: Path) -> None:
    mine, theirs = numbers(folder), numbers(unbroken)
    assert [row[:2] for row in mine] == [row[:2] for row in theirs]
    for row, expected in zip(mine, theirs, strict=True):
        assert row[2] == pytest.approx(expected[2], rel=0, abs=TOLERANCE), row[:2]
    for name in ("best", "last"):
        a, b = (torch.load(place / f"{name}.ckpt", weights_only=True) for place in (folder, unbroken))
        assert a.keys() == b.keys()
        assert a["global_step"] == b["global_step"]
        for part in {"state_dict", TRAINED_WEIGHTS, "optimizer_states"} & a.keys():
            torch.testing.assert_close(a[part], b[part], rtol=0, atol=TOLERANCE)
    names = {path.name for path in unbroken.iterdir()}
    assert {path.name for path in folder.iterdir()} == names


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory, small_data: Path) -> Iterator[Callable[..., Path]]:
    """Gives the folder of the run with these bindings that nothing interrupted."""
    done: dict[tuple[str, ...], Path] = {}

    def folder(*bindings: str) -> Path:
        if bindings not in done:
            root = tmp_path_factory.mktemp("unbroken")
            with contextlib.chdir(root):
                train(build(small_data, *RUN, *bindings), None, None)
            done[bindings] = root / "weights" / "small"
        return done[bindings]

    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third of a minute goes by from one look at the clock to the next, so that a minute's checkpoints are some."""
    now = iter(range(0, 10**6, 20))
    monkeypatch.setattr(callbacks, "time", SimpleNamespace(monotonic=lambda: float(next(now))))


def broken(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, when: Callable[..., bool]) -> Any:
    """Let a method end the process the first time that `when` holds for its arguments; gives what counts the times."""
    method, times = getattr(owner, name), []

    def killed(*args: Any, **kwargs: Any) -> Any:
        if not times and when(*args, **kwargs):
            times.append(name)
            raise KillError
        return method(*args, **kwargs)

    monkeypatch.setattr(owner, name, killed)
    return times


def at_step(number: int) -> Callable[..., bool]:
    return lambda module, *_: module.trainer.global_step == number


def logging(number: int, name: str) -> Callable[..., bool]:
    return lambda _, metrics, step: step == number and name in metrics


# Where the process ends, in the order of time: before a step (5 is the first of the second stage), while pages are
# read, and between a checkpoint and the numbers of its step or epoch.
PLACES: dict[str, tuple[type, str, Callable[..., bool]]] = {
    "step 1": (FullPageTrainer, "training_step", at_step(1)),
    "step 3": (FullPageTrainer, "training_step", at_step(3)),
    "numbers of an epoch": (MetricsFile, "log_metrics", logging(4, "train/stage")),
    "step 5": (FullPageTrainer, "training_step", at_step(5)),
    "step 6": (FullPageTrainer, "training_step", at_step(6)),
    "numbers of a step": (MetricsFile, "log_metrics", logging(6, "train/loss")),
    "validation": (FullPageTrainer, "validation_step", at_step(10)),
    "step 12": (FullPageTrainer, "training_step", at_step(12)),
    "step 14": (FullPageTrainer, "training_step", at_step(14)),
    "last validation": (FullPageTrainer, "validation_step", at_step(15)),
}


@pytest.mark.parametrize(
    ("every", "bindings", "places"),
    [
        ("1e9", (), ("numbers of an epoch", "step 6", "validation", "step 14")),
        ("1.0", (EMA,), tuple(PLACES)),
        ("1e-9", (WORKERS,), ("step 3", "step 5", "step 12")),
        ("1e-9", (WORKERS, *GENERATED), ("step 3", "step 6")),
    ],
    ids=["an epoch's checkpoints", "averaged weights", "loader processes", "generated pages"],
)
def test_a_run_killed_again_and_again_is_the_unbroken_one(
    small_data: Path,
    here: Path,
    clock: None,
    monkeypatch: pytest.MonkeyPatch,
    unbroken: Callable[..., Path],
    every: str,
    bindings: tuple[str, ...],
    places: tuple[str, ...],
) -> None:
    expected = unbroken(*(binding for binding in bindings if binding != WORKERS))
    bindings = (*RUN, *bindings, f"experiment.save_every_minutes = {every}")
    for place in places:
        with monkeypatch.context() as patch:
            times = broken(patch, *PLACES[place])
            with pytest.raises(KillError):
                train(build(small_data, *bindings), None, "auto")
            assert times, place
    run = build(small_data, *bindings)
    train(run, None, "auto")
    assert run.module.trainer.global_step == 3 * STEPS
    assert_same_run(here / "weights" / "small", expected)


def test_a_run_stopped_by_its_time_goes_on_within_the_epoch(
    small_data: Path, here: Path, unbroken: Callable[..., Path]
) -> None:
    for _ in range(3):
        train(build(small_data, *RUN, "experiment.max_minutes = 1e-9"), None, "auto")
    train(build(small_data, *RUN), None, "auto")
    mine, theirs = ([row for row in numbers(folder) if row[1] == "train/loss"]
                    for folder in (here / "weights" / "small", unbroken()))  # fmt: skip
    assert [row[0] for row in mine] == list(range(3 * STEPS))
    assert [row[2] for row in mine] == pytest.approx([row[2] for row in theirs], rel=0, abs=TOLERANCE)


def test_the_last_epoch_is_validated_where_it_is_resumed_within(
    small_data: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bindings = (*RUN, "experiment.validate_every = 9", "experiment.save_every_minutes = 1e-9")
    with monkeypatch.context() as patch:
        broken(patch, *PLACES["step 12"])
        with pytest.raises(KillError):
            train(build(small_data, *bindings), None, None)
    assert not Path("weights/small/best.ckpt").exists()
    train(build(small_data, *bindings), None, "auto")
    assert Path("weights/small/best.ckpt").is_file()


def test_what_a_killed_run_was_writing_does_not_stay(small_data: Path, here: Path) -> None:
    folder = here / "weights" / "small"
    folder.mkdir(parents=True)
    leftovers = [folder / ".operative_config.gin.123.tmp", folder / "..last.ckpt.coming.123.tmp"]
    for leftover in leftovers:
        leftover.write_bytes(b"half")
    train(build(small_data), None, "auto")
    assert not any(leftover.exists() for leftover in leftovers)
    assert not folder.with_name("small.1").exists()


def test_lines_from_the_resumed_step_on_are_dropped(tmp_path: Path) -> None:
    file = MetricsFile(tmp_path)
    for step in (0, 9, 10, 11):
        file.log_metrics({"a": 1.0 + step}, step)
    with file.path.open("a") as stream:
        stream.write("1")  # the first byte of a line of step 12
    file.drop_from(10)
    assert file.path.read_text().splitlines() == ["step,name,value", "0,a,1.0", "9,a,10.0"]


def test_the_average_forgets_its_first_weights() -> None:
    average = WeightAverage(0.9)
    decays = [average.decay_at(step) for step in range(1, 200)]
    assert decays[:2] == [2 / 11, 3 / 12]
    assert decays == sorted(decays)
    assert decays[-1] == 0.9


def test_validation_and_the_best_weights_are_the_average(
    small_data: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, torch.Tensor]] = []
    end = WeightAverage.on_train_batch_end

    def watched(self: WeightAverage, trainer: Any, module: FullPageTrainer, *args: Any) -> None:
        seen.append({name: tensor.clone() for name, tensor in module.model.state_dict().items()})
        end(self, trainer, module, *args)

    monkeypatch.setattr(WeightAverage, "on_train_batch_end", watched)
    start = build(small_data, EMA).module.model.state_dict()
    run = build(small_data, EMA, "Optimization.lr = 0.01", "FullPageDataModule.draws_per_epoch = 6")
    train(run, None, None)
    assert len(seen) == 3
    expected = dict(start)
    for step, weights in enumerate(seen, start=1):
        decay = min(0.9, (1 + step) / (10 + step))
        expected = {name: decay * expected[name] + (1 - decay) * weights[name] for name in weights}
    folder = here / "weights" / "small"
    for name in ("best", "last"):
        torch.testing.assert_close(load_smt(folder / f"{name}.ckpt").state_dict(), expected, rtol=0, atol=1e-6)
    trained = torch.load(folder / "last.ckpt", weights_only=True)[TRAINED_WEIGHTS]
    assert {name.removeprefix("model."): tensor for name, tensor in trained.items()}.keys() == seen[-1].keys()
    assert all(torch.equal(trained[f"model.{name}"], tensor) for name, tensor in seen[-1].items())
    assert TRAINED_WEIGHTS not in torch.load(folder / "best.ckpt", weights_only=True)
    losses = {step: value for step, name, value in numbers(folder) if name == "val/loss"}
    assert losses[2] == losses[3], "validated while training and after it"
    assert all(torch.equal(run.module.model.state_dict()[name], load_smt(folder / "best.ckpt").state_dict()[name])
               for name in expected)  # fmt: skip


def test_the_best_average_is_scored_and_not_the_last(small_data: Path, here: Path) -> None:
    # So small a rate that pages are read alike, and the first of two equal scores is the best.
    train(build(small_data, EMA, "Optimization.lr = 1e-5", "experiment.max_epochs = 2"), None, None)
    first, second, final = (value for _, name, value in numbers(Path("weights/small")) if name == "val/loss")
    assert final == first != second


def test_what_a_killed_process_wrote_without_its_numbers_is_forgotten(here: Path) -> None:
    checkpoints = callbacks.LastCheckpoint(here, every_minutes=5.0)
    checkpoints.path.write_text("of step 5")
    checkpoints.coming.write_text("of step 10, whose numbers were never written")
    checkpoints.on_train_start(None, None)  # type: ignore[arg-type]
    checkpoints.on_train_batch_start(None)  # type: ignore[arg-type]
    assert checkpoints.path.read_text() == "of step 5"


def test_another_order_is_refused_within_an_epoch_and_other_values_are_told(
    small_data: Path, here: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run = (*RUN, "experiment.save_every_minutes = 1e-9")
    times = broken(monkeypatch, *PLACES["step 3"])
    with pytest.raises(KillError):
        train(build(small_data, *run), None, None)
    assert times
    for changed in ("FullPageDataModule.batch_size = 1", "seed = 3"):
        with pytest.raises(CheckpointError, match=r"last\.ckpt: lies within an epoch whose order depends on"):
            train(build(small_data, *run, changed), None, "auto")
    train(build(small_data, *RUN, "experiment.max_minutes = 9.0", "Optimization.clip_norm = 0.5"), None, "auto")
    assert "was trained with other values of Optimization.clip_norm; the run takes the new ones" in caplog.text


def test_averaged_weights_are_resumed_with_their_average_only(small_data: Path, here: Path) -> None:
    train(build(small_data, EMA), None, None)
    with pytest.raises(CheckpointError, match=r"last\.ckpt.*experiment\.ema_decay"):
        train(build(small_data, "experiment.max_epochs = 2"), None, "auto")
    train(build(small_data), here / "plain", None)
    train(build(small_data, EMA, "experiment.max_epochs = 2"), here / "plain", "auto")
    assert TRAINED_WEIGHTS in torch.load("plain/last.ckpt", weights_only=True)


KILLS, SECONDS_TO_LIVE = 20, 4.0
LONG_RUN = (
    EMA,
    WORKERS,
    "FullPageDataModule.draws_per_epoch = 40",
    "FullPageDataModule.curriculum = @Curriculum()",
    "Curriculum.stages = [{'epochs': 5, 'systems': (1, 1)}, {'epochs': 5, 'systems': (1, 2)}, {'epochs': 56}]",
    "experiment.max_epochs = 80",
    "experiment.validate_every = 7",
    "experiment.save_every_minutes = 0.003",
)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_twenty_kills_change_nothing(small_data: Path, here: Path) -> None:
    """The process itself is killed, at random moments from the first file it writes on."""
    config = here / "tiny.gin"
    config.write_text(TINY)
    bindings = [f"FullPageDataModule.data_path = {str(small_data)!r}", *LONG_RUN]
    command = [sys.executable, str(ROOT / "train_full_page.py"), "--config", str(CONFIG), str(config)]
    command += [part for binding in bindings for part in ("--gin", binding)]
    subprocess.run([*command, "--output_dir", "unbroken"], cwd=here, check=True, capture_output=True)
    moments, steps = random.Random(0), []
    broken = here / "broken"
    config_file = broken / "operative_config.gin"
    while len(steps) < KILLS:
        before = config_file.stat().st_mtime_ns if config_file.exists() else 0
        with (here / "log").open("w") as log:
            process = subprocess.Popen(
                [*command, "--output_dir", "broken", "--resume", "auto"], cwd=here, stdout=log, stderr=log
            )
        while process.poll() is None and not (config_file.exists() and config_file.stat().st_mtime_ns > before):
            time.sleep(0.01)
        time.sleep(moments.uniform(0, SECONDS_TO_LIVE))
        process.kill()
        if process.wait() == 0:  # it came to its end before it was killed
            assert_same_run(broken, here / "unbroken")
            shutil.rmtree(broken)
            continue
        assert process.returncode == -signal.SIGKILL, (here / "log").read_text()
        for checkpoint in broken.glob("*.ckpt"):
            torch.load(checkpoint, weights_only=True)
        last = broken / "last.ckpt"
        steps.append(torch.load(last, weights_only=True)["global_step"] if last.is_file() else 0)
        sys.stdout.write(f"killed after {steps[-1]} steps\n")
    subprocess.run([*command, "--output_dir", "broken", "--resume", "auto"], cwd=here, check=True, capture_output=True)
    assert any(step % 20 for step in steps), "no checkpoint within an epoch was resumed"
    assert len({min(step // 100, 2) for step in steps}) > 1, "the kills lie in one stage of the curriculum"
    assert_same_run(broken, here / "unbroken")
