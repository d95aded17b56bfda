"""What a run costs: steps, wall time, pages, memory, parameters, and the machine and versions it ran with.

Written to `cost.json` in the run's folder. The sums lie in the checkpoint too, so that a resumed run goes on counting
where its checkpoint was written. Knows no losses and no scores.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn

from jazzmus.files import write_text
from jazzmus.run_folder import COST_FILE

TRAINING, VALIDATION = "training", "validation"

_LIBRARIES = ("torch", "lightning", "transformers", "numpy", "verovio", "jazzmus")
_SECONDS_BETWEEN_WRITES = 60.0
# A learning curve needs no more points to tell steps in minutes; above, every second one is dropped.
_MOST_CLOCK_POINTS = 200


class CostRecord(Callback):
    """Measures a run and keeps `cost.json`; stands before the callback that writes checkpoints.

    Memory is that of the main process, without loader workers. Time is training or validation, which the reading of
    the best weights at the end belongs to. What a process did after the checkpoint that another one resumes is not
    counted, as it left nothing in the weights.

    Args:
        folder: The run's folder. Sums of a `cost.json` there are taken over, until a checkpoint brings its own.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / COST_FILE
        self.sums, self.facts = _read_record(self.path)
        self.phase: str | None = None
        self.since = 0.0
        self.written = time.monotonic()

    def state_dict(self) -> dict[str, Any]:
        """The sums so far, for the checkpoint."""
        self._switch(self.phase)
        return dict(self.sums, clock=[list(point) for point in self.sums["clock"]])

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from the sums of a checkpoint."""
        self.sums = _no_sums() | state_dict

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self.facts = _facts(trainer, pl_module)
        self._switch(TRAINING)
        self._write(trainer, pl_module)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count a step and its pages."""
        self.sums["steps"] = trainer.global_step
        self.sums["pages"] += sum(len(part.page_ids) for part in batch)
        if time.monotonic() - self.written > _SECONDS_BETWEEN_WRITES:
            self._write(trainer, pl_module)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Count an epoch, unless it was cut short."""
        self.sums["epochs"] += int(trainer.fit_loop.epoch_loop.batch_progress.is_last_batch)
        self._write(trainer, pl_module)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The time is the validation's from here on."""
        trained = self.phase == TRAINING
        self._switch(VALIDATION)
        if trained:
            self._tick()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The time is the training's again, if there is any."""
        self._switch(TRAINING if trainer.state.fn is TrainerFn.FITTING else None)
        self._write(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop the clock."""
        self._switch(None)
        self._tick()
        self._write(trainer, pl_module)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Leave what was counted where a run is interrupted."""
        self._switch(None)
        if isinstance(exception, KeyboardInterrupt):
            self._write(trainer, pl_module)

    def _switch(self, phase: str | None) -> None:
        """Add the time since the last look to the phase it belongs to, and begin another one."""
        now = time.monotonic()
        if self.phase is not None:
            self.sums[f"{self.phase}_seconds"] += now - self.since
        self.phase, self.since = phase, now

    def _tick(self) -> None:
        """Note at which second of training the run is at its step."""
        clock = self.sums["clock"]
        clock.append([self.sums["steps"], round(self.sums["training_seconds"], 1)])
        if len(clock) > _MOST_CLOCK_POINTS:
            del clock[1::2]

    def _write(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._switch(self.phase)
        self.written = time.monotonic()
        self._measure(pl_module)
        if not self.facts:
            self.facts = _facts(trainer, pl_module)
        seconds = {name: round(self.sums[name], 1) for name in ("training_seconds", "validation_seconds")}
        write_text(self.path, json.dumps(self.sums | seconds | self.facts) + "\n")

    def _measure(self, pl_module: LightningModule) -> None:
        """Take memory, and the parameters that training moves; a frozen part may be freed on the way."""
        sums = self.sums
        sums["peak_memory_mib"] = max(sums["peak_memory_mib"], round(peak_memory() / 2**20))
        if torch.cuda.is_available():
            allocated = round(torch.cuda.max_memory_allocated() / 2**20)
            sums["peak_accelerator_memory_mib"] = max(sums["peak_accelerator_memory_mib"] or 0, allocated)
        parameters = list(pl_module.model.parameters())  # type: ignore[union-attr, operator]
        sums["parameters"] = sum(parameter.numel() for parameter in parameters)
        trainable = sum(parameter.numel() for parameter in parameters if parameter.requires_grad)
        if self.phase is not None or sums["trainable_parameters"] is None:
            sums["trainable_parameters"] = trainable
            if sums["trainable_parameters_at_first"] is None:
                sums["trainable_parameters_at_first"] = trainable


def _no_sums() -> dict[str, Any]:
    return {
        "steps": 0, "epochs": 0, "training_seconds": 0.0, "validation_seconds": 0.0, "pages": 0,
        "peak_memory_mib": 0, "peak_accelerator_memory_mib": None, "parameters": 0, "trainable_parameters": None,
        "trainable_parameters_at_first": None, "clock": [],
    }  # fmt: skip


def _read_record(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The sums and the facts of an earlier process; none where the file is missing or broken, as it only reports."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        sums = {name: record.pop(name) for name in _no_sums()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return _no_sums(), {}
    return sums, record


def _facts(trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
    """What does not change while a process runs."""
    report = getattr(pl_module, "transfer_report", None)
    return {
        "unit": pl_module.model.config.unit,  # type: ignore[union-attr]
        "precision": str(trainer.precision),
        "transfer": None if report is None else report.summary(),
        "machine": machine(),
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in _LIBRARIES},
        "commit": commit(),
        "command": command(sys.argv),
    }


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:  # a tree that is used without being installed
        return "not installed"


def peak_memory() -> int:
    """Return the most memory that this process, without its children, had at any time, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def machine() -> str:
    """The machine in words: processor, cores, threads and accelerator."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    accelerator = torch.cuda.get_device_name() if torch.cuda.is_available() else "no accelerator"
    return f"{_processor()}, {os.cpu_count()} cores ({cores} usable), {torch.get_num_threads()} threads, {accelerator}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def commit() -> str | None:
    """The commit of the package's own tree, `+changes` where files differ from it; None outside of one."""
    root = Path(__file__).resolve().parents[2]

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True, timeout=10)
        return done.stdout.strip()

    try:
        # A package that is installed below another project's tree is no part of its commits.
        if Path(git("rev-parse", "--show-toplevel")).resolve() != root:
            return None
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def command(words: Sequence[str]) -> str:
    """The command line, its script from the current folder where it lies there."""
    script = Path(words[0])
    here = Path.cwd()
    if script.is_relative_to(here):
        script = script.relative_to(here)
    return shlex.join(["python", str(script), *words[1:]])
