"""What the CTC head learns of a batch: single systems whose text fits into their columns.

Knows labels and sizes of a batch; knows neither texts nor a network.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from jazzmus.dataset.batch import IGNORED_LABEL, PageBatch
from jazzmus.model.smt.configuration_smt import SMTConfig


class CtcTargets(NamedTuple):
    """The single systems of a batch.

    Attributes:
        rows: Their rows in the batch.
        targets: (N,) ids of each, without <bos> and <eos>.
        too_long: Single systems left out, since their text needs more places than their columns have.
    """

    rows: tuple[int, ...]
    targets: tuple[Tensor, ...]
    too_long: int

    @property
    def num_tokens(self) -> int:
        """Ids of all targets."""
        return sum(len(target) for target in self.targets)


def ctc_targets(batch: PageBatch, single_systems: Sequence[int], config: SMTConfig) -> CtcTargets:
    """What CTC is to write for the rows of a batch that are single systems."""
    rows, targets, too_long = [], [], 0
    for row in single_systems:
        labels = batch.labels[row]
        target = labels[(labels != IGNORED_LABEL) & (labels != config.eos_token_id)]
        columns = -(-int(batch.image_sizes[row, 1]) // config.stride)
        if _places_needed(target) > columns * config.ctc_outputs:
            too_long += 1
            continue
        rows.append(row)
        targets.append(target)
    return CtcTargets(tuple(rows), tuple(targets), too_long)


def _places_needed(target: Tensor) -> int:
    """Equal neighbours need a blank between them."""
    return len(target) + int((target[1:] == target[:-1]).sum())
