"""Fixtures every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from small_pages import ENGRAVED, TRAINING, VALIDATION, write_pages

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real pages, golden pairs and parity weights; the test is skipped where it is absent."""
    folder = Path(os.environ.get("JAZZMUS_SHARED", ROOT / ".." / "shared")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no shared material at {folder} (set JAZZMUS_SHARED)")
    return folder


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared folder of 6 training and 2 validation pages of 1 to 3 systems; copy it to change it."""
    return write_pages(tmp_path_factory.mktemp("prepared") / "handwritten", [*TRAINING, *VALIDATION])


@pytest.fixture(scope="session")
def small_engraved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared folder of 4 engraved pages of 1 to 4 systems, all for training; copy it to change it."""
    return write_pages(tmp_path_factory.mktemp("prepared") / "synthetic", ENGRAVED)
