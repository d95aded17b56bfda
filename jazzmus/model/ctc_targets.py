"""What the CTC head learns of a batch: the systems of its pages whose text fits into their columns.

Knows places, ids and sizes of a batch; knows neither texts nor a network.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from jazzmus.dataset.batch import PageBatch, SystemTarget
from jazzmus.model.smt.configuration_smt import SMTConfig
from jazzmus.model.smt.ctc import FeatureRows


class CtcTargets(NamedTuple):
    """The systems of a batch.

    Attributes:
        rows: Where each stands in the features of the batch.
        targets: (N,) ids of each, without <bos> and <eos>.
        too_long: Systems left out, since their text needs more places than their columns have.
    """

    rows: tuple[FeatureRows, ...]
    targets: tuple[Tensor, ...]
    too_long: int

    @property
    def num_tokens(self) -> int:
        """Ids of all targets."""
        return sum(len(target) for target in self.targets)


def ctc_targets(batch: PageBatch, config: SMTConfig, on_pages: bool = True, fitting: bool = True) -> CtcTargets:
    """What CTC is to write for the systems of a batch.

    Args:
        batch: Pages with their systems.
        config: Of the network.
        on_pages: Take the systems of every page; else only those that stand alone.
        fitting: Leave out what has more ids than places.
    """
    rows: list[FeatureRows] = []
    ids: list[tuple[int, ...]] = []
    too_long = 0
    for page, ((_, width), systems) in enumerate(zip(batch.image_sizes.tolist(), batch.systems, strict=True)):
        places = -(-width // config.stride) * config.ctc_outputs
        for system in systems if on_pages or len(systems) == 1 else ():
            if fitting and _places_needed(system.ids) > places:
                too_long += 1
                continue
            rows.append(_feature_rows(page, system, config.stride))
            ids.append(system.ids)
    return CtcTargets(tuple(rows), _tensors(ids, batch.labels.device), too_long)


def _feature_rows(page: int, system: SystemTarget, stride: int) -> FeatureRows:
    """The rows of features that show any pixel of a system."""
    # With fewer rows (those in it as a whole, or with their middle), and with more, pages are read worse.
    return FeatureRows(page, system.top // stride, -(-system.bottom // stride))


def _tensors(ids: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, ...]:
    """Tensors of ids, sent to a device at once."""
    together = torch.tensor([index for text in ids for index in text], dtype=torch.long, device=device)
    return together.split([len(text) for text in ids]) if ids else ()


def _places_needed(ids: Sequence[int]) -> int:
    """Equal neighbours need a blank between them."""
    return len(ids) + sum(left == right for left, right in pairwise(ids))
