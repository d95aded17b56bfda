"""Generated pages as parquet shards that `datasets` streams, with the columns of the real data.

Knows files and the hub's columns. It does not know how a page is made.
"""

from __future__ import annotations

import io
import json
import logging
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import datasets
import pyarrow
import pyarrow.parquet

from jazzmus.errors import ConfigError, DataError
from jazzmus.files import replace_file
from jazzmus.synthesis.generated_pages import GeneratedPages
from jazzmus.synthesis.page import SyntheticPage
from jazzmus.synthesis.page_folder import JPEG_QUALITY, check_numbers

logger = logging.getLogger(__name__)

PAGES_A_SHARD = 500
_UNFINISHED = ".unfinished-"
COLUMNS = datasets.Features(
    {
        "image": datasets.Image(),
        "annotation": datasets.Value("string"),
        "piece": datasets.Value("string"),
        "split_clean": datasets.Value("string"),
        "writer": datasets.Value("string"),
        "seed": datasets.Value("int64"),
        "settings": datasets.Value("string"),  # fingerprint of what made the page
    }
)


def write_parquet(folder: Path, count: int, pages: GeneratedPages, seed: int = 0, workers: int = 1) -> list[Path]:
    """Write pages `seed` to `seed + count - 1` as `folder/train-00000-of-00004.parquet` and so on.

    Each shard takes its name when it is complete, and one that is there already is kept: a run that was killed goes on
    with the shard that it had begun. Only one run at a time may write to a folder.

    `datasets.load_dataset("parquet", data_files=..., streaming=True)` reads them, and so does anything that reads the
    real data: `annotation` holds the text and the boxes of the systems.

    Args:
        folder: Made if it is absent.
        count: Number of pages, at least 1.
        pages: Makes them.
        seed: Number of the first page.
        workers: Number of processes.

    Returns:
        The shards.

    Raises:
        ConfigError: `count`, `seed` or `workers` is out of range.
        DataError: The folder holds shards of other settings or numbers, or broken ones.
    """
    if count < 1:
        raise ConfigError(f"{count} pages in parquet shards: give at least 1")
    check_numbers(seed, count, workers)
    shards = -(-count // PAGES_A_SHARD)
    end = seed + count
    numbers = {
        folder / f"train-{index:05d}-of-{shards:05d}.parquet": list(range(first, min(first + PAGES_A_SHARD, end)))
        for index, first in enumerate(range(seed, end, PAGES_A_SHARD))
    }
    folder.mkdir(parents=True, exist_ok=True)
    kept = sorted(folder.glob("*.parquet"))
    for path in kept:
        _check_shard(path, numbers.get(path, []), pages.fingerprint)
    for left_over in sorted(folder.glob(f"{_UNFINISHED}*")):
        shutil.rmtree(left_over)
    for path in numbers:
        if path not in kept:
            _write_shard(path, numbers[path], pages, workers)
    return list(numbers)


def _check_shard(path: Path, numbers: Sequence[int], fingerprint: str) -> None:
    """Refuse a shard that does not hold exactly these pages."""
    try:
        rows = pyarrow.parquet.read_table(path, columns=["seed", "settings"]).to_pydict()
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path}: not a shard of generated pages; remove it or give another --output_name") from error
    if rows != {"seed": list(numbers), "settings": [fingerprint] * len(numbers)}:
        raise DataError(f"{path}: holds pages of other settings or numbers; remove it or give another --output_name")


def _write_shard(path: Path, numbers: list[int], pages: GeneratedPages, workers: int) -> None:
    with TemporaryDirectory(prefix=_UNFINISHED, dir=path.parent) as scratch:
        rows = datasets.Dataset.from_generator(
            _rows,
            features=COLUMNS,
            gen_kwargs={"numbers": numbers, "pages": pages},
            num_proc=min(workers, len(numbers)) if workers > 1 else None,
            cache_dir=scratch,
        )
        complete = Path(scratch) / path.name
        rows.to_parquet(str(complete))
        replace_file(complete, path)


def _rows(numbers: list[int], pages: GeneratedPages) -> Iterator[dict[str, Any]]:
    for number in numbers:
        yield {**_row(pages.page(number)), "settings": pages.fingerprint}


def _row(page: SyntheticPage) -> dict[str, Any]:
    encoded = io.BytesIO()
    page.image.save(encoded, format="JPEG", quality=JPEG_QUALITY)
    boxes = [
        {"bounding_box": {"fromX": box.from_x, "toX": box.to_x, "fromY": box.from_y, "toY": box.to_y}}
        for box in page.system_boxes
    ]
    name = f"generated-{page.seed:08d}"
    return {
        "image": {"bytes": encoded.getvalue(), "path": f"{name}.jpg"},
        "annotation": json.dumps({"encodings": {"**kern": page.kern}, "systems": boxes}),
        "piece": name,
        "split_clean": "train",
        "writer": page.writer,
        "seed": page.seed,
    }
