"""What the pages that several runs read show: by number of systems, by confusion, and the worst of them.

Knows counts of pages; knows no tests and no tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jazzmus.compare.run_files import RunFiles
from jazzmus.compare.statistics import Floats, corpus_rate
from jazzmus.metrics.confusions import CONFUSION_NAMES, Confusions, add_confusions
from jazzmus.metrics.error_causes import by_cause
from jazzmus.metrics.report import METRICS

BY_SYSTEMS = ("ser", "ser_chord")
WORST_BY = "ser"
_MOST_FREQUENT = 15
_WORST_PAGES = 10
_SYSTEM_BINS = ((1, 3), (4, 6), (7, 9), (10, None))
_FEW_SYSTEM_COUNTS = 4


class PageCounts(NamedTuple):
    """Edits and lengths, (runs, rates, pages), of the pages that all runs have, in the rates that all of them have."""

    rates: Sequence[str]
    edits: Floats
    lengths: Floats

    def of(self, rate: str) -> tuple[Floats, Floats]:
        """Edits and lengths of one rate, (runs, pages)."""
        index = self.rates.index(rate)
        return self.edits[:, index], self.lengths[:, index]

    def page_rates(self, rate: str) -> tuple[Floats, NDArray[np.bool_]]:
        """Rates of pages, (runs, pages), and which pages have anything to score in it."""
        edits, lengths = self.of(rate)
        has_any: NDArray[np.bool_] = np.all(lengths > 0, axis=0)
        return 100.0 * edits / np.maximum(lengths, 1), has_any

    def known(self, rates: Sequence[str]) -> list[str]:
        """Those of the rates that are there."""
        return [rate for rate in rates if rate in self.rates]


def page_counts(scored: Sequence[RunFiles], page_ids: Sequence[str]) -> PageCounts:
    """Return the counts of the given pages, which all runs have."""
    pages = [[run.pages[page_id] for page_id in page_ids] for run in scored]
    rates = [name for name in METRICS if all(name in page.counts for row in pages for page in row)]
    table = [[[page.counts[rate] for page in row] for rate in rates] for row in pages]
    array = np.asarray(table, dtype=np.float64).reshape(len(scored), len(rates), len(page_ids), 2)
    return PageCounts(rates, array[..., 0], array[..., 1])


def page_systems(scored: Sequence[RunFiles], page_ids: Sequence[str]) -> list[int | None]:
    """Return the systems of each page, by the first run that knows them."""
    found = ([run.pages[page_id].systems for run in scored] for page_id in page_ids)
    return [next((systems for systems in known if systems is not None), None) for known in found]


def by_systems(systems: Sequence[int | None], edits: Floats, lengths: Floats) -> list[tuple[str, int, list[float]]]:
    """Return rows of a number of systems, its pages, and the rate of each run on them; see `Comparison`."""
    known = sorted({count for count in systems if count is not None})
    few = len(known) <= _FEW_SYSTEM_COUNTS
    bins: list[tuple[int, int | None]] = [(count, count) for count in known] if few else list(_SYSTEM_BINS)
    rows = []
    for low, high in bins:
        chosen = [
            place
            for place, count in enumerate(systems)
            if count is not None and low <= count and (high is None or count <= high)
        ]
        if chosen:
            label = f"{low}+" if high is None else str(low) if low == high else f"{low}-{high}"
            rates = corpus_rate(edits[:, chosen], lengths[:, chosen]).tolist()
            rows.append((label, len(chosen), rates))
    return rows


def frequent_confusions(scored: Sequence[RunFiles], page_ids: Sequence[str]) -> dict[str, list[tuple[str, list[int]]]]:
    """Return the most frequent ones over all runs, kind by kind, with how often each run has them."""
    sums = [_run_confusions(run, page_ids) for run in scored]
    most = add_confusions(sums)
    return {
        kind: [
            (name, [of_run.get(kind, {}).get(name, 0) for of_run in sums]) for name in list(most[kind])[:_MOST_FREQUENT]
        ]
        for kind in CONFUSION_NAMES
        if kind in most
    }


def error_causes(scored: Sequence[RunFiles], page_ids: Sequence[str]) -> list[tuple[str, list[int]]]:
    """Return the causes of errors, the most frequent over all runs first, with how often each run has them."""
    sums = [_run_confusions(run, page_ids) for run in scored]
    of_runs = [by_cause(confusions) for confusions in sums]
    return [(cause, [causes.get(cause, 0) for causes in of_runs]) for cause in by_cause(add_confusions(sums))]


def _run_confusions(run: RunFiles, page_ids: Sequence[str]) -> Confusions:
    """Confusions of the common pages; of all its pages where a run has their sums only."""
    pages = [run.pages[page_id].confusions for page_id in page_ids]
    known = [page for page in pages if page is not None]
    return add_confusions(known) if known else run.confusions or {}


def worst_pages(
    page_ids: Sequence[str], systems: Sequence[int | None], counts: PageCounts
) -> list[tuple[str, int | None, list[float]]]:
    """Return the pages of the highest mean rate over the runs, with their systems and the rate of each run."""
    rates, _ = counts.page_rates(WORST_BY)
    order = sorted(range(len(page_ids)), key=lambda place: (-float(rates[:, place].mean()), page_ids[place]))
    return [(page_ids[k], systems[k], rates[:, k].tolist()) for k in order[:_WORST_PAGES]]
