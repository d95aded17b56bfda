"""Runs of a tiny network on small pages."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Trainer

from jazzmus.config import load_config
from jazzmus.model.full_page_trainer import FullPageTrainer
from jazzmus.training.experiment import Run, build_run

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "config" / "full_page_no_pretrained.gin"
TINY = """
experiment.name = "small"
experiment.max_epochs = 1
experiment.validate_every = 1
experiment.precision = "32-true"
FullPageDataModule.num_workers = 0
FullPageDataModule.batch_size = 2
FullPageDataModule.draws_per_epoch = 4
PageTransform.width = 96
PageTransform.max_height = 128
SMTConfig.encoder_hidden_sizes = (8, 16, 32)
SMTConfig.encoder_depths = (1, 1, 1)
SMTConfig.d_model = 32
SMTConfig.d_ff = 32
SMTConfig.num_heads = 2
SMTConfig.num_decoder_layers = 1
Optimization.warmup_steps = 0
"""
CURRICULUM = (
    "FullPageDataModule.curriculum = @Curriculum()",
    "Curriculum.stages = [{'epochs': 1, 'systems': (1, 1)}, {'epochs': 2, 'systems': (1, 3)}]",
)


def build(data: Path, *bindings: str) -> Run:
    """A run of a tiny network in the current folder."""
    overlay = Path("tiny.gin").absolute()
    overlay.write_text(TINY)
    load_config([CONFIG, overlay], [f"FullPageDataModule.data_path = {str(data)!r}", *bindings])
    return build_run()


@contextmanager
def interrupted(monkeypatch: pytest.MonkeyPatch, when: Callable[[Trainer], bool]) -> Iterator[None]:
    """Train in here: Ctrl-C comes at the first step at which `when` holds."""
    step = FullPageTrainer.training_step

    def training_step(self: FullPageTrainer, batch: Any, batch_index: int) -> None:
        if when(self.trainer):
            raise KeyboardInterrupt
        step(self, batch, batch_index)

    handler = signal.getsignal(signal.SIGINT)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(FullPageTrainer, "training_step", training_step)
            with pytest.raises(KeyboardInterrupt):
                yield
    finally:
        signal.signal(signal.SIGINT, handler)
