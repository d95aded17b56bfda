"""The texts of real pages, each once."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet
import pytest


@pytest.fixture(scope="session")
def training_texts(shared: Path) -> list[str]:
    """The handwritten training pages' texts."""
    texts: set[str] = set()
    for file in sorted((shared / "jazzmus" / "handwritten" / "data").glob("*.parquet")):
        for row in pyarrow.parquet.read_table(file, columns=["annotation", "split_clean"]).to_pylist():
            if row["split_clean"] == "train":
                texts.add(json.loads(row["annotation"])["encodings"]["**kern"])
    return sorted(texts)
