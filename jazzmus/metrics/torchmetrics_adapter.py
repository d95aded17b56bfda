"""Corpus scores as torchmetrics metrics, so that they add up over batches and processes.

Their states are integer sums of edits and lengths; no rate is ever averaged. Knows no texts and no images.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor
from torchmetrics import Metric

from jazzmus.metrics.report import METRICS, percent
from jazzmus.metrics.transcription import EditCount, count


class TranscriptionErrorRates(Metric):
    """Scores in percent for each name in `jazzmus.metrics.report.METRICS`; error rates are not capped at 100."""

    is_differentiable = False
    higher_is_better = None  # errors and what is exact
    full_state_update = False

    edits: Tensor
    lengths: Tensor

    def __init__(self) -> None:
        super().__init__()
        for state in ("edits", "lengths"):
            self.add_state(state, torch.zeros(len(METRICS), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, counts: Iterable[Mapping[str, EditCount]]) -> None:
        """Add the edits and lengths of some pages, as `count_edits` gives them."""
        for page in counts:
            self.edits += torch.tensor([page[name].edits for name in METRICS], device=self.edits.device)
            self.lengths += torch.tensor([page[name].length for name in METRICS], device=self.lengths.device)

    def compute(self) -> dict[str, Tensor]:
        """Return each rate in percent, a float64 scalar on the CPU, over all pages seen (by all processes)."""
        pairs = zip(METRICS, self.edits.tolist(), self.lengths.tolist(), strict=True)
        return {name: torch.tensor(percent(edits, length), dtype=torch.float64) for name, edits, length in pairs}


class TokenErrorRate(Metric):
    """Edits over reference length, in percent, of texts of ids: what a reading costs in the model's own units.

    Corpus level, comparable for one tokenizer and form of texts only.
    """

    full_state_update = False
    higher_is_better = False

    edits: Tensor
    length: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("edits", torch.tensor(0, dtype=torch.long), dist_reduce_fx="sum")
        self.add_state("length", torch.tensor(0, dtype=torch.long), dist_reduce_fx="sum")

    def update(self, predictions: Sequence[Sequence[int]], references: Sequence[Sequence[int]]) -> None:
        """Add texts of ids, without special tokens."""
        for prediction, reference in zip(predictions, references, strict=True):
            edits, length = count(prediction, reference)
            self.edits += edits
            self.length += length

    def compute(self) -> Tensor:
        """Percent; 0-dimensional float32."""
        return 100.0 * self.edits.float() / self.length.clamp(min=1)
