"""The report on a prepared folder, and what it says of real pages."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet
import pytest
from drawn_staves import HEIGHT, LEFT, RIGHT, WIDTH, draw_page
from PIL import Image

from jazzmus.dataset.annotation import parse_annotation, system_boxes
from jazzmus.dataset.manifest import Manifest, PageRecord, SystemBox, write_manifest
from jazzmus.dataset.page_image import read_source_page
from jazzmus.errors import DataError
from jazzmus.layout.__main__ import main
from jazzmus.layout.report import vertical_overlap
from jazzmus.layout.staff_finding import find_systems

MIDDLES = [300, 440, 580]


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A folder with one page of two systems and an empty staff, and one whose manifest knows a system too many."""
    tops = [MIDDLES[0] - 108, *(middle - 87 for middle in MIDDLES[1:])]
    boxes = tuple(SystemBox(LEFT, RIGHT, top, middle + 60) for top, middle in zip(tops, MIDDLES, strict=True))
    pages = []
    for name, systems in (("right", boxes[:2]), ("wrong", boxes)):
        draw_page(MIDDLES, [True, True, False]).save(tmp_path / f"{name}.png")
        pages.append(PageRecord(name, "val", f"{name}.png", f"{name}.txt", name, None, WIDTH, HEIGHT, systems))
    write_manifest(tmp_path, Manifest("drawn", "drawn", None, "clean", tuple(pages), ()))
    return tmp_path


def test_report_counts_pages_and_draws_those_that_fail(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = tmp_path / "pictures"
    main(["--data", str(prepared), "--output", str(pictures)])
    right, wrong, total = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (right["page_id"], right["right"], right["staves"], right["found"]) == ("right", True, 3, 2)
    assert min(right["overlaps"]) > 0.85
    assert right["strips_off"] == 0
    assert (wrong["right"], wrong["found"], wrong["expected"], wrong["overlaps"]) == (False, 2, 3, [])
    assert wrong["strips_off"] == 3
    assert (total["pages"], total["right_count"], total["right_pages"], total["systems"]) == (2, 1, 1, 5)
    assert [path.name for path in sorted(pictures.iterdir())] == ["wrong.png"]
    with Image.open(pictures / "wrong.png") as picture:
        assert (picture.mode, picture.size) == ("RGB", (WIDTH, HEIGHT))


def test_a_split_without_pages_is_refused(prepared: Path) -> None:
    with pytest.raises(DataError, match="--split"):
        main(["--data", str(prepared), "--split", "test"])


def test_vertical_overlap_is_intersection_over_union() -> None:
    one = SystemBox(0, 10, 100, 200)
    assert vertical_overlap(one, one) == 1.0
    assert vertical_overlap(one, SystemBox(0, 10, 150, 250)) == pytest.approx(1 / 3)
    assert vertical_overlap(one, SystemBox(0, 10, 300, 400)) == 0.0


def test_systems_of_real_pages_are_found(shared: Path) -> None:
    (file,) = sorted((shared / "jazzmus" / "handwritten" / "data").glob("*.parquet"))
    table = pyarrow.parquet.read_table(file, columns=["image", "annotation"])
    # Training pages of different papers and pens.
    for row in (149, 182, 13):
        page = table.slice(row, 1).to_pylist()[0]
        annotation = parse_annotation(page["annotation"])
        source = read_source_page(page["image"]["bytes"], f"row {row}")
        true = system_boxes(annotation, len(annotation.boxes or ()), source)
        assert not isinstance(true, str)
        found = [system.box for system in find_systems(source.image) if system.has_music]
        assert len(found) == len(true), f"row {row}"
        assert min(vertical_overlap(*pair) for pair in zip(found, true, strict=True)) > 0.8, f"row {row}"
