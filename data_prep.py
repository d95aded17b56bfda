"""Prepare data: download or read a dataset, split it by piece, store gray pages, texts and a manifest.

Only parses flags; the work is done by `jazzmus.dataset.prepare`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from jazzmus.cli import OneLineParser, truth
from jazzmus.dataset.prepare import PrepareOptions, prepare
from jazzmus.dataset.splits import PROTOCOLS
from jazzmus.logs import run_script

DATA_ROOT = Path("data")


def parse_args(argv: list[str] | None = None) -> PrepareOptions:
    """Read the command line."""
    parser = OneLineParser(
        description="Prepare data/NAME/{train,val,test}/{images,ground_truth}/ (with --synthetic: "
        "data/NAME/synthetic/{images,ground_truth}/) and data/NAME/manifest.json. Running again changes nothing.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--dataset_name", default="PRAIG/JAZZMUS", help="hub name, or a local path that `datasets` loads (%(default)s)"
    )
    parser.add_argument("--output_name", help="name of the folder (handwritten; synthetic with --synthetic)")
    parser.add_argument(
        "--synthetic",
        nargs="?",
        const=True,
        default=False,
        type=truth,
        metavar="True|False",
        help="engraved pages, in one folder without splits; a hub name X then means X_Synthetic",
    )
    parser.add_argument(
        "--protocol",
        choices=PROTOCOLS,
        default="clean",
        help="clean: no copy of a validation or test piece is trained on; published: only the pages held out are kept "
        "from training, as in the literature (%(default)s)",
    )
    parser.add_argument("--revision", help="hub revision: a commit, tag or branch")
    parser.add_argument("--max_images", type=int, metavar="N", help="keep only the first N pages of each split")
    parser.add_argument("--data_root", type=Path, default=DATA_ROOT, help="folder of all data (%(default)s)")
    args = parser.parse_args(argv)
    args.output_name = args.output_name or ("synthetic" if args.synthetic else "handwritten")
    return PrepareOptions(**vars(args))


def main() -> None:
    """Prepare what the command line asks for."""
    prepare(parse_args())


if __name__ == "__main__":
    sys.exit(run_script(main))
