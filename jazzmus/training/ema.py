"""An exponential moving average of the weights beside those that train. Knows no losses, no pages and no files.

Lightning's `EMAWeightAveraging` leaves the average out of checkpoints of weights alone, as best.ckpt is one, and puts
it in the place of the best weights when they are validated after training.
"""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from torch import Tensor

from jazzmus.training.checkpoints import TRAINED_WEIGHTS


class WeightAverage(Checkpoint):
    """Averages all weights after each step; validation, and so best.ckpt, and the reader of any checkpoint get it.

    A kind of checkpoint callback because those come last, in their order: this one stands behind the one that writes
    best.ckpt when validation ends, and gives the trained weights back only then.

    Args:
        decay: Share of the old average that a step keeps, once the average is warm (see `decay_at`).
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.average: dict[str, Tensor] = {}
        self.trained: dict[str, Tensor] = {}

    def decay_at(self, step: int) -> float:
        """Decay after optimizer step `step` (counted from 1): small at first, so that random weights are forgotten."""
        return min(self.decay, (1 + step) / (10 + step))

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin with the average of a checkpoint, or else with the weights as they are."""
        state = pl_module.state_dict()
        self.average = {name: self.average.get(name, state[name]).to(state[name].device, copy=True) for name in state}

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """Take the weights of this step into the average."""
        weight = 1 - self.decay_at(trainer.global_step)
        with torch.no_grad():
            for name, tensor in pl_module.state_dict().items():
                if tensor.is_floating_point():
                    self.average[name].lerp_(tensor, weight)
                else:
                    self.average[name].copy_(tensor)

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put the average in place of the weights while training is validated."""
        if self.average:
            self.trained = {name: tensor.clone() for name, tensor in pl_module.state_dict().items()}
            pl_module.load_state_dict(self.average)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Give the trained weights back."""
        if self.trained:
            pl_module.load_state_dict(self.trained)
            self.trained = {}

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forget the average: what is validated from now on is what was loaded."""
        self.average = {}

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Put both into a checkpoint to resume; one of weights alone is written while the average is in place."""
        checkpoint[TRAINED_WEIGHTS] = checkpoint["state_dict"]
        checkpoint["state_dict"] = dict(self.average)

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Take both up; a checkpoint without an average begins one."""
        if TRAINED_WEIGHTS in checkpoint:
            self.average = dict(checkpoint["state_dict"])
            pl_module.load_state_dict(checkpoint[TRAINED_WEIGHTS])
