"""What happens around training: seeds, stages of the curriculum, checkpoints, time limits.

Knows no losses and no pages.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, ModelCheckpoint, RichProgressBar

from jazzmus.dataset.full_page_datamodule import FullPageDataModule
from jazzmus.training.checkpoints import BEST, LAST
from jazzmus.training.cost import CostRecord
from jazzmus.training.ema import WeightAverage

logger = logging.getLogger(__name__)

MONITOR = "val/ser"


class CurriculumCallback(Callback):
    """Moves the data module to the stage of the coming epoch; a resumed run finds its stage in the checkpoint."""

    def __init__(self, datamodule: FullPageDataModule) -> None:
        self.datamodule = datamodule

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Set the stage of the next epoch, before the checkpoint of this one is written."""
        curriculum = self.datamodule.curriculum
        if curriculum is None:
            return
        # `current_epoch` still counts the epoch that ends here.
        stage = curriculum.stage_at(trainer.current_epoch + 1)
        if stage != self.datamodule.stage_index:
            self.datamodule.set_stage(stage)
            logger.info("curriculum stage %d of %d: %s", stage + 1, len(curriculum.stages), self.datamodule.stage)
        pl_module.log("train/stage", float(stage), on_epoch=True)


class StepSeeds(Callback):
    """Seeds the generators of all devices before each step by seed and step: a resumed run draws what it would have.

    Dropout and noise draw from them. Samples do not: a request holds the seed of its augmentation.

    Args:
        seed: Seed of the run.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(self, trainer: Trainer, *args: Any) -> None:
        """Seed the coming step."""
        torch.manual_seed(int(np.random.SeedSequence([self.seed, trainer.global_step]).generate_state(1)[0]))


class TimeLimit(Callback):
    """Ends training after some wall time. Lightning's Timer counts a resumed run's earlier time too, and stops at once.

    Args:
        minutes: Wall time of this process from its first step, validations apart: how often one looks at a run does not
            shorten it.
    """

    def __init__(self, minutes: float) -> None:
        self.minutes = minutes
        self.started = self.validation_began = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self.started = time.monotonic()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop the clock."""
        self.validation_began = time.monotonic()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let the clock go on."""
        self.started += time.monotonic() - self.validation_began

    def on_train_batch_end(self, trainer: Trainer, *args: Any) -> None:
        """Stop here, with a validation and a checkpoint, when the time is over."""
        if not trainer.should_stop and time.monotonic() - self.started > 60 * self.minutes:
            logger.info("experiment.max_minutes = %g are over: training stops", self.minutes)
            trainer.check_val_every_n_epoch = 1
            trainer.should_stop = True


class LastEpochValidation(Callback):
    """Validates after the last epoch too where it is no multiple of `experiment.validate_every`."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Turn validation on where the last epoch is resumed, which then does not start."""
        self.on_train_epoch_start(trainer, pl_module)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Turn validation on for the last epoch."""
        if trainer.max_epochs is not None and trainer.current_epoch + 1 >= trainer.max_epochs:
            trainer.check_val_every_n_epoch = 1


class LastCheckpoint(Checkpoint):
    """Writes last.ckpt, from which a run goes on exactly: after each epoch, where it stops, and by the clock.

    A new one takes its place only when the metrics file has the numbers of its step, so that a run that is killed at
    any moment finds every line up to the checkpoint that it resumes. Lightning's own callback does not wait for them,
    and writes by the clock only where Lightning takes the optimizer's steps.

    Args:
        folder: The run's folder.
        every_minutes: Wall time between two checkpoints within an epoch.
    """

    def __init__(self, folder: Path, every_minutes: float) -> None:
        self.path = folder / f"{LAST}.ckpt"
        self.coming = folder / f".{LAST}.ckpt.coming"
        self.every_minutes = every_minutes
        self.written = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock, and forget what a killed process wrote without its numbers."""
        self.coming.unlink(missing_ok=True)
        self.written = time.monotonic()

    def on_train_batch_end(self, trainer: Trainer, *args: Any) -> None:
        """Write within an epoch; its end is left to `on_train_epoch_end`."""
        is_due = trainer.should_stop or time.monotonic() - self.written > 60 * self.every_minutes
        if is_due and not self._epoch_is_over(trainer):
            self._write(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write after an epoch, unless it was cut short: then what was written where it stopped stays."""
        if self._epoch_is_over(trainer):
            self._write(trainer)

    def on_train_batch_start(self, trainer: Trainer, *args: Any) -> None:
        """The numbers of the last step, and of the last epoch, are written."""
        self._put_in_place()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The numbers of the last step are written."""
        self._put_in_place()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """All numbers are written."""
        self._put_in_place()

    @staticmethod
    def _epoch_is_over(trainer: Trainer) -> bool:
        return trainer.fit_loop.epoch_loop.batch_progress.is_last_batch

    def _write(self, trainer: Trainer) -> None:
        trainer.save_checkpoint(self.coming, weights_only=False)
        self.written = time.monotonic()

    def _put_in_place(self) -> None:
        if self.coming.is_file():
            self.coming.replace(self.path)


def run_callbacks(
    folder: Path,
    datamodule: FullPageDataModule,
    seed: int,
    max_minutes: float | None,
    save_every_minutes: float,
    ema_decay: float | None,
) -> list[Callback]:
    """Callbacks of a training run that writes to `folder`.

    Args:
        folder: The run's folder.
        datamodule: Moved along its curriculum, if it has one.
        seed: Seed of what a step draws.
        max_minutes: Wall time, validations apart, after which training ends with a checkpoint; None: no limit.
        save_every_minutes: Wall time between checkpoints within an epoch.
        ema_decay: Decay of the average of the weights; None: no average.
    """
    bar = RichProgressBar(leave=False, console_kwargs={"stderr": True})
    callbacks: list[Callback] = [bar, CostRecord(folder), StepSeeds(seed)]
    if datamodule.curriculum is not None:
        callbacks.append(CurriculumCallback(datamodule))
    if max_minutes is not None:
        callbacks.append(TimeLimit(max_minutes))
    if datamodule.validation_pages:
        callbacks.append(LastEpochValidation())
        # Written when a validation ends; for reading pages only, so without the optimizer's state.
        callbacks.append(
            ModelCheckpoint(folder, filename=BEST, monitor=MONITOR, mode="min", save_on_train_epoch_end=False,
                            save_weights_only=True, enable_version_counter=False)
        )  # fmt: skip
    if ema_decay is not None:
        callbacks.append(WeightAverage(ema_decay))
    callbacks.append(LastCheckpoint(folder, save_every_minutes))
    return callbacks
