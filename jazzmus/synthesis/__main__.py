"""`python -m jazzmus.synthesis`: generated pages as a prepared data folder.

Parses the command line, nothing else.
"""

from __future__ import annotations

import argparse
import logging
import sys
from dataclasses import replace
from pathlib import Path

from jazzmus.cli import OneLineParser
from jazzmus.logs import run_script
from jazzmus.synthesis.page import PageStyle
from jazzmus.synthesis.page_folder import write_page_folder

logger = logging.getLogger("jazzmus.synthesis")


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = OneLineParser(prog="python -m jazzmus.synthesis", description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--output", type=Path, required=True, help="data folder to write, such as data/generated")
    parser.add_argument("--pages", type=int, required=True, help="number of training pages")
    parser.add_argument("--val", type=int, default=0, help="number of validation pages")
    parser.add_argument("--test", type=int, default=0, help="number of test pages")
    parser.add_argument("--systems", type=int, nargs=2, metavar=("MIN", "MAX"), help="systems of a page")
    parser.add_argument("--simple", action="store_true", help="small pages with a small vocabulary")
    parser.add_argument("--seed", type=int, default=0, help="number of the first page")
    parser.add_argument("--workers", type=int, default=2, help="number of processes")
    return parser.parse_args(arguments)


def main() -> None:
    """Write the pages that the command line asks for."""
    options = parse_arguments()
    style = PageStyle.simple() if options.simple else PageStyle()
    if options.systems:
        style = replace(style, systems=tuple(options.systems))
    counts = {"train": options.pages, "val": options.val, "test": options.test}
    manifest = write_page_folder(options.output, counts, style, options.seed, options.workers)
    logger.info("%d pages in %s", len(manifest.pages), options.output)


if __name__ == "__main__":
    sys.exit(run_script(main))
