"""Connectionist temporal classification (CTC) over the columns of the encoder's features, for single systems.

It teaches the encoder to tell what stands where without a decoder, and reads a system in one pass. Knows ids only;
that a system is read from left to right is its one assumption about music.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from jazzmus.model.smt.configuration_smt import SMTConfig


class CtcHead(nn.Module):
    """Features pooled over the height by mean and maximum, then `ctc_outputs` distributions over tokens a column.

    The blank is <pad>, which no text holds. Rows of the output layer are ordered by token, then by place in the column.
    """

    def __init__(self, config: SMTConfig) -> None:
        super().__init__()
        self.outputs_per_column = config.ctc_outputs
        self.blank = config.pad_token_id
        self.norm = nn.LayerNorm(2 * config.d_model)
        self.output = nn.Linear(2 * config.d_model, config.num_outputs * config.ctc_outputs)

    def forward(self, features: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor]:
        """Log-probabilities of tokens at each place of the systems.

        Args:
            features: (B, C, H, W) features, each batch row one system.
            valid: (B, H, W) boolean, True on features of the system; None when nothing is padded.

        Returns:
            (B, T, V) float32 log-probabilities with T = W * outputs per column, and the (B,) places that count.
        """
        batch, _, height, width = features.shape
        if valid is None:
            valid = features.new_ones((batch, height, width), dtype=torch.bool)
        weight = valid[:, None].to(features.dtype)
        mean = (features * weight).sum(dim=2) / weight.sum(dim=2).clamp(min=1)
        highest = features.masked_fill(~valid[:, None], torch.finfo(features.dtype).min).amax(dim=2)
        columns = valid.any(dim=1)  # (B, W)
        pooled = torch.cat((mean, torch.where(columns[:, None], highest, 0)), dim=1).transpose(1, 2)
        scores = self.output(self.norm(pooled)).view(batch, width, -1, self.outputs_per_column)
        places = scores.transpose(2, 3).flatten(1, 2)
        return F.log_softmax(places.float(), dim=-1), columns.sum(dim=1) * self.outputs_per_column

    def loss(self, log_probabilities: Tensor, lengths: Tensor, targets: Sequence[Tensor]) -> Tensor:
        """Negative log-likelihood of each target, (B,) in nats; 0 for one that is too long for its places.

        Args:
            log_probabilities: (B, T, V), as `forward` gives them.
            lengths: (B,) places that count.
            targets: B texts of ids, (N,) each, without <bos> and <eos>.
        """
        sizes = torch.tensor([len(target) for target in targets], device=lengths.device)
        return F.ctc_loss(
            log_probabilities.transpose(0, 1), torch.cat(tuple(targets)), lengths, sizes,
            blank=self.blank, reduction="none", zero_infinity=True,
        )  # fmt: skip

    def best_paths(self, log_probabilities: Tensor, lengths: Tensor) -> list[list[int]]:
        """Ids of the most probable path of each system: repetitions merged, blanks removed."""
        best = log_probabilities.argmax(dim=-1)
        paths = []
        for row, length in zip(best, lengths.tolist(), strict=True):
            path = torch.unique_consecutive(row[:length])
            paths.append(path[path != self.blank].tolist())
        return paths
