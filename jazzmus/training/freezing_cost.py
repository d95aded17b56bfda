"""`python -m jazzmus.training.freezing_cost`: what freezing saves, in steps a second and in memory, measured.

Two short trainings of one config on the same pages, one with everything trained and one with a part frozen, each in a
process of its own, so that neither meets the memory of the other. Weights are random, which costs what trained ones
cost. Knows no scores; writes no run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from jazzmus.cli import OneLineParser
from jazzmus.config import load_config
from jazzmus.errors import ConfigError
from jazzmus.logs import quiet_lightning, run_script
from jazzmus.model.freezing import ENCODER
from jazzmus.training.callbacks import StepSeeds
from jazzmus.training.cost import machine, peak_memory
from jazzmus.training.experiment import Run, best_precision, build_run

# Steps that are not timed: memory is laid out, and loader processes start.
WARM_UP = 3


class Cost(NamedTuple):
    """What a training costs. Memory is that of the main process, or on a device its tensors, in bytes.

    Attributes:
        trained: Parameters that are trained.
        steps_a_second: Optimizer steps, with the waiting for pages.
        processor_seconds: Processor time of a step, which other work of the machine changes little; without that of
            loader processes.
        start_bytes: Memory before the first step: libraries, texts and weights.
        peak_bytes: Most memory at any time.
        state_bytes: What the optimizer keeps.
    """

    trained: int
    steps_a_second: float
    processor_seconds: float
    start_bytes: int
    peak_bytes: int
    state_bytes: int


class _StepClock(Callback):
    """Takes the times of steps, and the memory before the first one."""

    def __init__(self) -> None:
        self.ends: list[float] = []
        self.processor: list[float] = []
        self.start_bytes = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.start_bytes = _peak_bytes()

    def on_train_batch_end(self, trainer: Trainer, *args: Any) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.ends.append(time.perf_counter())
        self.processor.append(time.process_time())


def measure(run: Run, steps: int) -> Cost:
    """Train some steps and tell what they cost."""
    clock = _StepClock()
    quiet_lightning()
    trainer = Trainer(
        max_epochs=-1, max_steps=WARM_UP + steps, devices=1, precision=best_precision(), limit_val_batches=0,
        callbacks=[StepSeeds(run.experiment.seed), clock], logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(run.module, datamodule=run.datamodule)
    (optimizer,) = trainer.optimizers
    return Cost(
        trained=sum(parameter.numel() for parameter in run.module.parameters() if parameter.requires_grad),
        steps_a_second=steps / (clock.ends[-1] - clock.ends[WARM_UP - 1]),
        processor_seconds=(clock.processor[-1] - clock.processor[WARM_UP - 1]) / steps,
        start_bytes=clock.start_bytes,
        peak_bytes=_peak_bytes(),
        state_bytes=sum(
            value.nbytes for state in optimizer.state.values() for value in state.values() if torch.is_tensor(value)
        ),
    )


def _peak_bytes() -> int:
    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else peak_memory()


def table(trained: Cost, frozen: Cost, patterns: Sequence[str]) -> str:
    """Both costs and their ratios in Markdown."""
    lines = [
        "| run | trained parameters | steps a second | processor s a step | peak memory "
        "| of it beyond the start | optimizer state |",
        "|---|---|---|---|---|---|---|",
    ]
    costs = {"everything trained": trained, f"`{'`, `'.join(patterns)}` frozen": frozen}
    for name, cost in costs.items():
        lines.append(
            f"| {name} | {cost.trained / 1e6:.3f} M | {cost.steps_a_second:.3f} "
            f"| {cost.processor_seconds:.3f} | {cost.peak_bytes / 1e6:.0f} MB "
            f"| {(cost.peak_bytes - cost.start_bytes) / 1e6:.0f} MB | {cost.state_bytes / 1e6:.2f} MB |"
        )
    ratios = (
        frozen.trained / trained.trained,
        frozen.steps_a_second / trained.steps_a_second,
        frozen.processor_seconds / trained.processor_seconds,
        frozen.peak_bytes / trained.peak_bytes,
        (frozen.peak_bytes - frozen.start_bytes) / max(1, trained.peak_bytes - trained.start_bytes),
        frozen.state_bytes / trained.state_bytes,
    )
    lines.append("| frozen over trained | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |")
    return "\n".join(lines) + "\n"


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = OneLineParser(prog="python -m jazzmus.training.freezing_cost", description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, nargs="+", required=True, metavar="FILE", help="gin files, in order")
    parser.add_argument("--gin", action="append", default=[], metavar="Name.param=value", help="a single binding")
    parser.add_argument(
        "--steps", type=int, default=20, metavar="N", help="optimizer steps that are timed (%(default)s)"
    )
    parser.add_argument(
        "--frozen", nargs="+", default=[ENCODER], metavar="PATTERN", help=f"parameters to freeze, by name ({ENCODER})"
    )
    # What the two processes are called with.
    parser.add_argument("--arm", choices=["trained", "frozen"], help=argparse.SUPPRESS)
    args = parser.parse_args(arguments)
    if args.steps < 1:
        raise ConfigError(f"--steps must be at least 1, not {args.steps}")
    return args


def _measure_arm(args: argparse.Namespace) -> Cost:
    patterns = tuple(args.frozen) if args.arm == "frozen" else ()
    ours = ("load_pretrained = False", "freeze_encoder = False", f"frozen = {patterns!r}", "unfreeze_step = None")
    load_config(args.config, [*args.gin, *(f"FullPageTrainer.{binding}" for binding in ours)])
    return measure(build_run(), args.steps)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure both trainings and print one table."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    args = parse_arguments(words)
    if args.arm is not None:
        sys.stdout.write(json.dumps(_measure_arm(args)._asdict()) + "\n")
        return 0
    costs: dict[str, Cost] = {}
    for arm in ("trained", "frozen"):
        command = [sys.executable, "-m", "jazzmus.training.freezing_cost", *words, "--arm", arm]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:  # its standard error, which is ours, says why
            return done.returncode
        costs[arm] = Cost(**json.loads(done.stdout.splitlines()[-1]))
    files = " ".join(map(str, args.config))
    sys.stdout.write(
        f"{files}, {args.steps} steps; PyTorch {torch.__version__}, {machine()}. "
        "Memory is that of the main process, without loader workers.\n\n"
    )
    sys.stdout.write(table(costs["trained"], costs["frozen"], args.frozen))
    return 0


if __name__ == "__main__":
    sys.exit(run_script(main))
