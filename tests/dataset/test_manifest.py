from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from jazzmus.dataset.manifest import (
    MANIFEST_NAME,
    LeftOut,
    Manifest,
    PageRecord,
    SystemBox,
    read_manifest,
    write_manifest,
)
from jazzmus.errors import DataError


def page(page_id: str, split: str = "train") -> PageRecord:
    boxes = (SystemBox(1, 20, 3, 9), SystemBox(1, 20, 10, 19)) if split == "train" else None
    return PageRecord(page_id, split, f"{split}/images/{page_id}.jpg", f"{split}/{page_id}.txt", "Né", 3, 24, 48, boxes)


MANIFEST = Manifest("toy", "a/b", None, "clean", (page("p1"), page("p2", "val")), (LeftOut("p3", None, "empty text"),))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_manifest(tmp_path, MANIFEST)
    assert read_manifest(tmp_path) == MANIFEST
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST_NAME]
    assert (tmp_path / MANIFEST_NAME).read_text(encoding="utf-8").endswith("}\n")


def test_an_equal_manifest_is_not_written_again(tmp_path: Path) -> None:
    write_manifest(tmp_path, MANIFEST)
    before = (tmp_path / MANIFEST_NAME).stat()
    write_manifest(tmp_path, MANIFEST)
    assert (tmp_path / MANIFEST_NAME).stat().st_ino == before.st_ino


def test_fingerprint_is_that_of_the_split() -> None:
    swapped = dataclasses.replace(MANIFEST, pages=MANIFEST.pages[::-1], name="other", left_out=())
    moved = dataclasses.replace(MANIFEST, pages=(page("p1", "test"), MANIFEST.pages[1]))
    assert swapped.fingerprint == MANIFEST.fingerprint != moved.fingerprint
    assert len(MANIFEST.fingerprint) == 64


def test_what_generated_pages_are_made_of_is_kept_and_of_other_pages_not_written(tmp_path: Path) -> None:
    made = dataclasses.replace(MANIFEST, content=("procedural", "recombined"))
    write_manifest(tmp_path, made)
    assert read_manifest(tmp_path) == made
    write_manifest(tmp_path, MANIFEST)
    # Such a file is also what it was before there was an entry.
    assert "content" not in json.loads((tmp_path / MANIFEST_NAME).read_text(encoding="utf-8"))
    assert read_manifest(tmp_path).content == ()


def test_missing_manifest_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no manifest.*data_prep\.py --output_name nowhere"):
        read_manifest(tmp_path / "nowhere")


def changed(**changes: object) -> str:
    content = {"version": 1, "fingerprint": MANIFEST.fingerprint, **dataclasses.asdict(MANIFEST), **changes}
    return json.dumps({key: value for key, value in content.items() if value != "absent"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a manifest"),
        ("[]", "not a manifest"),
        ("{}", "'version'"),
        (changed(version=99), "version 99, this program reads 1"),
        (changed(pages="absent"), "'pages'"),
        (changed(protocol="absent"), "protocol"),
        (changed(pages=[{"page_id": "p"}]), "not a manifest"),
        (changed(content=[1]), "not a manifest"),
        (changed(pages=[]), "changed by hand"),
    ],
)
def test_broken_manifests_are_one_clear_error(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / MANIFEST_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_manifest(tmp_path)
