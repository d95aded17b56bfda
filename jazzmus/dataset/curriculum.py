"""The curriculum as data: which stage an epoch belongs to, and what a stage shows. Knows no pages and no trainer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jazzmus.config import configurable
from jazzmus.errors import ConfigError

_STAGE_KEYS = frozenset({"epochs", "systems", "mix", "mix_to", "replay", "steps"})


@dataclass(frozen=True)
class Stage:
    """What training shows for a number of epochs.

    Attributes:
        epochs: Length of the stage.
        systems: Fewest and most systems of a page; longer pages are cut below the system drawn. None: whole pages.
        mix: Share of each data source, by name; None keeps the data module's own.
        replay: Probability that a page's number of systems is any of `systems`, all alike; otherwise it is the most.
    """

    epochs: int
    systems: tuple[int, int] | None = None
    mix: Mapping[str, float] | None = None
    replay: float = 1.0


@configurable
class Curriculum:
    """A sequence of stages by number of systems and mix of sources.

    Each entry of `stages` is a dict with `epochs` and, optionally, `systems` (fewest, most; absent for whole pages),
    `replay` (0 to 1), `mix` (share by source) and, for a gradual change, `mix_to` with `steps`: the entry then becomes
    that many stages whose mix goes from `mix` to `mix_to` in equal steps.

    Pages are revealed from the top: a stage with `systems` (1, 4) ends them below their fourth system, and shows again
    what earlier stages showed as often as `replay` says. With 1 each draw has 1, 2, 3 or 4 systems, all alike; with 0
    each has four; with r, a share r of the draws is of the one kind and the rest of the other. A page of fewer systems
    counts as if it ended the range.

    Args:
        stages: The entries, in order. The last stage goes on for as long as training does.
        replay: That of stages with `systems` which do not name their own.

    Raises:
        ConfigError: If an entry is not of this form.
    """

    def __init__(self, stages: Sequence[Mapping[str, Any]], replay: float = 1.0) -> None:
        _check_replay(replay, "Curriculum.replay")
        self.stages: tuple[Stage, ...] = tuple(stage for entry in stages for stage in _expand(entry, replay))
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


def _expand(entry: Mapping[str, Any], replay: float) -> list[Stage]:
    where = f"Curriculum.stages entry {dict(entry)}"
    if unknown := sorted(set(entry) - _STAGE_KEYS):
        raise ConfigError(f"{where}: unknown key {unknown[0]!r}; keys are {', '.join(sorted(_STAGE_KEYS))}")
    epochs, mix, mix_to, steps = (entry.get(key) for key in ("epochs", "mix", "mix_to", "steps"))
    if type(epochs) is not int or epochs < 1:
        raise ConfigError(f"{where}: 'epochs' must be a whole number of at least 1")
    systems = _systems(entry.get("systems"), where)
    if systems is None and "replay" in entry:
        raise ConfigError(f"{where}: 'replay' needs 'systems'; without them pages are whole")
    replay = entry.get("replay", replay) if systems is not None else 1.0
    _check_replay(replay, f"{where}: 'replay'")
    for shares in (mix, mix_to):
        check_mix(shares, where)
    if mix_to is None and steps is None:
        return [Stage(epochs, systems, mix, replay)]
    if mix is None or mix_to is None or type(steps) is not int or not 2 <= steps <= epochs:
        raise ConfigError(f"{where}: a gradual change needs 'mix', 'mix_to' and 'steps' with 2 <= steps <= epochs")
    bounds = [epochs * step // steps for step in range(steps + 1)]
    return [
        Stage(bounds[step + 1] - bounds[step], systems, _between(mix, mix_to, step / (steps - 1)), replay)
        for step in range(steps)
    ]


def _systems(value: Any, where: str) -> tuple[int, int] | None:
    if value is None:
        return None
    match value:
        case [int() as fewest, int() as most] if 1 <= fewest <= most:
            return fewest, most
    raise ConfigError(f"{where}: 'systems' must be (fewest, most) with 1 <= fewest <= most")


def _check_replay(value: Any, where: str) -> None:
    if type(value) not in (int, float) or not 0 <= value <= 1:
        raise ConfigError(f"{where} must be a number from 0 to 1, not {value!r}")


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
