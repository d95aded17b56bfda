"""A comparison as tables of text: what stands in them, and how they are written as plain text and as Markdown.

Knows what a comparison holds; computes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jazzmus.compare.comparison import Comparison, Score
from jazzmus.compare.statistics import LEVEL, RESAMPLES
from jazzmus.metrics.report import PUBLISHED_METRICS

NOTHING = "—"
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        title: Its heading.
        text: What a reader must know of it.
        columns: Heads; the first column names the rows.
        rows: Cells.
    """

    title: str
    text: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def tables_of(comparison: Comparison) -> list[Table]:
    """All tables of a comparison that have rows, in the order of a report."""
    tables = [
        *score_tables(comparison),
        pair_table(comparison),
        *system_tables(comparison),
        cause_table(comparison),
        *confusion_tables(comparison),
        worst_table(comparison),
        cost_table(comparison),
        difference_table(comparison),
    ]
    return [table for table in tables if table.rows]


def summary_table(comparison: Comparison) -> Table:
    """All scores in one table, as a terminal shows it."""
    known = list(next(iter(comparison.scores.values())))
    title = f"Scores over {_pages(len(comparison.page_ids))}, percent, with {LEVEL:g} % intervals"
    return Table(title, "", ["run", *known], _score_rows(comparison, known))


def score_tables(comparison: Comparison) -> list[Table]:
    """Published scores and our own, a run in each row, and runs over several seeds below."""
    known = next(iter(comparison.scores.values()))
    published = [rate for rate in known if rate in PUBLISHED_METRICS]
    own = [rate for rate in known if rate not in PUBLISHED_METRICS]
    text = (
        f"Percent over {_pages(len(comparison.page_ids))}; lower is better. In brackets: percentile bootstrap, "
        f"{LEVEL:g} % confidence interval over pages, {RESAMPLES:,} resamples, the same ones for all runs; with as few "
        "as 16 pages such an interval is known to be too narrow."
    )
    higher = " `exact_*` is what is right: higher is better there." if any("exact" in rate for rate in own) else ""
    return [
        Table("Published scores", text, ["run", *published], _score_rows(comparison, published)),
        Table("Our own scores", text + higher, ["run", *own], _score_rows(comparison, own)),
    ]


def _score_rows(comparison: Comparison, rates: Sequence[str]) -> list[list[str]]:
    if not rates:
        return []
    rows = [[name, *(_score(scores[rate]) for rate in rates)] for name, scores in comparison.scores.items()]
    return rows + [
        [f"{group.name}: mean ± sd", *(f"{group.scores[rate][0]:.2f} ± {group.scores[rate][1]:.2f}" for rate in rates)]
        for group in comparison.groups
    ]


def pair_table(comparison: Comparison) -> Table:
    """Each pair of arms, runs or seed groups, in each tested rate."""
    text = (
        "Second minus first, in percentage points: of the whole with its interval, and the median of the pages. "
        "Runs that differ in the seed alone are one, with the mean of their rates on each page. p: Wilcoxon's "
        "signed-rank test over pages, two-sided: where there is one seed, it says nothing of the noise between seeds. "
        "Holm's correction is for the pairs of one rate at a time. "
        f"Bold: below {SIGNIFICANT}."
    )
    columns = ["rate", "first", "second", "difference", "median", "better / worse / all pages", "p", "p (Holm)"]
    rows = [
        [
            test.rate, test.first, test.second, _score(test.difference, sign="+"), f"{test.median:+.2f}",
            f"{test.better} / {test.worse} / {test.pages}", _p(test.p),
            f"**{_p(test.p_holm)}**" if test.p_holm < SIGNIFICANT else _p(test.p_holm),
        ]
        for test in comparison.tests
    ]  # fmt: skip
    return Table("Differences", text, columns, rows)


def source_line(comparison: Comparison) -> str:
    """What the pages are, as the line below a heading; empty where a note says it run by run."""
    return comparison.source and f"{_pages(len(comparison.page_ids)).capitalize()}: {comparison.source}."


def system_tables(comparison: Comparison) -> list[Table]:
    """Error against the number of systems of a page, a table for each rate."""
    columns = ["systems", "pages", *comparison.scored]
    return [
        Table(f"{rate} by number of systems", "Percent.", columns, [
            [label, str(pages), *(f"{value:.2f}" for value in values)] for label, pages, values in rows
        ])
        for rate, rows in comparison.by_systems.items()
    ]  # fmt: skip


def cause_table(comparison: Comparison) -> Table:
    """What goes wrong, by cause."""
    text = (
        "Notes, rests, chords, signatures and barlines of a reading beside those that stand there, aligned by as few "
        "edits as possible; what is wrong in two ways counts twice."
    )
    rows = [[cause, *map(str, counts)] for cause, counts in comparison.causes]
    return Table("Errors by cause", text, ["cause", *comparison.scored], rows)


def confusion_tables(comparison: Comparison) -> list[Table]:
    """What was read for what, a table for each kind."""
    text = "What stands there -> what was read, how often; the most frequent ones over all runs."
    alone = "Without partner in the other text, how often."
    return [
        Table(
            f"Confusions: {kind.replace('_', ' ')}",
            text if any("->" in name for name, _ in rows) else alone,
            [kind.replace("_", " "), *comparison.scored],
            [[name, *map(str, counts)] for name, counts in rows],
        )
        for kind, rows in comparison.confusions.items()
    ]


def worst_table(comparison: Comparison) -> Table:
    """The pages that were read worst."""
    rows = [
        [page_id, NOTHING if systems is None else str(systems), *(f"{value:.2f}" for value in values)]
        for page_id, systems, values in comparison.worst
    ]
    return Table("Worst pages", "SER of the page, highest mean first.", ["page", "systems", *comparison.scored], rows)


def cost_table(comparison: Comparison) -> Table:
    """What the runs cost, a run in each row."""
    columns = ["run", "steps", "epochs", "pages", "training", "validation", "memory", "on accelerator", "parameters",
               "trained", "precision", "machine", "commit"]  # fmt: skip
    rows = [[run.name, *_cost_cells(run.cost)] for run in comparison.runs if run.cost]
    text = (
        "`pages`: pages and single systems shown, each time anew; memory is the peak of the "
        "main process, without loader workers."
    )
    return Table("Cost", text, columns, rows)


def difference_table(comparison: Comparison) -> Table:
    """Bindings that differ between the runs."""
    rows = [
        [name, *(NOTHING if value is None else value for value in values)] for name, values in comparison.differences
    ]
    return Table(
        "Config differences", "Bindings that differ, macros resolved.", ["binding", *comparison.configured], rows
    )


def _cost_cells(cost: Mapping[str, Any]) -> list[str]:
    first, last = cost.get("trainable_parameters_at_first"), cost.get("trainable_parameters")
    trained = _million(last) if first in (None, last) else f"{_million(first)}, later {_million(last)}"
    return [
        _whole(cost.get("steps")), _whole(cost.get("epochs")), _whole(cost.get("pages")),
        _duration(cost.get("training_seconds")), _duration(cost.get("validation_seconds")),
        _memory(cost.get("peak_memory_mib")), _memory(cost.get("peak_accelerator_memory_mib")),
        _million(cost.get("parameters")), trained, str(cost.get("precision") or NOTHING),
        str(cost.get("machine") or NOTHING), _commit(cost.get("commit")),
    ]  # fmt: skip


def _score(score: Score, sign: str = "") -> str:
    return f"{score.value:{sign}.2f} [{score.low:{sign}.2f}, {score.high:{sign}.2f}]"


def _p(value: float) -> str:
    return f"{value:.1e}" if value < 0.0001 else f"{value:.4f}"


def _pages(count: int) -> str:
    return "one page" if count == 1 else f"{count} pages"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _whole(value: Any) -> str:
    return f"{value:,}" if _is_number(value) else NOTHING


def _duration(value: Any) -> str:
    if not _is_number(value):
        return NOTHING
    if value < 60:
        return f"{value:.0f} s"
    return f"{value / 3600:.2f} h" if value >= 3600 else f"{value / 60:.1f} min"


def _memory(value: Any) -> str:
    return f"{value / 1024:.2f} GiB" if _is_number(value) else NOTHING


def _million(value: Any) -> str:
    return f"{value / 1e6:.2f} M" if _is_number(value) else NOTHING


def _commit(value: Any) -> str:
    if not isinstance(value, str):
        return NOTHING
    commit, _, changes = value.partition("+")
    return commit[:9] + ("+" + changes if changes else "")


def text_table(table: Table) -> str:
    """A table as aligned plain text; turned around where that makes it narrower."""
    rows = [list(table.columns), *map(list, table.rows)]
    turned = [list(column) for column in zip(*rows, strict=True)]
    rows = min(rows, turned, key=lambda cells: sum(_widths(cells)))
    widths = _widths(rows)
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([table.title, *lines])


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def markdown_table(table: Table, level: int = 2) -> str:
    """A table as a section of Markdown."""
    rows = [table.columns, ["---"] * len(table.columns), *table.rows]
    lines = [f"| {' | '.join(map(_escaped, row))} |" for row in rows]
    return "\n".join([f"{'#' * level} {table.title}", "", table.text, "", *lines])


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")
