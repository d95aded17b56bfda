from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jazzmus.files import replace_file, write_bytes, write_text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_text_is_written_as_it_is(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "é\r\nb\n")
    assert (tmp_path / "a.txt").read_bytes() == "é\r\nb\n".encode()
    write_bytes(tmp_path / "a.txt", b"new")
    assert (tmp_path / "a.txt").read_bytes() == b"new"
    assert names(tmp_path) == ["a.txt"]


def test_replace_makes_the_folder_and_copies(tmp_path: Path) -> None:
    (tmp_path / "source").write_text("new")
    for _ in range(2):
        replace_file(tmp_path / "source", tmp_path / "deep" / "target")
    assert (tmp_path / "deep" / "target").read_text() == "new"
    assert (tmp_path / "source").read_text() == "new"
    assert names(tmp_path / "deep") == ["target"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    (tmp_path / "source").write_text("new")

    def broken_write(path: Path, content: bytes) -> int:
        path.open("wb").write(content[:1])
        raise OSError("disk full")

    def broken_copy(source: Path, path: Path) -> None:
        path.write_text("n")
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_bytes", broken_write)
    monkeypatch.setattr(shutil, "copyfile", broken_copy)
    for attempt in (lambda: write_text(target, "new"), lambda: replace_file(tmp_path / "source", target)):
        with pytest.raises(OSError, match="disk full"):
            attempt()
        assert target.read_text() == "old"
        assert names(tmp_path) == ["a.txt", "source"]


def test_a_failed_rename_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(OSError):  # noqa: PT011  which one depends on the system
        write_text(tmp_path / "a.txt", "new")
    assert names(tmp_path) == ["a.txt"]
