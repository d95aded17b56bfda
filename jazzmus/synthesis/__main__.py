"""`python -m jazzmus.synthesis`: look at generated pages, or measure how fast they come.

Parses the command line, nothing else. Pages for training are written by `data_prep.py --generate`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from jazzmus.cli import GENERATOR_CONFIG, GENERATOR_CONFIG_HELP, OneLineParser
from jazzmus.logs import run_script


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = OneLineParser(prog="python -m jazzmus.synthesis", description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--sheet", type=Path, metavar="PICTURE", help="write a contact sheet, such as sheet.png")
    parser.add_argument("--benchmark", type=int, metavar="N", help="make N pages and print pages a second and memory")
    parser.add_argument("--config", type=Path, nargs="+", default=[GENERATOR_CONFIG], help=GENERATOR_CONFIG_HELP)
    parser.add_argument("--gin", action="append", default=[], metavar="NAME=VALUE", help="a single binding")
    parser.add_argument("--pages", type=int, default=24, help="pages on the sheet (%(default)s)")
    parser.add_argument("--strips", action="store_true", help="single systems instead of pages")
    parser.add_argument("--seed", type=int, default=0, help="number of the first page")
    parser.add_argument("--beside", type=Path, metavar="FOLDER", help="show images of this folder between them")
    args = parser.parse_args(arguments)
    if args.sheet is None and args.benchmark is None:
        parser.error("give --sheet PICTURE or --benchmark N")
    return args


def main() -> None:
    """Do what the command line asks for."""
    args = parse_arguments()
    from jazzmus.synthesis.generate import configured_pages

    pages = configured_pages(args.config, args.gin)
    if args.sheet is not None:
        from jazzmus.synthesis.contact_sheet import write_contact_sheet

        write_contact_sheet(args.sheet, pages, args.pages, args.seed, args.strips, args.beside)
    if args.benchmark is not None:
        from jazzmus.synthesis.benchmark import measure

        sys.stdout.write(json.dumps(measure(pages, args.benchmark, args.seed)) + "\n")


if __name__ == "__main__":
    sys.exit(run_script(main))
