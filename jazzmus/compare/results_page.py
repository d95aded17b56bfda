"""Comparisons as Markdown: all tables, or `docs/results.md`, made from records of runs alone. Computes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from jazzmus.compare.comparison import Comparison, compare_runs
from jazzmus.compare.run_files import RunFiles
from jazzmus.compare.tables import (
    Table,
    cost_table,
    difference_table,
    markdown_table,
    pair_table,
    score_tables,
    system_tables,
    tables_of,
)

_HEAD = "# Results\n\nWritten by `make results` from the records in `{place}`; nothing is typed."
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
    pairs = pair_table(comparison)
    tables = [
        *score_tables(comparison),
        Table(f"Differences from {baseline}", pairs.text, pairs.columns, pairs.rows),
        *system_tables(comparison),
        cost_table(comparison),
        difference_table(comparison),
    ]
    parts = [head, f"{_RECORD} adds a run.", _notes(comparison)]
    parts += [markdown_table(table) for table in tables if table.rows]
    return "\n\n".join(part for part in [*parts, _commands(runs)] if part) + "\n"


def markdown_report(comparison: Comparison) -> str:
    """All tables of a comparison as one page."""
    tables = [markdown_table(table) for table in tables_of(comparison)]
    return "\n\n".join(part for part in ["# Runs compared", _notes(comparison), *tables] if part) + "\n"


def _notes(comparison: Comparison) -> str:
    return "\n".join(f"- {note}" for note in comparison.notes)


def _commands(runs: Sequence[RunFiles]) -> str:
    lines = [f"# {run.name}\n{run.cost['command']}" for run in runs if run.cost.get("command")]
    return "\n".join(["## Commands", "", "```bash", *lines, "```"]) if lines else ""
