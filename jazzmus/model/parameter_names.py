"""Parameters by name: which ones a pattern means, and how deep in the network each stands.

Knows the names of the network and nothing of what is done with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from jazzmus.config_values import suggestion
from jazzmus.errors import ConfigError

_ENCODER_STAGE = re.compile(r"encoder\.(?:encoder\.)?(?:stages|downsampling|norms)\.(\d+)\.")
_DECODER_LAYER = re.compile(r"decoder\.layers\.(\d+)\.")


def first_matches(names: Iterable[str], patterns: Sequence[str], binding: str) -> dict[str, str]:
    """The first pattern that matches each name; names that none matches are left out.

    Args:
        names: Parameter names, such as `decoder.layers.0.ffn.3.bias`.
        patterns: As file names are matched: `*` for any characters, dots included.
        binding: The binding that has the patterns, for the message.

    Raises:
        ConfigError: If a pattern is the first for no name, with a pattern that may be meant.
    """
    names = tuple(names)
    found: dict[str, str] = {}
    for name in names:
        pattern = next((pattern for pattern in patterns if fnmatchcase(name, pattern)), None)
        if pattern is not None:
            found[name] = pattern
    for pattern in patterns:
        if pattern not in found.values():
            taken = any(fnmatchcase(name, pattern) for name in names)
            why = "only parameters that an earlier pattern has" if taken else "no parameter of the network"
            hint = "" if taken else suggestion(pattern, _usual_patterns(names))
            raise ConfigError(f"{binding}: {pattern!r} matches {why}{hint}")
    return found


def _usual_patterns(names: Iterable[str]) -> set[str]:
    """All names, and a pattern for each part of the network."""
    return {
        known for name in names for known in (name, *(f"{name[: dot.start()]}.*" for dot in re.finditer(r"\.", name)))
    }


def depths(names: Iterable[str]) -> dict[str, int]:
    """How many layers stand between the page and each parameter.

    The stages of the encoder count from 0, the stem with the first; layers of the decoder follow, the embedding with
    the first; output layers and the decoder's last norm come last. The CTC head is an output layer.
    """
    names = tuple(names)
    stages = 1 + max(int(match[1]) for name in names if (match := _ENCODER_STAGE.match(name)))
    layers = 1 + max(int(match[1]) for name in names if (match := _DECODER_LAYER.match(name)))

    def depth(name: str) -> int:
        if stage := _ENCODER_STAGE.match(name):
            return int(stage[1])
        if layer := _DECODER_LAYER.match(name):
            return stages + int(layer[1])
        if name.startswith("encoder."):
            return 0
        return stages if name.startswith("decoder.embedding.") else stages + layers

    return {name: depth(name) for name in names}
