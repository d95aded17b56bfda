"""Writes generated pages as a prepared data folder, the form that `data_prep.py` gives to real pages.

Knows files and processes. It does not know how a page is made, nor how the folder is read for training.
"""

from __future__ import annotations

import io
import json
import logging
import multiprocessing
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import NamedTuple

from PIL import Image, UnidentifiedImageError

from jazzmus.dataset.manifest import MANIFEST_NAME, Manifest, PageRecord, SystemBox, write_manifest
from jazzmus.errors import ConfigError, DataError
from jazzmus.files import write_bytes, write_text
from jazzmus.logs import progress
from jazzmus.synthesis.generated_pages import GeneratedPages

logger = logging.getLogger(__name__)

JPEG_QUALITY = 92
SPLITS = ("train", "val", "test")
SEEDS_PER_SPLIT = 10_000_000  # a split may grow without taking the pages of another one


class PageTask(NamedTuple):
    """One page to write."""

    folder: Path
    split: str
    seed: int

    @property
    def page_id(self) -> str:
        """The stem of the page's files."""
        return f"generated-{self.seed:08d}"

    @property
    def image(self) -> Path:
        """Where the image goes."""
        return self.folder / self.split / "images" / f"{self.page_id}.jpg"

    @property
    def ground_truth(self) -> Path:
        """Where the text goes."""
        return self.folder / self.split / "ground_truth" / f"{self.page_id}.txt"


def write_page_folder(
    folder: Path, counts: Mapping[str, int], pages: GeneratedPages, seed: int = 0, workers: int = 1
) -> Manifest:
    """Write generated pages to `folder/{train,val,test}/{images,ground_truth}` and their manifest.

    Pages that are there already, from the same seed and settings, are kept. Each page counts as a piece of its own.

    Args:
        folder: Made if it is absent.
        counts: Number of pages of each split; a split not named gets empty folders.
        pages: Makes the pages.
        seed: Number of the first page; the same seed and settings give the same pages to the pixel.
        workers: Number of processes.

    Raises:
        ConfigError: A split is unknown, or a count, the seed or `workers` is out of range.
        DataError: The folder holds prepared pages of another origin.
    """
    if set(counts) - set(SPLITS) or any(not 0 <= count < SEEDS_PER_SPLIT for count in counts.values()):
        raise ConfigError(f"page counts {dict(counts)}: give 0 to {SEEDS_PER_SPLIT - 1} pages for any of {SPLITS}")
    if not 0 <= seed < SEEDS_PER_SPLIT or workers < 1:
        raise ConfigError(
            f"seed {seed}, workers {workers}: the seed lies in 0 to {SEEDS_PER_SPLIT - 1}, workers from 1"
        )
    _refuse_foreign_folder(folder)
    for split in SPLITS:
        for kind in ("images", "ground_truth"):
            (folder / split / kind).mkdir(parents=True, exist_ok=True)
    tasks = [
        PageTask(folder, split, number * SEEDS_PER_SPLIT + seed + index)
        for number, split in enumerate(SPLITS)
        for index in range(counts.get(split, 0))
    ]
    with _page_records(tasks, pages, workers) as results, progress() as bar:
        records = tuple(bar.track(results, total=len(tasks), description="generating pages"))
    revision = f"{pages.fingerprint[:12]}-{seed}"
    manifest = Manifest(folder.name, "jazzmus.synthesis", revision, "clean", records, ())
    write_manifest(folder, manifest)
    _remove_unfinished(folder)
    _report_strangers(folder, tasks)
    return manifest


def _refuse_foreign_folder(folder: Path) -> None:
    path = folder / MANIFEST_NAME
    if path.is_file() and '"jazzmus.synthesis"' not in path.read_text(encoding="utf-8"):
        raise DataError(f"{path}: the folder holds prepared pages of another dataset; give another --output")


@contextmanager
def _page_records(tasks: list[PageTask], pages: GeneratedPages, workers: int) -> Iterator[Iterator[PageRecord]]:
    if workers == 1:
        yield (write_page(task, pages) for task in tasks)
        return
    context = multiprocessing.get_context("spawn")  # a forked Verovio would share its state
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_take, initargs=(pages,)) as pool:
        yield pool.map(_write_page, tasks, chunksize=4)


_pages_of_worker: GeneratedPages | None = None


def _take(pages: GeneratedPages) -> None:
    """Keep what makes pages: it is large where it holds tunes, and sent to each process once."""
    global _pages_of_worker
    _pages_of_worker = pages


def _write_page(task: PageTask) -> PageRecord:
    assert _pages_of_worker is not None
    return write_page(task, _pages_of_worker)


def write_page(task: PageTask, pages: GeneratedPages) -> PageRecord:
    """Write one page unless it is there, and return its record. The image is written last and marks completion."""
    record = _existing_record(task, pages.fingerprint)
    if record is not None:
        return record
    page = pages.page(task.seed)
    comment = {"settings": pages.fingerprint, "systems": [astuple(box) for box in page.system_boxes]}
    encoded = io.BytesIO()
    page.image.save(encoded, format="JPEG", quality=JPEG_QUALITY, comment=json.dumps(comment).encode("utf-8"))
    task.image.unlink(missing_ok=True)
    write_text(task.ground_truth, page.kern)
    write_bytes(task.image, encoded.getvalue())
    return _record(task, page.image.size, page.system_boxes)


def _record(task: PageTask, size: tuple[int, int], systems: tuple[SystemBox, ...]) -> PageRecord:
    return PageRecord(
        page_id=task.page_id,
        split=task.split,
        image=task.image.relative_to(task.folder).as_posix(),
        ground_truth=task.ground_truth.relative_to(task.folder).as_posix(),
        piece=task.page_id,
        row=None,
        width=size[0],
        height=size[1],
        systems=systems,
    )


def _existing_record(task: PageTask, fingerprint: str) -> PageRecord | None:
    """Return the record of a page that an earlier run wrote; its boxes lie in the comment of its image."""
    if not (task.image.is_file() and task.ground_truth.is_file()):
        return None
    try:
        with Image.open(task.image) as image:
            comment = json.loads(image.info["comment"])
            if comment["settings"] != fingerprint:
                return None
            return _record(task, image.size, tuple(SystemBox(*box) for box in comment["systems"]))
    except (UnidentifiedImageError, KeyError, TypeError, ValueError) as error:
        logger.warning("%s: not a page of this generator (%s); it is made again", task.image, error)
        return None


def _remove_unfinished(folder: Path) -> None:
    """Remove the temporary files of a run that was killed; nothing else begins with a dot and this name."""
    for path in sorted(folder.glob("*/*/.generated-*.tmp")):
        path.unlink()


def _report_strangers(folder: Path, tasks: list[PageTask]) -> None:
    planned = {task.image for task in tasks}
    strangers = [path for split in SPLITS for path in (folder / split / "images").glob("*.jpg") if path not in planned]
    if strangers:
        logger.warning("%s: %d images of earlier runs are not in the manifest and not used", folder, len(strangers))
