"""The folder of generated pages: complete, readable through its manifest, and not made twice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image

from jazzmus.dataset.manifest import Manifest, read_manifest, write_manifest
from jazzmus.errors import ConfigError, DataError
from jazzmus.kern.systems import count_systems
from jazzmus.synthesis import __main__ as command
from jazzmus.synthesis.page import PageStyle
from jazzmus.synthesis.page_folder import write_page_folder

STYLE = PageStyle.simple(systems=(1, 2))


def modified(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in sorted(folder.rglob("*")) if path.is_file()}


def test_pages_texts_and_manifest_agree(tmp_path: Path) -> None:
    folder = tmp_path / "generated"
    written = write_page_folder(folder, {"train": 2, "val": 1}, STYLE)
    manifest = read_manifest(folder)
    assert manifest == written
    assert [page.split for page in manifest.pages] == ["train", "train", "val"]
    assert len({page.piece for page in manifest.pages}) == 3
    assert (folder / "test" / "images").is_dir()
    for page in manifest.pages:
        with Image.open(folder / page.image) as image:
            assert image.size == (page.width, page.height)
        assert count_systems((folder / page.ground_truth).read_text(encoding="utf-8")) == len(page.systems)
    assert not list(folder.rglob("*.tmp"))


def test_a_second_run_changes_nothing_and_a_longer_one_adds(tmp_path: Path) -> None:
    first = write_page_folder(tmp_path, {"train": 2}, STYLE)
    before = modified(tmp_path)
    assert write_page_folder(tmp_path, {"train": 2}, STYLE) == first
    assert modified(tmp_path) == before
    more = write_page_folder(tmp_path, {"train": 3, "val": 1}, STYLE)
    assert more.pages[:2] == first.pages
    after = modified(tmp_path)
    assert all(after[name] == before[name] for name in before if name != "manifest.json")


def test_damaged_pages_and_pages_of_another_style_are_made_again(tmp_path: Path) -> None:
    first = write_page_folder(tmp_path, {"train": 2}, STYLE)
    damaged = tmp_path / first.pages[0].image
    content = damaged.read_bytes()
    damaged.write_bytes(b"no image")
    (tmp_path / first.pages[1].ground_truth).unlink()
    (damaged.parent / f".{damaged.name}.12345.tmp").write_bytes(b"half of a killed run's page")
    assert write_page_folder(tmp_path, {"train": 2}, STYLE) == first
    assert damaged.read_bytes() == content
    assert not list(tmp_path.rglob("*.tmp"))
    other = write_page_folder(tmp_path, {"train": 2}, PageStyle.simple(systems=(3, 3)))
    assert all(len(page.systems) == 3 for page in other.pages)


def test_folders_of_other_data_and_wrong_numbers_are_refused(tmp_path: Path) -> None:
    write_manifest(tmp_path, Manifest(tmp_path.name, "PRAIG/JAZZMUS", None, "clean", (), ()))
    with pytest.raises(DataError, match="another dataset"):
        write_page_folder(tmp_path, {"train": 1}, STYLE)
    with pytest.raises(ConfigError):
        write_page_folder(tmp_path / "a", {"training": 1}, STYLE)
    with pytest.raises(ConfigError):
        write_page_folder(tmp_path / "a", {"train": -1}, STYLE)


def test_the_command_line_reaches_the_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "out"
    line = f"synthesis --output {folder} --pages 1 --val 1 --test 1 --systems 2 2 --simple --seed 9 --workers 1"
    monkeypatch.setattr(sys, "argv", line.split())
    command.main()
    pages = read_manifest(folder).pages
    assert [page.split for page in pages] == ["train", "val", "test"]
    assert all(len(page.systems) == 2 for page in pages)
    assert pages[0].page_id == "generated-00000009"


@pytest.mark.parametrize("words", [["--page", "3"], ["--pages", "many"]])
def test_wrong_flags_are_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        command.parse_arguments(["--output", "x", *words])
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert words[0] in printed.err


def test_two_processes_write_the_same_pages_as_one(tmp_path: Path) -> None:
    folders = [tmp_path / "one" / "pages", tmp_path / "two" / "pages"]
    manifests = [
        write_page_folder(folder, {"train": 3}, STYLE, workers=number + 1) for number, folder in enumerate(folders)
    ]
    assert manifests[0] == manifests[1]
    for page in manifests[0].pages:
        assert (folders[0] / page.image).read_bytes() == (folders[1] / page.image).read_bytes()
