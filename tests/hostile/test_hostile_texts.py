"""Texts and annotations that are broken or odd: rows that `data_prep.py` takes, prepared pages that are evaluated."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import datasets
import pytest
from PIL import Image
from small_pages import SmallPage
from verbs import RunVerb, tree

import data_prep
from jazzmus import evaluate
from jazzmus.dataset.manifest import read_manifest
from jazzmus.dataset.splits import shipped_split

PAGE = SmallPage("e-1", "val", "e", 2)
KERN = PAGE.kern
LINES = KERN.splitlines()
BOXES = [{"bounding_box": {"fromX": 5, "toX": 90, "fromY": top, "toY": top + 20}} for top in (10, 60)]


def change(line: int, text: str) -> str:
    return "\n".join([*LINES[:line], text, *LINES[line + 1 :]]) + "\n"


def annotation(kern: object = KERN, systems: object = BOXES, **more: object) -> str:
    return json.dumps({"encodings": {"**kern": kern, **more}, "systems": systems})


def boxes(**changes: object) -> list[dict[str, Any]]:
    return [{"bounding_box": BOXES[0]["bounding_box"] | changes}, BOXES[1]]


class Row(NamedTuple):
    """An annotation, and what is said of its row: in the manifest's reason, or in a line of the log."""

    annotation: str | None
    words: str


LEFT_OUT = {
    "no annotation": Row(None, "no annotation"),
    "empty": Row("", "broken annotation"),
    "cut JSON": Row(annotation()[:-20], "broken annotation: neither JSON nor a Python literal"),
    "lists, 100000 deep": Row("[" * 100_000, "broken annotation: nested too deeply"),
    "literals, 100000 deep": Row("{'a':" * 100_000, "broken annotation: neither JSON nor a Python literal"),
    "sum of 100000": Row("+".join("1" * 100_000), "broken annotation: neither JSON nor a Python literal"),
    "code": Row("__import__('os').mkdir('harm')", "broken annotation: neither JSON nor a Python literal"),
    "a list": Row("[1, 2]", "broken annotation: expected a mapping, found list"),
    "no encodings": Row("{}", "no text"),
    "encodings of another type": Row('{"encodings": [1]}', "no text"),
    "text of another type": Row(annotation(17), "no text"),
    "empty text": Row(annotation(""), "empty text"),
    "blank text": Row(annotation("\ufeff \r\n\t\n"), "empty text"),
    "NUL characters": Row(annotation(KERN.replace("4", "\0")), "text with NUL characters, as UTF-16 has them"),
    "half a character": Row(annotation(KERN + "\ud800"), "text that is not Unicode"),
    "a line of 10 MB": Row(annotation(KERN + "c" * 10_000_000), "text too long for a page: 10000"),
}
NO_BOXES = {
    "no systems": Row(annotation(systems=None), "no list of systems"),
    "systems of another type": Row(annotation(systems=7), "no list of systems"),
    "a box too few": Row(annotation(systems=BOXES[:1]), "number of boxes differs"),
    "a box outside": Row(annotation(systems=boxes(fromX=5000, toX=6000)), "box that is empty or outside"),
    "an infinite box": Row(annotation(systems=boxes(toX=float("inf"))), "system without a complete box"),
    "a box of 400 digits": Row(annotation(systems=boxes(toX=10**400)), "system without a complete box"),
    "a box of words": Row(annotation(systems=boxes(toX="wide")), "system without a complete box"),
}
MALFORMED = {
    "ragged": Row(annotation(change(5, "4c\tC:maj\t.")), "line 6: 3 cell(s) where 2 spine(s) are open"),
    "no header": Row(annotation("\n".join(LINES[1:])), "line 1: a interpretation row before the header"),
    "no terminator": Row(annotation("\n".join(LINES[:-1])), "never closed; end the text with a row of `*-`"),
    "empty rows": Row(annotation(KERN.replace("\n", "\n\n")), "line 2:"),
    "a spine that appears": Row(annotation(change(3, "*+\t*")), "`*+` is not part of the dialect"),
}
SILENT = {
    "half a character in the title": Row(annotation(musicxml="<work-title>\ud800</work-title>"), ""),
    "Windows line ends": Row(annotation(KERN.replace("\n", "\r\n")), ""),
    "another spine": Row(annotation(KERN.replace("**mxhm", "**text")), ""),
}
ROWS = LEFT_OUT | NO_BOXES | MALFORMED | SILENT
TRAINING_ROWS = [
    number
    for number, placement in enumerate(shipped_split("handwritten", list(range(293)), "clean"))
    if placement.split == "train"
]


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (100, 120), 250).save(buffer, "PNG")
    return buffer.getvalue()


def save(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """A folder that `datasets` loads."""
    folder.mkdir()
    data = datasets.Dataset.from_list([{"image": {"bytes": png(), "path": None}, **row} for row in rows])
    data.cast_column("image", datasets.Image()).to_parquet(str(folder / "train-00000-of-00001.parquet"))
    return folder


def test_bad_rows_are_left_out_or_kept_each_with_its_reason(
    run: RunVerb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All in one dataset, as they would come: none stops the others, and each is named with what is wrong."""
    monkeypatch.chdir(tmp_path)
    numbers = dict(zip(ROWS, TRAINING_ROWS[1:], strict=False))
    rows = [{"annotation": case.annotation, "row": numbers[name]} for name, case in ROWS.items()]
    more = [annotation()] * 3
    places = [TRAINING_ROWS[0], TRAINING_ROWS[0], 293_000]  # the second is there twice, the third in no list
    rows += [{"annotation": text, "row": place} for text, place in zip(more, places, strict=True)]
    source = save(tmp_path / "source", rows)
    outcome = run(data_prep, "--dataset_name", source, "--output_name", "out", "--data_root", tmp_path)
    assert outcome.code == 0
    assert not (tmp_path / "harm").exists()
    manifest = read_manifest(tmp_path / "out")
    reasons = {entry.row: entry.reason for entry in manifest.left_out}
    pages = {page.row: page for page in manifest.pages}
    for name, case in LEFT_OUT.items():
        number = numbers[name]
        assert case.words in reasons.pop(number), name
        lines = [line for line in outcome.err.splitlines() if case.words.split(":")[0] in line and str(number) in line]
        assert lines, name
        assert max(map(len, lines)) < 400, name
    assert reasons == {TRAINING_ROWS[0]: "row number occurs twice", 293_000: "row is not in the shipped lists"}
    for name, case in NO_BOXES.items():
        assert pages[numbers[name]].systems is None, name
        assert f"pages without system boxes: {case.words}" in outcome.err, name
    for name, case in MALFORMED.items():
        (line,) = [line for line in outcome.complaints if f"out_{numbers[name]:04d}: " in line]
        assert "mend it in the source" in line, name
        assert case.words in line, name
    assert all(pages[numbers[name]].systems for name in SILENT)
    assert not [line for line in outcome.complaints for name in SILENT if f"out_{numbers[name]:04d}: " in line]
    names = {name for page in manifest.pages for name in (page.image, page.ground_truth)}
    assert {path for path, content in tree(tmp_path / "out").items() if content != "no file"} == {
        *names,
        "manifest.json",
    }


class Text(NamedTuple):
    """What stands in a page's text file, and words of the complaint."""

    content: bytes | Callable[[Path], None]
    words: tuple[str, ...]


UNREADABLE = {
    "gone": Text(lambda path: None, ("cannot be read", "No such file")),
    "a folder": Text(lambda path: path.mkdir(), ("cannot be read", "Is a directory")),
    "a failing disk": Text(lambda path: path.symlink_to("/proc/self/mem"), ("cannot be read", "Input/output error")),
    "empty": Text(b"", ("empty text",)),
    "blank": Text(b" \r\n\t", ("empty text",)),
    "UTF-16": Text(KERN.encode("utf-16"), ("cannot be read", "'utf-8' codec")),
    "UTF-16 without a mark": Text(KERN.encode("utf-16-le"), ("NUL characters, as UTF-16",)),
    "Latin-1": Text(KERN.replace("maj7", "maj7é").encode("latin-1"), ("cannot be read", "'utf-8' codec")),
    "an image": Text(png(), ("cannot be read", "'utf-8' codec")),
    "a line of 10 MB": Text(KERN.encode() + b"c" * 10_000_000, ("text too long for a page",)),
}


def with_text(data: Path, tmp_path: Path, content: bytes | Callable[[Path], None]) -> Path:
    """A copy of prepared data with another text of its first validation page."""
    copy = Path(shutil.copytree(data, tmp_path / "handwritten"))
    path = copy / "val" / "ground_truth" / "e-1.txt"
    path.unlink()
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content(path)
    return copy


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_text_that_cannot_be_used_stops_with_its_path(
    name: str, run: RunVerb, small_data: Path, tmp_path: Path
) -> None:
    case = UNREADABLE[name]
    data = with_text(small_data, tmp_path, case.content)
    (output := tmp_path / "results.jsonl").write_text("earlier")
    outcome = run(evaluate, "--checkpoint", "weights/none.ckpt", "--data", data, "--output", output)
    outcome.only_complaint("error: ", str(data / "val/ground_truth/e-1.txt"), "run data_prep.py again", *case.words)
    assert (outcome.code, outcome.out, output.read_text()) == (2, "", "earlier")


SAME = {
    "a byte order mark": b"\xef\xbb\xbf" + KERN.encode(),
    "Windows line ends": KERN.replace("\n", "\r\n").encode(),
    "old Mac line ends": KERN.replace("\n", "\r").encode(),
    "no last line end": KERN.rstrip("\n").encode(),
}


def scores(run: RunVerb, weights: Path, data: Path) -> dict[str, float]:
    outcome = run(evaluate, "--checkpoint", weights, "--data", data)
    assert outcome.code == 0
    outcome.only_complaint("vocabulary")  # the small network knows few tokens
    return json.loads(outcome.out)


def test_texts_that_are_written_otherwise_have_the_same_scores(
    run: RunVerb, weights: Path, small_data: Path, tmp_path: Path
) -> None:
    clean = scores(run, weights, with_text(small_data, tmp_path, KERN.encode()))
    for name, content in SAME.items():
        (tmp_path / "handwritten/val/ground_truth/e-1.txt").write_bytes(content)
        assert scores(run, weights, tmp_path / "handwritten") == clean, name


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_texts_are_scored_as_they_are(
    name: str, run: RunVerb, weights: Path, small_data: Path, tmp_path: Path
) -> None:
    kern = json.loads(MALFORMED[name].annotation or "")["encodings"]["**kern"]
    assert scores(run, weights, with_text(small_data, tmp_path, kern.encode()))["ser"] > 0
