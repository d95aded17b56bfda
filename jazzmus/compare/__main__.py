"""`python -m jazzmus.compare`: runs held against each other, in tables, curves and tests.

Knows the command line; what is compared and how it is written is for others.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from jazzmus.cli import OneLineParser
from jazzmus.compare.comparison import Comparison, compare_runs
from jazzmus.compare.html_report import html_report
from jazzmus.compare.records import record_run
from jazzmus.compare.results_page import markdown_report, results_page
from jazzmus.compare.run_files import RunFiles, read_runs
from jazzmus.compare.tables import summary_table, text_table
from jazzmus.files import output_errors, write_text
from jazzmus.logs import run_script

logger = logging.getLogger(__name__)

RECORDS = Path("docs/runs")


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = OneLineParser(prog="python -m jazzmus.compare", description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN", help="folder of a run, or a file of results")
    parser.add_argument("--output", type=Path, metavar="DIR", help="write comparison.md and comparison.html there")
    parser.add_argument("--baseline", metavar="RUN", help="test all runs against this one, by its path or name")
    parser.add_argument("--record", action="store_true", help="copy what is to be committed of the runs")
    parser.add_argument("--results", type=Path, metavar="FILE", help="write the page of results from all records")
    parser.add_argument("--to", type=Path, default=RECORDS, metavar="DIR", help=f"the records (default: {RECORDS})")
    args = parser.parse_args(arguments)
    if args.results is None and not args.runs:
        parser.error("no RUN is named")
    if args.results is not None and (args.runs or args.record):
        parser.error("--results takes the records, so no RUN and no --record")
    if args.output is not None and (args.record or args.results is not None):
        parser.error("--output goes with a comparison, not with --record or --results")
    if args.record and args.baseline is not None:
        parser.error("--baseline goes with a comparison or with --results, not with --record")
    return args


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare runs, record them, or write the page of results."""
    args = parse_arguments(arguments)
    if args.record:
        for run in read_runs(args.runs):
            logger.info("%s: recorded in %s", run.path, record_run(run, args.to))
        return 0
    if args.results is not None:
        runs = read_runs(sorted(path for path in args.to.glob("*") if path.is_dir()))
        page = results_page(runs, _baseline(runs, args.baseline), args.to.as_posix())
        with output_errors(args.results):
            write_text(args.results, page)
        return 0
    runs = read_runs(args.runs)
    comparison = compare_runs(runs, _baseline(runs, args.baseline))
    for note in comparison.notes:
        logger.warning("%s", note)
    sys.stdout.write(text_table(summary_table(comparison)) + "\n")
    if args.output is not None:
        _write(comparison, args.output)
    return 0


def _baseline(runs: Sequence[RunFiles], given: str | None) -> str | None:
    """Name of the run that was given by name or by path; what is none of them is told by the comparison."""
    if given is None:
        return None
    by_path = [run.name for run in runs if run.path.resolve() == Path(given).resolve()]
    return next(iter(by_path), given)


def _write(comparison: Comparison, folder: Path) -> None:
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / "comparison.md", markdown_report(comparison))
        write_text(folder / "comparison.html", html_report(comparison))


if __name__ == "__main__":
    sys.exit(run_script(main))
