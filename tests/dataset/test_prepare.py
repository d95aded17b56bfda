from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
from PIL import Image

from jazzmus.dataset import page_store
from jazzmus.dataset.manifest import MANIFEST_NAME, Manifest, SystemBox, read_manifest
from jazzmus.dataset.prepare import PrepareOptions, prepare
from jazzmus.dataset.splits import shuffled_pieces
from jazzmus.errors import ConfigError, DataError

KERN = "**kern\t**mxhm\n*clefG2\t*\n4c\tC:maj\n!!linebreak:original\n=\t=\n4d\tD:min7\n*-\t*-\n"
BOXES = [(5, 55, 10, 30), (5, 55, 35, 60)]
PIECES = [f"T{index}" for index in range(12)] + ["T0", "T3", "T7", "T7", "T9"]


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def hub_row(title: str, **changes: Any) -> dict[str, Any]:
    """A row as on the hub; `image`, `kern`, `boxes` and `annotation` can be replaced."""
    systems = [
        {"id": index, "bounding_box": dict(zip(("fromX", "toX", "fromY", "toY"), box, strict=True)), "**kern": ""}
        for index, box in enumerate(changes.get("boxes", BOXES))
    ]
    musicxml = (
        f"<?xml version='1.0'?><score-partwise><work><work-title>{title}</work-title></work>"
        '<identification><creator type="composer">Someone</creator></identification></score-partwise>'
    )
    annotation = {"encodings": {"**kern": changes.get("kern", KERN), "musicxml": musicxml}, "systems": systems}
    image = changes.get("image", encoded(Image.new("L", (60, 80), 230)))
    return {
        "image": {"bytes": image, "path": None},
        "annotation": changes.get("annotation", json.dumps(annotation)),
        **changes.get("columns", {}),
    }


def save(folder: Path, rows: list[dict[str, Any]]) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    data = datasets.Dataset.from_list(rows).cast_column("image", datasets.Image())
    data.to_parquet(str(folder / "train-00000-of-00001.parquet"))
    return str(folder)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.fixture
def options(tmp_path: Path) -> Callable[..., PrepareOptions]:
    def build(rows: list[dict[str, Any]] | None = None, **changes: Any) -> PrepareOptions:
        name = save(tmp_path / "source", rows if rows is not None else [hub_row(title) for title in PIECES])
        return PrepareOptions(**{"dataset_name": name, "output_name": "toy", "data_root": tmp_path / "data"} | changes)

    return build


def stored_files(manifest: Manifest, root: Path) -> None:
    """Assert that exactly the files of the manifest are there, with the sizes it states."""
    folder = root / manifest.name
    named = {name for page in manifest.pages for name in (page.image, page.ground_truth)}
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {
        *named,
        MANIFEST_NAME,
    }
    for page in manifest.pages:
        with Image.open(folder / page.image) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "L", (page.width, page.height))


@pytest.mark.parametrize("protocol", ["clean", "published"])
def test_published_shuffle_on_data_in_the_form_of_the_hub(
    options: Callable[..., PrepareOptions], tmp_path: Path, protocol: str
) -> None:
    manifest = prepare(options(protocol=protocol))
    names = [f"{title} - Someone" for title in PIECES]
    test, val = shuffled_pieces(names)
    assert (len(test), len(val)) == (2, 1)
    first = {piece: names.index(piece) for piece in names}
    copies = {row for row, piece in enumerate(names) if piece in test | val and row != first[piece]}
    assert copies, "the made-up data must put a copy at stake"
    found = {page.row: page for page in manifest.pages}
    for row, piece in enumerate(names):
        if row in copies and protocol == "clean":
            assert row not in found
            continue
        held_out = row == first[piece] and piece in test | val
        assert found[row].split == (("test" if piece in test else "val") if held_out else "train")
        assert found[row].piece == piece
        assert found[row].systems == tuple(SystemBox(*box) for box in BOXES)
        assert (tmp_path / "data/toy" / found[row].ground_truth).read_bytes() == KERN.encode()
    assert {entry.row for entry in manifest.left_out} == (copies if protocol == "clean" else set())
    assert manifest.protocol == protocol
    assert read_manifest(tmp_path / "data/toy") == manifest
    stored_files(manifest, tmp_path / "data")


def test_text_is_kept_byte_for_byte_and_literals_are_read(
    options: Callable[..., PrepareOptions], tmp_path: Path
) -> None:
    odd = "**kern\r\n4c\r\n!! Café\n*-"
    rows = [hub_row("A", kern=odd), hub_row("B")]
    rows[0]["annotation"] = repr(json.loads(rows[0]["annotation"]))
    manifest = prepare(options(rows))
    assert (tmp_path / "data/toy" / manifest.pages[0].ground_truth).read_bytes() == odd.encode()


def test_running_twice_touches_nothing(options: Callable[..., PrepareOptions], tmp_path: Path) -> None:
    colour = Image.new("RGB", (60, 80), (200, 30, 90))
    rows = [hub_row("A"), hub_row("B", image=encoded(colour)), hub_row("C", image=encoded(colour, "JPEG"))]
    chosen = options(rows)
    prepare(chosen)
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in (tmp_path / "data").rglob("*")}
    prepare(chosen)
    assert before == {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in (tmp_path / "data").rglob("*")}


def test_gray_jpegs_are_stored_unchanged(options: Callable[..., PrepareOptions], tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (80, 60), dtype=np.uint8)
    original = encoded(Image.fromarray(noise), "JPEG", quality=40)
    manifest = prepare(options([hub_row("A", image=original)]))
    assert (tmp_path / "data/toy" / manifest.pages[0].image).read_bytes() == original


class Stop(BaseException):
    """Stands for a killed process."""


def test_interrupted_run_is_resumed(
    options: Callable[..., PrepareOptions], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = options()
    replace = Path.replace
    moved = []

    def replace_some(self: Path, target: Path) -> Path:
        if len(moved) == 9:
            raise Stop
        moved.append(target)
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(page_store.Path, "replace", replace_some)
        with pytest.raises(Stop):
            prepare(chosen)
    assert not (tmp_path / "data/toy" / MANIFEST_NAME).exists()
    before = {path: path.stat().st_ino for path in moved}
    stored_files(prepare(chosen), tmp_path / "data")
    assert before == {path: path.stat().st_ino for path in moved}


def test_other_run_into_the_same_folder(
    options: Callable[..., PrepareOptions], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = prepare(options(protocol="published"))
    (tmp_path / "data/toy/train/images/mine.jpg").write_text("not ours")
    clean = prepare(options(protocol="clean"))
    assert len(clean.pages) < len(published.pages)
    assert (tmp_path / "data/toy/train/images/mine.jpg").read_text() == "not ours"
    (tmp_path / "data/toy/train/images/mine.jpg").unlink()
    stored_files(clean, tmp_path / "data")

    changed = options([hub_row(title, kern=KERN + "!! new\n") for title in PIECES])
    with monkeypatch.context() as patch:
        patch.setattr(page_store, "write_manifest", lambda *_: (_ for _ in ()).throw(Stop))
        with pytest.raises(Stop):
            prepare(changed)
    with pytest.raises(DataError, match="no manifest"):  # nobody trains on a mixture of two runs
        read_manifest(tmp_path / "data/toy")
    stored_files(prepare(changed), tmp_path / "data")


def test_bad_rows_are_reported_and_stop_nothing(
    options: Callable[..., PrepareOptions], caplog: pytest.LogCaptureFixture
) -> None:
    good = encoded(Image.new("L", (60, 80), 230))
    rows = [
        hub_row("A"),
        hub_row("B", image=b"no image"),
        hub_row("C", image=encoded(Image.effect_noise((200, 200), 50))[:9000]),
        hub_row("D", kern="  \n"),
        hub_row("E", kern=None),
        hub_row("F", annotation="{'x':"),
        hub_row("G", annotation=None),
        hub_row("H", image=encoded(Image.new("L", (1, 1)))),
        {**hub_row("I"), "image": None},
        hub_row("J", boxes=BOXES[:1]),
        hub_row("K", boxes=[]),
        hub_row("L", image=good, kern="\ud800"),
    ]
    rows[-1]["annotation"] = '{"encodings": {"**kern": "\\ud800"}}'
    for index, row in enumerate(rows):
        row["row"] = (0, 1, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13)[index]  # all training rows of the shipped lists
    with caplog.at_level(logging.INFO):
        manifest = prepare(options(rows))
    assert [page.row for page in manifest.pages] == [0, 11, 12]
    assert [page.systems is None for page in manifest.pages] == [False, True, True]
    reasons = {entry.row: entry.reason for entry in manifest.left_out}
    assert {row: reason.split(":")[0] for row, reason in reasons.items()} == {
        1: "unreadable image",
        3: "unreadable image",
        4: "empty text",
        5: "no text",
        6: "broken annotation",
        7: "no annotation",
        8: "unreadable image",
        9: "no image",
        13: "text that is not Unicode",
    }
    assert "left out 3, unreadable image: rows 1 3 8" in caplog.text
    assert "1 pages without system boxes: number of boxes differs" in caplog.text
    assert "no test pages" in caplog.text


def test_long_lists_of_rows_are_cut(options: Callable[..., PrepareOptions], caplog: pytest.LogCaptureFixture) -> None:
    rows = [hub_row("A"), *(hub_row("A", kern="") for _ in range(23))]
    with caplog.at_level(logging.INFO):
        prepare(options(rows))
    listed = " ".join(map(str, range(1, 21)))
    assert f"left out 23, empty text: rows {listed} and 3 more" in [record.getMessage() for record in caplog.records]


def test_what_a_killed_run_left_is_removed(options: Callable[..., PrepareOptions], tmp_path: Path) -> None:
    chosen = options()
    manifest = prepare(chosen)
    image = tmp_path / "data/toy" / manifest.pages[0].image
    for path in (image, tmp_path / "data/toy" / MANIFEST_NAME):
        path.with_name(f".{path.name}.12345.tmp").write_bytes(b"half")
    stored_files(prepare(chosen), tmp_path / "data")


def test_nothing_left_is_an_error(options: Callable[..., PrepareOptions], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no page is left for training: no annotation \(2\)"):
        prepare(options([hub_row("A", annotation=None), hub_row("A", annotation=None)]))
    assert not (tmp_path / "data/toy" / MANIFEST_NAME).exists()


def test_row_numbers_decide_and_must_be_sound(options: Callable[..., PrepareOptions]) -> None:
    numbers = [10, 2, 46, 79, 0, 0, None, 999]
    manifest = prepare(options([hub_row(f"P{n}", columns={"row": number}) for n, number in enumerate(numbers)]))
    assert {page.row: page.split for page in manifest.pages} == {10: "test", 2: "val", 0: "train"}
    assert [(entry.row, entry.reason) for entry in manifest.left_out] == [
        (46, "other copy of a test piece"),
        (79, "other copy of a validation piece"),
        (0, "row number occurs twice"),
        (None, "row number that is no whole number: None"),
        (999, "row is not in the shipped lists"),
    ]
    assert len({entry.page_id for entry in manifest.left_out} | {page.page_id for page in manifest.pages}) == 8


def test_full_length_without_rows_uses_and_checks_the_lists(
    options: Callable[..., PrepareOptions], caplog: pytest.LogCaptureFixture
) -> None:
    image = encoded(Image.new("L", (20, 20), 230))
    untitled = [{"image": {"bytes": image, "path": None}, "text": KERN} for _ in range(293)]
    manifest = prepare(options(untitled))
    splits = [page.split for page in manifest.pages]
    assert [splits.count(split) for split in ("train", "val", "test")] == [225, 16, 32]
    assert "split not checked against titles: 293 rows without a title" in caplog.text
    with pytest.raises(DataError, match="disagrees with the shipped handwritten row lists at rows"):
        prepare(options([hub_row(f"P{index}", image=image) for index in range(293)]))


def test_rotated_pages_and_their_boxes(options: Callable[..., PrepareOptions], tmp_path: Path) -> None:
    upright = Image.new("L", (60, 80), 255)
    upright.paste(0, (5, 10, 55, 30))
    exif = Image.Exif()
    exif[0x0112] = 6
    image = encoded(upright.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif)
    on_the_file = [(from_y, to_y, 60 - to_x, 60 - from_x) for from_x, to_x, from_y, to_y in BOXES]
    manifest = prepare(options([hub_row("A", image=image), hub_row("B", image=image, boxes=on_the_file)]))
    for page in manifest.pages:
        assert (page.width, page.height) == (60, 80)
        assert page.systems == tuple(SystemBox(*box) for box in BOXES)
        with Image.open(tmp_path / "data/toy" / page.image) as stored:
            assert stored.getpixel((30, 20)) < 40
            assert not stored.getexif()


def test_large_pages_take_their_boxes_along(options: Callable[..., PrepareOptions]) -> None:
    rows = [hub_row("A", image=encoded(Image.new("1", (8192, 6000), 1)), boxes=[(100, 8000, 1000, 2000), (0, 9, 0, 8)])]
    page = prepare(options(rows)).pages[0]
    assert (page.width, page.height) == (4096, 3000)
    assert page.systems == (SystemBox(0, 4, 0, 4), SystemBox(50, 4000, 500, 1000))


def test_max_images_counts_each_split(options: Callable[..., PrepareOptions]) -> None:
    manifest = prepare(options(max_images=1))
    assert sorted(page.split for page in manifest.pages) == ["test", "train", "val"]
    assert len(manifest.pages) + len(manifest.left_out) == len(PIECES)
    assert "beyond --max_images" in {entry.reason for entry in manifest.left_out}


def test_unwritable_folder_is_one_error(options: Callable[..., PrepareOptions], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot write the prepared data"):
        prepare(options(data_root=tmp_path / "file"))


def test_full_disk_leaves_nothing_half_written(
    options: Callable[..., PrepareOptions], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bytes = Path.write_bytes

    def fill(self: Path, content: bytes) -> int:
        write_bytes(self, content[: len(content) // 2])
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(page_store.Path, "write_bytes", fill)
    with pytest.raises(DataError, match="No space left on device"):
        prepare(options())
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("change", "flag"), [({"output_name": "a/b"}, "output_name"), ({"output_name": ".."}, "output_name"),
                         ({"protocol": "dirty"}, "protocol"), ({"max_images": 0}, "max_images")]
)  # fmt: skip
def test_bad_options(change: dict[str, Any], flag: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"--{flag}"):
        PrepareOptions(**{"dataset_name": "a/b", "output_name": "x", "data_root": tmp_path} | change)


def test_synthetic_pages_go_to_one_folder(options: Callable[..., PrepareOptions], tmp_path: Path) -> None:
    rows = [hub_row(f"P{row // 2}", columns={"row": row}) for row in (0, 1, 4, 5, 8, 10)]
    clean = prepare(options(rows, synthetic=True))
    assert [(page.row, page.image) for page in clean.pages] == [
        (0, "synthetic/images/toy_0000.jpg"),
        (1, "synthetic/images/toy_0001.jpg"),
    ]
    assert {page.split for page in clean.pages} == {"synthetic"}
    assert sorted(path.name for path in (tmp_path / "data/toy").iterdir()) == [MANIFEST_NAME, "synthetic"]
    published = prepare(options(rows, synthetic=True, protocol="published"))
    assert [page.row for page in published.pages] == [0, 1, 5, 8, 10]


@pytest.mark.parametrize(
    ("folder", "synthetic", "expected"),
    [("handwritten", False, {"train": 225, "val": 16}), ("synthetic", True, {"synthetic": 217})],
)
def test_real_pages(shared: Path, tmp_path: Path, folder: str, synthetic: bool, expected: dict[str, int]) -> None:
    source = str(shared / "jazzmus" / folder)
    manifest = prepare(PrepareOptions(source, folder, tmp_path, synthetic=synthetic))
    splits = [page.split for page in manifest.pages]
    assert {split: splits.count(split) for split in sorted(set(splits))} == expected
    assert all(page.systems for page in manifest.pages)
    for split in expected if synthetic else ("train", "val", "test"):
        for kind in ("images", "ground_truth"):
            assert len(list((tmp_path / folder / split / kind).iterdir())) == expected.get(split, 0)
