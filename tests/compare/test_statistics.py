from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest

from jazzmus.compare.statistics import (
    MOST_EXACT_PAIRS,
    corpus_rate,
    holm,
    interval,
    resample_weights,
    resampled_rates,
    wilcoxon,
)


def test_resamples_are_of_all_pages_and_the_same_each_time() -> None:
    weights = resample_weights(7)
    assert weights.shape == (2000, 7)
    assert (weights.sum(axis=1) == 7).all()
    assert (weights == resample_weights(7)).all()


def test_an_interval_agrees_with_the_closed_form() -> None:
    """Pages of equal length: a resampled rate is a mean, whose standard error is known."""
    edits = np.random.default_rng(1).integers(0, 40, 400).astype(float)
    lengths = np.full(400, 100.0)
    low, high = interval(resampled_rates(edits, lengths, resample_weights(400)))
    error = 1.959964 * float(edits.std()) / math.sqrt(400)
    assert low == pytest.approx(float(edits.mean()) - error, abs=0.15)
    assert high == pytest.approx(float(edits.mean()) + error, abs=0.15)


def test_corpus_rates_are_sums_over_sums_and_100_where_there_is_nothing() -> None:
    edits, lengths = np.array([[1.0, 9.0], [0.0, 3.0]]), np.array([[10.0, 90.0], [0.0, 0.0]])
    assert corpus_rate(edits, lengths).tolist() == [10.0, 100.0]
    drawn = resampled_rates(edits[0], np.array([10.0, 30.0]), np.array([[2.0, 0.0], [0.0, 2.0], [1.0, 1.0]]))
    assert drawn.tolist() == [10.0, 30.0, 25.0]


def brute_force(differences: list[float]) -> float:
    """Every way to give the ranks signs."""
    values = [value for value in differences if value]
    sizes = sorted(map(abs, values))
    ranks = [(sizes.index(abs(v)) + 1 + len(sizes) - sizes[::-1].index(abs(v))) / 2 for v in values]
    observed = sum(rank for rank, value in zip(ranks, values, strict=True) if value > 0)
    sums = [sum(r for r, up in zip(ranks, signs, strict=True) if up)
            for signs in itertools.product((0, 1), repeat=len(ranks))]  # fmt: skip
    tail = min(sum(s <= observed for s in sums), sum(s >= observed for s in sums))
    return min(1.0, 2 * tail / len(sums))


def test_the_exact_p_is_that_of_enumeration_with_ties_and_zeros() -> None:
    rng = random.Random(0)
    for count in (1, 2, 3, 6, 9, 11):
        for _ in range(5):
            differences = [float(rng.randint(-4, 6)) for _ in range(count)]
            assert wilcoxon(differences) == pytest.approx(brute_force(differences)), differences


@pytest.mark.parametrize(("count", "critical"), [(6, 0), (8, 3), (10, 8), (15, 25), (20, 52), (25, 89)])
def test_published_critical_values(count: int, critical: int) -> None:
    """Two-sided 5 % values of the smaller sum of ranks, as every table of the test has them."""

    def p_of(smaller_sum: int) -> float:
        signs = [1.0] * count
        for rank in range(count, 0, -1):  # ranks of the negative differences, which add up to the sum
            if rank <= smaller_sum:
                signs[rank - 1], smaller_sum = -1.0, smaller_sum - rank
        return wilcoxon([sign * rank for rank, sign in enumerate(signs, start=1)])

    assert p_of(critical) <= 0.05 < p_of(critical + 1)


def test_the_normal_approximation_continues_the_exact_distribution() -> None:
    rng = random.Random(3)
    for _ in range(5):
        differences = [rng.gauss(0.4, 1.0) for _ in range(MOST_EXACT_PAIRS)]
        more = [*differences, 1e-6]  # one pair more, of the lowest rank
        assert wilcoxon(more) == pytest.approx(wilcoxon(differences), abs=0.04)


def test_the_correction_for_ties() -> None:
    differences = [1.0] * 20 + [-1.0] * 10
    # All ranks are 15.5: 30 coins, the variance of whose heads is 30 / 4.
    z = (20 - 15) / math.sqrt(30 / 4)
    assert wilcoxon(differences) == pytest.approx(math.erfc(z / math.sqrt(2)))


def test_p_against_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    for count, method in ((12, "exact"), (25, "exact"), (40, "approx")):
        differences = rng.normal(0.2, 1, count)
        assert wilcoxon(differences) == pytest.approx(stats.wilcoxon(differences, method=method).pvalue)


def test_no_difference_and_differences_of_rounding() -> None:
    assert wilcoxon([]) == 1.0
    assert wilcoxon([0.0] * 30) == 1.0
    assert wilcoxon([0.1 + 0.2 - 0.3, 1e-15, -1e-15]) == 1.0


def test_holm_on_a_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
