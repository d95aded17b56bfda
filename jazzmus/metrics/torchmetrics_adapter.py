"""The corpus scores as a torchmetrics metric, so that they add up over batches and processes.

Its states are integer sums of edits and lengths; no rate is ever averaged. Knows texts and counts, not ids or images.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics import Metric

from jazzmus.metrics.report import METRICS, count_edits, percent


class TranscriptionErrorRates(Metric):
    """Error rates in percent for each name in `jazzmus.metrics.report.METRICS`, not capped at 100."""

    is_differentiable = False
    higher_is_better = False
    full_state_update = False

    edits: Tensor
    lengths: Tensor

    def __init__(self) -> None:
        super().__init__()
        for state in ("edits", "lengths"):
            self.add_state(state, torch.zeros(len(METRICS), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, predictions: Sequence[str], references: Sequence[str]) -> None:
        """Add the edits and lengths of some pages.

        Raises:
            ValueError: if the lists are of different lengths.
        """
        if len(predictions) != len(references):
            raise ValueError(f"{len(predictions)} predictions for {len(references)} references")
        for prediction, reference in zip(predictions, references, strict=True):
            counts = count_edits(prediction, reference)
            self.edits += torch.tensor([counts[name].edits for name in METRICS], device=self.edits.device)
            self.lengths += torch.tensor([counts[name].length for name in METRICS], device=self.lengths.device)

    def compute(self) -> dict[str, Tensor]:
        """Return each rate in percent, a float64 scalar on the CPU, over all pages seen (by all processes)."""
        pairs = zip(METRICS, self.edits.tolist(), self.lengths.tolist(), strict=True)
        return {name: torch.tensor(percent(edits, length), dtype=torch.float64) for name, edits, length in pairs}
