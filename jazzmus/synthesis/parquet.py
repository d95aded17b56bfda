"""Generated pages as parquet shards that `datasets` streams, with the columns of the real data.

Knows files and the hub's columns. It does not know how a page is made.
"""

from __future__ import annotations

import io
import json
import logging
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets

from jazzmus.errors import ConfigError, DataError
from jazzmus.files import replace_file
from jazzmus.synthesis.generated_pages import GeneratedPages
from jazzmus.synthesis.page import SyntheticPage

logger = logging.getLogger(__name__)

PAGES_A_SHARD = 500
JPEG_QUALITY = 92
COLUMNS = datasets.Features(
    {
        "image": datasets.Image(),
        "annotation": datasets.Value("string"),
        "piece": datasets.Value("string"),
        "split_clean": datasets.Value("string"),
        "writer": datasets.Value("string"),
        "seed": datasets.Value("int64"),
    }
)


def write_parquet(folder: Path, count: int, pages: GeneratedPages, seed: int = 0, workers: int = 1) -> list[Path]:
    """Write pages `seed` to `seed + count - 1` as `folder/train-00000-of-00004.parquet` and so on.

    Each shard takes its name when it is complete. `datasets.load_dataset("parquet", data_files=..., streaming=True)`
    reads them, and so does anything that reads the real data: `annotation` holds the text and the boxes of the systems.

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
        DataError: The folder holds shards already.
    """
    if count < 1 or seed < 0 or workers < 1:
        raise ConfigError(f"{count} pages from seed {seed} by {workers} processes: give at least 1, 0 and 1")
    if folder.is_dir() and any(folder.glob("*.parquet")):
        raise DataError(f"{folder}: there are parquet shards already; remove them or give another --output_name")
    folder.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder))
    try:
        rows = datasets.Dataset.from_generator(
            _rows,
            features=COLUMNS,
            gen_kwargs={"numbers": list(range(seed, seed + count)), "pages": pages},
            num_proc=min(workers, count) if workers > 1 else None,
            cache_dir=str(scratch),
        )
        shards = -(-count // PAGES_A_SHARD)
        written = []
        for index in range(shards):
            name = f"train-{index:05d}-of-{shards:05d}.parquet"
            rows.shard(shards, index, contiguous=True).to_parquet(str(scratch / name))
            replace_file(scratch / name, folder / name)
            written.append(folder / name)
        return written
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _rows(numbers: list[int], pages: GeneratedPages) -> Iterator[dict[str, Any]]:
    for number in numbers:
        yield _row(pages.page(number))


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
