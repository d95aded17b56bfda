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
    error_causes,
    frequent_confusions,
    page_counts,
    page_systems,
    worst_pages,
)
from jazzmus.compare.run_files import RunFiles
from jazzmus.compare.statistics import Floats, corpus_rate, holm, interval, resample_weights, resampled_rates, wilcoxon
from jazzmus.config_text import config_differences, path_free, seed_groups
from jazzmus.errors import DataError, in_brief
from jazzmus.run_folder import RESULTS_FILE

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
    """One arm against another in one rate; an arm is a run, or a seed group with the means of its runs' page rates.

    Attributes:
        rate: Name of the rate.
        first: The arm that is held against, by name.
        second: The other arm.
        difference: Rate of the second minus that of the first, with its interval over paired resamples.
        median: Median of the differences of the pages.
        better: Pages on which the second arm is better, by whatever margin.
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
        source: What the pages are, when the files of all runs say the same; else empty, and a note has it.
        page_ids: The pages that every run with results has, sorted.
        left_out: Pages that not all of them have.
        scores: Run -> rate -> score.
        groups: Runs over several seeds.
        tests: One pair of arms in one rate each.
        by_systems: Rate -> rows of the label of a number of systems, its pages, and the rate of each scored run.
        causes: What goes wrong, the most frequent first, and how often in each scored run.
        confusions: Kind -> rows of what was read for what, and how often by each scored run.
        worst: Rows of a page, its systems, and its SER in each scored run.
        differences: Bindings that differ, with the value of each run that has a config.
        notes: What a reader must know, one line each.
    """

    runs: Sequence[RunFiles]
    source: str
    page_ids: Sequence[str]
    left_out: int
    scores: Mapping[str, Mapping[str, Score]]
    groups: Sequence[SeedGroup]
    tests: Sequence[PairTest]
    by_systems: Mapping[str, Sequence[tuple[str, int, list[float]]]]
    causes: Sequence[tuple[str, list[int]]]
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
        baseline: Name of the run that all others are tested against, with the seed group it is in; None: all pairs of
            up to six arms, else the first.

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
    groups, repeated = _groups(scored, scores)
    sources = _sources(scored)
    systems = page_systems(scored, page_ids)
    return Comparison(
        runs=runs,
        source=next(iter(sources)) if len(sources) == 1 else "",
        page_ids=page_ids,
        left_out=left_out,
        scores=scores,
        groups=groups,
        tests=_tests(_arms(names, groups), names, counts, weights, baseline),
        by_systems={rate: by_systems(systems, *counts.of(rate)) for rate in counts.known(BY_SYSTEMS)},
        causes=error_causes(scored, page_ids),
        confusions=frequent_confusions(scored, page_ids),
        worst=worst_pages(page_ids, systems, counts) if WORST_BY in counts.rates else [],
        differences=config_differences([run.bindings for run in runs if run.bindings]),
        notes=[
            *_notes(runs, scored, page_ids, left_out, counts),
            *_source_notes(sources),
            *(f"{name} repeats a seed, so it is beside its seed group, not in it" for name in repeated),
        ],
    )


def _scores(names: Sequence[str], counts: PageCounts, weights: Floats) -> dict[str, dict[str, Score]]:
    values = corpus_rate(counts.edits, counts.lengths)
    resampled = resampled_rates(counts.edits, counts.lengths, weights)
    return {
        name: {rate: Score(float(values[i, j]), *interval(resampled[i, j])) for j, rate in enumerate(counts.rates)}
        for i, name in enumerate(names)
    }


def _groups(scored: Sequence[RunFiles], scores: Mapping[str, Mapping[str, Score]]) -> tuple[list[SeedGroup], list[str]]:
    """The seed groups, and the runs that are in none as they repeat a seed."""
    found, repeated = seed_groups([run.bindings and {**run.bindings, "results": run.results} for run in scored])
    members = [tuple(scored[index].name for index in group) for group in found]
    common = [_common_beginning(names).rstrip("-_. /") for names in members]
    groups = []
    for names, name in zip(members, common, strict=True):
        told_apart = name if name and common.count(name) == 1 else names[0]
        values = {rate: [scores[run][rate].value for run in names] for rate in scores[names[0]]}
        spread = {rate: (float(np.mean(of)), float(np.std(of, ddof=1))) for rate, of in values.items()}
        groups.append(SeedGroup(f"{told_apart} ({len(names)} seeds)", names, spread))
    return groups, [scored[index].name for index in repeated]


def _common_beginning(names: Sequence[str]) -> str:
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return "".join(letters[0] for letters in same)


def _arms(names: Sequence[str], groups: Sequence[SeedGroup]) -> dict[str, list[int]]:
    """What is tested, in the order of the runs: by name the places of its runs, several of a seed group."""
    group_of = {member: group for group in groups for member in group.members}
    arms: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        arms.setdefault(group_of[name].name if name in group_of else name, []).append(place)
    return arms


def _tests(
    arms: Mapping[str, Sequence[int]], runs: Sequence[str], counts: PageCounts, weights: Floats, baseline: str | None
) -> list[PairTest]:
    names = list(arms)
    # Seeds read the same pages, so that means of edits over means of lengths are means of rates.
    edits, lengths = (
        np.stack([of_runs[list(places)].mean(axis=0) for places in arms.values()])
        for of_runs in (counts.edits, counts.lengths)
    )
    counts = PageCounts(counts.rates, edits, lengths)
    if baseline is None and len(names) <= _MOST_FOR_ALL_PAIRS:
        pairs = list(combinations(range(len(names)), 2))
    else:
        place = runs.index(baseline) if baseline is not None else 0
        first = next(index for index, places in enumerate(arms.values()) if place in places)
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


def _sources(scored: Sequence[RunFiles]) -> dict[str, list[str]]:
    """What the pages of the runs are as their files tell it, each with the names of its runs."""
    sources: dict[str, list[str]] = {}
    for run in scored:
        sources.setdefault(_source(run), []).append(run.name)
    return sources


def _source(run: RunFiles) -> str:
    if run.results != RESULTS_FILE or not run.bindings:
        return f"results file `{run.results}`"
    split = run.bindings.get("FullPageDataModule.validation_split", "'val'").strip("'\"")
    data = path_free(run.bindings.get("FullPageDataModule.data_path", "data that is not recorded")).strip("'\"")
    return f"split `{split}` of `{data}`; the weights were chosen by these pages"


def _source_notes(sources: Mapping[str, Sequence[str]]) -> list[str]:
    if len(sources) == 1:
        return []
    told = " / ".join(f"{', '.join(names)}: {source}" for source, names in sources.items())
    return [f"the runs do not say the same of their pages, which are compared by name: {told}"]


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
