"""Prepare data: real pages from a dataset, or generated ones; split by piece, with gray pages, texts and a manifest.

Only parses flags; the work is done by `jazzmus.dataset.prepare` and `jazzmus.synthesis`.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields

from jazzmus.cli import data_arguments
from jazzmus.dataset.splits import PROTOCOLS
from jazzmus.logs import run_script


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    return data_arguments(argv, PROTOCOLS)


def main() -> None:
    """Prepare what the command line asks for."""
    args = parse_args()
    if args.generate is not None:
        from jazzmus.synthesis.generate import generate

        counts = {"train": args.generate, "val": args.val, "test": args.test}
        folder = args.data_root / args.output_name
        generate(folder, counts, args.config, args.gin, args.seed, args.workers, args.to_parquet)
        return
    from jazzmus.dataset.prepare import PrepareOptions, prepare

    prepare(PrepareOptions(**{field.name: getattr(args, field.name) for field in fields(PrepareOptions)}))


if __name__ == "__main__":
    sys.exit(run_script(main))
