"""`python -m jazzmus.average`: the equal mean of the weights of several checkpoints, as one checkpoint to read with.

Knows checkpoints and networks; knows no training and no pages. A mean is of use for weights that lie near each other,
as those of one run or of runs from the same weights do.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from jazzmus.cli import OneLineParser
from jazzmus.errors import CheckpointError
from jazzmus.logs import run_script
from jazzmus.model.pretrained import CHECKPOINT_KEY, LIGHTNING_PREFIX, Weights, build_model, check_tensors, read_weights
from jazzmus.training.checkpoints import AtomicCheckpointIO

logger = logging.getLogger(__name__)

AVERAGED_FROM = "averaged_from"


def average(sources: Sequence[str]) -> dict[str, Any]:
    """The mean of checkpoints as a checkpoint of weights alone.

    It says of itself what all of them say alike, and under `AVERAGED_FROM` which they are.

    Args:
        sources: At least one file, folder or hub id.

    Raises:
        CheckpointError: If one cannot be read, or is of another network than the first.
    """
    first = read_weights(sources[0])
    model = build_model(first)
    sums = {name: tensor.double() for name, tensor in first.tensors.items()}
    extras = first.extras
    for source in sources[1:]:
        weights = read_weights(source)
        _check_same_config(first, weights)
        check_tensors(model, weights)
        for name, tensor in weights.tensors.items():
            sums[name] += tensor
        extras = {key: value for key, value in extras.items() if weights.extras.get(key) == value}
    means = {name: _mean(total, len(sources), first.tensors[name]) for name, total in sums.items()}
    return {
        "state_dict": {LIGHTNING_PREFIX + name: tensor for name, tensor in means.items()},
        CHECKPOINT_KEY: {"config": first.config.to_dict(), **extras, AVERAGED_FROM: list(sources)},
    }


def _mean(total: Tensor, count: int, like: Tensor) -> Tensor:
    """The mean in the number format of `like`, whose own values stand where they are whole numbers."""
    return (total / count).to(like.dtype) if like.is_floating_point() else like


def _check_same_config(first: Weights, other: Weights) -> None:
    ours, theirs = first.config.to_dict(), other.config.to_dict()
    if differing := sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)):
        values = ", ".join(_difference(key, ours, theirs) for key in differing)
        raise CheckpointError(f"{other.source}: not the network of {first.source}: {values}; average one network only")


def _difference(key: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    if isinstance(ours.get(key), list | dict):
        return f"SMTConfig.{key} differs"
    return f"SMTConfig.{key} is {theirs.get(key)} and not {ours.get(key)}"


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = OneLineParser(prog="python -m jazzmus.average", description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--output", type=Path, required=True, metavar="OUT", help="checkpoint to write")
    parser.add_argument("checkpoints", nargs="+", metavar="CHECKPOINT", help="checkpoints of one network")
    args = parser.parse_args()
    if len(args.checkpoints) < 2:
        parser.error("a mean needs at least two checkpoints")
    return args


def main() -> int:
    """Average the checkpoints into one file."""
    args = parse_arguments()
    checkpoint = average(args.checkpoints)
    try:
        AtomicCheckpointIO().save_checkpoint(checkpoint, args.output)
    except OSError as error:
        raise CheckpointError(f"{args.output}: cannot be written ({error.strerror}); give another --output") from error
    logger.info("%s: the mean of %d checkpoints", args.output, len(args.checkpoints))
    return 0


if __name__ == "__main__":
    sys.exit(run_script(main))
