"""Runs held against each other on the pages that all of them read: scores, tests, systems, confusions, worst pages.

Knows what runs left, as values; knows no tables and no files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, takewhile
from typing import NamedTuple

import numpy as np

from jazzmus.compare.page_findings import (
    BY_SYSTEMS,
    WORST_BY,
    PageCounts,
    by_systems,
    frequent_confusions,
    page_counts,
    page_systems,
    worst_pages,
)
from jazzmus.compare.run_files import RunFiles
from jazzmus.compare.statistics import Floats, corpus_rate, holm, interval, resample_weights, resampled_rates, wilcoxon
from jazzmus.config_text import config_differences, seed_groups
from jazzmus.errors import DataError, in_brief

# The rates that are tested; tests of more would ask the same pages the same question once more.
TESTED = ("ser", "ser_melody", "ser_chord", "ser_root", "ser_content")
# Above, each pair of runs would be a page of tests: all are held against one.
_MOST_FOR_ALL_PAIRS = 6


class Score(NamedTuple):
    """A rate over all pages in percent, and the interval in which it lies for 95 % of the resamples of the pages."""

    value: float
    low: float
    high: float


class PairTest(NamedTuple):
    """One run against another in one rate.

    Attributes:
        rate: Name of the rate.
        first: The run that is held against, by name.
        second: The other run.
        difference: Rate of the second minus that of the first, with its interval over paired resamples.
        median: Median of the differences of the pages.
        better: Pages on which the second run is better, by whatever margin.
        worse: Pages on which it is worse.
        pages: All pages, those whose reference has nothing to score left out.
        p: Of Wilcoxon's signed-rank test.
        p_holm: Corrected for the number of pairs in this rate.
    """

    rate: str
    first: str
    second: str
    difference: Score
    median: float
    better: int
    worse: int
    pages: int
    p: float
    p_holm: float


class SeedGroup(NamedTuple):
    """Runs that differ in the seed alone: their names, and mean and standard deviation of each score over them."""

    name: str
    members: tuple[str, ...]
    scores: Mapping[str, tuple[float, float]]


class Comparison(NamedTuple):
    """All that `compare_runs` finds; mappings by run have the order of the runs.

    Attributes:
        runs: All runs.
        page_ids: The pages that every run with results has, sorted.
        left_out: Pages that not all of them have.
        scores: Run -> rate -> score.
        groups: Runs over several seeds.
        tests: One pair of runs in one rate each.
        by_systems: Rate -> rows of the label of a number of systems, its pages, and the rate of each scored run.
        confusions: Kind -> rows of what was read for what, and how often by each scored run.
        worst: Rows of a page, its systems, and its SER in each scored run.
        differences: Bindings that differ, with the value of each run that has a config.
        notes: What a reader must know, one line each.
    """

    runs: Sequence[RunFiles]
    page_ids: Sequence[str]
    left_out: int
    scores: Mapping[str, Mapping[str, Score]]
    groups: Sequence[SeedGroup]
    tests: Sequence[PairTest]
    by_systems: Mapping[str, Sequence[tuple[str, int, list[float]]]]
    confusions: Mapping[str, Sequence[tuple[str, list[int]]]]
    worst: Sequence[tuple[str, int | None, list[float]]]
    differences: Sequence[tuple[str, list[str | None]]]
    notes: Sequence[str]

    @property
    def scored(self) -> list[str]:
        """Names of the runs that have results."""
        return list(self.scores)

    @property
    def configured(self) -> list[str]:
        """Names of the runs that have a config."""
        return [run.name for run in self.runs if run.bindings]


def compare_runs(runs: Sequence[RunFiles], baseline: str | None = None) -> Comparison:
    """Hold runs against each other.

    Args:
        runs: At least one.
        baseline: Name of the run that all others are tested against; None: all pairs of up to six runs, else the first.

    Raises:
        DataError: If there are no results, no pages in common, or the baseline is not among the runs with results.
    """
    scored = [run for run in runs if run.pages]
    names = [run.name for run in scored]
    if not scored:
        raise DataError(f"{runs[0].path}: has no results, nor has any other run; run `python -m jazzmus.evaluate`")
    if baseline is not None and baseline not in names:
        raise DataError(f"--baseline {baseline}: is not among the runs with results ({in_brief(names)})")
    page_ids = sorted(set.intersection(*(set(run.pages) for run in scored)))
    if not page_ids:
        raise DataError(f"{in_brief(names)}: no page is common to all; evaluate them on the same split")
    left_out = len(set().union(*(run.pages for run in scored))) - len(page_ids)
    counts = page_counts(scored, page_ids)
    weights = resample_weights(len(page_ids))
    scores = _scores(names, counts, weights)
    systems = page_systems(scored, page_ids)
    return Comparison(
        runs=runs,
        page_ids=page_ids,
        left_out=left_out,
        scores=scores,
        groups=_groups(scored, scores),
        tests=_tests(names, counts, weights, baseline),
        by_systems={rate: by_systems(systems, *counts.of(rate)) for rate in counts.known(BY_SYSTEMS)},
        confusions=frequent_confusions(scored, page_ids),
        worst=worst_pages(page_ids, systems, counts) if WORST_BY in counts.rates else [],
        differences=config_differences([run.bindings for run in runs if run.bindings]),
        notes=_notes(runs, scored, page_ids, left_out, counts),
    )


def _scores(names: Sequence[str], counts: PageCounts, weights: Floats) -> dict[str, dict[str, Score]]:
    values = corpus_rate(counts.edits, counts.lengths)
    resampled = resampled_rates(counts.edits, counts.lengths, weights)
    return {
        name: {rate: Score(float(values[i, j]), *interval(resampled[i, j])) for j, rate in enumerate(counts.rates)}
        for i, name in enumerate(names)
    }


def _groups(scored: Sequence[RunFiles], scores: Mapping[str, Mapping[str, Score]]) -> list[SeedGroup]:
    groups = []
    for members in seed_groups([run.bindings for run in scored]):
        names = tuple(scored[index].name for index in members)
        values = {rate: [scores[name][rate].value for name in names] for rate in scores[names[0]]}
        common = _common_beginning(names).rstrip("-_. /") or names[0]
        spread = {rate: (float(np.mean(of)), float(np.std(of, ddof=1))) for rate, of in values.items()}
        groups.append(SeedGroup(f"{common}: mean ± sd over {len(names)} seeds", names, spread))
    return groups


def _common_beginning(names: Sequence[str]) -> str:
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return "".join(letters[0] for letters in same)


def _tests(names: Sequence[str], counts: PageCounts, weights: Floats, baseline: str | None) -> list[PairTest]:
    if baseline is None and len(names) <= _MOST_FOR_ALL_PAIRS:
        pairs = list(combinations(range(len(names)), 2))
    else:
        first = names.index(baseline) if baseline is not None else 0
        pairs = [(first, index) for index in range(len(names)) if index != first]
    tests: list[PairTest] = []
    for rate in counts.known(TESTED):
        found = [_test(rate, names, counts, weights, pair) for pair in pairs]
        corrected = holm([test.p for test in found])
        tests += [test._replace(p_holm=p) for test, p in zip(found, corrected, strict=True)]
    return tests


def _test(rate: str, names: Sequence[str], counts: PageCounts, weights: Floats, pair: tuple[int, int]) -> PairTest:
    one, other = pair
    edits, lengths = counts.of(rate)
    value = corpus_rate(edits, lengths)
    resampled = resampled_rates(edits, lengths, weights)
    rates, has_any = counts.page_rates(rate)
    differences = (rates[other] - rates[one])[has_any]
    p = wilcoxon(differences)
    return PairTest(
        rate=rate,
        first=names[one],
        second=names[other],
        difference=Score(float(value[other] - value[one]), *interval(resampled[other] - resampled[one])),
        median=float(np.median(differences)) if len(differences) else 0.0,
        better=int((differences < 0).sum()),
        worse=int((differences > 0).sum()),
        pages=len(differences),
        p=p,
        p_holm=p,
    )


def _notes(
    runs: Sequence[RunFiles], scored: Sequence[RunFiles], page_ids: Sequence[str], left_out: int, counts: PageCounts
) -> list[str]:
    notes = [f"{run.name} lacks {run.lacking}" for run in runs if run.lacking]
    if left_out:
        notes.append(f"compared on the {len(page_ids)} pages that all runs have; {left_out} pages are left out")
        summed = [run.name for run in scored if run.confusions and run.pages[page_ids[0]].confusions is None]
        if summed:
            notes.append(f"confusions of {in_brief(summed)} are of all their pages")
    if len(page_ids) == 1:
        notes.append("there is one page only, so that intervals say nothing")
    other = (counts.lengths != counts.lengths[:1]).any(axis=(0, 1))
    if other.any():
        names = [page_id for page_id, differs in zip(page_ids, other, strict=True) if differs]
        notes.append(f"the references of {len(names)} pages differ between runs: {in_brief(names)}")
    return notes
