"""From a dataset to a prepared data folder: images, texts and a manifest, with a report of what was left out.

Knows rows, placements and the layout of the folder. Does not know how an image is decoded, a split is drawn, a file is
written or a text is tokenized.
"""

from __future__ import annotations

import io
import logging
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jazzmus.dataset.annotation import Annotation, check_page_text, parse_annotation, system_boxes
from jazzmus.dataset.manifest import LeftOut, Manifest, PageRecord
from jazzmus.dataset.page_image import SourcePage, read_source_page
from jazzmus.dataset.page_store import PageStore
from jazzmus.dataset.sources import PageSource, load_source, source_name
from jazzmus.dataset.splits import (
    PROTOCOLS,
    Kind,
    Placement,
    Protocol,
    as_single_folder,
    check_computed_split,
    computed_split,
    full_length,
    shipped_split,
)
from jazzmus.errors import ConfigError, DataError, KernError
from jazzmus.kern.document import parse_kern
from jazzmus.kern.systems import count_systems
from jazzmus.logs import progress

logger = logging.getLogger(__name__)

JPEG_QUALITY = 95
SINGLE_FOLDER = "synthetic"
MOST_ROWS_LISTED = 20


@dataclass(frozen=True)
class PrepareOptions:
    """What to prepare and where.

    Attributes:
        dataset_name: Hub name or local path.
        output_name: Name of the folder in `data_root`.
        synthetic: All pages into one folder; a hub name X means X_Synthetic.
        protocol: `clean` or `published`, see `jazzmus.dataset.splits`.
        revision: Hub revision.
        max_images: Keep only the first so many pages of each split; None keeps all.
        data_root: Folder of all prepared data.
    """

    dataset_name: str
    output_name: str
    data_root: Path
    synthetic: bool = False
    protocol: Protocol = "clean"
    revision: str | None = None
    max_images: int | None = None

    def __post_init__(self) -> None:
        """Check what the types do not say."""
        if not re.fullmatch(r"[A-Za-z0-9_][\w.-]*", self.output_name):
            raise ConfigError(f"--output_name: expected a plain folder name, got {self.output_name!r}")
        if self.protocol not in PROTOCOLS:
            raise ConfigError(f"--protocol: expected one of {', '.join(PROTOCOLS)}, got {self.protocol!r}")
        if self.max_images is not None and self.max_images < 1:
            raise ConfigError(f"--max_images: expected at least 1, got {self.max_images}")

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the folders that hold pages."""
        return (SINGLE_FOLDER,) if self.synthetic else ("train", "val", "test")


@dataclass(frozen=True)
class _Row:
    """A row of the source before its image is looked at."""

    index: int
    number: int | None
    page_id: str
    piece: str
    annotation: Annotation | None
    problem: str


def prepare(options: PrepareOptions) -> Manifest:
    """Prepare a data folder and report on it through the log.

    Returns:
        The manifest written.

    Raises:
        DataError: The dataset cannot be loaded, disagrees with the shipped split, leaves nothing to train on, or the
            folder cannot be written.
    """
    source = load_source(source_name(options.dataset_name, options.synthetic), options.revision)
    folder = options.data_root / options.output_name
    try:
        return _prepare(source, options, folder)
    except OSError as error:
        raise DataError(
            f"{error.filename or folder}: cannot write the prepared data ({error.strerror or error}); free space or "
            "permissions may be missing, what is already there is kept"
        ) from error


def _prepare(source: PageSource, options: PrepareOptions, folder: Path) -> Manifest:
    store = PageStore(folder, options.splits)
    rows = _read_rows(source, options.output_name)
    placements = _placements(source, rows, options)
    pages: list[PageRecord] = []
    left_out: list[LeftOut] = []
    without_boxes: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    with progress() as bar:
        for row, placement in bar.track(list(zip(rows, placements, strict=True)), description=options.output_name):
            try:
                split = _accepted_split(row, placement, kept, options)
                page, boxes_problem = _store_page(source, row, split, store)
            except DataError as error:
                left_out.append(LeftOut(row.page_id, row.number, str(error)))
                continue
            kept[page.split] += 1
            if boxes_problem:
                without_boxes[boxes_problem] += 1
            pages.append(page)
    if not kept[options.splits[0]]:
        found = "; ".join(f"{reason} ({len(numbers)})" for reason, numbers in _by_reason(left_out))
        raise DataError(f"{source.name}: no page is left for training: {found or 'all pages validate or test'}")
    revision = None if source.folder else options.revision
    manifest = Manifest(options.output_name, source.name, revision, options.protocol, tuple(pages), tuple(left_out))
    store.finish(manifest)
    _report(manifest, options, folder, without_boxes)
    return manifest


def _read_rows(source: PageSource, name: str) -> list[_Row]:
    numbers = source.column("row") or list(range(len(source)))
    pieces = source.column("piece") or [None] * len(source)
    rows: list[_Row] = []
    seen: set[int] = set()
    for index, record in enumerate(source.texts()):
        number = numbers[index] if isinstance(numbers[index], int) else None
        annotation, problem = _annotation(source, record[source.text_column])
        page_id = f"{name}_{number:04d}" if number is not None else f"{name}_at_{index:04d}"
        if number is None:
            problem = f"row number that is no whole number: {numbers[index]!r}"
        elif number in seen:
            problem, page_id = "row number occurs twice", f"{page_id}_at_{index:04d}"
        else:
            seen.add(number)
        piece = (annotation.title if annotation else None) or pieces[index] or page_id
        rows.append(_Row(index, number, page_id, str(piece), annotation, problem))
    return rows


def _annotation(source: PageSource, value: object) -> tuple[Annotation | None, str]:
    """What a row says about its page, or None and why not."""
    if value is None:
        return None, "no annotation"
    if not source.holds_annotations:
        return Annotation(kern=value if isinstance(value, str) else None, title=None, boxes=None), ""
    try:
        return parse_annotation(value), ""
    except DataError as error:
        return None, str(error)


def _placements(source: PageSource, rows: Sequence[_Row], options: PrepareOptions) -> list[Placement]:
    kind: Kind = "engraved" if options.synthetic else "handwritten"
    if source.column("row") is None and len(source) != full_length(kind):
        placements = computed_split([row.piece for row in rows], options.protocol)
        return as_single_folder(placements) if options.synthetic else placements
    titles = {row.number: row.annotation.title if row.annotation else None for row in rows if row.number is not None}
    check_computed_split(kind, titles)
    return shipped_split(kind, [row.number for row in rows], options.protocol)


def _accepted_split(row: _Row, placement: Placement, kept: Counter[str], options: PrepareOptions) -> str:
    """The folder a row's page goes to; raises a `DataError` with the reason for which it goes nowhere."""
    if row.problem or placement.split is None:
        raise DataError(row.problem or placement.reason)
    split = SINGLE_FOLDER if options.synthetic else placement.split
    if options.max_images is not None and kept[split] >= options.max_images:
        raise DataError("beyond --max_images")
    return split


def _store_page(source: PageSource, row: _Row, split: str, store: PageStore) -> tuple[PageRecord, str]:
    """Write image and text of one page.

    Returns:
        The record, and why it has no boxes where that is so.

    Raises:
        DataError: The page cannot be used. The message is the reason, without the row.
    """
    annotation = row.annotation
    if annotation is None or annotation.kern is None:
        raise DataError("no text")
    check_page_text(annotation.kern)
    content = source.image(row.index)
    try:
        page = read_source_page(content, name=row.page_id)
    except DataError as error:
        raise DataError(f"unreadable image: {str(error).removeprefix(f'{row.page_id}: ')}") from error
    try:
        parse_kern(annotation.kern)
    except KernError as error:
        logger.warning("%s: the text is kept as it is, but mend it in the source: %s", row.page_id, error)
    boxes = system_boxes(annotation, count_systems(annotation.kern), page)
    image_path, text_path = f"{split}/images/{row.page_id}.jpg", f"{split}/ground_truth/{row.page_id}.txt"
    store.write(text_path, annotation.kern.encode("utf-8"))
    store.write(image_path, _jpeg(page, content))
    record = PageRecord(
        page_id=row.page_id,
        split=split,
        image=image_path,
        ground_truth=text_path,
        piece=row.piece,
        row=row.number,
        width=page.image.width,
        height=page.image.height,
        systems=None if isinstance(boxes, str) else boxes,
    )
    return record, boxes if isinstance(boxes, str) else ""


def _jpeg(page: SourcePage, content: Path | bytes) -> bytes:
    if page.is_stored_form:
        return content if isinstance(content, bytes) else content.read_bytes()
    buffer = io.BytesIO()
    page.image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _by_reason(left_out: Sequence[LeftOut]) -> Iterator[tuple[str, list[int | None]]]:
    """Rows left out under each reason; details after a colon are not told apart."""
    numbers: defaultdict[str, list[int | None]] = defaultdict(list)
    for entry in left_out:
        numbers[entry.reason.split(":")[0]].append(entry.row)
    yield from sorted(numbers.items())


def _report(manifest: Manifest, options: PrepareOptions, folder: Path, without_boxes: Counter[str]) -> None:
    counts = Counter(page.split for page in manifest.pages)
    listed = ", ".join(f"{counts[split]} {split}" for split in options.splits)
    logger.info("%s: %s pages (%s protocol)", folder, listed, manifest.protocol)
    for split in options.splits:
        if not counts[split]:
            logger.warning("no %s pages: the source holds none that could be used; the folders stay empty", split)
    for reason, numbers in _by_reason(manifest.left_out):
        more = f" and {len(numbers) - MOST_ROWS_LISTED} more" if len(numbers) > MOST_ROWS_LISTED else ""
        listed = " ".join(map(str, numbers[:MOST_ROWS_LISTED]))
        logger.info("left out %d, %s: rows %s%s", len(numbers), reason, listed, more)
    for entry in manifest.left_out:
        if ":" in entry.reason:
            logger.warning("row %s: %s", entry.row, entry.reason)
    for problem, count in sorted(without_boxes.items()):
        logger.info("%d pages without system boxes: %s", count, problem)
