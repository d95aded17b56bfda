from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from pdf_files import A_PAGE, pdf
from PIL import Image

from jazzmus.errors import ConfigError, DataError
from jazzmus.utils import page_inputs
from jazzmus.utils.page_inputs import PageRange, find_pages, parse_page_ranges
from jazzmus.utils.pdf_pages import LONG_SIDE, count_pages, draw_page


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with scans of three pages in many kinds of files."""
    monkeypatch.chdir(tmp_path)
    scans = tmp_path / "scans"
    (scans / "deep" / "er").mkdir(parents=True)
    for name in ("b.png", "a.jpg", "c.PNG", "deep/d.jpg", "deep/er/e.jpg", ".hidden.jpg"):
        Image.new("L", (40, 50), 200).save(scans / name)
    (scans / "notes.txt").write_text("no page")
    (scans / "book.pdf").write_bytes(pdf([A_PAGE] * 12))
    return tmp_path


def stems(*paths: str, pages: str | None = None, left_out: str | None = None) -> list[str]:
    ranges = None if pages is None else parse_page_ranges(pages)
    return [page.stem for page in find_pages(paths, ranges, None if left_out is None else Path(left_out)).pages]


def save_tiff(path: Path, *grays: int, previews: tuple[int, ...] = ()) -> None:
    images = [Image.new("L", (40 + gray, 50), gray) for gray in grays]
    for at in previews:
        images[at].encoderinfo = {}
    tags = [{254: 1} if at in previews else {254: 2} for at in range(len(images))]
    for image, tag in zip(images, tags, strict=True):
        image.encoderinfo = {"tiffinfo": tag}
    images[0].save(path, "TIFF", save_all=True, append_images=images[1:], tiffinfo=tags[0])


def test_files_of_a_folder_are_sorted_and_not_those_of_folders_in_it(here: Path) -> None:
    assert stems("scans/deep") == ["d"]
    assert stems("scans") == ["a", "b", *(f"book-{number:03d}" for number in range(1, 13)), "c"]


def test_a_file_named_twice_is_read_once(here: Path) -> None:
    assert stems("scans/c.PNG", "scans/deep", "scans/*.PNG", "./scans/deep/d.jpg") == ["c", "d"]
    assert stems(str(here / "scans/c.PNG"), "scans/c.PNG") == ["c"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("scans/*.jpg", ["a"]),
        ("scans/[ab].*", ["a", "b"]),
        ("scans/*", ["a", "b", "book-001", "c"]),
        ("s*/d*/*.jpg", ["d"]),
        ("scans/**/*.jpg", ["a", "d", "e"]),
        ("scans/deep/../*.jp?", ["a"]),
    ],
)
def test_patterns(here: Path, pattern: str, expected: list[str]) -> None:
    assert stems(pattern, pages="1") == expected
    assert stems(str(here / pattern), pages="1") == expected


def test_a_file_that_has_the_name_of_a_pattern_wins(here: Path) -> None:
    Image.new("L", (40, 50)).save("scans/[ab].jpg")
    assert stems("scans/[ab].jpg") == ["[ab]"]


def test_a_pattern_follows_no_ring_of_links(here: Path) -> None:
    (here / "scans/deep/er/up").symlink_to(here / "scans")
    (here / "scans/deep/up").symlink_to(here / "scans")
    assert stems("scans/**/*.jpg") == ["a", "d", "e"]


def test_a_pattern_does_not_reach_into_the_output(here: Path) -> None:
    assert stems("scans/**/*.jpg", left_out="scans/deep") == ["a"]
    assert stems("scans/**/*.jpg", left_out="scans") == ["a", "d", "e"]
    assert stems("scans/**/*.jpg", "scans/deep/d.jpg", left_out="scans/deep") == ["a", "d"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("scans/*.doc", r"scans/\*\.doc: no image or PDF has such a name \(\.bmp"),
        ("gone/*.jpg", r"gone/\*\.jpg: no image or PDF has such a name"),
        ("scans/a**b.jpg", "no pattern of files.*write it like"),
        ("gone.jpg", "gone.jpg: no such file or folder"),
        ("empty", "empty: no image or PDF in this folder"),
        ("", "an empty path"),
    ],
)
def test_what_names_no_page(here: Path, path: str, said: str) -> None:
    (here / "empty").mkdir()
    with pytest.raises(DataError, match=said):
        find_pages(["scans/a.jpg", path])


def test_several(here: Path) -> None:
    (here / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    assert not find_pages(["scans/a.jpg"]).several
    assert not find_pages(["scans/book.pdf"], [PageRange(3, 3)]).several
    for paths in (["scans/deep"], ["scans/*.jpg"], ["scans/book.pdf"], ["scans/a.jpg", "broken.pdf"]):
        assert find_pages(paths).several, paths


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3", [(3, 3)]), ("1-3,7", [(1, 3), (7, 7)]), (" 2 , 4- ", [(2, 2), (4, None)])],
)
def test_page_ranges(text: str, expected: list[tuple[int, int | None]]) -> None:
    assert parse_page_ranges(text) == expected


@pytest.mark.parametrize("text", ["", "0", "3-1", "-3", "1,,2", "a", "1-2-3", "1.5", "٣", "9" * 30, "1 2", "--"])
def test_page_ranges_that_are_none(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--pages .*is no page or range; write it like 1-3,7,9-"):
        parse_page_ranges(text)


def test_pages_that_are_asked_for(here: Path) -> None:
    assert stems("scans/book.pdf", pages="11-,2,1-2") == ["book-001", "book-002", "book-011", "book-012"]
    found = find_pages(["scans/book.pdf", "scans/a.jpg"], parse_page_ranges("2,12-999999999,400"))
    assert [page.stem for page in found.pages] == ["book-002", "book-012"]
    assert found.problems == [
        "scans/book.pdf: has 12 pages, no page 13; change --pages",
        "scans/book.pdf: has 12 pages, no page 400; change --pages",
        "scans/a.jpg: has 1 page, no page 2; change --pages",
        "scans/a.jpg: has 1 page, no page 12; change --pages",
        "scans/a.jpg: has 1 page, no page 400; change --pages",
    ]


def test_a_pdf_is_known_by_its_content_too(here: Path) -> None:
    (here / "page.jpg").write_bytes(pdf())
    (found,) = find_pages(["page.jpg"]).pages
    assert (found.stem, found.image().size) == ("page", (1667, 2000))


def test_pages_of_a_pdf_are_drawn_upright_gray_and_large(here: Path) -> None:
    (here / "x.pdf").write_bytes(pdf([A_PAGE, (300, 100), (14400, 14400), (0.5, 0.7)]))
    images = [page.image() for page in find_pages(["x.pdf"]).pages]
    assert [image.size for image in images] == [(1667, 2000), (2000, 667), (2000, 2000), (1429, 2000)]
    assert {image.mode for image in images} == {"L"}
    pixels = np.asarray(images[0])
    assert pixels.max() == 255
    staff = pixels[:, 1667 // 2] < 128  # the lines stand 60 to 93 points above the lower edge of 120
    assert (staff[: 2000 * 25 // 120].any(), staff[2000 * 26 // 120 : 2000 // 2].any()) == (False, True)


def test_a_pdf_of_a_scan_shows_the_scan(here: Path) -> None:
    scan = Image.effect_noise((1000, 800), 90)
    scan.save("scan.pdf", "PDF", resolution=100, quality=95)
    found = np.asarray(find_pages(["scan.pdf"]).pages[0].image().resize((1000, 800)), dtype=float)
    assert np.corrcoef(found.ravel(), np.asarray(scan, dtype=float).ravel())[0, 1] > 0.9


def test_a_book_is_counted_without_drawing_and_drawn_page_by_page(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "book.pdf").write_bytes(pdf([A_PAGE] * 1000))
    drawn = []
    monkeypatch.setattr(page_inputs, "draw_page", lambda *words: drawn.append(words) or draw_page(*words))
    tracemalloc.start()
    found = find_pages(["book.pdf"])
    assert len(found.pages) == 1000
    assert drawn == []
    found.pages[998].image()
    assert tracemalloc.get_traced_memory()[1] < 20_000_000  # a page drawn is 3.3 MB
    tracemalloc.stop()
    assert drawn == [(Path("book.pdf"), 998, "book.pdf page 999")]
    assert [page.stem for page in (found.pages[0], found.pages[-1])] == ["book-0001", "book-1000"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a PDF with pages, or a broken one; replace the file"),
        (b"%PDF-1.7\n", "not a PDF with pages"),
        (pdf()[:300], "not a PDF with pages"),
        (pdf([]), "not a PDF with pages"),
        (pdf(locked=True), "is locked with a password; save it without one"),
    ],
    ids=["empty", "head", "cut", "no pages", "locked"],
)
def test_pdfs_that_cannot_be_opened(here: Path, content: bytes, said: str) -> None:
    (here / "x.pdf").write_bytes(content)
    with pytest.raises(DataError, match=f"x.pdf: {said}"):
        count_pages(Path("x.pdf"))
    found = find_pages(["x.pdf", "scans/a.jpg"])
    assert [page.stem for page in found.pages] == ["a"]
    assert len(found.problems) == 1


@pytest.mark.parametrize("size", [(14400, 1), (1, 14400)])
def test_a_pdf_page_that_is_a_line(here: Path, size: tuple[float, float]) -> None:
    (here / "x.pdf").write_bytes(pdf([size]))
    with pytest.raises(DataError, match=r"x\.pdf: a page of .* points has no room for music"):
        find_pages(["x.pdf"]).pages[0].image()


def test_a_pdf_page_without_size_or_content_is_a_blank_sheet(here: Path) -> None:
    """As viewers show it: a sheet of the usual size."""
    (here / "x.pdf").write_bytes(pdf([(0, 0)], b"q q q (no operator"))
    image = find_pages(["x.pdf"]).pages[0].image()
    assert (max(image.size), image.getextrema()) == (LONG_SIDE, (255, 255))


def test_pictures_of_a_tiff_are_pages_and_its_previews_are_none(here: Path) -> None:
    save_tiff(here / "x.tif", 10, 20, 30, previews=(1,))
    found = find_pages(["x.tif"]).pages
    assert [(page.stem, page.name) for page in found] == [("x-001", "x.tif page 1"), ("x-002", "x.tif page 2")]
    assert [page.image().getextrema() for page in found] == [(10, 10), (30, 30)]
    assert found[1].image().size == (70, 50)


def test_a_tiff_with_one_page_and_a_preview_is_one_page(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    save_tiff(here / "x.tif", 10, 20, previews=(0,))
    (found,) = find_pages(["x.tif"]).pages
    assert (found.stem, found.image().getextrema()) == ("x", (20, 20))
    assert caplog.messages == []
