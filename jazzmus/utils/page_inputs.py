"""From the paths a user names to single pages: files, folders, quoted patterns, PDFs and TIFFs of many pages.

Looks into files only to count their pages; `PageInput.image` reads one page when it is wanted. Knows nothing of
recognition or of what is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from jazzmus.dataset.page_image import page_frames, read_image
from jazzmus.errors import ConfigError, DataError
from jazzmus.utils.pdf_pages import count_pages, draw_page

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".jp2"})
PAGE_SUFFIXES = PICTURE_SUFFIXES | {".pdf"}

_PDF_START = b"%PDF-"
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PATTERN = re.compile(r"[*?[]")
_RANGE = re.compile(r"(\d{1,9})(?:(-)(\d{1,9})?)?", re.ASCII)


class PageInput(NamedTuple):
    """One page to read.

    Attributes:
        file: Image file or PDF.
        stem: What files of its reading are called, without suffix.
        name: What messages call it.
        frame: Page of a PDF or picture of a TIFF, from 0; None of other images.
        is_pdf: Whether the file is a PDF.
    """

    file: Path
    stem: str
    name: str
    frame: int | None = None
    is_pdf: bool = False

    def image(self) -> Image.Image:
        """Read the page: upright, mode "L".

        Raises:
            DataError: It cannot be read.
        """
        if self.is_pdf and self.frame is not None:
            return draw_page(self.file, self.frame, self.name)
        return read_image(self.file, self.name, self.frame)


class PageRange(NamedTuple):
    """Pages `first` to `last` of every file, from 1, both included; to the end where `last` is None."""

    first: int
    last: int | None


class FoundPages(NamedTuple):
    """What some paths name.

    Attributes:
        pages: In the order of reading.
        problems: A line for each file or page that cannot be read, as far as is known yet.
        several: Whether there may be more than one: more were named, or a folder or pattern was.
    """

    pages: list[PageInput]
    problems: list[str]
    several: bool


def parse_page_ranges(text: str) -> list[PageRange]:
    """Read `1-3,7,9-`.

    Raises:
        ConfigError: It is written otherwise, or a range is empty.
    """
    ranges = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        first = int(match[1]) if match else 0
        last = first if match and not match[2] else int(match[3]) if match and match[3] else None
        if first < 1 or (last is not None and last < first):
            raise ConfigError(f"--pages {text}: {part!r} is no page or range; write it like 1-3,7,9-")
        ranges.append(PageRange(first, last))
    return ranges


def find_pages(
    paths: Sequence[str], ranges: Sequence[PageRange] | None = None, left_out: Path | None = None
) -> FoundPages:
    """All pages that `paths` name, each file once; no page is decoded.

    A pattern such as `scans/*.jpg` or `scans/**/*.pdf` means page files, unless a file has that very name.

    Args:
        paths: Files, folders (their own files, not those of folders in them) and patterns.
        ranges: Which pages of each file; an image is one page. All when None.
        left_out: The folder of the output, whose files a pattern that reaches down into it does not mean.

    Raises:
        DataError: A path does not exist, or a folder or pattern holds no page.
    """
    files: dict[Path, Path] = {}
    for path in paths:
        for file in _expanded(path, left_out):
            files.setdefault(file.absolute(), file)
    pages: list[PageInput] = []
    problems: list[str] = []
    for file in files.values():
        try:
            _add_pages(file, ranges, pages, problems)
        except DataError as error:
            problems.append(str(error))
    only_files = all(Path(path).absolute() in files for path in paths)
    return FoundPages(pages, problems, len(pages) + len(problems) > 1 or not only_files)


def _expanded(path: str, left_out: Path | None) -> list[Path]:
    """The files that one path names."""
    if not path:
        raise DataError("--image: an empty path; give a file, folder or pattern")
    place = Path(path)
    if place.is_dir():
        return _page_files(place.iterdir(), f"{place}: no image or PDF in this folder")
    if place.exists() or place.is_symlink():
        return [place]
    patterns = [at for at, part in enumerate(place.parts) if _PATTERN.search(part)]
    if not patterns:
        raise DataError(f"{place}: no such file or folder")
    base, pattern = Path(*place.parts[: patterns[0]]), Path(*place.parts[patterns[0] :])
    try:
        matches = list(base.glob(str(pattern)))
    except ValueError as error:
        raise DataError(f"{place}: no pattern of files ({error}); write it like scans/*.jpg") from error
    if left_out is not None and base.resolve() in left_out.resolve().parents:
        matches = [file for file in matches if left_out.resolve() not in file.resolve().parents]
    return _page_files(matches, f"{place}: no image or PDF has such a name")


def _page_files(files: Iterable[Path], complaint: str) -> list[Path]:
    """Those with a suffix of pages, sorted, without hidden files (systems leave such beside images)."""
    inside = sorted(file for file in files if file.suffix.lower() in PAGE_SUFFIXES and not file.name.startswith("."))
    if not inside:
        raise DataError(f"{complaint} ({' '.join(sorted(PAGE_SUFFIXES))})")
    return inside


def _add_pages(file: Path, ranges: Sequence[PageRange] | None, pages: list[PageInput], problems: list[str]) -> None:
    """Put the pages of a file that are asked for to `pages`, and what it does not have to the problems."""
    start = _first_bytes(file)
    is_pdf = start.startswith(_PDF_START) or (file.suffix.lower() == ".pdf" and file.is_file())
    frames: Sequence[int | None] = (None,)
    if is_pdf:
        frames = range(count_pages(file))
    elif start.startswith(_TIFF_STARTS):
        frames = page_frames(file)
    count = len(frames)
    wanted: set[int] = set()
    for first, last in ranges or ():
        wanted.update(range(first, min(last or count, count) + 1))
        if max(first, last or 0) > count:
            held = "1 page" if count == 1 else f"{count} pages"
            problems.append(f"{file}: has {held}, no page {max(first, count + 1)}; change --pages")
    digits = max(3, len(str(count)))
    for number in range(1, count + 1) if ranges is None else sorted(wanted):
        if count > 1:
            stem, name = f"{file.stem}-{number:0{digits}d}", f"{file} page {number}"
        else:
            stem, name = file.stem, str(file)
        pages.append(PageInput(file, stem, name, frames[number - 1], is_pdf))


def _first_bytes(file: Path) -> bytes:
    """What a file begins with; nothing where it is no file or cannot be read, which reading the page will tell."""
    try:
        if not file.is_file():
            return b""
        with file.open("rb") as stream:
            return stream.read(8)
    except OSError:
        return b""
