from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from jazzmus.dataset.manifest import SystemBox
from jazzmus.dataset.page_image import MAX_STORED_SIDE, page_frames, read_image, read_source_page
from jazzmus.dataset.page_transform import PageTransform, crop_systems, strip_area
from jazzmus.errors import ConfigError, DataError

RAMP = np.tile(np.linspace(0, 255, 48).round().astype(np.uint8), (40, 1))


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def gray() -> Image.Image:
    return Image.fromarray(RAMP)


def with_alpha() -> Image.Image:
    image = Image.merge("RGBA", [gray(), gray(), gray(), Image.new("L", gray().size, 255)])
    image.paste((0, 0, 0, 0), (0, 20, 48, 40))  # transparent black must come out as paper
    return image


def header_only_png(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


OPAQUE = {
    "gray": encoded(gray()),
    "rgb": encoded(gray().convert("RGB")),
    "palette": encoded(gray().convert("RGB").quantize(256)),
    "cmyk": encoded(gray().convert("CMYK"), "TIFF"),
    "gray+alpha": encoded(gray().convert("LA")),
    "16-bit png": encoded(Image.fromarray(RAMP.astype(np.uint16) * 257)),
    "16-bit tiff": encoded(Image.fromarray(RAMP.astype(np.uint16) * 257), "TIFF"),
    "32-bit tiff": encoded(Image.fromarray(RAMP.astype(np.int32) * 257), "TIFF"),
    "float tiff 0..1": encoded(Image.fromarray(RAMP.astype(np.float32) / 255), "TIFF"),
    "float tiff 0..255": encoded(Image.fromarray(RAMP.astype(np.float32)), "TIFF"),
    "webp": encoded(gray().convert("RGB"), "WEBP", lossless=True),
    "bmp": encoded(gray(), "BMP"),
}


@pytest.mark.parametrize("kind", OPAQUE)
def test_every_mode_becomes_the_same_gray(kind: str) -> None:
    image = read_image(OPAQUE[kind])
    assert image.mode == "L"
    assert np.abs(np.asarray(image, dtype=int) - RAMP).max() <= 3


@pytest.mark.parametrize("mode", ["RGB", "CMYK", "L"])
def test_jpeg_modes(mode: str) -> None:
    image = read_image(encoded(gray().convert(mode), "JPEG", quality=98))
    assert image.mode == "L"
    assert np.abs(np.asarray(image, dtype=int) - RAMP).max() <= 6


def test_one_bit() -> None:
    image = read_image(encoded(gray().convert("1", dither=Image.Dither.NONE)))
    assert sorted(set(np.asarray(image).ravel().tolist())) == [0, 255]
    assert image.getpixel((47, 0)) == 255


def test_transparent_is_paper() -> None:
    for image in (with_alpha(), with_alpha().convert("LA")):
        pixels = np.asarray(read_image(encoded(image)), dtype=int)
        assert (pixels[20:] == 255).all()
        assert np.abs(pixels[:20] - RAMP[:20]).max() <= 1
    palette = Image.new("P", (20, 20), 0)
    palette.putpalette([0, 0, 0, 255, 255, 255])
    assert np.asarray(read_image(encoded(palette, transparency=0))).min() == 255


def test_exif_rotation_is_applied_in_every_orientation() -> None:
    upright = Image.new("L", (60, 40), 255)
    upright.paste(0, (0, 0, 20, 10))  # ink in the upper left corner
    inverse = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    for orientation, turn in inverse.items():
        stored = upright if turn is None else upright.transpose(Image.Transpose(turn))
        exif = Image.Exif()
        exif[0x0112] = orientation
        for kind in ("JPEG", "PNG", "TIFF"):
            page = read_source_page(encoded(stored, kind, exif=exif))
            assert (page.width, page.height, page.image.size) == (60, 40, (60, 40)), (orientation, kind)
            assert page.orientation == orientation
            assert page.image.getpixel((5, 5)) < 30, (orientation, kind)
            assert page.image.getpixel((50, 30)) > 225, (orientation, kind)


def test_large_pages_are_shrunk_and_keep_their_own_size_in_mind() -> None:
    for kind in ("JPEG", "PNG"):
        page = read_source_page(encoded(Image.new("L", (9000, 300), 200), kind))
        assert page.image.size == (MAX_STORED_SIDE, round(300 * MAX_STORED_SIDE / 9000))
        assert (page.width, page.height) == (9000, 300)
        assert not page.is_stored_form


def test_what_is_stored_as_it_is() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read_source_page(encoded(gray(), "JPEG")).is_stored_form
    assert not read_source_page(encoded(gray(), "JPEG", exif=exif)).is_stored_form
    assert not read_source_page(encoded(gray().convert("RGB"), "JPEG")).is_stored_form
    assert not read_source_page(encoded(gray())).is_stored_form


def test_too_many_pixels_are_refused_by_the_header() -> None:
    for width, height in ((20000, 10001), (60000, 60000)):
        with pytest.raises(DataError, match=r"scan 7: .*200 megapixels"):
            read_image(header_only_png(width, height), name="scan 7")


@pytest.mark.parametrize("size", [(1, 1), (500, 3)])
def test_too_few_pixels(size: tuple[int, int]) -> None:
    with pytest.raises(DataError, match="too few for a page"):
        read_image(encoded(Image.new("L", size)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_truncated_files_are_errors(kind: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 200), dtype=np.uint8)
    content = encoded(Image.fromarray(noise), kind)
    path = tmp_path / "page.img"
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"page\.img: (broken image|not an image)"):
        read_image(path)


def test_files_that_are_no_images(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("not a picture")
    for path, message in (
        (tmp_path / "absent.png", "no such image file"),
        (tmp_path, "not an image file"),
        (tmp_path / "text.jpg", "not an image that can be read"),
    ):
        with pytest.raises(DataError, match=message) as caught:
            read_image(path)
        assert str(path) in str(caught.value)
    with pytest.raises(DataError, match="not finite"):
        read_image(encoded(Image.fromarray(np.full((20, 20), np.nan, dtype=np.float32)), "TIFF"))


@pytest.mark.parametrize(
    ("size", "expected"),
    [((2480, 3508), (992, 1403)), ((1000, 3000), (533, 1600)), ((496, 400), (992, 800)), ((8000, 20), (992, 16))],
)
def test_transform_scales_without_distortion(size: tuple[int, int], expected: tuple[int, int]) -> None:
    pixels = PageTransform()(Image.new("L", size, 255))
    assert pixels.shape == (1, expected[1], expected[0])
    assert pixels.dtype == torch.float32
    assert pixels.min() == pixels.max() == 1.0
    assert PageTransform().output_size(*size) == expected


def test_transform_keeps_thin_lines() -> None:
    page = Image.new("L", (1984, 400), 255)
    page.paste(0, (0, 201, 1984, 202))  # one pixel high: nearest-neighbour sampling would lose it
    assert PageTransform()(page).min() < 0.8


def test_transform_wants_gray() -> None:
    with pytest.raises(ValueError, match="mode RGB"):
        PageTransform()(Image.new("RGB", (50, 50)))


def test_trim_takes_a_dark_border_but_no_staff() -> None:
    page = np.full((1000, 800), 240, dtype=np.uint8)
    for line in range(60, 100, 10):
        page[line, 40:780] = 0  # a staff close to the top, darker and longer than any border
    plain = PageTransform(width=800, trim_dark_border=True)(Image.fromarray(page))
    assert plain.shape == (1, 1000, 800)
    page[:, :50] = 10
    page[-20:, :] = 10
    page[:, 5:9] = 230  # a sliver of paper outside the binder
    transform = PageTransform(width=750, trim_dark_border=True)
    assert transform(Image.fromarray(page)).shape == (1, 980, 750)
    assert PageTransform(width=800)(Image.fromarray(page)).shape == (1, 1000, 800)


def test_trim_never_takes_more_than_its_share() -> None:
    page = Image.new("L", (400, 400), 250)
    page.paste(0, (0, 0, 80, 400))
    assert PageTransform(width=400 - 48, max_height=400, trim_dark_border=True)(page).shape == (1, 400, 352)


def test_transform_settings_survive_a_checkpoint() -> None:
    transform = PageTransform(800, 1200, True)
    assert PageTransform.from_dict(transform.to_dict()).to_dict() == transform.to_dict()
    with pytest.raises(ConfigError, match="unknown settings colour"):
        PageTransform.from_dict({**transform.to_dict(), "colour": True})
    with pytest.raises(ConfigError, match=r"PageTransform: setting 'width' is missing"):
        PageTransform.from_dict({"max_height": 3})


@pytest.mark.parametrize(
    ("name", "value"),
    [("width", "992"), ("width", 0), ("width", True), ("max_height", 1e3), ("trim_dark_border", 1)],
)
def test_transform_names_the_bad_binding(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"PageTransform\.{name}: .*{value!r}"):
        PageTransform(**{name: value})


BOXES = [SystemBox(10, 90, 20, 40), SystemBox(10, 90, 50, 80), SystemBox(10, 90, 70, 100)]


@pytest.mark.parametrize(
    ("first", "last", "rows"),
    [(0, 3, (0, 130)), (0, 1, (0, 45)), (1, 2, (45, 75)), (0, 2, (0, 75)), (2, 3, (75, 130))],
)
def test_crops_cut_between_boxes(first: int, last: int, rows: tuple[int, int]) -> None:
    page = Image.fromarray(np.tile(np.arange(130, dtype=np.uint8)[:, None], (1, 100)))
    crop = np.asarray(crop_systems(page, BOXES, first, last))
    assert crop.shape == (rows[1] - rows[0], 100)
    assert (int(crop[0, 0]), int(crop[-1, 0]) + 1) == rows


@pytest.mark.parametrize(
    ("system", "area"), [(0, (7, 17, 93, 40)), (1, (7, 46, 93, 80)), (2, (7, 66, 93, 104))]
)  # fmt: skip
def test_strips_show_all_of_a_box_and_a_little_above_and_aside(system: int, area: tuple[int, ...]) -> None:
    assert strip_area((100, 130), BOXES, system) == area


def test_strips_stay_within_their_page() -> None:
    assert strip_area((50, 60), [SystemBox(-4, 70, -5, 70)], 0) == (0, 0, 50, 60)
    assert strip_area((50, 60), [SystemBox(80, 90, 80, 90)], 0) == (49, 59, 50, 60)


@pytest.mark.parametrize(("first", "last"), [(1, 1), (-1, 2), (0, 4)])
def test_crops_of_no_systems(first: int, last: int) -> None:
    with pytest.raises(ValueError, match="of 3"):
        crop_systems(Image.new("L", (100, 130)), BOXES, first, last)


def test_one_value_that_is_no_number_spoils_a_page() -> None:
    values = np.full((600, 30), 0.5, dtype=np.float32)
    values[580, 20] = np.nan
    with pytest.raises(DataError, match="not finite"):
        read_image(encoded(Image.fromarray(values), "TIFF"))


def test_each_picture_of_a_tiff_has_its_own_orientation(tmp_path: Path) -> None:
    """Uncompressed and from a file, whose pixels Pillow would map into memory with sides swapped."""
    first, second = Image.new("L", (60, 40), 255), Image.new("L", (60, 40), 255)
    second.paste(0, (0, 0, 20, 10))
    second.encoderinfo = {"tiffinfo": {0x0112: 6}}
    first.save(tmp_path / "x.tif", save_all=True, append_images=[second])
    assert page_frames(tmp_path / "x.tif") == [0, 1]
    assert read_image(tmp_path / "x.tif", frame=0).size == (60, 40)
    turned = np.asarray(read_image(tmp_path / "x.tif", frame=1))
    assert turned.shape == (60, 40)
    rows, columns = np.nonzero(turned == 0)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (0, 19, 30, 39)
    with pytest.raises(DataError, match=r"x\.tif: broken image"):
        read_image(tmp_path / "x.tif", frame=2)
