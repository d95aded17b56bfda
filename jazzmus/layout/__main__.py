"""`python -m jazzmus.layout`: how well the systems of prepared pages are found.

Prints one JSON line a page and a summary last; writes pictures of pages that fail. Parses the command line, no more.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from jazzmus.cli import OneLineParser
from jazzmus.dataset.manifest import read_manifest
from jazzmus.errors import DataError
from jazzmus.layout.report import examine, summary
from jazzmus.logs import run_script


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = OneLineParser(prog="python -m jazzmus.layout", description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of data_prep.py")
    parser.add_argument("--split", default="val", help="split of its pages (%(default)s)")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="write pages that fail, boxes drawn: true blue")
    parser.add_argument("--all_pictures", action="store_true", help="write every page there")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Report on all pages of the split.

    Raises:
        DataError: The folder has no page with boxes in this split.
    """
    args = parse_arguments(arguments)
    records = [page for page in read_manifest(args.data).pages if page.split == args.split and page.systems is not None]
    if not records:
        raise DataError(f"{args.data}: no page of the split {args.split!r} has system boxes; check --data and --split")
    reports = []
    for record in records:
        report, picture = examine(args.data, record)
        reports.append(report)
        sys.stdout.write(json.dumps({**report._asdict(), "right": report.is_right}) + "\n")
        if args.output is not None and (args.all_pictures or not report.is_right):
            args.output.mkdir(parents=True, exist_ok=True)
            picture.save(args.output / f"{record.page_id}.png")
    sys.stdout.write(json.dumps(summary(reports)) + "\n")


if __name__ == "__main__":
    sys.exit(run_script(main))
