"""`python -m jazzmus.show`: read one page of a prepared folder and show it beside its text.

Prints both texts line by line with the scores, and draws the page beside its reading engraved. Knows no training.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from jazzmus.cli import OneLineParser, add_reading_flags, reading_options
from jazzmus.errors import DataError
from jazzmus.evaluate import ScoredPage, pages_of
from jazzmus.export.comparison_picture import compare_rows, write_comparison
from jazzmus.files import output_errors, replace_file
from jazzmus.logs import run_script
from jazzmus.metrics.report import page_result, score_counts
from jazzmus.pictures import picture_format
from jazzmus.utils.inference_utils import load_recognizer

logger = logging.getLogger(__name__)

COLUMN = 36


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = OneLineParser(prog="python -m jazzmus.show", description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--checkpoint", required=True, metavar="C", help="checkpoint, folder or hub id")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="data/NAME, or what `datasets` loads")
    parser.add_argument("--split", default="val", choices=["train", "val", "test", "synthetic"])
    parser.add_argument("--page", metavar="ID", help="page id (default: the first page of the split)")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="picture to write (.png)")
    add_reading_flags(parser)
    return parser.parse_args()


def main() -> int:
    """Read the page, print the comparison, write the picture."""
    args = parse_arguments()
    picture_format(args.output)
    with output_errors(args.output):
        args.output.parent.mkdir(parents=True, exist_ok=True)
    page = _page(pages_of(args.data, args.split), args.page)
    image = page.image()
    recognizer = load_recognizer(args.checkpoint, **reading_options(args))  # type: ignore[arg-type]
    reading = recognizer.read(image)
    result = page_result(page.page_id, page.kern, reading.kern, reading.stop_reason, reading.seconds)
    scores = score_counts([result.counts])
    reference, prediction = result.reference or "", result.prediction or ""
    sys.stdout.write("\n".join(side_by_side(reference, prediction)) + "\n\n")
    sys.stdout.write(f"{page.page_id}: " + "  ".join(f"{name} {value:.1f}" for name, value in scores.items()) + "\n")
    with output_errors(args.output), tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / args.output.name
        write_comparison(drawn, image, reference, prediction, scores)
        replace_file(drawn, args.output)
    sys.stdout.write(f"picture: {args.output}\n")
    return 0


def _page(pages: list[ScoredPage], page_id: str | None) -> ScoredPage:
    if page_id is None:
        return pages[0]
    found = next((page for page in pages if page.page_id == page_id), None)
    if found is None:
        raise DataError(f"there is no page {page_id!r}; the first is {pages[0].page_id!r}")
    return found


def side_by_side(reference: str, prediction: str) -> Iterator[str]:
    """Lines of both texts aligned by what they share; a line that differs is marked with `|`."""
    yield f"  {'reference':<{COLUMN}}  reading"
    for row in compare_rows(reference, prediction):
        mark = " " if row.reference == row.prediction else "|"
        one, other = (row.reference or "").expandtabs(18), (row.prediction or "").expandtabs(18)
        yield f"{mark} {one:<{COLUMN}}  {other}".rstrip()


if __name__ == "__main__":
    sys.exit(run_script(main))
