"""Images that are broken, dangerous or merely odd, read by `inference.py` from a folder beside a good page."""

from __future__ import annotations

import io
import os
import resource
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image, ImageDraw
from verbs import RunVerb, tree

import inference

EARLIER = b"an earlier reading\n"


def page() -> Image.Image:
    """Black lines on white paper: the same gray page from every mode."""
    image = Image.new("L", (96, 120), 255)
    pen = ImageDraw.Draw(image)
    for row in (*range(20, 40, 4), *range(70, 90, 4)):
        pen.line((8, row, 87, row), fill=0)
    pen.ellipse((30, 24, 38, 32), fill=0)
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, rows: bytes, *more: bytes) -> bytes:
    """A 1-bit PNG of the given rows, with further chunks before them."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def noise(size: int = 160) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (size, size), dtype=np.uint8))


JPEG = encoded(noise(), "JPEG")
MIDDLE = len(JPEG) // 2


def wrong_checksum() -> bytes:
    content = bytearray(encoded(page()))
    content[content.index(b"IDAT") + 20] ^= 0xFF
    return bytes(content)


def broken_exif() -> bytes:
    exif = b"Exif\0\0" + b"MM\0*\0\0\0\x08\0\x05" + b"\x01\x12\0\x03\xff\xff\xff\xff"
    return JPEG[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + JPEG[2:]


def cut_tiff() -> bytes:
    content = encoded(noise(), "TIFF", compression="tiff_lzw")
    return content[: len(content) // 2]


class Bad(NamedTuple):
    """A page that cannot be read: its file's name, its content or how to make it, and words of the complaint."""

    file: str
    content: bytes | Callable[[Path], None]
    words: tuple[str, ...]


BROKEN, NO_IMAGE = ("broken image", "replace the file"), ("not an image that can be read", "JPEG, PNG")
BAD = {
    "JPEG cut in half": Bad("page.jpg", JPEG[:MIDDLE], BROKEN),
    "JPEG cut in its header": Bad("page.jpg", JPEG[:30], ()),
    "JPEG cut before its end marker": Bad("page.jpg", JPEG[:-2], BROKEN),
    "JPEG cut inside its end marker": Bad("page.jpg", JPEG[:-1], BROKEN),
    "JPEG with an end marker in its middle": Bad("page.jpg", JPEG[:MIDDLE] + b"\xff\xd9" + JPEG[MIDDLE:], BROKEN),
    "JPEG cut and closed again": Bad("page.jpg", JPEG[:MIDDLE] + b"\xff\xd9", ("cut off", "replace the file")),
    "JPEG without a size": Bad("page.jpg", JPEG.replace(b"\0\xa0\0\xa0", bytes(4), 1), ()),
    "1x1": Bad("page.png", encoded(Image.new("L", (1, 1))), ("1x1 pixels are too few", "at least 16")),
    "1x20000": Bad("page.png", encoded(Image.new("L", (1, 20000))), ("1x20000 pixels are too few",)),
    "empty": Bad("page.jpg", b"", NO_IMAGE),
    "PDF of another ending": Bad(
        "page.jpg", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n", ("not a PDF with pages", "replace the file")
    ),
    "text": Bad("page.png", b"no picture at all\n" * 50, NO_IMAGE),
    "web page": Bad("page.png", b"<!doctype html><title>404</title>", NO_IMAGE),
    "PNG with a wrong checksum": Bad("page.png", wrong_checksum(), BROKEN),
    "PNG cut in half": Bad("page.png", encoded(noise())[:9000], BROKEN),
    "PNG with text that unpacks to 100 MB": Bad(
        "page.png", png(64, 64, bytes(9 * 64), chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(100_000_000), 1))), BROKEN
    ),
    "TIFF cut in half": Bad("page.tif", cut_tiff(), ()),
    "TIFF of no numbers": Bad(
        "page.tif", encoded(Image.fromarray(np.full((32, 32), np.nan, dtype=np.float32)), "TIFF"), ("not finite",)
    ),
    "GIF cut in half": Bad("page.gif", encoded(noise(), "GIF")[:5000], BROKEN),
    "a folder": Bad("page.jpg", lambda path: path.mkdir(), ("not an image file",)),
    "a link to nothing": Bad("page.jpg", lambda path: path.symlink_to("gone.jpg"), ("no such image file",)),
    "a link to itself": Bad("page.jpg", lambda path: path.symlink_to("page.jpg"), ("no such image file",)),
    "a pipe": Bad("page.jpg", lambda path: os.mkfifo(path), ("not an image file",)),
    # Reading it fails with an input/output error, for the superuser too.
    "a failing disk": Bad(
        "page.jpg", lambda path: path.symlink_to("/proc/self/mem"), ("cannot be read (Input/output error)", "check")
    ),
    "a line break in its name": Bad("pa\nge.jpg", b"", NO_IMAGE),
    "commands to the terminal in its name": Bad("pa\x1b[2Jge.jpg", b"", NO_IMAGE),
    "bytes that are no text in its name": Bad(os.fsdecode(b"pa\xff\xfege.jpg"), b"", NO_IMAGE),
}


def lay_out(root: Path, file: str, content: bytes | Callable[[Path], None]) -> tuple[Path, Path]:
    """A folder with a good page and the page in question, and one with earlier readings."""
    scans, readings = root / "scans", root / "readings"
    scans.mkdir()
    readings.mkdir()
    (scans / "good.png").write_bytes(encoded(page()))
    if isinstance(content, bytes):
        (scans / file).write_bytes(content)
    else:
        content(scans / file)
    (readings / f"{Path(file).stem}.krn").write_bytes(EARLIER)
    return scans, readings


@pytest.mark.parametrize("name", BAD)
def test_a_bad_page_is_one_line_and_the_others_are_read(name: str, run: RunVerb, weights: Path, tmp_path: Path) -> None:
    case = BAD[name]
    scans, readings = lay_out(tmp_path, case.file, case.content)
    before = tree(scans)
    outcome = run(inference, "--checkpoint", weights, "--image", scans, "--output", readings)
    line = outcome.only_complaint(*case.words)
    stem = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in case.file)
    assert (stem if "\n" not in case.file else "pa ge.jpg") in line
    assert (outcome.code, outcome.out) == (2, "")
    assert "1 pages read, 1 failed" in outcome.err
    assert tree(scans) == before
    left = tree(readings)
    assert left.pop(f"{Path(case.file).stem}.krn") == EARLIER
    assert list(left) == ["good.krn"]


def test_a_page_of_too_many_pixels_is_refused_before_it_takes_memory(
    run: RunVerb, weights: Path, tmp_path: Path
) -> None:
    bomb = png(20_000, 20_000, bytes(2501 * 20_000))
    assert len(bomb) < 100_000
    scans, readings = lay_out(tmp_path, "page.png", bomb)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome = run(inference, "--checkpoint", weights, "--image", scans, "--output", readings)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 100_000  # kilobytes; decoded it takes 400 MB
    outcome.only_complaint("page.png", "20000x20000 pixels", "200 megapixels", "make the image smaller")
    assert (outcome.code, tree(readings)["page.krn"]) == (2, EARLIER)


def test_a_page_that_may_not_be_read_says_so(
    run: RunVerb, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permissions do not hold for the superuser, under whom tests may run, so that they are played here."""
    scans, readings = lay_out(tmp_path, "page.png", encoded(page()))
    opened = open

    def refuse(file: object, *arguments: object) -> object:
        if str(file).endswith("page.png"):
            raise PermissionError(13, "Permission denied", str(file))
        return opened(file, *arguments)  # type: ignore[call-overload]

    monkeypatch.setattr("PIL.Image.builtins.open", refuse)
    outcome = run(inference, "--checkpoint", weights, "--image", scans, "--output", readings)
    monkeypatch.undo()
    outcome.only_complaint("page.png", "cannot be read (Permission denied)", "permissions")
    assert (outcome.code, tree(readings)["page.krn"]) == (2, EARLIER)


def with_alpha() -> Image.Image:
    """Black ink on nothing: the paper is transparent black."""
    image = Image.new("RGBA", page().size, (0, 0, 0, 255))
    image.putalpha(page().point(lambda value: 255 - value))
    return image


def sixteen_bits() -> Image.Image:
    return Image.fromarray(np.asarray(page()).astype(np.uint16) * 257)


class Fine(NamedTuple):
    """A page that must be read as the clean one is: its file's name and content, and words of a warning if any."""

    file: str
    content: bytes
    warning: tuple[str, ...] = ()
    clean: bytes = encoded(page())


ONLY_FIRST = ("several pictures", "only the first is read", "one file a page")
FINE = {
    "animated GIF": Fine(
        "page.gif", encoded(page(), "GIF", save_all=True, append_images=[Image.new("L", (96, 120))]), ONLY_FIRST
    ),
    "CMYK": Fine("page.tif", encoded(page().convert("CMYK"), "TIFF")),
    "16 bits": Fine("page.png", encoded(sixteen_bits())),
    "palette": Fine("page.png", encoded(page().convert("RGB").quantize(4))),
    "transparent paper": Fine("page.png", encoded(with_alpha())),
    "1 bit": Fine("page.png", encoded(page().convert("1"))),
    "JPEG with a broken EXIF block": Fine("page.jpg", broken_exif(), (), JPEG),
    "JPEG with something behind it": Fine("page.jpg", JPEG + b"\0something" * 900, (), JPEG),
    "a name of another ending": Fine("page.tif", encoded(page())),
    "a dash before its name": Fine("-page.png", encoded(page())),
    "a long name": Fine(f"{'p' * 251}.png", encoded(page())),
    "a name of other letters": Fine("página 譜 ♭.png", encoded(page())),
    "blank paper": Fine("page.png", encoded(Image.new("L", (96, 120), 255)), (), encoded(Image.new("1", (96, 120), 1))),
}


@pytest.mark.parametrize("name", FINE)
def test_an_odd_page_is_read_as_the_clean_one(name: str, run: RunVerb, weights: Path, tmp_path: Path) -> None:
    case = FINE[name]
    scans, readings = lay_out(tmp_path, case.file, case.content)
    (scans / "good.png").write_bytes(case.clean)
    outcome = run(inference, "--checkpoint", weights, "--image", scans, "--output", readings)
    assert outcome.code == 0
    if case.warning:
        outcome.only_complaint(case.file, *case.warning)
    else:
        assert outcome.complaints == []
    left = tree(readings)
    assert set(left) == {"good.krn", f"{Path(case.file).stem}.krn"}
    assert left["good.krn"] == left[f"{Path(case.file).stem}.krn"] != b""
