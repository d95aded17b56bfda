"""What a command line may ask of `inference.py`: odd files, names, patterns, page numbers and places to write to."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from pdf_files import A_PAGE, STAFF, pdf
from PIL import Image
from verbs import RunVerb, tree

import inference
from jazzmus.utils.inference_utils import Recognizer, load_recognizer

EARLIER = "an earlier reading\n"
PAGE = Image.new("L", (96, 120), 255)


@pytest.fixture(scope="module")
def recognizer(weights: Path) -> Recognizer:
    return load_recognizer(weights, "cpu")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recognizer: Recognizer) -> Path:
    """The current folder: a good page and an earlier reading. Weights are loaded once for all tests."""
    monkeypatch.setattr("jazzmus.utils.inference_utils.load_recognizer", lambda *_, **__: recognizer)
    monkeypatch.setattr("jazzmus.utils.inference_utils.shipped_weights", lambda: "shipped")
    folder = tmp_path / "here"
    for name in ("scans", "out", "empty"):
        (folder / name).mkdir(parents=True)
    monkeypatch.chdir(folder)
    PAGE.save("scans/good.png")
    Path("out/page.krn").write_text(EARLIER)
    Path("file").write_text("in the way")
    return folder


def put(name: str, content: bytes = b"") -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes(content)


def tiff(name: str, *images: Image.Image, **options: object) -> None:
    images[0].save(name, "TIFF", save_all=True, append_images=images[1:], **options)


def cut(name: str, share: float) -> None:
    content = Path(name).read_bytes()
    Path(name).write_bytes(content[: int(len(content) * share)])


def tiff_ring() -> None:
    """A TIFF whose picture says that the next one is itself."""
    PAGE.save("scans/page.tif")
    content = bytearray(Path("scans/page.tif").read_bytes())
    start = int.from_bytes(content[4:8], "little")
    end = start + 2 + 12 * int.from_bytes(content[start : start + 2], "little")
    content[end : end + 4] = start.to_bytes(4, "little")
    Path("scans/page.tif").write_bytes(content)


def links(*pairs: tuple[str, str]) -> None:
    for name, target in pairs:
        Path(name).symlink_to(target)


class BadPage(NamedTuple):
    """What is put beside the good page as `page.*`, and words of the complaint."""

    make: Callable[[], object]
    words: tuple[str, ...]


NO_PDF = ("not a PDF with pages, or a broken one", "replace the file")
BAD_PAGES = {
    "PDF, empty": BadPage(lambda: put("scans/page.pdf"), NO_PDF),
    "PDF, a picture": BadPage(lambda: PAGE.save("scans/page.pdf", "PNG"), NO_PDF),
    "PDF, random bytes": BadPage(
        lambda: put("scans/page.pdf", b"%PDF-1.4\n" + np.random.default_rng(0).bytes(9000)), NO_PDF
    ),
    "PDF, cut": BadPage(lambda: put("scans/page.pdf", pdf()[:250]), NO_PDF),
    "PDF, no pages": BadPage(lambda: put("scans/page.pdf", pdf([])), NO_PDF),
    "PDF, locked": BadPage(lambda: put("scans/page.pdf", pdf(locked=True)), ("locked with a password", "without one")),
    "PDF, a page like a line": BadPage(lambda: put("scans/page.pdf", pdf([(14400, 3)])), ("14400 by 3 points",)),
    "PDF, a folder": BadPage(lambda: Path("scans/page.pdf").mkdir(), ("not an image file",)),
    "PDF, a pipe": BadPage(lambda: os.mkfifo("scans/page.pdf"), ("not an image file",)),
    "PDF, a failing disk": BadPage(
        lambda: links(("scans/page.pdf", "/proc/self/mem")), ("cannot be read", "check the file")
    ),
    "PDF, a link to itself": BadPage(lambda: links(("scans/page.pdf", "page.pdf")), ("no such image file",)),
    "TIFF, empty": BadPage(lambda: put("scans/page.tif"), ("not an image that can be read",)),
    "TIFF, only a head": BadPage(lambda: put("scans/page.tif", b"II*\0\x08\0\0\0"), ("page.tif",)),
    "TIFF, a head to nowhere": BadPage(lambda: put("scans/page.tif", b"MM\0*\xff\xff\xff\xf0"), ("page.tif",)),
    "TIFF, one value is no number": BadPage(
        lambda: Image.fromarray(np.where(np.eye(64) > 0, np.nan, 0.5).astype(np.float32)).save("scans/page.tif"),
        ("not finite",),
    ),
    "a pipe": BadPage(lambda: os.mkfifo("scans/page.tif"), ("not an image file",)),
    "a device": BadPage(lambda: links(("scans/page.jpg", "/dev/null")), ("not an image file",)),
    "a device without end": BadPage(lambda: links(("scans/page.jpg", "/dev/zero")), ("not an image file",)),
    "links in a ring": BadPage(
        lambda: links(("scans/page.jpg", "../x.jpg"), ("x.jpg", "scans/page.jpg")), ("no such image file",)
    ),
}


@pytest.fixture
def no_hanging() -> object:
    """A pipe that is opened waits for ever: end the test instead."""
    signal.alarm(60)
    yield
    signal.alarm(0)


@pytest.mark.usefixtures("no_hanging")
@pytest.mark.parametrize("name", BAD_PAGES)
def test_a_bad_page_is_one_line_and_the_good_one_is_read(name: str, run: RunVerb, here: Path) -> None:
    BAD_PAGES[name].make()
    before = tree(here.parent)
    outcome = run(inference, "--image", "scans", "--output", "out")
    outcome.only_complaint("ERROR", "scans/page.", *BAD_PAGES[name].words)
    assert (outcome.code, outcome.out) == (2, "")
    assert "1 pages read, 1 failed" in outcome.err
    after = tree(here.parent)
    assert after.pop("here/out/good.krn")
    assert after == before


class Fine(NamedTuple):
    """What is put there, the words of the command line, and the readings that must be in `out` then."""

    make: Callable[[], object]
    words: list[str]
    readings: list[str]


def many_names() -> None:
    for name in ("-rf.png", "a b.png", "p\u00e1gina \u8b5c \u266d.png", "a\nb.png", "a\\b.png", "%2e%2e.png"):
        PAGE.save(f"scans/{name}")


FINE = {
    "a PDF of one page": Fine(lambda: put("page.pdf", pdf()), ["page.pdf"], ["page"]),
    "a PDF of one page in a folder": Fine(lambda: put("in/x.pdf", pdf()), ["in"], ["x"]),
    "a PDF of two pages": Fine(lambda: put("x.pdf", pdf([A_PAGE] * 2)), ["x.pdf"], ["x-001", "x-002"]),
    "pages of a book of 1000": Fine(
        lambda: put("x.pdf", pdf([A_PAGE] * 1000)), ["x.pdf", "--pages", "7,999-"], ["x-0007", "x-0999", "x-1000"]
    ),
    "a PDF page as large as can be": Fine(lambda: put("x.pdf", pdf([(14400, 14400)])), ["x.pdf"], ["x"]),
    "a PDF page as large as cannot be": Fine(lambda: put("x.pdf", pdf([(2e6, 2.5e6)])), ["x.pdf"], ["x"]),
    "a PDF page smaller than a stamp": Fine(lambda: put("x.pdf", pdf([(0.1, 0.1)])), ["x.pdf"], ["x"]),
    "a PDF page without size": Fine(lambda: put("x.pdf", pdf([(0, 0)])), ["x.pdf"], ["x"]),
    "a PDF with broken drawing": Fine(lambda: put("x.pdf", pdf(content=STAFF + b" q q ( <<")), ["x.pdf"], ["x"]),
    "a PDF with something behind it": Fine(lambda: put("x.pdf", pdf() + b"\0" * 500), ["x.pdf"], ["x"]),
    "a PDF named as a picture": Fine(lambda: put("x.jpg", pdf()), ["x.jpg"], ["x"]),
    "a PDF without a suffix": Fine(lambda: put("x", pdf()), ["x"], ["x"]),
    "a TIFF of three pages": Fine(lambda: tiff("x.tif", PAGE, PAGE, PAGE), ["x.tif"], ["x-001", "x-002", "x-003"]),
    "one page of a TIFF": Fine(lambda: tiff("x.tif", PAGE, PAGE), ["x.tif", "--pages", "2"], ["x-002"]),
    "a packed TIFF": Fine(lambda: tiff("x.tif", PAGE, PAGE, compression="tiff_lzw"), ["x.tif"], ["x-001", "x-002"]),
    "a TIFF in a ring": Fine(tiff_ring, ["scans/page.tif"], ["page"]),
    "a TIFF named as a PNG": Fine(lambda: tiff("x.png", PAGE, PAGE), ["x.png", "--pages", "1"], ["x-001"]),
    "a link to a page": Fine(lambda: links(("x.png", "scans/good.png")), ["x.png"], ["x"]),
    "names that are odd": Fine(
        many_names, ["scans"], ["%2e%2e", "-rf", "a b", "a\nb", "a\\b", "good", "p\u00e1gina \u8b5c \u266d"]
    ),
    "a page named as a pattern": Fine(lambda: PAGE.save("[x].png"), ["[x].png"], ["[x]"]),
    "a pattern": Fine(lambda: PAGE.save("scans/x.jpg"), ["scans/*.[jp]*g"], ["good", "x"]),
    "a pattern through folders": Fine(lambda: None, ["**/*.png"], ["good"]),
    "a pattern and links in a ring": Fine(lambda: links(("scans/up", "..")), ["**/*.png"], ["good"]),
    "a folder named as a page": Fine(lambda: put("page.jpg/x.pdf", pdf()), ["page.jpg"], ["x"]),
    "a page twice": Fine(lambda: None, ["scans/good.png", "scans", "--image", "./scans/good.png"], ["good"]),
    "hidden files beside pages": Fine(lambda: put("scans/._good.png", b"\0\5\x16\7"), ["scans"], ["good"]),
    "a format twice": Fine(lambda: None, ["scans", "--format", "krn, krn"], ["good"]),
    "pages one at a time": Fine(lambda: None, ["scans", "--batch_size", "1"], ["good"]),
}


@pytest.mark.parametrize("name", FINE)
def test_what_is_odd_but_can_be_read(name: str, run: RunVerb, here: Path) -> None:
    FINE[name].make()
    before = tree(here.parent)
    outcome = run(inference, "--image", *FINE[name].words, "--output", "out/")
    assert (outcome.code, outcome.complaints) == (0, [])
    after = tree(here.parent)
    readings = sorted(path for path in after if after[path] != before.get(path))
    assert readings == sorted(f"here/out/{stem}.krn" for stem in FINE[name].readings)
    assert before.keys() <= after.keys()


class Refused(NamedTuple):
    """What is put there, the words of the command line and those of the complaint."""

    make: Callable[[], object]
    words: list[str]
    said: tuple[str, ...]


NOTHING = object
REFUSED = {
    "a pattern without a match": Refused(NOTHING, ["scans/*.gif"], ("scans/*.gif: no image or PDF has such a name",)),
    "a pattern of no pages": Refused(NOTHING, ["fil*"], ("fil*: no image or PDF has such a name",)),
    "a pattern that is none": Refused(NOTHING, ["scans/a**.png"], ("scans/a**.png: no pattern", "scans/*.jpg")),
    "an empty path": Refused(NOTHING, [""], ("an empty path",)),
    "a good and a missing page": Refused(NOTHING, ["scans", "gone.png"], ("gone.png: no such file or folder",)),
    "an empty folder": Refused(NOTHING, ["empty"], ("empty: no image or PDF in this folder", ".pdf")),
    "page numbers that are none": Refused(NOTHING, ["scans", "--pages", "one"], ("--pages one", "like 1-3,7,9-")),
    "page numbers backwards": Refused(NOTHING, ["scans", "--pages", "9-3"], ("--pages 9-3",)),
    "page nought": Refused(NOTHING, ["scans", "--pages", "0-3"], ("--pages 0-3",)),
    "an unknown format": Refused(NOTHING, ["scans", "--format", "krn,doc"], ("no format 'doc'", "krn,musicxml,midi")),
    "no format": Refused(NOTHING, ["scans", "--format", ""], ("--format", "choose from")),
    "formats into one file": Refused(
        NOTHING, ["scans/good.png", "--format", "krn,midi", "--output", "x.krn"], ("several formats need a folder",)
    ),
    "no pages at once": Refused(NOTHING, ["scans", "--batch_size", "0"], ("--batch_size must be at least 1",)),
    "pages at once that are no number": Refused(NOTHING, ["scans", "--batch_size", "many"], ("--batch_size", "many")),
    "an unknown strategy": Refused(NOTHING, ["scans", "--strategy", "guess"], ("--strategy", "guess", "systems")),
    "an empty output": Refused(NOTHING, ["scans", "--output", ""], ("--output: an empty path",)),
    "a file for a folder": Refused(NOTHING, ["scans", "--output", "file"], ("file: a folder is needed here",)),
    "a folder below a file": Refused(NOTHING, ["scans", "--output", "file/out/"], ("file/out: cannot be written",)),
    "a folder below a device": Refused(NOTHING, ["scans", "--output", "/dev/null/x"], ("cannot be written",)),
    "the page itself": Refused(
        NOTHING, ["scans/good.png", "--format", "krn", "--output", "scans/good.png"], ("is the page itself",)
    ),
    "the page by a link": Refused(
        lambda: links(("x.krn", "scans/good.png")), ["scans/good.png", "--output", "x.krn"], ("is the page itself",)
    ),
    "pictures among the pages": Refused(
        NOTHING, ["scans", "--format", "png", "--output", "scans"], ("scans: png files", "taken for pages")
    ),
    "pages of one stem": Refused(
        lambda: put("scans/good.pdf", pdf()), ["scans"], ("good.png", "good.pdf", "out/good.krn", "rename one")
    ),
    "pages of one name in two folders": Refused(
        lambda: put("more/good.pdf", pdf()), ["scans", "more"], ("scans/good.png", "more/good.pdf", "rename one")
    ),
    "a page named as one of a book": Refused(
        lambda: (put("b.pdf", pdf([A_PAGE] * 2)), PAGE.save("b-002.png")),
        ["b.pdf", "b-002.png"],
        ("b.pdf page 2", "b-002.png", "rename one"),
    ),
    "a reading that is a folder": Refused(
        lambda: Path("out/good.krn").mkdir(), ["scans"], ("out/good.krn: a file is needed here",)
    ),
    "a name that gets too long": Refused(
        lambda: put(f"{'p' * 251}.pdf", pdf([A_PAGE] * 2)), [f"{'p' * 251}.pdf"], ("File name too long",)
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_before_anything_is_read(
    name: str, run: RunVerb, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jazzmus.utils.inference_utils.load_recognizer", None)
    make, words, said = REFUSED[name]
    make()
    before = tree(here.parent)
    outcome = run(inference, "--image", *words, *(() if "--output" in words else ("--output", "out")))
    outcome.only_complaint("error: ", *said)
    assert (outcome.code, outcome.out) == (2, "")
    assert tree(here.parent) == before


def test_a_tiff_that_was_cut_off_is_read_as_far_as_it_goes(run: RunVerb, here: Path) -> None:
    tiff("page.tif", PAGE, PAGE)
    cut("page.tif", 0.7)
    outcome = run(inference, "--image", "page.tif", "--output", "out")
    outcome.only_complaint("ERROR", "page.tif page 2: broken image", "replace the file")
    assert outcome.code == 2
    assert sorted(path.name for path in Path("out").iterdir()) == ["page-001.krn", "page.krn"]


def test_pages_that_a_book_does_not_have(run: RunVerb, here: Path) -> None:
    put("b.pdf", pdf([A_PAGE] * 2))
    outcome = run(inference, "--image", "b.pdf", "--pages", "2-5", "--output", "out")
    outcome.only_complaint("ERROR", "b.pdf: has 2 pages, no page 3; change --pages")
    assert outcome.code == 2
    assert sorted(path.name for path in Path("out").iterdir()) == ["b-002.krn", "page.krn"]


def test_only_what_cannot_be_read(run: RunVerb, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No weights are loaded for it."""
    monkeypatch.setattr("jazzmus.utils.inference_utils.load_recognizer", None)
    put("b.pdf", pdf(locked=True))
    outcome = run(inference, "--image", "b.pdf")
    outcome.only_complaint("ERROR", "b.pdf: is locked with a password")
    assert (outcome.code, outcome.out) == (2, "")


def test_a_second_run_reads_no_outputs_of_the_first(run: RunVerb, here: Path) -> None:
    """Readings beside the pages, and pictures in a folder that a pattern reaches."""
    for _ in range(2):
        assert run(inference, "--image", "scans", "--output", "scans").code == 0
    (here / "scans" / "read").mkdir()
    PAGE.save("scans/read/good.png")
    outcome = run(inference, "--image", "scans/**/*.png", "--output", "scans/read")
    assert (outcome.code, outcome.complaints) == (0, [])
    assert sorted(path.name for path in Path("scans/read").iterdir()) == ["good.krn", "good.png"]


def test_an_unknown_device(run: RunVerb, weights: Path, tmp_path: Path) -> None:
    PAGE.save(tmp_path / "x.png")
    outcome = run(inference, "--checkpoint", weights, "--image", tmp_path / "x.png", "--device", "abacus")
    outcome.only_complaint("error: --device abacus: cannot be used here; choose cpu")
    assert outcome.code == 2
