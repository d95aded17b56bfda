"""Comparisons as Markdown: all tables, or `docs/results.md`, made from records of runs alone. Computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jazzmus.compare.comparison import Comparison, Score, compare_runs
from jazzmus.compare.run_files import RunFiles
from jazzmus.compare.tables import (
    NOTHING,
    Table,
    cause_table,
    cost_table,
    difference_table,
    markdown_table,
    pair_table,
    score_tables,
    source_line,
    system_tables,
    tables_of,
)

_HEAD = "# Results\n\nWritten by `make results` from the records in `{place}`; nothing is typed."
# By `experiment.name`: the tests of the project's guide, with the CER and SER it expects of them in percent.
_EXPECTED = {
    "full_page_baseline": ("system-level weights on full pages", "50-80", "80-100"),
    "full_page_no_pretrained": ("from random weights", "30-50", "60-80"),
    "full_page_pretrained": ("from system-level weights", "15-30", "40-60"),
    "frozen_encoder": ("from system-level weights, encoder frozen", "15-30", "40-60"),
}
_RECORD = "`python -m jazzmus.compare --record weights/NAME`"


def results_page(runs: Sequence[RunFiles], baseline: str | None, place: str) -> str:
    """The page of some records.

    Args:
        runs: The records, in order of their names; none gives a page that says so.
        baseline: The run that all others are tested against, the first when None.
        place: The folder of the records.

    Raises:
        DataError: If the records cannot be compared.
    """
    head = _HEAD.format(place=place)
    if not runs:
        return f"{head}\n\nThere is no record of any run yet: {_RECORD} makes one.\n"
    baseline = baseline or next((run.name for run in runs if run.pages), None)
    comparison = compare_runs(runs, baseline)
    first = next((test.first for test in comparison.tests), baseline)
    tables = [
        *score_tables(comparison),
        expectation_table(comparison),
        replace(pair_table(comparison), title=f"Differences from {first}"),
        *system_tables(comparison),
        cause_table(comparison),
        cost_table(comparison),
        difference_table(comparison),
    ]
    parts = [head, f"{_RECORD} adds a run.", source_line(comparison), _notes(comparison)]
    parts += [markdown_table(table) for table in tables if table.rows]
    return "\n\n".join(part for part in [*parts, _commands(runs)] if part) + "\n"


def expectation_table(comparison: Comparison) -> Table:
    """What the guide expects of its tests beside what the runs of their names found."""
    rows = []
    for experiment, (test, cer, ser) in _EXPECTED.items():
        runs = [run for run in comparison.runs if run.bindings.get("experiment.name", "").strip("'\"") == experiment]
        found = [(run.name, comparison.scores[run.name]) for run in runs if run.name in comparison.scores]
        for name, scores in found or [(NOTHING, {})]:
            rows.append([test, cer, ser, name, _found(scores.get("cer")), _found(scores.get("ser"))])
    text = (
        "Percent. The guide expects its figures of many hours on a GPU; what a run had here is in the table of costs."
    )
    columns = ["test", "expected CER", "expected SER", "run", "found CER", "found SER"]
    return Table("Expected by the guide and found", text, columns, rows)


def _found(score: Score | None) -> str:
    return NOTHING if score is None else f"{score.value:.2f}"


def markdown_report(comparison: Comparison) -> str:
    """All tables of a comparison as one page."""
    tables = [markdown_table(table) for table in tables_of(comparison)]
    return (
        "\n\n".join(part for part in ["# Runs compared", source_line(comparison), _notes(comparison), *tables] if part)
        + "\n"
    )


def _notes(comparison: Comparison) -> str:
    return "\n".join(f"- {note}" for note in comparison.notes)


def _commands(runs: Sequence[RunFiles]) -> str:
    lines = [f"# {run.name}\n{run.cost['command']}" for run in runs if run.cost.get("command")]
    return "\n".join(["## Commands", "", "```bash", *lines, "```"]) if lines else ""
