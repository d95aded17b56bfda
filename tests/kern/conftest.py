"""The real pages, read once for all tests of texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet
import pytest


class RealPage(NamedTuple):
    """Split and text of a page, and the texts of its systems as they are annotated."""

    split: str
    kern: str
    systems: tuple[str, ...]


@pytest.fixture(scope="session")
def handwritten_pages(shared: Path) -> list[RealPage]:
    return read_pages(shared / "jazzmus" / "handwritten" / "data")


@pytest.fixture(scope="session")
def real_pages(shared: Path, handwritten_pages: list[RealPage]) -> list[RealPage]:
    return handwritten_pages + read_pages(shared / "jazzmus" / "synthetic" / "data")


@pytest.fixture(scope="session")
def real_texts(real_pages: list[RealPage]) -> list[str]:
    """The texts of all pages, each once: most tunes were written or engraved several times."""
    return sorted({page.kern for page in real_pages})


def read_pages(folder: Path) -> list[RealPage]:
    pages: list[RealPage] = []
    for file in sorted(folder.glob("*.parquet")):
        for row in pyarrow.parquet.read_table(file, columns=["annotation", "split_clean"]).to_pylist():
            annotation = json.loads(row["annotation"])
            systems = tuple(system["**kern"] for system in annotation["systems"])
            pages.append(RealPage(row["split_clean"], annotation["encodings"]["**kern"], systems))
    return pages
