"""Flags that are wrong, gin files that are broken, and what training is started on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from verbs import RunVerb, tree

import data_prep
import inference
import train_full_page
from jazzmus import evaluate, show

ROOT = Path(__file__).resolve().parents[2]
CONFIG = str(ROOT / "config" / "full_page_no_pretrained.gin")
READ, SCORED = ["--image", "page.png"], ["--checkpoint", "c", "--data", "d"]

FLAGS: dict[str, tuple[ModuleType, list[str], tuple[str, ...]]] = {
    "data_prep, unknown": (data_prep, ["--fast"], ("--fast",)),
    "data_prep, negative": (data_prep, ["--max_images", "-1"], ("--max_images", "at least 1")),
    "data_prep, no number": (data_prep, ["--max_images", "all"], ("--max_images", "'all'")),
    "data_prep, a folder above": (data_prep, ["--output_name", "../x"], ("--output_name", "'../x'")),
    "data_prep, a hidden folder": (data_prep, ["--output_name", ".."], ("--output_name", "'..'")),
    "data_prep, no name": (data_prep, ["--output_name"], ("--output_name", "expected one argument")),
    "data_prep, protocol": (data_prep, ["--protocol", "dirty"], ("--protocol", "clean")),
    "train, no config": (train_full_page, [], ("--config",)),
    "train, unknown": (train_full_page, ["--config", CONFIG, "--fast"], ("--fast",)),
    "train, negative epochs": (train_full_page, ["--config", CONFIG, "--epochs", "-1"], ("--epochs", "'-1'")),
    "train, half an epoch": (train_full_page, ["--config", CONFIG, "--epochs", "0.5"], ("--epochs", "'0.5'")),
    "train, no page a step": (train_full_page, ["--config", CONFIG, "--batch_size", "0"], ("--batch_size", "'0'")),
    "train, perhaps": (train_full_page, ["--config", CONFIG, "--load_pretrained", "perhaps"], ("True nor False",)),
    "train, no binding": (train_full_page, ["--config", CONFIG, "--gin", "epochs"], ("'epochs'", "Name.param=value")),
    "train, twice": (
        train_full_page,
        ["--config", CONFIG, "--epochs", "3", "--gin", "experiment.max_epochs=4"],
        ("experiment.max_epochs is given twice", "drop one"),
    ),
    "inference, no page": (inference, [], ("--image",)),
    "inference, unknown": (inference, [*READ, "--fast"], ("--fast",)),
    "inference, a format": (inference, [*READ, "--format", "pdf"], ("--format", "krn")),
    "inference, a page that looks like a flag": (inference, ["--image", "-page.png"], ("--image",)),
    "evaluate, no page at once": (evaluate, [*SCORED, "--batch_size", "0"], ("--batch_size", "at least 1")),
    "evaluate, negative": (evaluate, [*SCORED, "--batch_size", "-3"], ("--batch_size", "at least 1")),
    "evaluate, a split": (evaluate, [*SCORED, "--split", "all"], ("--split", "train")),
    "evaluate, no data": (evaluate, ["--checkpoint", "c"], ("--data",)),
    "evaluate, data that are not there": (evaluate, SCORED, ("--data d: no such folder",)),
    "evaluate, data of an endless name": (evaluate, [*SCORED, "--data", "d" * 300], ("File name too long",)),
    "show, no picture": (show, SCORED, ("--output",)),
    "show, unknown": (show, [*SCORED, "--output", "x.png", "--fast"], ("--fast",)),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", FLAGS)
def test_a_wrong_flag(name: str, run: RunVerb, here: Path) -> None:
    script, words, said = FLAGS[name]
    outcome = run(script, *words)
    outcome.only_complaint("error: ", *said)
    assert (outcome.code, outcome.out, tree(here)) == (2, "", {})


GOOD = "experiment.name = 'x'\n"
GIN: dict[str, tuple[bytes | None, tuple[str, ...]]] = {
    "missing": (None, ("bad.gin: no such config file",)),
    "not text": (b"\xff\xfe\0\0", ("bad.gin cannot be read", "'utf-8' codec")),
    "an image": (b"\x89PNG\r\n\x1a\n", ("bad.gin cannot be read",)),
    "NUL": (b"experiment.name = 'a\0b'\n", ("bad.gin",)),
    "no value": (b"experiment.name =\n", ("bad.gin:1",)),
    "no quotes": (b"experiment.name = x\n", ("bad.gin:1", "text needs quotes")),
    "an open bracket": (b"experiment.name = ('x',\n", ("bad.gin",)),
    "an open quote": (b"experiment.name = 'x\n", ("bad.gin:1",)),
    "code": (b"experiment.name = open('harm', 'w')\n", ("bad.gin:1",)),
    "an import": (b"import os\n", ("bad.gin:1", "cannot import")),
    "an unknown section": (b"Experimnt.name = 'x'\n", ("bad.gin:1", "Experimnt")),
    "an unknown parameter": (b"experiment.nam = 'x'\n", ("bad.gin:1", "nam", "name")),
    "a wrong type": (b"experiment.max_epochs = 'ten'\n", ("bad.gin:1", "experiment.max_epochs is 'ten'", "int")),
    "an unknown macro": (b"experiment.seed = %sede\n", ("bad.gin:1", "sede")),
    "a macro of itself": (b"a = %a\nexperiment.seed = %a\n", ("bad.gin", "defined by itself")),
    "an include that is missing": (b"include 'config/gone.gin'\n", ("bad.gin:1", "config/gone.gin", "no such file")),
    "an include of itself": (b"include 'bad.gin'\n", ("circular include", "bad.gin includes bad.gin")),
    "an include too late": (GOOD.encode() + b"include 'bad.gin'\n", ("bad.gin:2", "includes first")),
}


@pytest.mark.parametrize("name", GIN)
def test_a_gin_file_that_cannot_be_used(name: str, run: RunVerb, here: Path) -> None:
    content, said = GIN[name]
    if content is not None:
        (here / "bad.gin").write_bytes(content)
    before = tree(here)
    outcome = run(train_full_page, "--config", "bad.gin")
    outcome.only_complaint("error: ", *said)
    assert (outcome.code, outcome.out, tree(here)) == (2, "", before)


def test_a_folder_as_config(run: RunVerb, here: Path) -> None:
    outcome = run(train_full_page, "--config", here)
    outcome.only_complaint("error: ", str(here), "no such config file")
    assert outcome.code == 2


def test_gin_files_that_include_each_other(run: RunVerb, here: Path) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        (here / f"{one}.gin").write_text(f"include '{other}.gin'\n")
    outcome = run(train_full_page, "--config", "a.gin")
    outcome.only_complaint("error: circular include: a.gin includes b.gin includes a.gin")
    assert outcome.code == 2


def changed(name: str, **values: Any) -> Callable[[Path], None]:
    """Give every page of a manifest another value."""

    def change(data: Path) -> None:
        manifest = json.loads((data / "manifest.json").read_text())
        pages = [page | values for page in manifest["pages"]]
        (data / "manifest.json").write_text(json.dumps(manifest | {"pages": pages}))

    return change


STARTED: dict[str, tuple[Callable[[Path], Any], list[str], tuple[str, ...]]] = {
    "no data": (shutil.rmtree, [], ("data/manifest.json: no manifest", "data_prep.py")),
    "a page outside": (changed("out", image="../x.jpg"), [], ("data/manifest.json", "outside the folder")),
    "a text that is gone": (lambda data: (data / "train/ground_truth/a-1.txt").unlink(), [], ("a-1.txt", "again")),
    "a text with NUL": (
        lambda data: (data / "train/ground_truth/a-1.txt").write_bytes(b"**kern\n\0\n"), [], ("a-1.txt", "NUL")
    ),
    "weights that are gone": (
        lambda data: None,
        ["--load_pretrained", "True", "--gin", 'FullPageTrainer.pretrained="weights/gone.ckpt"'],
        ("FullPageTrainer.pretrained", "weights/gone.ckpt", "no such checkpoint"),
    ),
    "weights that are none": (
        lambda data: (data / "w.ckpt").write_bytes(b"no weights"),
        ["--load_pretrained", "True", "--gin", 'FullPageTrainer.pretrained="data/w.ckpt"'],
        ("FullPageTrainer.pretrained", "data/w.ckpt", "not a checkpoint that can be loaded safely"),
    ),
    "a checkpoint to resume that is gone": (lambda data: None, ["--resume", "x.ckpt"], ("--resume x.ckpt", "no such")),
    "a checkpoint to resume that is none": (
        lambda data: (data / "w.ckpt").write_bytes(b""), ["--resume", "data/w.ckpt"], ("data/w.ckpt", "safely")
    ),
    "a curriculum of words": (lambda data: None, ["--gin", "FullPageDataModule.mix = {'none': 'all'}"], ("mix",)),
}  # fmt: skip


@pytest.mark.parametrize("name", STARTED)
def test_training_that_cannot_start(name: str, run: RunVerb, small_data: Path, here: Path) -> None:
    prepare, words, said = STARTED[name]
    prepare(Path(shutil.copytree(small_data, here / "data")))
    before = tree(here)
    small = [
        'FullPageDataModule.data_path="data"',
        "SMTConfig.num_decoder_layers=1",
        "SMTConfig.encoder_depths=(1,1,1)",
    ]
    bindings = [word for binding in small for word in ("--gin", binding)]
    outcome = run(train_full_page, "--config", CONFIG, *bindings, *words)
    (line,) = [line for line in outcome.complaints if line.startswith("error: ")]
    assert not [word for word in said if word not in line], line
    assert (outcome.code, outcome.out, tree(here)) == (2, "", before)
