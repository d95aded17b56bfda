from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image

from jazzmus.errors import DataError, KernError
from jazzmus.files import write_bytes
from jazzmus.utils.outputs import Outputs
from jazzmus.utils.page_inputs import PageInput, find_pages
from jazzmus.utils.reading_run import Tally, read_to_files, read_to_standard_output
from jazzmus.utils.transcription import Transcription

TEXT = "**kern\n*clefG2\n4c\n4d\n*-\n"


class Reader:
    """Stands in for a network: reads how wide a page is, and cannot read what it is told to."""

    def __init__(self, unreadable: Sequence[int] = (), most: int = 100, confidence: float = 0.9) -> None:
        self.batches: list[list[int]] = []
        self.unreadable, self.most, self.confidence = unreadable, most, confidence

    def read(self, image: Image.Image, on_row: Callable[[str], None] | None = None) -> Transcription:
        for line in TEXT.splitlines()[:3] if on_row else ():
            on_row(line)  # type: ignore[misc]
        return self.read_batch([image])[0]

    def read_batch(self, images: Sequence[Image.Image]) -> list[Transcription]:
        self.batches.append([image.width for image in images])
        if len(images) > self.most:
            raise RuntimeError("out of memory")
        if bad := set(self.batches[-1]) & set(self.unreadable):
            raise KernError(f"line 1: width {bad}")
        return [
            Transcription(f"{TEXT}!! {image.width}\n", "eos" if image.width < 45 else "length", self.confidence, 0.5)
            for image in images
        ]


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[PageInput]:
    """Seven pages, 40 to 46 pixels wide."""
    monkeypatch.chdir(tmp_path)
    for width in range(40, 47):
        Image.new("L", (width, 50), 255).save(f"{width}.png")
    return find_pages(["*.png"]).pages


def written() -> list[str]:
    return sorted(path.stem for path in Path("out").glob("*.krn"))


def outputs(pages: Sequence[PageInput]) -> Outputs:
    return Outputs(pages, "out", ["krn"], several=True)


def test_pages_are_read_in_batches_and_each_gets_its_own_text(pages: list[PageInput]) -> None:
    reader = Reader()
    tally = read_to_files(reader, pages, outputs(pages), batch_size=3)
    assert reader.batches == [[40, 41, 42], [43, 44, 45], [46]]
    assert (tally.read, tally.failed, tally.incomplete) == (7, 0, 0)
    assert {path.stem: path.read_text() for path in Path("out").iterdir()} == {
        str(width): f"{TEXT}!! {width}\n" for width in range(40, 47)
    }


def test_only_a_batch_of_pages_is_open_at_once(pages: list[PageInput], monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    image = PageInput.image
    monkeypatch.setattr(PageInput, "image", lambda self: opened.append(int(self.stem)) or image(self))
    reader = Reader()
    read_batch = reader.read_batch

    def check(images: Sequence[Image.Image]) -> list[Transcription]:
        assert opened == list(range(40, 40 + len(written()) + len(images)))
        return read_batch(images)

    monkeypatch.setattr(reader, "read_batch", check)
    assert read_to_files(reader, pages, outputs(pages), batch_size=2).read == 7


def test_bad_pages_stop_no_others(pages: list[PageInput], caplog: pytest.LogCaptureFixture) -> None:
    Path("42.png").write_bytes(b"no image")
    Path("46.png").unlink()
    tally = read_to_files(Reader(unreadable=[44]), pages, outputs(pages), batch_size=4, failed=1)
    assert written() == ["40", "41", "43", "45"]
    assert (tally.read, tally.failed) == (4, 4)
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert sorted(error.split(":")[0] for error in errors) == ["42.png", "44.png", "46.png"]
    assert any("44.png: could not be read (KernError: line 1: width {44})" in error for error in errors)


def test_a_fault_of_the_program_stops_no_other_page(pages: list[PageInput], monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader()
    read_batch = reader.read_batch
    monkeypatch.setattr(
        reader, "read_batch", lambda images: [1 // (i.width != 43) for i in images] and read_batch(images)
    )
    assert read_to_files(reader, pages, outputs(pages), batch_size=2).failed == 1
    assert written() == ["40", "41", "42", "44", "45", "46"]


def test_a_batch_that_is_too_large_is_read_one_by_one(pages: list[PageInput]) -> None:
    reader = Reader(most=1)
    assert read_to_files(reader, pages, outputs(pages), batch_size=4).failed == 0
    assert [len(batch) for batch in reader.batches] == [4, 1, 1, 1, 1, 3, 1, 1, 1]


def test_the_summary(pages: list[PageInput], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        read_to_files(Reader(confidence=0.3), pages[:6], outputs(pages), batch_size=4, failed=1)
    assert caplog.messages[-1] == (
        "6 pages read, 1 failed; 0.5 s a page; ended by 5 eos, 1 length; "
        "confidence below 0.7: 40, 41, 42, 43, 44 and 1 more"
    )


def test_nothing_read_has_a_summary_too() -> None:
    assert Tally(failed=2).line() == "0 pages read, 2 failed"


def test_a_format_that_cannot_be_made_is_counted(pages: list[PageInput], monkeypatch: pytest.MonkeyPatch) -> None:
    into = outputs(pages)
    monkeypatch.setattr(into, "write", lambda page, *_: ["no midi"] if page.stem == "41" else [])
    tally = read_to_files(Reader(), pages, into, batch_size=4)
    assert (tally.read, tally.failed, tally.incomplete) == (7, 0, 1)
    assert "1 not in every format" in tally.line()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_what_ends_a_run_leaves_whole_files_and_a_summary(
    pages: list[PageInput], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    def write(target: Path, content: bytes) -> None:
        if target.stem == "43":
            raise error
        write_bytes(target, content)

    monkeypatch.setattr("jazzmus.utils.outputs.write_bytes", write)
    with caplog.at_level(logging.INFO), pytest.raises((KeyboardInterrupt, DataError)):
        read_to_files(Reader(), pages, outputs(pages), batch_size=2)
    assert written() == ["40", "41", "42"]
    assert "3 pages read, 0 failed" in caplog.messages[-1]


def test_lines_are_on_standard_output_before_the_page_is_read(
    pages: list[PageInput], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pipe(io.TextIOWrapper):
        def __init__(self) -> None:
            super().__init__(io.BytesIO(), encoding="ascii")

        def arrived(self) -> str:
            return self.buffer.getvalue().decode("utf-8")  # type: ignore[attr-defined]

    pipe = Pipe()
    seen: list[str] = []
    monkeypatch.setattr(sys, "stdout", pipe)
    reader = Reader()
    read_batch = reader.read_batch
    monkeypatch.setattr(reader, "read_batch", lambda images: seen.append(pipe.arrived()) or read_batch(images))
    tally = read_to_standard_output(reader, pages[0])
    pipe.flush()
    assert seen == ["**kern\n*clefG2\n4c"]
    assert pipe.arrived() == f"{TEXT}!! 40\n"
    assert pipe.encoding == "utf-8"
    assert (tally.read, tally.failed) == (1, 0)


def test_a_page_that_fails_writes_nothing_more(
    pages: list[PageInput], capsys: pytest.CaptureFixture, caplog: pytest.LogCaptureFixture
) -> None:
    Path("40.png").write_bytes(b"")
    assert read_to_standard_output(Reader(), pages[0]).failed == 1
    assert read_to_standard_output(Reader(unreadable=[41]), pages[1]).failed == 1
    assert capsys.readouterr().out == "**kern\n*clefG2\n4c"
    assert len(caplog.messages) == 2


def test_lines_that_change_after_all_are_told(
    pages: list[PageInput],
    capsys: pytest.CaptureFixture,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = Reader()
    monkeypatch.setattr(reader, "read_batch", lambda _: [Transcription("**kern\n4e\n4f\n*-\n", "eos", 0.9, 0.1)])
    assert read_to_standard_output(reader, pages[0]).incomplete == 1
    assert "40.png: lines changed after they were shown; use --output" in caplog.text
