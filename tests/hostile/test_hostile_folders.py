"""Places that cannot be written, disks that are full, runs that are ended in the middle of a write."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TextIO

import datasets
import pytest
from PIL import Image
from tiny_runs import TINY
from verbs import RunVerb, tree

import data_prep
import inference
import train_full_page
from jazzmus import evaluate, show

ROOT = Path(__file__).resolve().parents[2]
EARLIER = "an earlier reading\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a page, two of one name, a file in the way, a folder of earlier readings."""
    monkeypatch.chdir(tmp_path)
    for name in ("page.png", "scans/a.png", "scans/a.jpg"):
        Path(name).parent.mkdir(exist_ok=True)
        Image.new("L", (64, 64), 255).save(name)
    Path("file").write_text("in the way")
    Path("readings").mkdir()
    Path("empty").mkdir()
    Path("readings/page.krn").write_text(EARLIER)
    return tmp_path


REFUSED: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "below a file": (["page.png", "--output", "file/page.krn"], ("file/page.krn", "cannot be written", "--output")),
    "a file as a folder": (["page.png", "--output", "file/"], ("file: a folder is needed here",)),
    "the page itself": (["page.png", "--output", "page.png"], ("page.png: is the page itself", "another --output")),
    "the page by another way": (["page.png", "--output", "scans/../page.png"], ("is the page itself",)),
    "an endless name": (["page.png", "--output", "a" * 300 + ".krn"], ("File name too long",)),
    "two pages of one name": (["scans", "--output", "new"], ("both be written to new/a.krn", "rename one")),
    "two pages and no folder": (["page.png", "scans/a.png"], ("several pages need --output FOLDER",)),
    "no page in a folder": (["empty"], ("empty: no image or PDF in this folder",)),
    "no such page": (["gone.png"], ("gone.png: no such file or folder",)),
    "a page below a file": (["file/page.png"], ("file/page.png: no such file or folder",)),
    "a page of an endless name": (["a" * 300], ("File name too long", "check the path")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_reading_from_or_to_where_it_cannot(name: str, run: RunVerb, weights: Path, here: Path) -> None:
    words, said = REFUSED[name]
    before = tree(here)
    outcome = run(inference, "--checkpoint", weights, "--image", *words)
    outcome.only_complaint("error: ", *said)
    assert (outcome.code, outcome.out) == (2, "")
    assert tree(here) == before


PREPARED_REFUSED: dict[str, tuple[ModuleType, list[str], tuple[str, ...]]] = {
    "results below a file": (evaluate, ["--output", "file/x.jsonl"], ("file/x.jsonl", "choose another --output")),
    "results in no folder": (evaluate, ["--output", "no/x.jsonl"], ("no/x.jsonl: its folder does not exist",)),
    "results as a folder": (evaluate, ["--output", "readings"], ("readings: is a folder",)),
    "a picture below a file": (show, ["--output", "file/x.png"], ("file/x.png: cannot be written",)),
    "a picture of no kind": (show, ["--output", "x.krn"], ("x.krn: no picture", "use .png")),
    "a page that is not there": (show, ["--output", "x.png", "--page", "z-1"], ("no page 'z-1'", "'e-1'")),
}


@pytest.mark.parametrize("name", PREPARED_REFUSED)
def test_evaluating_to_where_it_cannot(name: str, run: RunVerb, small_data: Path, here: Path) -> None:
    script, words, said = PREPARED_REFUSED[name]
    before = tree(here)
    outcome = run(script, "--checkpoint", "none.ckpt", "--data", small_data, *words)
    outcome.only_complaint("error: ", *said)
    assert (outcome.code, outcome.out) == (2, "")
    assert tree(here) == before


@contextlib.contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch, size: int) -> Iterator[None]:
    """Let the verbs write no file beyond `size` bytes: the system's own error, as Python ignores the signal.

    The limit holds for the process, so that it is set around each write and spares what catches the output.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limited(write: Callable[..., object]) -> Callable[..., object]:
        def attempt(*arguments: object) -> object:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
            try:
                return write(*arguments)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

        return attempt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", limited(Path.write_bytes))
        patch.setattr(shutil, "copyfile", limited(shutil.copyfile))
        yield


def source(folder: Path) -> Path:
    """A dataset of one page with a text."""
    folder.mkdir()
    Image.effect_noise((200, 200), 90).save(folder / "a.png")
    datasets.Dataset.from_dict({"image": ["a.png"], "text": ["**kern\n4c\n*-\n"]}).to_parquet(str(folder / "x.parquet"))
    return folder


def test_a_full_disk_keeps_the_earlier_reading(
    run: RunVerb, weights: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(here)
    with full_disk(monkeypatch, 10):
        outcome = run(inference, "--checkpoint", weights, "--image", "page.png", "--output", "readings")
    outcome.only_complaint("error: readings/page.krn: cannot be written (File too large)", "another --output")
    assert outcome.code == 2
    assert tree(here) == before


def test_a_full_disk_keeps_the_earlier_results(
    run: RunVerb, weights: Path, small_data: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "results.jsonl").write_text(EARLIER)
    before = tree(here)
    with full_disk(monkeypatch, 100):
        outcome = run(evaluate, "--checkpoint", weights, "--data", small_data, "--output", "results.jsonl")
    _, line = outcome.complaints
    assert "error: results.jsonl: cannot be written (File too large); choose another --output" in line
    assert (outcome.code, tree(here)) == (2, before)


def test_a_full_disk_keeps_the_earlier_picture(
    run: RunVerb, weights: Path, small_data: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jazzmus.export.comparison_picture.engraved_or_none", lambda _: None)
    (here / "page.png").rename(here / "picture.png")
    before = tree(here)
    with full_disk(monkeypatch, 1000):
        outcome = run(show, "--checkpoint", weights, "--data", small_data, "--output", "picture.png")
    outcome.only_complaint("error: picture.png: cannot be written (File too large)", "another --output")
    assert (outcome.code, tree(here)) == (2, before)


def test_a_full_disk_leaves_no_half_of_a_prepared_page(
    run: RunVerb, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = source(here / "source")
    words = ("--dataset_name", folder, "--data_root", here / "data")
    with full_disk(monkeypatch, 5000):
        outcome = run(data_prep, *words)
    outcome.only_complaint("images/handwritten_0000.jpg", "File too large", "free space", "already there is kept")
    assert outcome.code == 2
    left = {path for path, content in tree(here / "data").items() if content != "no file"}
    assert left == {"handwritten/train/ground_truth/handwritten_0000.txt"}
    assert run(data_prep, *words).code == 0


@pytest.mark.parametrize(("error", "said"), [(30, "Read-only file system"), (28, "No space left on device")])
def test_a_disk_that_takes_nothing(
    error: int, said: str, run: RunVerb, weights: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, _: bytes) -> int:
        self.touch()
        raise OSError(error, os.strerror(error))

    before = tree(here)
    monkeypatch.setattr(Path, "write_bytes", refuse)
    outcome = run(inference, "--checkpoint", weights, "--image", "page.png", "--output", "readings")
    outcome.only_complaint(f"error: readings/page.krn: cannot be written ({said})", "another --output")
    assert outcome.code == 2
    assert tree(here) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_ended_while_it_writes(
    number: signal.Signals, run: RunVerb, weights: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes

    def end(self: Path, content: bytes) -> int:
        assert callable(signal.getsignal(number)), "the signal would end this very process"
        write(self, content[:3])
        os.kill(os.getpid(), number)
        return write(self, content)

    before = tree(here)
    monkeypatch.setattr(Path, "write_bytes", end)
    # A shell may have started the tests with Ctrl-C switched off.
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        outcome = run(inference, "--checkpoint", weights, "--image", "page.png", "--output", "readings")
    finally:
        signal.signal(signal.SIGINT, earlier)
    outcome.only_complaint("interrupted")
    assert outcome.code == 130
    assert tree(here) == before
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def full_device() -> TextIO:
    return Path("/dev/full").open("w")


def closed_pipe() -> TextIO:
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w")


@pytest.mark.parametrize(("place", "said"), [(full_device, "No space left on device"), (closed_pipe, "Broken pipe")])
def test_standard_output_that_takes_nothing(
    place: Callable[[], TextIO], said: str, run: RunVerb, weights: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place() as output, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", output)
        outcome = run(inference, "--checkpoint", weights, "--image", "page.png")
        # Leaving the block closes it, as Python does at its end: what was not taken must be gone by then.
    outcome.only_complaint(f"error: standard output or a file: {said}", "the free space")
    assert outcome.code == 2


SHORT = """
FullPageDataModule.draws_per_epoch = 2
FullPageTrainer.max_decode_length = 8
FullPageDataModule.data_path = "data"
"""


@pytest.fixture
def training(here: Path, small_data: Path) -> tuple[object, ...]:
    """The words of a small training run, beside the weights of an earlier one."""
    (here / "tiny.gin").write_text(TINY + SHORT)
    shutil.copytree(small_data, here / "data")
    (here / "weights").mkdir()
    (here / "weights" / "best.ckpt").write_text(EARLIER)
    return "--config", ROOT / "config/full_page_no_pretrained.gin", "tiny.gin"


def test_a_full_disk_keeps_the_weights_of_an_earlier_run(
    run: RunVerb, here: Path, training: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with full_disk(monkeypatch, 20_000):
        outcome = run(train_full_page, *training)
    assert "Traceback" not in outcome.err
    (line,) = [line for line in outcome.err.splitlines() if line.startswith("error: ")]  # below the bar of the epoch
    assert "weights/small/" in line
    assert ".ckpt: File too large; check the path, the permissions and the free space" in line
    assert (outcome.code, (here / "weights" / "best.ckpt").read_text()) == (2, EARLIER)
    left = tree(here / "weights")
    assert not [path for path in left if path.endswith((".tmp", "last.ckpt"))]
    assert "small/operative_config.gin" in left


@pytest.mark.parametrize(
    ("output", "said"), [("file/run", "file/run: no run can be written"), ("scans", "what it holds is no run")]
)
def test_training_to_where_it_cannot(
    output: str, said: str, run: RunVerb, here: Path, training: tuple[object, ...]
) -> None:
    before = tree(here)
    outcome = run(train_full_page, *training, "--output_dir", output)
    (line,) = [line for line in outcome.complaints if "error: " in line]
    assert said in line
    assert "give another --output_dir" in line
    assert outcome.code == 2
    assert tree(here) == before
