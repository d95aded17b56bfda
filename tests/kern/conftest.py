"""The real pages, read once for all tests of texts."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_pages import RealPage, read_pages


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
