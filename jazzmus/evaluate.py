"""`python -m jazzmus.evaluate`: read every page of a split and score it against its text.

Knows prepared folders and datasets that `datasets` loads; knows no training. The published figures are taken on the
published form of both texts.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from jazzmus.cli import OneLineParser, add_reading_flags, reading_options
from jazzmus.dataset.annotation import check_page_text, parse_annotation
from jazzmus.dataset.full_page_dataset import read_pages
from jazzmus.dataset.manifest import MANIFEST_NAME, SystemBox, read_manifest
from jazzmus.dataset.page_image import read_image
from jazzmus.dataset.sources import PageSource, load_source
from jazzmus.errors import DataError, in_brief
from jazzmus.files import output_errors, write_text
from jazzmus.logs import progress, run_script
from jazzmus.metrics.report import PageResult, page_result, score_counts
from jazzmus.utils.inference_utils import Recognizer, load_recognizer

logger = logging.getLogger(__name__)

SPLIT_COLUMN = "split_clean"


class ScoredPage(NamedTuple):
    """A page to read, with the text to score against. The image is fetched and decoded when asked for.

    Attributes:
        page_id: The page's name.
        place: An image file, or a dataset with the index of a row.
        kern: The text as the source gives it.
        boxes: Its systems from top to bottom, in pixels of the image; None where they are not known.
    """

    page_id: str
    place: Path | tuple[PageSource, int]
    kern: str
    boxes: tuple[SystemBox, ...] | None = None

    def image(self) -> Image.Image:
        """The page, mode "L".

        Raises:
            DataError: It cannot be read. The message begins with the page's name.
        """
        try:
            if isinstance(self.place, Path):
                return read_image(self.place)
            source, index = self.place
            return read_image(source.image(index))
        except DataError as error:
            raise DataError(f"{self.page_id}: {error}") from error


def pages_of(data: Path, split: str) -> list[ScoredPage]:
    """The pages of a split of a prepared folder, or of a folder that `datasets` loads.

    Raises:
        DataError: If there is no such folder, or no such split in it, or it is empty.
    """
    if not data.exists():
        raise DataError(f"--data {data}: no such folder")
    if (data / MANIFEST_NAME).is_file():
        pages = [
            ScoredPage(page.record.page_id, page.folder / page.record.image, page.kern, page.record.systems)
            for page in read_pages(data.name, data, read_manifest(data), split)
        ]
    else:
        pages = list(_dataset_pages(data, split))
    if not pages:
        raise DataError(f"{data}: no page of split {split!r}")
    return pages


def evaluate(
    recognizer: Recognizer, pages: Sequence[ScoredPage], batch_size: int, given_boxes: bool = False
) -> Iterator[PageResult]:
    """Read pages in batches and score each; a page whose image cannot be read scores its full distance.

    Args:
        recognizer: Reads.
        pages: What to read.
        batch_size: Pages read at once.
        given_boxes: Tell the recognizer where the systems stand, which it must find otherwise.

    Raises:
        DataError: If boxes are wanted and not known, or of no use.
    """
    if given_boxes and recognizer.strategy == "page":
        raise DataError("--boxes given: these weights read the whole page at once; add --strategy systems")
    if given_boxes and (unknown := [page.page_id for page in pages if not page.boxes]):
        raise DataError(f"--boxes given: {in_brief(unknown)} without system boxes; leave the flag out")
    for start in range(0, len(pages), batch_size):
        readable: list[tuple[ScoredPage, Image.Image]] = []
        for page in pages[start : start + batch_size]:
            try:
                readable.append((page, page.image()))
            except DataError as error:
                logger.error("%s; scored as an empty reading", error)
                yield page_result(page.page_id, page.kern, "", "unreadable", 0.0)
        if not readable:
            continue
        boxes = [page.boxes or () for page, _ in readable] if given_boxes else None
        readings = recognizer.read_batch([image for _, image in readable], boxes)
        for (page, _), reading in zip(readable, readings, strict=True):
            yield page_result(page.page_id, page.kern, reading.kern, reading.stop_reason, reading.seconds)


def _dataset_pages(data: Path, split: str) -> Iterator[ScoredPage]:
    """Rows of a dataset whose `split_clean` is `split`; all rows where there is no such column."""
    source = load_source(str(data))
    splits, numbers = source.column(SPLIT_COLUMN), source.column("row")
    if splits is None:
        logger.warning("%s: no column %s, so every row is scored", data, SPLIT_COLUMN)
    texts = source.texts()
    seen: set[int] = set()
    for index in range(len(source)):
        if splits is not None and splits[index] != split:
            continue
        number = index if numbers is None else numbers[index]
        if isinstance(number, int) and number not in seen:
            seen.add(number)
            page_id = f"{data.name}-{number:04d}"
        else:
            page_id = f"{data.name}-at-{index:04d}"
        try:
            kern = _text(texts[index][source.text_column], source.holds_annotations)
        except DataError as error:
            logger.warning("%s is left out: %s", page_id, error)
            continue
        yield ScoredPage(page_id, (source, index), kern)


def _text(value: object, is_annotation: bool) -> str:
    """The text that a row gives; raises a `DataError` where it gives none."""
    kern = parse_annotation(value).kern if is_annotation else value
    if not isinstance(kern, str):
        raise DataError("it has no text")
    check_page_text(kern)
    return kern


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = OneLineParser(prog="python -m jazzmus.evaluate", description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--checkpoint", required=True, metavar="C", help="checkpoint, folder or hub id")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="data/NAME, or what `datasets` loads")
    parser.add_argument("--split", default="val", choices=["train", "val", "test", "synthetic"])
    parser.add_argument("--output", type=Path, metavar="FILE", help="results, one JSON line a page")
    parser.add_argument("--with_texts", action="store_true", help="put both texts of every page into the results")
    parser.add_argument("--batch_size", type=int, default=4, metavar="N", help="pages read at once (default: 4)")
    parser.add_argument(
        "--boxes", default="found", choices=["found", "given"], help="systems as found on the page, or as annotated"
    )
    add_reading_flags(parser)
    args = parser.parse_args()
    if args.batch_size < 1:
        parser.error(f"--batch_size must be at least 1, not {args.batch_size}")
    return args


def main() -> int:
    """Evaluate, write the results, and print one JSON object of all scores last."""
    args = parse_arguments()
    if args.output is not None:
        _check_output(args.output)
    pages = pages_of(args.data, args.split)
    recognizer = load_recognizer(args.checkpoint, **reading_options(args))  # type: ignore[arg-type]
    if unseen := recognizer.codec.unseen_summary(page.kern for page in pages):
        logger.warning("the texts hold what the checkpoint's vocabulary does not and it cannot read: %s", unseen)
    with progress() as bar:
        reading = evaluate(recognizer, pages, args.batch_size, args.boxes == "given")
        results = list(bar.track(reading, total=len(pages), description="reading"))
    sys.stdout.write(json.dumps(score_counts([result.counts for result in results])) + "\n")
    if args.output is not None:
        with output_errors(args.output):
            write_text(args.output, "".join(result.to_json(args.with_texts) + "\n" for result in results))
    return 0


def _check_output(output: Path) -> None:
    """Raise a `DataError` where a file of results cannot be written, before hours are spent on them."""
    if not output.parent.is_dir():
        raise DataError(f"{output}: its folder does not exist; make it, or choose another --output")
    if output.is_dir():
        raise DataError(f"{output}: is a folder; choose another --output")
    if not os.access(output.parent, os.W_OK):
        raise DataError(f"{output}: its folder cannot be written; choose another --output")


if __name__ == "__main__":
    sys.exit(run_script(main))
