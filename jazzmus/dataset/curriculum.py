"""The curriculum as data: which stage an epoch belongs to, and what a stage shows. Knows no pages and no trainer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jazzmus.config import configurable
from jazzmus.errors import ConfigError

_STAGE_KEYS = frozenset({"epochs", "systems", "mix", "mix_to", "steps"})


@dataclass(frozen=True)
class Stage:
    """What training shows for a number of epochs.

    Attributes:
        epochs: Length of the stage.
        systems: Fewest and most systems of a page; longer pages are cut below the system drawn. None: whole pages.
        mix: Share of each data source, by name; None keeps the data module's own.
    """

    epochs: int
    systems: tuple[int, int] | None = None
    mix: Mapping[str, float] | None = None


@configurable
class Curriculum:
    """A sequence of stages by number of systems and mix of sources.

    Each entry of `stages` is a dict with `epochs` and, optionally, `systems` (fewest, most; absent for whole pages),
    `mix` (share by source) and, for a gradual change, `mix_to` with `steps`: the entry then becomes that many stages
    whose mix goes from `mix` to `mix_to` in equal steps.

    Args:
        stages: The entries, in order. The last stage goes on for as long as training does.

    Raises:
        ConfigError: If an entry is not of this form.
    """

    def __init__(self, stages: Sequence[Mapping[str, Any]]) -> None:
        self.stages: tuple[Stage, ...] = tuple(stage for entry in stages for stage in _expand(entry))
        if not self.stages:
            raise ConfigError("Curriculum.stages is empty; give at least one stage or leave the curriculum out")

    def stage_at(self, epoch: int) -> int:
        """Index of the stage that epoch `epoch` (0-based) belongs to."""
        end = 0
        for index, stage in enumerate(self.stages):
            end += stage.epochs
            if epoch < end:
                return index
        return len(self.stages) - 1

    @property
    def epochs(self) -> int:
        """Epochs of all stages together."""
        return sum(stage.epochs for stage in self.stages)


def _expand(entry: Mapping[str, Any]) -> list[Stage]:
    where = f"Curriculum.stages entry {dict(entry)}"
    if unknown := sorted(set(entry) - _STAGE_KEYS):
        raise ConfigError(f"{where}: unknown key {unknown[0]!r}; keys are {', '.join(sorted(_STAGE_KEYS))}")
    epochs, mix, mix_to, steps = (entry.get(key) for key in ("epochs", "mix", "mix_to", "steps"))
    if type(epochs) is not int or epochs < 1:
        raise ConfigError(f"{where}: 'epochs' must be a whole number of at least 1")
    systems = _systems(entry.get("systems"), where)
    for shares in (mix, mix_to):
        check_mix(shares, where)
    if mix_to is None and steps is None:
        return [Stage(epochs, systems, mix)]
    if mix is None or mix_to is None or type(steps) is not int or not 2 <= steps <= epochs:
        raise ConfigError(f"{where}: a gradual change needs 'mix', 'mix_to' and 'steps' with 2 <= steps <= epochs")
    bounds = [epochs * step // steps for step in range(steps + 1)]
    return [
        Stage(bounds[step + 1] - bounds[step], systems, _between(mix, mix_to, step / (steps - 1)))
        for step in range(steps)
    ]


def _systems(value: Any, where: str) -> tuple[int, int] | None:
    if value is None:
        return None
    match value:
        case [int() as fewest, int() as most] if 1 <= fewest <= most:
            return fewest, most
    raise ConfigError(f"{where}: 'systems' must be (fewest, most) with 1 <= fewest <= most")


def _between(start: Mapping[str, float], end: Mapping[str, float], position: float) -> dict[str, float]:
    names = sorted({*start, *end})
    return {name: (1 - position) * start.get(name, 0.0) + position * end.get(name, 0.0) for name in names}


def check_mix(mix: Any, where: str) -> None:
    """Check that a mix is None or gives shares by source name, none negative and not all 0.

    Raises:
        ConfigError: Naming `where` otherwise.
    """
    if mix is None:
        return
    if not isinstance(mix, Mapping) or not all(type(share) in (int, float) for share in mix.values()):
        raise ConfigError(f"{where}: a mix must give a number for each source name, got {mix!r}")
    if not all(0 <= share < math.inf for share in mix.values()) or sum(mix.values()) == 0:
        raise ConfigError(f"{where}: shares must be finite, not negative and not all 0, got {dict(mix)}")
