"""Writes generated pages as a prepared data folder, the form that `data_prep.py` gives to real pages.

Knows files and processes. It does not know how a page is made, nor how the folder is read for training.
"""

from __future__ import annotations

import io
import json
import logging
import multiprocessing
from collections import Counter
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
    if set(counts) - set(SPLITS) or any(count < 0 for count in counts.values()):
        raise ConfigError(f"page counts {dict(counts)}: give 0 or more pages for any of {SPLITS}")
    check_numbers(seed, max(counts.values(), default=0), workers)
    revision = f"{pages.fingerprint[:12]}-{seed}"
    _remove_old_manifest(folder, revision)
    for split in SPLITS:
        for kind in ("images", "ground_truth"):
            (folder / split / kind).mkdir(parents=True, exist_ok=True)
    tasks = [
        PageTask(folder, split, number * SEEDS_PER_SPLIT + seed + index)
        for number, split in enumerate(SPLITS)
        for index in range(counts.get(split, 0))
    ]
    with _written_pages(tasks, pages, workers) as results, progress() as bar:
        written = list(bar.track(results, total=len(tasks), description="generating pages"))
    records = tuple(record for record, _ in written)
    manifest = Manifest(folder.name, "jazzmus.synthesis", revision, "clean", records, (), tuple(sorted(pages.content)))
    write_manifest(folder, manifest)
    _remove_unfinished(folder)
    _report_strangers(folder, tasks)
    _report_refused(sum((refused for _, refused in written), Counter()))
    return manifest


def check_numbers(seed: int, count: int, workers: int) -> None:
    """Refuse a seed, a number of pages or of processes that is out of range.

    Raises:
        ConfigError: One is, or the pages would be those of the next split.
    """
    if seed < 0 or workers < 1 or seed + count > SEEDS_PER_SPLIT:
        raise ConfigError(
            f"{count} pages from seed {seed} by {workers} processes: the seed is at least 0, seed and pages together "
            f"at most {SEEDS_PER_SPLIT}, and there is at least 1 process"
        )


def _remove_old_manifest(folder: Path, revision: str) -> None:
    """Remove the manifest of other settings: if this run is killed, it would describe pages that are no longer there.

    Raises:
        DataError: The folder holds prepared pages of another origin.
    """
    path = folder / MANIFEST_NAME
    if not path.is_file():
        return
    text = path.read_text(encoding="utf-8")
    if '"jazzmus.synthesis"' not in text:
        raise DataError(f"{path}: the folder holds prepared pages of another dataset; give another --output_name")
    if f'"{revision}"' not in text:
        path.unlink()


@contextmanager
def _written_pages(
    tasks: list[PageTask], pages: GeneratedPages, workers: int
) -> Iterator[Iterator[tuple[PageRecord, Counter[str]]]]:
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


def _write_page(task: PageTask) -> tuple[PageRecord, Counter[str]]:
    assert _pages_of_worker is not None
    return write_page(task, _pages_of_worker)


def write_page(task: PageTask, pages: GeneratedPages) -> tuple[PageRecord, Counter[str]]:
    """Write one page unless it is there. The image is written last and marks completion.

    Returns:
        Its record, and how many tunes were refused for it, by reason.
    """
    record = _existing_record(task, pages.fingerprint)
    if record is not None:
        return record, Counter()
    before = pages.refused()
    page = pages.page(task.seed)
    comment = {"settings": pages.fingerprint, "systems": [astuple(box) for box in page.system_boxes]}
    encoded = io.BytesIO()
    page.image.save(encoded, format="JPEG", quality=JPEG_QUALITY, comment=json.dumps(comment).encode("utf-8"))
    task.image.unlink(missing_ok=True)
    write_text(task.ground_truth, page.kern)
    write_bytes(task.image, encoded.getvalue())
    return _record(task, page.image.size, page.system_boxes), pages.refused() - before


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


def _report_refused(refused: Counter[str]) -> None:
    if refused:
        reasons = ", ".join(f"{count} x {reason}" for reason, count in sorted(refused.items()))
        logger.info("%d tunes were refused and others drawn for them: %s", refused.total(), reasons)
