"""Intervals and tests over pages: paired bootstrap, Wilcoxon's signed-rank test, Holm's correction.

Knows numbers only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 2000
SEED = 0
LEVEL = 95.0
# Up to so many pairs the distribution of the ranks is enumerated.
MOST_EXACT_PAIRS = 25


def resample_weights(pages: int, resamples: int = RESAMPLES, seed: int = SEED) -> Floats:
    """Return how often each page is drawn in each resample, (resamples, pages); the same for all runs, so paired."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(pages, np.full(pages, 1.0 / pages), size=resamples).astype(np.float64)


def corpus_rate(edits: Floats, lengths: Floats) -> Floats:
    """Return rates in percent, sums of edits over sums of lengths along the last axis; 100 where there is no length."""
    return _rate(edits.sum(axis=-1), lengths.sum(axis=-1))


def resampled_rates(edits: Floats, lengths: Floats, weights: Floats) -> Floats:
    """Return the corpus rate of every resample, in percent.

    Args:
        edits: Edits of each page, (..., pages).
        lengths: Lengths of each page, of the same shape.
        weights: What `resample_weights` gave.

    Returns:
        Rates of the shape (..., resamples).
    """
    return _rate(edits @ weights.T, lengths @ weights.T)


def interval(values: Floats, level: float = LEVEL) -> tuple[float, float]:
    """Return the percentiles between which `level` percent of the values lie."""
    low, high = np.percentile(values, [50 - level / 2, 50 + level / 2])
    return float(low), float(high)


def wilcoxon(differences: Sequence[float] | Floats) -> float:
    """Return the two-sided p-value of Wilcoxon's signed-rank test of paired differences.

    Differences of zero are left out, as Wilcoxon does, and equal ones share their mean rank. Up to `MOST_EXACT_PAIRS`
    the distribution is exact, with ties too; above it is the normal one with the correction for ties.

    Returns:
        The p-value; 1 where no difference is left.
    """
    values = np.asarray(differences, dtype=np.float64)
    # Rates are quotients: what should be equal may differ in its last digits.
    values = np.round(values[np.abs(values) > 1e-9], 9)
    if len(values) == 0:
        return 1.0
    ranks = _mean_ranks(np.abs(values))
    positive = float(ranks[values > 0].sum())
    if len(values) <= MOST_EXACT_PAIRS:
        return _exact_p(ranks, positive)
    count = len(values)
    _, ties = np.unique(np.abs(values), return_counts=True)
    variance = count * (count + 1) * (2 * count + 1) / 24 - float((ties**3 - ties).sum()) / 48
    z = (positive - count * (count + 1) / 4) / math.sqrt(variance)
    return math.erfc(abs(z) / math.sqrt(2))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number by Holm's step-down method, in their order."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[index]))
        corrected[index] = largest
    return corrected


def _rate(edits: Floats, lengths: Floats) -> Floats:
    return np.divide(100.0 * edits, lengths, out=np.full(np.shape(edits), 100.0), where=lengths > 0)


def _mean_ranks(values: Floats) -> Floats:
    """Return the ranks from 1, equal values sharing the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


def _exact_p(ranks: Floats, positive: float) -> float:
    """Return the share of all ways to give the ranks signs that are at least as far from the middle, on both sides."""
    doubled = np.rint(2 * ranks).astype(int)  # mean ranks are halves at most
    ways = np.zeros(int(doubled.sum()) + 1)
    ways[0] = 1
    for rank in doubled:
        ways[rank:] += ways[:-rank].copy()
    observed = round(2 * positive)
    tail = min(ways[: observed + 1].sum(), ways[observed:].sum())
    return float(min(1.0, 2 * tail / ways.sum()))
