"""Read photographed or scanned pages of lead sheet into Humdrum text.

Example:
    python inference.py --checkpoint weights/best.ckpt --image page.jpg > page.krn
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from jazzmus.cli import OneLineParser
from jazzmus.logs import run_script

logger = logging.getLogger("inference")


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = OneLineParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--checkpoint", metavar="FILE_DIR_OR_HUB_ID", help="weights (default: those in weights/)")
    parser.add_argument("--image", type=Path, nargs="+", required=True, metavar="FILE_OR_DIR", help="pages to read")
    parser.add_argument(
        "--output", metavar="PATH", help="file for one page; folder, such as readings/ (default: standard output)"
    )
    parser.add_argument("--format", default="krn", choices=["krn"], help="what to write")
    return parser.parse_args()


def main() -> int:
    """Read every page; a page that cannot be read is reported and does not stop the others."""
    args = parse_arguments()
    from jazzmus.utils.inference_utils import load_recognizer, names_folder, page_files, read_files, shipped_weights

    files = page_files(args.image)
    if len(files) > 1 and args.output is None:
        sys.stderr.write("error: several pages need --output FOLDER\n")
        return 2
    recognizer = load_recognizer(shipped_weights() if args.checkpoint is None else args.checkpoint)
    several = len(files) > 1 or any(path.is_dir() for path in args.image)
    into_folder = several or (args.output is not None and names_folder(args.output))
    output = None if args.output is None else Path(args.output)
    failed = read_files(recognizer, files, output, several=into_folder)
    return 2 if failed else 0


if __name__ == "__main__":
    sys.exit(run_script(main))
