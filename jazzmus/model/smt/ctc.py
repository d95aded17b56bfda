"""Connectionist temporal classification (CTC) over the columns of the encoder's features, for each system of a page.

It teaches the encoder to tell what stands where without a decoder, and reads a system in one pass. Knows ids only;
that a system is read from left to right is its one assumption about music.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from jazzmus.model.smt.configuration_smt import SMTConfig

_IMPOSSIBLE = -1e4  # log-probability; finite, so that sums of it can be taken apart again


class FeatureRows(NamedTuple):
    """Where a system stands in the features of a batch: rows `first` to `last - 1` of one of its pages."""

    page: int
    first: int
    last: int


def features_of_systems(
    features: Tensor, valid: Tensor | None, systems: Sequence[FeatureRows]
) -> tuple[Tensor, Tensor]:
    """Cut systems out of the features of pages, as input of the head.

    Args:
        features: (B, C, H, W) features of pages.
        valid: (B, H, W) boolean, True on features of the page; None when nothing is padded.
        systems: N systems.

    Returns:
        (N, C, h, W) features, where h is the height of the highest, and the (N, h, W) boolean of those that count.
    """
    pages, channels, height, width = features.shape
    places = torch.tensor(systems, dtype=torch.long, device=features.device)
    page, first, last = places.unbind(dim=1)
    below = torch.arange(max(system.last - system.first for system in systems), device=features.device)
    rows = first[:, None] + below
    inside = rows < last[:, None]
    rows = (page[:, None] * height + rows.clamp(max=height - 1)).flatten()
    # Whole rows by one index: its gradient is a plain sum of rows.
    by_row = features.transpose(1, 2).reshape(pages * height, channels, width)
    chosen = by_row.index_select(0, rows).view(len(systems), -1, channels, width).transpose(1, 2)
    counted = inside[:, :, None].expand(-1, -1, width)
    if valid is not None:
        counted = counted & valid.reshape(pages * height, width)[rows].view(len(systems), -1, width)
    return chosen, counted


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


class CtcPrefixScorer:
    """How probable it is by CTC that a system's text begins with some ids, for joint decoding.

    After Watanabe et al., "Hybrid CTC/attention architecture for end-to-end speech recognition" (2017), algorithm 2.
    Its recursion over places, x[t] * (sum so far + new[t]), is a cumulative sum of new[t] over the product of x before
    t; taken in logarithms, all places are computed at once.

    What is known of a prefix are the log-probabilities that the first t places write it and end with a token, or with
    the blank: (..., 2, T + 1) in float64.

    Args:
        log_probabilities: (B, T, V), as the head gives them.
        lengths: (B,) places that count.
        blank: Id of the blank.
        eos: Id that ends a text; CTC has no place for it, and it stands for the end of the places.
    """

    def __init__(self, log_probabilities: Tensor, lengths: Tensor, blank: int, eos: int) -> None:
        places = torch.arange(log_probabilities.shape[1], device=lengths.device)
        beyond = (places[None, :] >= lengths[:, None])[..., None]
        only_blank = torch.full_like(log_probabilities[:1, :1], _IMPOSSIBLE, dtype=torch.float64)
        only_blank[..., blank] = 0.0
        self.log_probabilities = torch.where(beyond, only_blank, log_probabilities.double()).transpose(1, 2)
        self.blank, self.eos = blank, eos

    def keep_pages(self, pages: Tensor) -> None:
        """Go on with some pages only, given by their (N,) places."""
        self.log_probabilities = self.log_probabilities[pages]

    def start(self, beams: int) -> Tensor:
        """What is known of the empty prefix, (B, beams, 2, T + 1)."""
        blanks = F.pad(self.log_probabilities[:, self.blank].cumsum(-1), (1, 0))
        known = torch.stack((torch.full_like(blanks, float("-inf")), blanks), dim=1)
        return known[:, None].expand(-1, beams, -1, -1)

    def score(self, known: Tensor, last: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor]:
        """Judge prefixes by one more id.

        Args:
            known: (B, beams, 2, T + 1) of the prefixes.
            last: (B, beams) last ids of the prefixes.
            candidates: (B, beams, N) next ids.

        Returns:
            (B, beams, N) log-probabilities of texts that begin so, or are the prefix where the next id ends it; and
            (B, beams, N, 2, T + 1) what is known of the longer prefixes.
        """
        pages = torch.arange(len(candidates), device=candidates.device)[:, None, None]
        here = self.log_probabilities[pages, candidates]  # (B, beams, N, T)
        blank = self.log_probabilities[:, None, None, self.blank]
        with_token, with_blank = known[:, :, None, 0], known[:, :, None, 1]
        # After the same token, only a blank lets another one begin.
        again = (candidates == last[..., None])[..., None]
        begins = torch.logaddexp(with_token.masked_fill(again, float("-inf")), with_blank)[..., :-1]
        scores = (begins + here).logsumexp(-1)
        scores = torch.where(candidates == self.eos, torch.logaddexp(with_token, with_blank)[..., -1], scores)
        scores = scores.masked_fill(candidates == self.blank, float("-inf"))
        new_token = _run(begins, here)
        new_blank = _run(new_token[..., :-1], blank.expand_as(here))
        return scores, torch.stack((new_token, new_blank), dim=-2)


def _run(new: Tensor, log_probabilities: Tensor) -> Tensor:
    """Running sums: log y[t + 1] = log_probabilities[t] + log(y[t] + exp new[t]) for (..., T) inputs, y[0] = 0."""
    product = log_probabilities.cumsum(-1)
    sums = torch.logcumsumexp(new - (product - log_probabilities), dim=-1)
    return F.pad(product + sums, (1, 0), value=float("-inf"))
