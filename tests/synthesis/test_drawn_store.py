"""The folder of drawn pages: what is put comes back, and the oldest pages go."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from jazzmus.dataset.manifest import SystemBox
from jazzmus.errors import ConfigError
from jazzmus.synthesis import drawn_store
from jazzmus.synthesis.drawn_page import DrawnPage
from jazzmus.synthesis.drawn_store import DrawnStore


def drawn(gray: int) -> DrawnPage:
    ink = np.full((4, 6), gray, dtype=np.uint8)
    return DrawnPage(ink, ink + 1, (SystemBox(0, 5, 1, 3),), 7.5, f"text {gray}", "writer")


def test_what_is_put_comes_back(tmp_path: Path) -> None:
    store, page = DrawnStore(tmp_path / "new"), drawn(3)
    assert store.get("a") is None
    store.put("a", page)
    again = store.get("a")
    assert again is not None
    assert np.array_equal(again.ink, page.ink)
    assert np.array_equal(again.staves, page.staves)
    assert (again.boxes, again.space, again.kern, again.writer) == (page.boxes, page.space, page.kern, page.writer)


def test_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn_store, "CHECKED_EVERY", 1)
    store = DrawnStore(tmp_path, most=3)
    # Ages are set by hand: files written in one moment may have one time. The names run against the ages.
    for age, key in enumerate(["e", "d", "c"]):
        store.put(key, drawn(age))
        os.utime(tmp_path / f"{key}.png", ns=(age, age))
    store.put("b", drawn(4))
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["b", "c", "d"]
    store.put("a", drawn(5))
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["a", "b", "c"]


def test_pages_are_counted_only_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn_store, "CHECKED_EVERY", 4)
    store = DrawnStore(tmp_path, most=1)
    for key in "abc":
        store.put(key, drawn(1))
    assert len(list(tmp_path.iterdir())) == 3
    store.put("d", drawn(1))
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(ConfigError):
        DrawnStore(tmp_path, most=0)
