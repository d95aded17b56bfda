"""Evaluation and the comparison of one page: what is read, what is left out, and what is refused beforehand."""

from __future__ import annotations

import io
import json
import logging
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasets
import pytest
from PIL import Image

from jazzmus import evaluate, show
from jazzmus.dataset.sources import PageSource
from jazzmus.errors import DataError
from jazzmus.kern.codec import TextCodec
from jazzmus.kern.tokenizer import build_tokenizer
from jazzmus.kern.vocabulary import Vocabulary
from jazzmus.logs import run_script
from jazzmus.utils.inference_utils import Transcription

KERN = "**kern\t**mxhm\n*clefG2\t*\n=\t=\n4c\tC:maj\n*-\t*-\n"


class Reader:
    """Stands in for a trained network: reads the same text from every page."""

    def __init__(self, known: str = KERN) -> None:
        tokenizer = build_tokenizer("word")
        self.codec = TextCodec(tokenizer, Vocabulary.build([tokenizer.encode(known)]))

    def read(self, image: Image.Image) -> Transcription:
        return self.read_batch([image])[0]

    def read_batch(self, images: Sequence[Image.Image], boxes: object = None) -> list[Transcription]:
        return [Transcription(KERN, "eos", 1.0, 0.0) for _ in images]


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (60, 80), 230).save(buffer, "PNG")
    return buffer.getvalue()


def annotation(kern: Any) -> str:
    return json.dumps({"encodings": {"**kern": kern}})


ROWS: tuple[dict[str, Any], ...] = (
    {"image": png(), "annotation": annotation(KERN), "row": "0", "split_clean": "val"},
    {"image": None, "annotation": annotation(KERN), "row": "1", "split_clean": "val"},
    {"image": b"no image", "annotation": annotation(KERN), "row": "2", "split_clean": "val"},
    {"image": png(), "annotation": "{'x':", "row": "3", "split_clean": "val"},
    {"image": png(), "annotation": None, "row": "4", "split_clean": "val"},
    {"image": png(), "annotation": annotation(None), "row": "5", "split_clean": "val"},
    {"image": png(), "annotation": annotation(" \n"), "row": "6", "split_clean": "val"},
    {"image": png(), "annotation": annotation(KERN), "row": "7", "split_clean": "train"},
)


def save(folder: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """A folder that `datasets` loads."""
    folder.mkdir()
    content = [{**row, "image": {"bytes": row["image"], "path": None} if row["image"] else None} for row in rows]
    data = datasets.Dataset.from_list(content).cast_column("image", datasets.Image())
    data.to_parquet(str(folder / "train-00000-of-00001.parquet"))
    return folder


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def run(
    monkeypatch: pytest.MonkeyPatch, module: Any, *words: object, reader: Reader | None = None, **wanted: object
) -> int:
    """Run a command with a reader in place of a checkpoint; without one, loading the checkpoint fails the test.

    `wanted` is how the checkpoint is to read.
    """

    def load(_: str, **options: object) -> Reader:
        assert options == wanted
        assert reader is not None, "refused too late: the checkpoint was loaded"
        return reader

    monkeypatch.setattr(module, "load_recognizer", load)
    monkeypatch.setattr(sys, "argv", ["x", "--checkpoint", "c", *map(str, words)])
    return run_script(module.main)


def numbered(rows: Sequence[dict[str, Any]], numbers: Sequence[int | None]) -> list[dict[str, Any]]:
    return [{**row, "row": number} for row, number in zip(rows, numbers, strict=True)]


def test_bad_rows_of_a_dataset_stop_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    data = save(tmp_path / "hub", numbered(ROWS, range(8)))
    pages = evaluate.pages_of(data, "val")
    assert [page.page_id for page in pages] == ["hub-0000", "hub-0001", "hub-0002"]
    left_out = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [line.split(" ")[0] for line in left_out] == ["hub-0003", "hub-0004", "hub-0005", "hub-0006"]
    caplog.clear()
    results = {result.page_id: result for result in evaluate.evaluate(Reader(), pages, 2)}  # type: ignore[arg-type]
    assert {name: result.stop_reason for name, result in results.items()} == {
        "hub-0000": "eos",
        "hub-0001": "unreadable",
        "hub-0002": "unreadable",
    }
    assert results["hub-0000"].counts["ser"].edits == 0
    assert all(results[name].counts["ser"].edits > 5 for name in ("hub-0001", "hub-0002"))
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert [line.split(":")[0] for line in errors] == ["hub-0001", "hub-0002"]


def test_odd_row_numbers_get_names_of_their_own(tmp_path: Path) -> None:
    data = save(tmp_path / "hub", numbered([ROWS[0]] * 3, [5, None, 5]))
    assert [page.page_id for page in evaluate.pages_of(data, "val")] == ["hub-0005", "hub-at-0001", "hub-at-0002"]
    data = save(tmp_path / "words", [ROWS[0] | {"row": "five"}])
    assert [page.page_id for page in evaluate.pages_of(data, "val")] == ["words-at-0000"]


def test_images_are_fetched_when_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[int] = []
    image = PageSource.image
    monkeypatch.setattr(PageSource, "image", lambda self, index: (fetched.append(index), image(self, index))[1])
    pages = evaluate.pages_of(save(tmp_path / "hub", numbered([ROWS[0]] * 4, range(4))), "val")
    assert fetched == []
    results = evaluate.evaluate(Reader(), pages, 2)  # type: ignore[arg-type]
    next(results)
    assert fetched == [0, 1]


@pytest.mark.parametrize("module", [evaluate, show])
def test_a_folder_that_is_not_there_is_never_looked_up_on_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], module: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: pytest.fail("looked up"))
    assert run(monkeypatch, module, "--data", "data/handwriten", "--output", "out.png") == 2
    assert capsys.readouterr().err.splitlines()[-1] == "error: --data data/handwriten: no such folder"


def test_tokens_the_checkpoint_does_not_have_are_reported(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = (small_data / "val" / "ground_truth" / "e-1.txt").read_text()
    output = tmp_path / "out.jsonl"
    words = ("--data", small_data, "--output", output)
    assert run(monkeypatch, evaluate, *words, reader=Reader(known)) == 0
    captured = capsys.readouterr()
    assert "'D:dim' x1" in captured.err
    assert "ser" in json.loads(captured.out.splitlines()[-1])
    assert len(output.read_text().splitlines()) == 2
    everything = "".join(path.read_text() for path in sorted((small_data / "val" / "ground_truth").iterdir()))
    assert run(monkeypatch, evaluate, *words, reader=Reader(everything)) == 0
    assert "vocabulary" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("module", "output", "named"),
    [
        (evaluate, "folder", "is a folder"),
        (evaluate, "no/such/out.jsonl", "does not exist"),
        (show, "page", "use .png"),
        (show, "page.krn", "use .png"),
        (show, "file/page.png", "cannot be written"),
    ],
)
def test_outputs_are_refused_before_a_page_is_read(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    module: Any, output: str, named: str,
) -> None:  # fmt: skip
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("in the way")
    assert run(monkeypatch, module, "--data", small_data, "--output", tmp_path / output) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert named in captured.err


@pytest.mark.parametrize(("module", "writer"), [(evaluate, "write_text"), (show, "write_comparison")])
def test_a_full_disk_is_one_line_and_keeps_the_scores(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    module: Any, writer: str,
) -> None:  # fmt: skip
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, writer, full)
    assert run(monkeypatch, module, "--data", small_data, "--output", tmp_path / "out.png", reader=Reader()) == 2
    captured = capsys.readouterr()
    assert "ser" in captured.out
    assert captured.err.splitlines()[-1].startswith(f"error: {tmp_path / 'out.png'}: cannot be written (No space")


def test_show_draws_and_prints_one_page(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("jazzmus.export.comparison_picture.engraved_or_none", lambda _: None)
    words = ("--data", small_data, "--page", "f-1", "--output", tmp_path / "new" / "f.png")
    assert run(monkeypatch, show, *words, reader=Reader()) == 0
    assert "f-1: " in capsys.readouterr().out
    with Image.open(tmp_path / "new" / "f.png") as picture:
        assert picture.format == "PNG"


@pytest.mark.parametrize("module", [evaluate, show])
def test_flags_say_how_the_checkpoint_reads(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Any
) -> None:
    monkeypatch.setattr("jazzmus.export.comparison_picture.engraved_or_none", lambda _: None)
    words: list[object] = ["--data", small_data, "--output", tmp_path / "out.png", "--strategy", "systems"]
    words += ["--num_beams", 3, "--bar_weight", 2, "--ctc_weight", 0.3]
    words += ["--no_grammar", "--max_length", 50, "--device", "cpu"]
    how = {"strategy": "systems", "num_beams": 3, "bar_weight": 2.0, "ctc_weight": 0.3}
    how |= {"grammar": False, "max_length": 50}
    assert run(monkeypatch, module, *words, reader=Reader(), device="cpu", **how) == 0


def test_a_page_of_a_prepared_folder_that_is_gone_is_named(small_data: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(small_data, tmp_path / "copy"))
    (data / "val" / "images" / "e-1.jpg").unlink()
    page = next(page for page in evaluate.pages_of(data, "val") if page.page_id == "e-1")
    with pytest.raises(DataError, match=r"^e-1: .*e-1\.jpg: no such image file"):
        page.image()


def test_lines_that_differ_are_marked_side_by_side() -> None:
    assert [line.split() for line in show.side_by_side("a\nb\nc", "a\nc\nd")] == [
        ["reference", "reading"],
        ["a", "a"],
        ["|", "b"],
        ["c", "c"],
        ["|", "d"],
    ]
