"""Reads what tests of texts need of the real pages; see the fixtures in `conftest.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet


class RealPage(NamedTuple):
    """Split and text of a page, and the texts of its systems as they are annotated."""

    split: str
    kern: str
    systems: tuple[str, ...]


def read_pages(folder: Path) -> list[RealPage]:
    pages: list[RealPage] = []
    for file in sorted(folder.glob("*.parquet")):
        for row in pyarrow.parquet.read_table(file, columns=["annotation", "split_clean"]).to_pylist():
            annotation = json.loads(row["annotation"])
            systems = tuple(system["**kern"] for system in annotation["systems"])
            pages.append(RealPage(row["split_clean"], annotation["encodings"]["**kern"], systems))
    return pages
