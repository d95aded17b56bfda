"""What happens around training: stages of the curriculum, checkpoints, time limits. Knows no losses and no pages."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint, RichProgressBar

from jazzmus.dataset.full_page_datamodule import FullPageDataModule
from jazzmus.training.checkpoints import BEST, LAST

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


class TimeLimit(Callback):
    """Ends training after some wall time. Lightning's Timer counts a resumed run's earlier time too, and stops at once.

    Args:
        minutes: Wall time from the first step of this process.
    """

    def __init__(self, minutes: float) -> None:
        self.minutes = minutes
        self.started = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self.started = time.monotonic()

    def on_train_batch_end(self, trainer: Trainer, *args: Any) -> None:
        """End the epoch here, with its validation and checkpoint, when the time is over."""
        if not trainer.should_stop and time.monotonic() - self.started > 60 * self.minutes:
            logger.info("experiment.max_minutes = %g are over: training stops", self.minutes)
            trainer.check_val_every_n_epoch = 1
            trainer.should_stop = True


class LastEpochValidation(Callback):
    """Validates after the last epoch too where it is no multiple of `experiment.validate_every`."""

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Turn validation on for the last epoch."""
        if trainer.max_epochs is not None and trainer.current_epoch + 1 >= trainer.max_epochs:
            trainer.check_val_every_n_epoch = 1


def run_callbacks(folder: Path, datamodule: FullPageDataModule, max_minutes: float | None) -> list[Callback]:
    """Callbacks of a training run that writes to `folder`.

    Args:
        folder: The run's folder.
        datamodule: Moved along its curriculum, if it has one.
        max_minutes: Wall time after which training ends with a checkpoint; None: no limit.
    """
    callbacks: list[Callback] = [RichProgressBar(leave=False, console_kwargs={"stderr": True})]
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
    callbacks.append(ModelCheckpoint(folder, filename=LAST, save_on_train_epoch_end=True, enable_version_counter=False))
    return callbacks
