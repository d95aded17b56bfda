"""Datasets that cannot be prepared, and prepared folders whose manifest is not to be trusted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import datasets
import pytest
from verbs import RunVerb, tree

import data_prep
from jazzmus import evaluate
from jazzmus.dataset.manifest import MANIFEST_NAME


class Case(NamedTuple):
    """How to make a dataset at a path, and words of the complaint."""

    make: Callable[[Path], Any]
    words: tuple[str, ...]


def parquet(folder: Path, columns: dict[str, list[Any]]) -> Path:
    folder.mkdir()
    path = folder / "train-00000-of-00001.parquet"
    datasets.Dataset.from_dict(columns).to_parquet(str(path))
    return path


def cut_parquet(folder: Path) -> None:
    path = parquet(folder, {"image": ["a.jpg"] * 50, "annotation": ["{}"] * 50})
    path.write_bytes(path.read_bytes()[:-40])


def file(name: str, content: bytes) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        folder.mkdir()
        (folder / name).write_bytes(content)

    return make


def columns(**values: list[Any]) -> Callable[[Path], None]:
    return lambda folder: parquet(folder, values) and None


CANNOT_LOAD = ("`datasets` cannot load this", "check the files in it")
DATASETS = {
    "missing": Case(lambda path: None, ("no such folder or file", "give a local path or a hub name")),
    "empty folder": Case(lambda path: path.mkdir(), CANNOT_LOAD),
    "text named parquet": Case(file("train.parquet", b"no table\n"), CANNOT_LOAD),
    "empty parquet": Case(file("train.parquet", b""), CANNOT_LOAD),
    "cut parquet": Case(cut_parquet, CANNOT_LOAD),
    "broken JSON": Case(file("train.jsonl", b'{"image": \n'), (*CANNOT_LOAD, "JSON parse error")),
    "no rows": Case(columns(image=[], annotation=[]), (*CANNOT_LOAD, "no data")),
    "no image column": Case(columns(annotation=["{}"]), ("an image column is missing", "found annotation")),
    "no text column": Case(columns(image=["a.jpg"]), ("a text column is missing", "found image")),
    "images of numbers": Case(columns(image=[1], text=["4c"]), ("no page is left for training", "no image (1)")),
    "texts of numbers": Case(columns(image=["a.jpg"], text=[1]), ("no page is left for training", "no text (1)")),
    "images outside": Case(columns(image=["../gone.jpg"], text=["4c"]), ("left for training", "unreadable image (1)")),
    "images of endless names": Case(columns(image=["a" * 5000], text=["4c"]), ("training", "unreadable image (1)")),
    "rows that are no numbers": Case(
        columns(image=["a.jpg"], text=["4c"], row=["five"]), ("left for training", "row number that is no whole number")
    ),
    "an endless path": Case(lambda path: None, ("File name too long", "check the path")),
}


@pytest.mark.parametrize("name", DATASETS)
def test_a_dataset_that_cannot_be_prepared(name: str, run: RunVerb, tmp_path: Path) -> None:
    source = tmp_path / ("a" * 300 if "endless path" in name else "source")
    DATASETS[name].make(source)
    (earlier := tmp_path / "data" / "handwritten" / "val" / "images").mkdir(parents=True)
    (earlier / "kept.jpg").write_bytes(b"earlier")
    outcome = run(data_prep, "--dataset_name", source, "--data_root", tmp_path / "data")
    outcome.only_complaint("error: ", str(source), *DATASETS[name].words)
    assert (outcome.code, outcome.out) == (2, "")
    files = {path for path, content in tree(tmp_path / "data").items() if content != "no file"}
    assert files == {"handwritten/val/images/kept.jpg"}


def changed(**values: Any) -> Callable[[dict[str, Any]], str]:
    return lambda manifest: json.dumps(manifest | values)


def page(**values: Any) -> Callable[[dict[str, Any]], str]:
    """A manifest whose pages all have other values; those of the fingerprint stay."""
    return lambda manifest: json.dumps(manifest | {"pages": [entry | values for entry in manifest["pages"]]})


BOX = {"from_x": 0, "to_x": "wide", "from_y": 0, "to_y": 9}
MANIFESTS: dict[str, tuple[Callable[[dict[str, Any]], str], tuple[str, ...]]] = {
    "empty": (lambda _: "", ("not a manifest",)),
    "broken": (lambda manifest: json.dumps(manifest)[:-9], ("not a manifest",)),
    "a list": (lambda _: "[]", ("not a manifest",)),
    "lists, 100000 deep": (lambda _: "[" * 100_000, ("not a manifest", "recursion")),
    "not text": (lambda _: "\udcff", ("not a manifest", "'utf-8' codec")),
    "another version": (changed(version=99), ("manifest version 99, this program reads 1",)),
    "no pages": (changed(pages=None), ("not a manifest",)),
    "a key too many": (changed(more=1), ("not a manifest", "more")),
    "another split": (page(split="train"), ("changed by hand", "fingerprint")),
    "an image above the folder": (page(image="../../etc/passwd"), ("outside the folder", "'../../etc/passwd'")),
    "a text of the system": (page(ground_truth="/etc/passwd"), ("outside the folder", "'/etc/passwd'")),
    "a name with a NUL": (page(image="a\0b"), ("outside the folder",)),
    "an image that is a number": (page(image=5), ("wrong type",)),
    "a width that is text": (page(width="wide"), ("wrong type",)),
    "a height of nothing": (page(height=0), ("has no size",)),
    "a box that is text": (page(systems=[BOX]), ("wrong type",)),
    "a box that is a number": (page(systems=[1]), ("not a manifest",)),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_that_is_not_to_be_trusted(name: str, run: RunVerb, small_data: Path, tmp_path: Path) -> None:
    make, words = MANIFESTS[name]
    data = Path(shutil.copytree(small_data, tmp_path / "handwritten"))
    manifest = json.loads((data / MANIFEST_NAME).read_text(encoding="utf-8"))
    (data / MANIFEST_NAME).write_bytes(make(manifest).encode("utf-8", "surrogateescape"))
    before = tree(tmp_path)
    outcome = run(evaluate, "--checkpoint", "weights/none.ckpt", "--data", data, "--output", tmp_path / "results.jsonl")
    outcome.only_complaint("error: ", str(data / MANIFEST_NAME), "--output_name handwritten", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert tree(tmp_path) == before


def test_an_image_that_is_gone_scores_as_an_empty_reading(
    run: RunVerb, weights: Path, small_data: Path, tmp_path: Path
) -> None:
    data = Path(shutil.copytree(small_data, tmp_path / "handwritten"))
    (data / "val/images/e-1.jpg").unlink()
    outcome = run(evaluate, "--checkpoint", weights, "--data", data, "--output", tmp_path / "results.jsonl")
    unknown, line = outcome.complaints
    assert "vocabulary" in unknown
    assert "e-1.jpg: no such image file; scored as an empty reading" in line
    assert outcome.code == 0
    reasons = [json.loads(row)["stop_reason"] for row in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert sorted(reasons) == ["length", "unreadable"]


def test_a_split_without_pages(run: RunVerb, small_data: Path) -> None:
    outcome = run(evaluate, "--checkpoint", "weights/none.ckpt", "--data", small_data, "--split", "test")
    outcome.only_complaint("error: ", str(small_data), "no page of split 'test'")
    assert outcome.code == 2
