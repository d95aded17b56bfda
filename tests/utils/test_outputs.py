from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from jazzmus.errors import ConfigError, DataError, KernError
from jazzmus.utils import outputs as outputs_module
from jazzmus.utils.outputs import Outputs, choose_formats
from jazzmus.utils.page_inputs import PageInput
from jazzmus.utils.transcription import Transcription

READING = Transcription("**kern\n4c\n*-\n", "eos", 0.9, 0.5)
IMAGE = Image.new("L", (40, 50), 255)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with two pages in `scans`."""
    monkeypatch.chdir(tmp_path)
    Path("scans").mkdir()
    for name in ("a", "b"):
        IMAGE.save(f"scans/{name}.jpg")
    return tmp_path


def page(name: str = "scans/a.jpg") -> PageInput:
    return PageInput(Path(name), Path(name).stem, name)


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.suffix != ".jpg" and path.is_file()
    }


@pytest.mark.parametrize(
    ("named", "output", "expected"),
    [
        (None, None, ["krn"]),
        (None, "readings/", ["krn"]),
        (None, "x.musicxml", ["musicxml"]),
        (None, "x.mid", ["midi"]),
        (None, "x.HTML", ["html"]),
        (None, "x.txt", ["krn"]),
        ("krn", "x.mid", ["krn"]),
        ("krn,krn", None, ["krn"]),
        ("midi, krn,midi", "out/", ["midi", "krn"]),
    ],
)
def test_formats(named: str | None, output: str | None, expected: list[str]) -> None:
    assert list(choose_formats(named, output)) == expected


@pytest.mark.parametrize("output", ["x.pdf", "x.jpg", "out/x.xml"])
def test_a_file_that_ends_like_no_format_is_refused(output: str) -> None:
    with pytest.raises(ConfigError, match="no format ends in"):
        choose_formats(None, output)
    assert choose_formats("krn", output) == ("krn",)


def test_a_folder_with_the_ending_of_a_format_gets_kern(here: Path) -> None:
    Path("x.svg").mkdir()
    assert choose_formats(None, "x.svg") == ("krn",)


@pytest.mark.parametrize("named", ["pdf", "", "krn,", "KRN", "../krn"])
def test_formats_that_are_none(named: str) -> None:
    with pytest.raises(
        ConfigError, match=r"--format .*: no format .*; choose from krn,musicxml,midi,svg,png,json,html"
    ):
        choose_formats(named, "out/")


def test_standard_output_is_for_kern() -> None:
    with pytest.raises(ConfigError, match="standard output takes krn only; give an --output"):
        choose_formats("krn,midi", None)


def test_a_file_or_a_folder(here: Path) -> None:
    for output in ("deep/x.krn", "readings/", "new"):
        assert Outputs([page()], output, ["krn"], several=False).write(page(), READING, IMAGE) == []
    assert files(here) == dict.fromkeys(["deep/x.krn", "readings/a.krn", "new/a.krn"], READING.kern)
    several = Outputs([page(), page("scans/b.jpg")], "v1.2", ["krn"], several=True)
    several.write(page("scans/b.jpg"), READING, IMAGE)
    assert Path("v1.2/b.krn").is_file()


def test_further_files_of_a_format_stand_beside_the_first(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs_module, "render", lambda *_: {".svg": b"one", "-2.svg": b"two"})
    Outputs([page()], "x.svg", ["svg"], several=False).write(page(), READING, IMAGE)
    Outputs([page()], "out/", ["svg"], several=False).write(page(), READING, IMAGE)
    assert files(here) == {"x.svg": "one", "x-2.svg": "two", "out/a.svg": "one", "out/a-2.svg": "two"}


def test_a_further_file_never_takes_the_place_of_another_page(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs_module, "render", lambda *_: {".svg": b"one", "-2.svg": b"two"})
    pages = [page(), page("scans/a-2.jpg")]
    outputs = Outputs(pages, "out", ["svg"], several=True)
    (problem,) = outputs.write(pages[0], READING, IMAGE)
    assert "would both be written to out/a-2.svg" in problem
    assert files(here) == {}


@pytest.mark.parametrize("fault", [KernError("line 1: no music"), ZeroDivisionError("a bar of nothing")])
def test_a_format_that_cannot_be_made_is_one_line_and_the_others_are_written(
    here: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def render(reading: Transcription, image: Image.Image, title: str, name: str) -> dict[str, bytes]:
        assert (image, title) == (IMAGE, "a")
        if name == "midi":
            raise fault
        return {f".{name}": reading.kern.encode()}

    monkeypatch.setattr(outputs_module, "render", render)
    (problem,) = Outputs([page()], "out/", ["krn", "midi", "html"], False).write(page(), READING, IMAGE)
    assert "scans/a.jpg: no midi" in problem
    assert str(fault) in problem
    assert sorted(files(here)) == ["out/a.html", "out/a.krn"]


@pytest.mark.parametrize(
    ("pages", "output", "formats", "several", "said"),
    [
        (["scans/a.jpg"], "", ["krn"], False, "--output: an empty path"),
        (["scans/a.jpg"], "x.krn", ["krn", "midi"], False, "several formats need a folder"),
        (["scans/a.jpg", "b/a.png"], "out", ["midi"], True, "a.jpg would both be written to out/a.mid; rename one"),
        (["scans/a.jpg"], "scans/a.jpg", ["krn"], False, "scans/a.jpg: is the page itself"),
        (["scans/a.jpg"], "scans/../scans/a.jpg", ["krn"], False, "is the page itself"),
        (["scans/a.jpg"], "link.krn", ["krn"], False, "link.krn: is the page itself"),
        (["scans/a.jpg"], "scans", ["krn", "png"], True, "scans: png files written here would be taken for pages"),
        (["scans/a.jpg"], "link/", ["png"], False, "link: png files written here would be taken for pages"),
        (["scans/a.jpg"], "file", ["krn"], True, "file: a folder is needed here, this is a file"),
        (["scans/a.jpg"], "file/deep/", ["krn"], False, "cannot be written .Not a directory.; choose another --output"),
        (["scans/a.jpg"], "nowhere/", ["krn"], False, "nowhere: cannot be written .Not a directory."),
        (["scans/a.jpg"], "file/x.krn", ["krn"], False, "file/x.krn: cannot be written .Not a directory."),
        (["scans/a.jpg"], "taken", ["krn"], True, "taken/a.krn: a file is needed here, this is a folder"),
        ([f"scans/{'p' * 250}.jpg"], "out", ["musicxml"], True, "cannot be written .File name too long."),
    ],
)
def test_what_is_refused_before_anything_is_read(
    here: Path, pages: list[str], output: str, formats: list[str], several: bool, said: str
) -> None:
    Path("file").touch()
    Path("taken/a.krn").mkdir(parents=True)
    Path("link").symlink_to("scans")
    Path("link.krn").symlink_to("scans/a.jpg")
    Path("nowhere").symlink_to("gone")
    before = sorted(here.rglob("*"))
    with pytest.raises((DataError, ConfigError), match=said):
        Outputs([page(name) for name in pages], output, formats, several)
    assert sorted(here.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not hold for the superuser")
def test_a_folder_that_may_not_be_written_is_refused_before_anything_is_read(here: Path) -> None:
    Path("locked").mkdir(mode=0o500)
    with pytest.raises(DataError, match=r"locked/new: cannot be written .Permission denied"):
        Outputs([page()], "locked/new/", ["krn"], several=False)


def test_a_link_is_replaced_and_not_followed(here: Path) -> None:
    Path("elsewhere").write_text("precious")
    Path("out").mkdir()
    Path("out/a.krn").symlink_to("../elsewhere")
    Outputs([page()], "out", ["krn"], several=True).write(page(), READING, IMAGE)
    assert (Path("elsewhere").read_text(), Path("out/a.krn").is_symlink()) == ("precious", False)
    assert Path("out/a.krn").read_text() == READING.kern


def test_a_ring_of_links_and_a_link_to_nothing_are_replaced(here: Path) -> None:
    for target in ("a.krn", "nowhere"):
        Path("out").mkdir(exist_ok=True)
        Path("out/a.krn").unlink(missing_ok=True)
        Path("out/a.krn").symlink_to(target)
        Outputs([page()], "out", ["krn"], several=True).write(page(), READING, IMAGE)
        assert Path("out/a.krn").read_text() == READING.kern


@pytest.mark.parametrize("name", ["...jpg", "a\\..\\b.jpg", "~.jpg", "%2e%2e%2fx.jpg", "a\nb.jpg", "-rf.jpg", " .jpg"])
def test_no_name_leads_out_of_the_folder(here: Path, name: str) -> None:
    odd = page(f"scans/{name}")
    Outputs([odd], "out", ["krn"], several=True).write(odd, READING, IMAGE)
    assert sorted(files(here)) == [f"out/{Path(name).stem}.krn"]


def test_every_format_of_a_real_reading(here: Path) -> None:
    kern = "**kern\t**mxhm\n*clefG2\t*\n*k[b-]\t*\n*M4/4\t*\n=\t=\n4f\tF:maj7\n2.a\t.\n==\t==\n*-\t*-\n"
    reading = Transcription(kern, "eos", 0.9, 0.5, (0.9,) * 9)
    formats = choose_formats("krn,musicxml,midi,svg,png,html", "out/")
    assert Outputs([page()], "out/", formats, several=False).write(page(), reading, IMAGE) == []
    starts = {"krn": b"**kern", "musicxml": b"<?xml", "mid": b"MThd", "svg": b"<", "png": b"\x89PNG", "html": b"<!"}
    for suffix, start in starts.items():
        assert Path(f"out/a.{suffix}").read_bytes().startswith(start), suffix


def test_a_text_that_is_no_kern_is_written_where_it_can_be(here: Path) -> None:
    reading = READING._replace(kern="no music", row_confidences=(1.0,))
    formats = ["krn", "musicxml", "midi", "svg", "png", "html"]
    problems = Outputs([page()], "out/", formats, several=False).write(page(), reading, IMAGE)
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.html", "a.krn"]
    assert [problem.split(" was written")[0] for problem in problems] == [
        f"scans/a.jpg: no {name}" for name in ("musicxml", "midi", "svg", "png")
    ]
