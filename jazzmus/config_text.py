"""Configs of runs as pairs of binding and value, and in what they differ. Knows their text only, no gin."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Bindings = Mapping[str, str]

# What says only where and how a process runs, or names a run: two seeds of one experiment differ in these at most.
_SEED = re.compile(r"(?:.*\.)?seed")
_NO_RESULT = frozenset(
    {"experiment.name", "experiment.wandb", "experiment.save_every_minutes", "FullPageDataModule.num_workers"}
)
_MACRO = re.compile(r"%([\w./]+)")


def config_bindings(text: str) -> dict[str, str]:
    """Return the bindings of an operative config by name, with each macro replaced by its value, macros left out."""
    # A value that is too long for its line goes on in indented ones.
    statements = re.sub(r"\\?\n[ \t]+", " ", text).splitlines()
    pairs = (line.partition(" = ") for line in statements if not line.startswith("#"))
    values = {name.strip(): value.strip() for name, equals, value in pairs if equals}
    macros = {name: value for name, value in values.items() if "." not in name}
    return {name: _resolved(value, macros) for name, value in values.items() if name not in macros}


def config_differences(configs: Sequence[Bindings]) -> list[tuple[str, list[str | None]]]:
    """Return the bindings that differ, sorted, each with its value in every config; None where one lacks it."""
    names = sorted({name for config in configs for name in config})
    rows = [(name, [config.get(name) for config in configs]) for name in names]
    return [(name, values) for name, values in rows if len(set(values)) > 1]


def seed_groups(configs: Sequence[Bindings]) -> list[list[int]]:
    """Return the indices of configs that differ in the seed alone, group by group; those without partner are left out.

    A name, and what only says how a process runs, may differ too. Of equal configs the first is taken.
    """
    groups: dict[tuple[tuple[str, str], ...], dict[tuple[str, ...], int]] = {}
    for index, config in enumerate(configs):
        if not config:
            continue
        rest = sorted(item for item in config.items() if item[0] not in _NO_RESULT and not _SEED.fullmatch(item[0]))
        seeds = tuple(value for name, value in sorted(config.items()) if _SEED.fullmatch(name))
        groups.setdefault(tuple(rest), {}).setdefault(seeds, index)
    return [sorted(members.values()) for members in groups.values() if len(members) > 1]


def _resolved(value: str, macros: Mapping[str, str], depth: int = 8) -> str:
    """Return a value with its macros replaced; a macro may name another one, but not for ever."""
    if depth == 0 or "%" not in value:
        return value
    replaced = _MACRO.sub(lambda match: macros.get(match[1], match[0]), value)
    return replaced if replaced == value else _resolved(replaced, macros, depth - 1)
