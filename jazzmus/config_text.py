"""Configs and command lines of runs as text: bindings, in what they differ, and paths that are nobody's business.

Knows their text only, no gin.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

Bindings = Mapping[str, str]

# What says only where and how a process runs, or names a run: two seeds of one experiment differ in these at most.
_SEED = re.compile(r"(?:.*\.)?seed")
_NO_RESULT = frozenset(
    {"experiment.name", "experiment.wandb", "experiment.save_every_minutes", "FullPageDataModule.num_workers"}
)
_MACRO = re.compile(r"%([\w./]+)")
# From the root, from a home, as a URL of a file, or upwards; `https://` and the bass of a chord are none.
_QUOTED_PATH = re.compile(r"""(?P<quote>['"])(?P<path>(?:file:/|~|/|(?:[\w.-]+/)*\.\./)[^'"]*)(?P=quote)""")
_BARE_PATH = re.compile(
    r"""(?<![\w./~*-])(?:(?:(?<!:)|(?!//))(?:file:(?=/)|~[\w.-]*)?/|(?:[\w.-]+/)*\.\./)[^\s'",=()\[\]{}]+"""
)


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


def seed_groups(configs: Sequence[Bindings]) -> tuple[list[list[int]], list[int]]:
    """Return the indices of configs that differ in the seed alone, group by group; those without partner are left out.

    A name, and what only says how a process runs, may differ too. Of equal configs the first is taken; the second value
    has the others, which would be in a group but for a seed that is there already.
    """
    groups: dict[tuple[tuple[str, str], ...], dict[tuple[str, ...], list[int]]] = {}
    for index, config in enumerate(configs):
        if not config:
            continue
        rest = sorted(item for item in config.items() if item[0] not in _NO_RESULT and not _SEED.fullmatch(item[0]))
        seeds = tuple(value for name, value in sorted(config.items()) if _SEED.fullmatch(name))
        groups.setdefault(tuple(rest), {}).setdefault(seeds, []).append(index)
    several = [list(by_seed.values()) for by_seed in groups.values() if len(by_seed) > 1]
    repeated = sorted(index for group in several for same in group for index in same[1:])
    return [sorted(same[0] for same in group) for group in several], repeated


def path_free(text: str) -> str:
    """Return a text whose paths are relative to the current folder; of one that lies outside, the last part is left.

    Relative paths stay as they are unless they lead upwards.
    """
    text = _QUOTED_PATH.sub(lambda match: f"{match['quote']}{_shown(match['path'])}{match['quote']}", text)
    return _BARE_PATH.sub(lambda match: _shown(match[0]), text)


def _shown(path: str) -> str:
    here = Path.cwd()
    place = Path(os.path.normpath(here / path.removeprefix("file:")))
    inside = place.is_relative_to(here) and not path.startswith("~")
    return place.relative_to(here).as_posix() if inside else place.name


def _resolved(value: str, macros: Mapping[str, str], depth: int = 8) -> str:
    """Return a value with its macros replaced; a macro may name another one, but not for ever."""
    if depth == 0 or "%" not in value:
        return value
    replaced = _MACRO.sub(lambda match: macros.get(match[1], match[0]), value)
    return replaced if replaced == value else _resolved(replaced, macros, depth - 1)
