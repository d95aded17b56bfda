"""Weights that are broken, foreign or dangerous, given to `inference.py`: nothing is run, nothing is written."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from PIL import Image
from random_weights import FEW_TOKENS
from safetensors.torch import load_file, save_file
from verbs import RunVerb, tree

import inference
from jazzmus.model.pretrained import CHECKPOINT_KEY, CONFIG_FILE, WEIGHTS_FILE


class Harmful:
    """Makes a folder when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.mkdir, (Path("harm"),)


class Case(NamedTuple):
    """How a folder of good weights is changed, and words of the complaint."""

    change: Callable[[Path], Any]
    words: tuple[str, ...]


def config(**values: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / CONFIG_FILE
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    return change


def tensors(edit: Callable[[dict[str, torch.Tensor]], Any]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        found = load_file(folder / WEIGHTS_FILE)
        edit(found)
        save_file(found, folder / WEIGHTS_FILE)

    return change


def text(name: str, content: str | bytes) -> Callable[[Path], Any]:
    return lambda folder: (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def cut(name: str) -> Callable[[Path], Any]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-100])


BIAS, EMBEDDING = "decoder.layers.0.ffn.0.bias", "decoder.embedding.weight"
NOT_READ, NOT_FIT = ("cannot be read as a model folder",), ("the weights do not fit the configuration",)
NO_MODEL, NO_READING = ("the configuration does not describe a model",), ("does not say how to read",)
TOKENS = list(FEW_TOKENS)
FOLDERS = {
    "config broken": Case(cut(CONFIG_FILE), NOT_READ),
    "config empty": Case(text(CONFIG_FILE, ""), NOT_READ),
    "config 100000 deep": Case(text(CONFIG_FILE, "[" * 100_000), NOT_READ),
    "config a list": Case(text(CONFIG_FILE, "[1]"), ("config.json holds no configuration",)),
    "config not text": Case(text(CONFIG_FILE, b"\xff\xfe{"), NOT_READ),
    "config gone": Case(lambda folder: (folder / CONFIG_FILE).unlink(), ("config.json", "is absent")),
    "config says nothing": Case(text(CONFIG_FILE, "{}"), NOT_FIT),
    "tensors gone": Case(lambda folder: (folder / WEIGHTS_FILE).unlink(), ("model.safetensors", "is absent")),
    "tensors empty": Case(text(WEIGHTS_FILE, b""), NOT_READ),
    "tensors cut": Case(cut(WEIGHTS_FILE), NOT_READ),
    "tensors of a wrong header": Case(text(WEIGHTS_FILE, b"\xff" * 8 + b"{}"), NOT_READ),
    "tensors pickled": Case(lambda folder: torch.save(Harmful(), folder / WEIGHTS_FILE), NOT_READ),
    "a tensor missing": Case(tensors(lambda found: found.pop(BIAS)), (*NOT_FIT, f"missing {BIAS}")),
    "a tensor too many": Case(tensors(lambda found: found.update(x=torch.ones(1))), (*NOT_FIT, "unexpected x")),
    "a tensor of another shape": Case(
        tensors(lambda found: found.update({BIAS: torch.ones(3)})), (*NOT_FIT, f"{BIAS} (3,) instead of (32,)")
    ),
    "a tensor that is no number": Case(
        tensors(lambda found: found.update({BIAS: torch.full((32,), torch.nan)})), (*NOT_FIT, f"not finite {BIAS}")
    ),
    "an infinite tensor": Case(tensors(lambda found: found[BIAS].fill_(torch.inf)), (*NOT_FIT, f"not finite {BIAS}")),
    "no tensors": Case(tensors(lambda found: found.clear()), NO_MODEL),
    "a width of 4 billion": Case(config(d_model=2**32, encoder_hidden_sizes=[8, 16, 2**32]), ()),
    "a billion layers": Case(config(num_decoder_layers=10**9), (*NO_MODEL, "more layers")),
    "a billion blocks": Case(config(encoder_depths=[1, 1, 10**9]), (*NO_MODEL, "more layers")),
    "a width of words": Case(config(d_model="wide"), NO_MODEL),
    "blocks of words": Case(config(encoder_depths=["a", "b", "c"]), NO_MODEL),
    "no heads": Case(config(num_heads=0), NO_MODEL),
    "half a head": Case(config(num_heads=0.5), NO_MODEL),
    "heads with a fraction": Case(config(num_heads=2.0), (*NO_MODEL, "num_heads is 2.0")),
    "an endless vocabulary": Case(config(vocab_size=10**15, num_outputs=10**15), ()),
    "a token too few": Case(config(tokens=TOKENS[:-1]), (f"{len(TOKENS) - 1} tokens",)),
    "tokens that are numbers": Case(config(tokens=list(range(len(TOKENS)))), (*NO_READING, "every token must be text")),
    "a token twice": Case(config(tokens=[*TOKENS[:-1], "c"]), (*NO_READING, "more than once")),
    "half a character": Case(config(tokens=[*TOKENS[:-1], "\ud800"]), NO_READING),
    "an unknown tokenizer": Case(config(tokenizer="../x"), (*NO_READING, "unknown tokenizer '../x'")),
    "a tokenizer that is a list": Case(config(tokenizer=["medium"]), NO_READING),
    "no tokenizer": Case(config(tokenizer=None), ("has no tokenizer or page transform",)),
    "pages of no width": Case(config(page_transform={"width": 0}), NO_READING),
    "pages of endless width": Case(
        config(page_transform={"width": 10**9, "max_height": 96, "trim_dark_border": False}), NO_READING
    ),
    "a page transform that is a list": Case(config(page_transform=[64]), NO_READING),
    "a first id that is no token": Case(config(bos_token_id=10**6), (*NO_READING, "bos_token_id")),
    "a size beyond all numbers": Case(config(d_ff=10**30), NO_MODEL),
    "a scale that is none": Case(config(layer_scale_init=None), NO_MODEL),
    "a length with a fraction": Case(config(max_sequence_length=20.5), (*NO_MODEL, "max_sequence_length")),
}


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page, and an earlier reading of it in `readings`; the test runs beside them."""
    monkeypatch.chdir(tmp_path)
    Image.new("L", (64, 64), 255).save(tmp_path / "page.png")
    (tmp_path / "readings").mkdir()
    (tmp_path / "readings" / "page.krn").write_text("earlier")
    return tmp_path / "page.png"


def refused(run: RunVerb, source: object, page: Path, *words: str) -> None:
    """Give weights to `inference.py`: one line that names them, and everything stays as it was."""
    before = tree(page.parent)
    outcome = run(inference, "--checkpoint", source, "--image", page, "--output", "readings")
    outcome.only_complaint("error: ", str(source), *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert tree(page.parent) == before


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_of_bad_weights(name: str, run: RunVerb, weights: Path, page: Path) -> None:
    folder = Path(shutil.copytree(weights, page.parent / "weights"))
    FOLDERS[name].change(folder)
    refused(run, folder, page, *FOLDERS[name].words)


def test_the_weights_that_these_are_made_of_are_good(run: RunVerb, weights: Path, page: Path) -> None:
    outcome = run(inference, "--checkpoint", weights, "--image", page, "--output", "readings")
    assert (outcome.code, outcome.complaints) == (0, [])


def saved(content: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def other_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", "<document/>")
    return buffer.getvalue()


def old_pickle() -> bytes:
    buffer = io.BytesIO()
    torch.save({CHECKPOINT_KEY: Harmful()}, buffer, _use_new_zipfile_serialization=False)
    return buffer.getvalue()


UNSAFE, FOREIGN = ("not a checkpoint that can be loaded safely",), ("not a checkpoint of this project",)
ENTRY = {"config": {"d_model": 32}}
FILES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "empty": (b"", UNSAFE),
    "text": (b"weights of the best run\n", UNSAFE),
    "an image": (b"\x89PNG\r\n\x1a\n" + bytes(200), UNSAFE),
    "another zip": (other_zip(), UNSAFE),
    "cut": (saved({CHECKPOINT_KEY: ENTRY, "state_dict": {"a": torch.ones(100)}})[:-200], UNSAFE),
    "code": (saved({CHECKPOINT_KEY: ENTRY, "state_dict": {}, "more": Harmful()}), UNSAFE),
    "code in the old form": (old_pickle(), UNSAFE),
    "a list": (saved([1, 2]), FOREIGN),
    "no entry of ours": (saved({"state_dict": {"a": torch.ones(1)}}), FOREIGN),
    "no config": (saved({CHECKPOINT_KEY: {}, "state_dict": {}}), FOREIGN),
    "a state that is a tensor": (saved({CHECKPOINT_KEY: ENTRY, "state_dict": torch.ones(1)}), FOREIGN),
    "a state of words": (saved({CHECKPOINT_KEY: ENTRY, "state_dict": {"a": "b"}}), FOREIGN),
    "a state without names": (saved({CHECKPOINT_KEY: ENTRY, "state_dict": {1: torch.ones(1)}}), ()),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_checkpoint(name: str, run: RunVerb, page: Path) -> None:
    content, words = FILES[name]
    path = page.parent / "best.ckpt"
    path.write_bytes(content)
    refused(run, path, page, *words)
    assert not Path("harm").exists()


PLACES = {
    "weights/gone.ckpt": ("no such checkpoint",),
    "readings": ("needs config.json and model.safetensors", "is absent"),
    "page.png/best.ckpt": ("no such checkpoint",),
    "a" * 300: ("File name too long",),
    "": ("is absent",),
    "someone/nothing": ("neither a file or folder here nor reachable on the hub", "check the name"),
}


@pytest.mark.parametrize("source", PLACES)
def test_a_place_without_weights(source: str, run: RunVerb, page: Path) -> None:
    refused(run, source, page, *PLACES[source])


def test_no_checkpoint_at_all(run: RunVerb, page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jazzmus.utils.inference_utils.SHIPPED_WEIGHTS", Path("weights/tiny"))
    outcome = run(inference, "--image", page)
    outcome.only_complaint("error: weights/tiny: the shipped weights are not there", "give --checkpoint")
    assert (outcome.code, outcome.out) == (2, "")
