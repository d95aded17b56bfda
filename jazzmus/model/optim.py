"""AdamW with decay on matrices only, warm-up, and a cosine or constant schedule. Knows no data and no loss."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

import torch
from torch import nn

from jazzmus.config import configurable
from jazzmus.errors import ConfigError


@configurable
class Optimization:
    """How weights move.

    Args:
        lr: Learning rate after warm-up.
        weight_decay: Decoupled decay of matrices and kernels; biases, norms and layer scales have none.
        betas: AdamW's two momenta.
        warmup_steps: Optimizer steps of linear warm-up from 0.
        schedule: `cosine` falls to `final_lr_ratio` at the last step, `constant` stays.
        final_lr_ratio: Share of `lr` the cosine ends at.
        clip_norm: Largest gradient norm; None does not clip.

    Raises:
        ConfigError: If a value is out of range.
    """

    def __init__(
        self,
        lr: float = 3e-4,
        weight_decay: float = 0.01,
        betas: tuple[float, float] = (0.9, 0.98),
        warmup_steps: int = 200,
        schedule: Literal["cosine", "constant"] = "cosine",
        final_lr_ratio: float = 0.05,
        clip_norm: float | None = 1.0,
    ) -> None:
        if lr <= 0 or weight_decay < 0 or warmup_steps < 0 or (clip_norm is not None and clip_norm <= 0):
            raise ConfigError(
                "Optimization: lr and clip_norm must be positive, weight_decay and warmup_steps not below 0"
            )
        self.lr = lr
        self.weight_decay = weight_decay
        self.betas = betas
        self.warmup_steps = warmup_steps
        self.schedule = schedule
        self.final_lr_ratio = final_lr_ratio
        self.clip_norm = clip_norm

    def optimizer(self, parameters: Iterable[nn.Parameter]) -> torch.optim.AdamW:
        """AdamW over the parameters that have gradients; frozen ones get no state."""
        trained = [parameter for parameter in parameters if parameter.requires_grad]
        groups = [
            {"params": [p for p in trained if p.ndim >= 2], "weight_decay": self.weight_decay},
            {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
        ]
        return torch.optim.AdamW([group for group in groups if group["params"]], lr=self.lr, betas=self.betas)

    def scheduler(self, optimizer: torch.optim.Optimizer, total_steps: int) -> torch.optim.lr_scheduler.LambdaLR:
        """The schedule, stepped once an optimizer step.

        Args:
            optimizer: What `optimizer` gave.
            total_steps: Steps of the whole run; the cosine ends there.
        """
        return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: self.factor(step, total_steps))

    def factor(self, step: int, total_steps: int) -> float:
        """Share of `lr` at optimizer step `step`, counted from 0."""
        if step < self.warmup_steps:
            return (step + 1) / (self.warmup_steps + 1)
        if self.schedule == "constant":
            return 1.0
        progress = min(1.0, (step - self.warmup_steps) / max(1, total_steps - self.warmup_steps))
        return self.final_lr_ratio + (1 - self.final_lr_ratio) * 0.5 * (1 + math.cos(math.pi * progress))
