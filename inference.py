"""Read photographed, scanned or printed pages of lead sheet into Humdrum text, and into what other programs open.

Example:
    python inference.py --checkpoint weights/best.ckpt --image page.jpg > page.krn
    python inference.py --checkpoint weights/best.ckpt --image book.pdf --pages 3-7 --output readings/ --format krn,html
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from jazzmus.cli import OneLineParser, add_reading_flags, reading_options
from jazzmus.errors import ConfigError
from jazzmus.logs import run_script

logger = logging.getLogger("inference")


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = OneLineParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    add = parser.add_argument
    add("--checkpoint", metavar="FILE_DIR_OR_HUB_ID", help="weights (default: those in weights/tiny)")
    add("--image", nargs="+", action="extend", required=True, metavar="PATH",
        help="images, PDFs, folders of them, and quoted patterns such as 'scans/**/*.jpg'")  # fmt: skip
    add("--pages", metavar="1-3,7,9-", help="which pages of each file (default: all)")
    add("--output", metavar="PATH", help="folder, such as readings/; file for one page (default: standard output)")
    add("--format", metavar="A,B", help="krn, musicxml, midi, svg, png, json, html (default: as --output ends, or krn)")
    add("--batch_size", type=int, metavar="N", help="pages read at once (default: 4, on an accelerator 8)")
    add_reading_flags(parser)
    args = parser.parse_args()
    if args.batch_size is not None and args.batch_size < 1:
        parser.error(f"--batch_size must be at least 1, not {args.batch_size}")
    return args


def main() -> int:
    """Read every page; a page that cannot be read is reported and does not stop the others."""
    args = parse_arguments()
    from jazzmus.utils.inference_utils import load_recognizer, shipped_weights
    from jazzmus.utils.outputs import Outputs, choose_formats
    from jazzmus.utils.page_inputs import find_pages, parse_page_ranges
    from jazzmus.utils.reading_run import read_to_files, read_to_standard_output

    ranges = None if args.pages is None else parse_page_ranges(args.pages)
    formats = () if args.format is None else choose_formats(args.format, args.output)
    found = find_pages(args.image, ranges, None if args.output is None else Path(args.output))
    formats = formats or choose_formats(None, args.output, found.several)
    outputs = None if args.output is None else Outputs(found.pages, args.output, formats, found.several)
    if outputs is None and len(found.pages) + len(found.problems) > 1:
        raise ConfigError("several pages need --output FOLDER")
    for problem in found.problems:
        logger.error("%s", problem)
    if not found.pages:
        return 2
    weights = shipped_weights() if args.checkpoint is None else args.checkpoint
    recognizer = load_recognizer(weights, find_boxes=not {"html", "json"}.isdisjoint(formats), **reading_options(args))
    if outputs is None:
        tally = read_to_standard_output(recognizer, found.pages[0])
    else:
        batch_size = args.batch_size or (4 if recognizer.model.device.type == "cpu" else 8)
        tally = read_to_files(recognizer, found.pages, outputs, batch_size, failed=len(found.problems))
    return 2 if tally.failed or tally.incomplete else 0


if __name__ == "__main__":
    sys.exit(run_script(main))
