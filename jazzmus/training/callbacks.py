"""What happens around training: stages of the curriculum, checkpoints, time limits. Knows no losses and no pages."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint, RichProgressBar, Timer

from jazzmus.dataset.full_page_datamodule import FullPageDataModule

logger = logging.getLogger(__name__)

MONITOR = "val/ser"
BEST, LAST = "best", "last"


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


def run_callbacks(
    folder: Path, datamodule: FullPageDataModule, validates: bool, max_minutes: float | None
) -> list[Callback]:
    """Callbacks of a training run that writes to `folder`.

    Args:
        folder: The run's folder.
        datamodule: Moved along its curriculum, if it has one.
        validates: Whether there are validation pages to choose the best weights by.
        max_minutes: Wall time after which training ends with a checkpoint; None: no limit.
    """
    callbacks: list[Callback] = [RichProgressBar(leave=False)]
    if datamodule.curriculum is not None:
        callbacks.append(CurriculumCallback(datamodule))
    if max_minutes is not None:
        callbacks.append(Timer(timedelta(minutes=max_minutes), interval="step"))
    if validates:
        callbacks.append(
            ModelCheckpoint(folder, filename=BEST, monitor=MONITOR, mode="min", save_on_train_epoch_end=True,
                            enable_version_counter=False)
        )  # fmt: skip
    callbacks.append(
        ModelCheckpoint(folder, filename=LAST, save_on_train_epoch_end=True, enable_version_counter=False)
    )
    return callbacks
