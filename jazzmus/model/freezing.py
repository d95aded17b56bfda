"""Parameters of a network that are frozen by name, for all of training or up to a step.

Frozen parameters get no gradients, so that AdamW makes no state for them until they are unfrozen. Knows no optimizer,
no loss and no trainer.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from torch import nn

from jazzmus.errors import ConfigError
from jazzmus.model.parameter_names import first_matches

logger = logging.getLogger(__name__)

BINDING = "FullPageTrainer.frozen"
ENCODER = "encoder.*"


class Freezing:
    """Keeps parameters frozen, and the modules that have no others in evaluation mode.

    Args:
        model: The network.
        patterns: Patterns of parameter names, such as `encoder.*`; none freezes nothing.
        until: Optimizer step from which everything trains; None: there is none.

    Raises:
        ConfigError: If a pattern matches nothing, nothing is left that pages train, or `until` has nothing to wait for.
    """

    def __init__(self, model: nn.Module, patterns: Sequence[str], until: int | None = None) -> None:
        names = [name for name, _ in model.named_parameters()]
        # One by one: that two of them match the same is no mistake.
        held = {name for pattern in patterns for name in first_matches(names, [pattern], BINDING)}
        if until is not None and (until < 1 or not held):
            raise ConfigError(
                f"FullPageTrainer.unfreeze_step = {until} must be at least 1, and needs freeze_encoder or frozen"
            )
        # Not the CTC head: it may have nothing to learn from whole pages.
        if all(name in held for name in names if name.startswith(("encoder.", "decoder."))):
            raise ConfigError(f"{BINDING} = {tuple(patterns)} leaves nothing to train in encoder and decoder")
        self.until = until
        self.parameters = [parameter for name, parameter in model.named_parameters() if name in held]
        self.modules = list(_whole_modules(model, "", held))
        for parameter in self.parameters:
            parameter.requires_grad_(False)
        self.keep_evaluating()
        if self.parameters:
            total = sum(parameter.numel() for parameter in model.parameters())
            logger.info("%d of %d parameters are frozen", self.count, total)

    def keep_evaluating(self) -> None:
        """Put frozen modules back into evaluation mode: their batch norms keep their averages, nothing drops out."""
        for module in self.modules:
            module.eval()

    def unfreeze(self, step: int) -> None:
        """Give everything to training when its step has come.

        Args:
            step: The optimizer step that begins, counted from 0.
        """
        if self.until is None or step < self.until or not self.parameters:
            return
        for parameter in self.parameters:
            parameter.requires_grad_(True)
        for module in self.modules:
            module.train()
        logger.info("step %d: %d parameters that were frozen train from here on", step, self.count)
        self.parameters, self.modules = [], []

    @property
    def count(self) -> int:
        """Numbers that are held now."""
        return sum(parameter.numel() for parameter in self.parameters)


def _whole_modules(module: nn.Module, prefix: str, held: set[str]) -> Iterator[nn.Module]:
    """The largest modules whose parameters are all held."""
    names = [f"{prefix}{name}" for name, _ in module.named_parameters()]
    if names and held.issuperset(names):
        yield module
        return
    for name, child in module.named_children():
        yield from _whole_modules(child, f"{prefix}{name}.", held)
