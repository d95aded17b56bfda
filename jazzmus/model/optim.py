"""AdamW with decay on matrices only, rates by name or depth, warm-up, and a schedule. Knows no data and no loss."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import torch
from torch import nn

from jazzmus.config import configurable
from jazzmus.errors import CheckpointError, ConfigError
from jazzmus.model.parameter_names import depths, first_matches


@configurable
class Optimization:
    """How weights move.

    Args:
        lr: Learning rate after warm-up.
        lr_factors: Patterns of parameter names to what their rate is multiplied by, such as {"encoder.*": 0.3}; the
            first that matches holds. None: the same rate for all.
        layer_decay: What the rate is multiplied by from each layer of the network to the one before it; None: nothing.
        weight_decay: Decoupled decay of matrices and kernels; biases, norms and layer scales have none.
        betas: AdamW's two momenta.
        warmup_steps: Optimizer steps of linear warm-up from 0.
        schedule: `cosine` falls to `final_lr_ratio` at the last step of `experiment.max_epochs`, `constant` stays: for
            runs that `experiment.max_minutes` ends.
        final_lr_ratio: Share of `lr` the cosine ends at.
        clip_norm: Largest gradient norm; None does not clip.

    Raises:
        ConfigError: If a value is out of range.
    """

    def __init__(
        self,
        lr: float = 3e-4,
        lr_factors: dict[str, float] | None = None,
        layer_decay: float | None = None,
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
        if layer_decay is not None and not 0 < layer_decay <= 1:
            raise ConfigError(f"Optimization.layer_decay must lie above 0 and not above 1, not be {layer_decay}")
        if not all(0 < factor < math.inf for factor in (lr_factors or {}).values()):
            raise ConfigError(
                f"Optimization.lr_factors must be above 0, not {lr_factors}; to freeze them, FullPageTrainer.frozen"
            )
        self.lr = lr
        self.lr_factors = lr_factors or {}
        self.layer_decay = layer_decay
        self.weight_decay = weight_decay
        self.betas = betas
        self.warmup_steps = warmup_steps
        self.schedule = schedule
        self.final_lr_ratio = final_lr_ratio
        self.clip_norm = clip_norm

    def groups(self, named_parameters: Iterable[tuple[str, nn.Parameter]]) -> list[dict[str, Any]]:
        """Parameter groups of one rate and decay each, the highest rate first.

        All parameters are in them, frozen or not, so that unfreezing changes no group.

        Raises:
            ConfigError: If a pattern of `lr_factors` matches nothing.
        """
        parameters = dict(named_parameters)
        factors = self._factors(list(parameters))
        groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
        for name, parameter in parameters.items():
            groups.setdefault((factors[name], parameter.ndim >= 2), []).append(parameter)
        return [
            {
                "params": members,
                "lr": self.lr * factor,
                "lr_factor": factor,
                "weight_decay": self.weight_decay if decays else 0.0,
            }
            for (factor, decays), members in sorted(groups.items(), key=lambda item: item[0], reverse=True)
        ]

    def _factors(self, names: list[str]) -> dict[str, float]:
        patterns = first_matches(names, list(self.lr_factors), "Optimization.lr_factors")
        factors = {name: self.lr_factors[patterns[name]] if name in patterns else 1.0 for name in names}
        if self.layer_decay is None:
            return factors
        depth_of = depths(names)
        deepest = max(depth_of.values())
        return {name: factor * self.layer_decay ** (deepest - depth_of[name]) for name, factor in factors.items()}

    def optimizer(self, named_parameters: Iterable[tuple[str, nn.Parameter]]) -> torch.optim.AdamW:
        """AdamW over named parameters; those without gradients get no state."""
        return torch.optim.AdamW(self.groups(named_parameters), lr=self.lr, betas=self.betas)

    def scheduler(self, optimizer: torch.optim.Optimizer, total_steps: int) -> torch.optim.lr_scheduler.LambdaLR:
        """The schedule, stepped once an optimizer step.

        Args:
            optimizer: What `optimizer` gave.
            total_steps: Steps of the whole run; the cosine ends there.
        """
        return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: self.factor(step, total_steps))

    def factor(self, step: int, total_steps: int) -> float:
        """Share of a group's rate at optimizer step `step`, counted from 0."""
        if step < self.warmup_steps:
            return (step + 1) / (self.warmup_steps + 1)
        if self.schedule == "constant":
            return 1.0
        progress = min(1.0, (step - self.warmup_steps) / max(1, total_steps - self.warmup_steps))
        return self.final_lr_ratio + (1 - self.final_lr_ratio) * 0.5 * (1 + math.cos(math.pi * progress))


def rates(optimizer: torch.optim.Optimizer) -> dict[str, float]:
    """The rates of an optimizer's groups now, by a name for each: `lr`, or `lr_x0.3` where a factor multiplies it."""
    return {
        "lr" if group["lr_factor"] == 1 else f"lr_x{group['lr_factor']:.3g}": group["lr"]
        for group in optimizer.param_groups
    }


def set_rates(checkpoint: dict[str, Any], groups: Sequence[Mapping[str, Any]]) -> None:
    """Put the rates and decays of a run into a checkpoint that it resumes, whose own would go on otherwise.

    Args:
        checkpoint: As Lightning reads it; its optimizer's groups and base rates are changed.
        groups: What `Optimization.groups` gave.

    Raises:
        CheckpointError: If the groups of the checkpoint have other sizes.
    """
    saved = checkpoint["optimizer_states"][0]["param_groups"]
    if [len(group["params"]) for group in saved] != [len(group["params"]) for group in groups]:
        raise CheckpointError(
            "the checkpoint to resume has other groups of parameters: bind the same Optimization.lr_factors and "
            "layer_decay, or start a new run with FullPageTrainer.pretrained set to it"
        )
    for old, new in zip(saved, groups, strict=True):
        rate = old["lr"] * (new["lr"] / old["initial_lr"])
        old.update(lr=rate, initial_lr=new["lr"], lr_factor=new["lr_factor"], weight_decay=new["weight_decay"])
    checkpoint["lr_schedulers"][0]["base_lrs"] = [group["lr"] for group in groups]
