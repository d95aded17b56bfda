"""The folder of generated pages: complete, readable through its manifest, and not made twice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image

import data_prep
from jazzmus.cli import GENERATOR_CONFIG
from jazzmus.dataset.manifest import MANIFEST_NAME, Manifest, read_manifest, write_manifest
from jazzmus.errors import ConfigError, DataError
from jazzmus.kern.systems import count_systems
from jazzmus.synthesis.generate import generate
from jazzmus.synthesis.generated_pages import GeneratedPages
from jazzmus.synthesis.page import SyntheticPage
from jazzmus.synthesis.page_folder import SEEDS_PER_SPLIT, write_page_folder
from jazzmus.synthesis.page_style import PageStyle

PAGES = GeneratedPages(PageStyle(systems=(1, 2)))
THREE = GeneratedPages(PageStyle(systems=(3, 3)))


class RefusesTwoTunesForEach(GeneratedPages):
    """Two tunes of each page are of no use."""

    def page(self, number: int, systems: int | None = None, paper: int = 0) -> SyntheticPage:
        """Make a page."""
        self.refusals["too long"] += 2
        return super().page(number, systems, paper)


def modified(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in sorted(folder.rglob("*")) if path.is_file()}


def test_pages_texts_and_manifest_agree(tmp_path: Path) -> None:
    folder = tmp_path / "generated"
    written = write_page_folder(folder, {"train": 2, "val": 1}, PAGES)
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


def test_the_manifest_says_what_the_pages_are_made_of(tmp_path: Path) -> None:
    shares = {"procedural": 1.0, "tunes": 0.0}
    for count, pages in ((1, PAGES), (0, GeneratedPages(PageStyle(systems=(1, 2)), content=shares))):
        write_page_folder(tmp_path / str(count), {"train": count}, pages)
        assert read_manifest(tmp_path / str(count)).content == ("procedural",)


def test_a_second_run_changes_nothing_and_a_longer_one_adds(tmp_path: Path) -> None:
    first = write_page_folder(tmp_path, {"train": 2}, PAGES)
    before = modified(tmp_path)
    assert write_page_folder(tmp_path, {"train": 2}, PAGES) == first
    assert modified(tmp_path) == before
    more = write_page_folder(tmp_path, {"train": 3, "val": 1}, PAGES)
    assert more.pages[:2] == first.pages
    after = modified(tmp_path)
    assert all(after[name] == before[name] for name in before if name != "manifest.json")


def test_damaged_pages_and_pages_of_another_style_are_made_again(tmp_path: Path) -> None:
    first = write_page_folder(tmp_path, {"train": 2}, PAGES)
    damaged = tmp_path / first.pages[0].image
    content = damaged.read_bytes()
    damaged.write_bytes(b"no image")
    (tmp_path / first.pages[1].ground_truth).unlink()
    (damaged.parent / f".{damaged.name}.12345.tmp").write_bytes(b"half of a killed run's page")
    assert write_page_folder(tmp_path, {"train": 2}, PAGES) == first
    assert damaged.read_bytes() == content
    assert not list(tmp_path.rglob("*.tmp"))
    other = write_page_folder(tmp_path, {"train": 2}, THREE)
    assert all(len(page.systems) == 3 for page in other.pages)


def test_folders_of_other_data_and_wrong_numbers_are_refused(tmp_path: Path) -> None:
    write_manifest(tmp_path, Manifest(tmp_path.name, "PRAIG/JAZZMUS", None, "clean", (), ()))
    with pytest.raises(DataError, match="another dataset"):
        write_page_folder(tmp_path, {"train": 1}, PAGES)
    with pytest.raises(ConfigError):
        write_page_folder(tmp_path / "a", {"training": 1}, PAGES)
    with pytest.raises(ConfigError):
        write_page_folder(tmp_path / "a", {"train": -1}, PAGES)


@pytest.mark.parametrize("settings", [{"seed": SEEDS_PER_SPLIT - 1}, {"seed": -1}, {"workers": 0}])
def test_pages_of_another_split_are_not_made(tmp_path: Path, settings: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="2 pages from seed"):
        write_page_folder(tmp_path / "a", {"train": 1, "val": 2}, PAGES, **settings)
    assert not (tmp_path / "a").exists()


def test_no_manifest_describes_the_pages_of_a_killed_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_page_folder(tmp_path, {"train": 2}, PAGES)

    def killed(self: GeneratedPages, number: int) -> SyntheticPage:
        raise KeyboardInterrupt

    monkeypatch.setattr(GeneratedPages, "page", killed)
    with pytest.raises(KeyboardInterrupt):
        write_page_folder(tmp_path, {"train": 3}, PAGES)
    assert len(read_manifest(tmp_path).pages) == 2
    with pytest.raises(KeyboardInterrupt):
        write_page_folder(tmp_path, {"train": 2}, THREE)
    assert not (tmp_path / MANIFEST_NAME).exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_refused_tunes_are_counted_over_all_processes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, workers: int
) -> None:
    with caplog.at_level("INFO", "jazzmus.synthesis.page_folder"):
        write_page_folder(tmp_path, {"train": 2}, RefusesTwoTunesForEach(PageStyle(systems=(1, 1))), workers=workers)
    assert [record.getMessage() for record in caplog.records] == [
        "4 tunes were refused and others drawn for them: 4 x too long"
    ]
    caplog.clear()
    with caplog.at_level("INFO", "jazzmus.synthesis.page_folder"):
        write_page_folder(tmp_path / "b", {"train": 1}, PAGES)
    assert not caplog.records


def test_papers_are_for_training(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bindings = ["PageStyle.systems=(1,1)", "GeneratedPages.papers=2"]
    generate(tmp_path, {"train": 1}, [GENERATOR_CONFIG], bindings)
    assert "GeneratedPages.papers = 2 is for training only" in caplog.text
    assert len(read_manifest(tmp_path).pages) == 1


def test_the_command_line_reaches_the_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    line = f"data_prep.py --generate 1 --val 1 --test 1 --seed 9 --workers 1 --data_root {tmp_path} --output_name out"
    monkeypatch.setattr(sys, "argv", [*line.split(), "--gin", "PageStyle.systems=(2,2)"])
    data_prep.main()
    pages = read_manifest(tmp_path / "out").pages
    assert [page.split for page in pages] == ["train", "val", "test"]
    assert all(len(page.systems) == 2 for page in pages)
    assert pages[0].page_id == "generated-00000009"


def test_a_misspelt_binding_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = f"data_prep.py --generate 1 --data_root {tmp_path} --gin"
    monkeypatch.setattr(sys, "argv", [*line.split(), "PageStyle.sistems=(1, 1)"])
    with pytest.raises(ConfigError, match="sistems"):
        data_prep.main()
    assert not (tmp_path / "generated").exists()


def test_two_processes_write_the_same_pages_as_one(tmp_path: Path) -> None:
    folders = [tmp_path / "one" / "pages", tmp_path / "two" / "pages"]
    manifests = [
        write_page_folder(folder, {"train": 3}, PAGES, workers=number + 1) for number, folder in enumerate(folders)
    ]
    assert manifests[0] == manifests[1]
    for page in manifests[0].pages:
        assert (folders[0] / page.image).read_bytes() == (folders[1] / page.image).read_bytes()
