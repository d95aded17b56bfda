"""Fixtures every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real pages, golden pairs and parity weights; the test is skipped where it is absent."""
    folder = Path(os.environ.get("JAZZMUS_SHARED", ROOT / ".." / "shared")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no shared material at {folder} (set JAZZMUS_SHARED)")
    return folder
