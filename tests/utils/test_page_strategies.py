from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image

from jazzmus.dataset.manifest import SystemBox
from jazzmus.kern.systems import count_systems
from jazzmus.model.decoding import StopReason
from jazzmus.utils.page_strategies import read_pages
from jazzmus.utils.transcription import DecodedText

HEADER = "**kern\t**mxhm\n*clefG2\t*\n*k[{key}]\t*\n*M4/4\t*\n"
PITCHES = {50: "c", 100: "d", 150: "e"}  # by the gray of a system
BOXES = tuple(SystemBox(0, 400, 100 * number, 100 * number + 80) for number in range(3))


def page(*grays: int) -> Image.Image:
    pixels = np.full((300, 400), 255, dtype=np.uint8)
    for number, gray in enumerate(grays):
        pixels[100 * number : 100 * number + 80] = gray
    return Image.fromarray(pixels)


class Reader:
    """Reads the darkest gray of a picture as a pitch, and one key wrong."""

    def __init__(self, reason: StopReason = "eos", broken: bool = False) -> None:
        self.batches: list[int] = []
        self.reason = reason
        self.broken = broken

    def __call__(self, pictures: Sequence[Image.Image]) -> list[list[DecodedText]]:
        self.batches.append(len(pictures))
        texts = []
        for picture in pictures:
            gray = int(np.asarray(picture).min())
            text = HEADER.format(key="f#" if gray == 100 else "") + f"=\t=\n1{PITCHES[gray]}\t.\n*-\t*-\n"
            if self.broken and gray == 100:
                text = text.replace("*-\t*-\n", "*-\n")
            lines = text.count("\n")
            confidences = (0.9,) * (lines - 2) + (gray / 200, 0.9)
            texts.append([DecodedText(text, confidences, (("a", 0.5), ("<eos>", 1.0)), self.reason)])
            self.reason = "eos"
        return texts


def notes(text: str) -> list[str]:
    return [line for line in text.splitlines() if line[0].isdigit()]


def test_a_page_is_read_as_one_picture() -> None:
    reader = Reader()
    (text,) = read_pages("page", [page(50)], reader)
    assert reader.batches == [1]
    assert text.boxes == ()
    assert notes(text.decoded.text) == ["1c\t."]


def test_systems_of_all_pages_are_read_in_one_batch_and_joined() -> None:
    reader = Reader()
    pages = [page(150, 100, 50), page(50)]
    first, second = read_pages("systems", pages, reader, [BOXES, BOXES[:1]])
    assert reader.batches == [4]
    assert first.boxes == BOXES
    assert notes(first.decoded.text) == ["1e\t.", "1d\t.", "1c\t."]
    assert count_systems(first.decoded.text) == 3
    assert first.decoded.tokens == (("a", 0.5), ("<eos>", 1.0)) * 3
    assert notes(second.decoded.text) == ["1c\t."]
    by_line = dict(zip(first.decoded.text.splitlines(), first.decoded.row_confidences, strict=True))
    assert [by_line[note] for note in ("1e\t.", "1d\t.", "1c\t.")] == [0.75, 0.5, 0.25]
    assert by_line["!!linebreak:original"] == 1.0


def test_systems_outvote_a_header_and_concatenation_believes_the_first() -> None:
    joined, plain = (
        read_pages(strategy, [page(100, 50, 150)], Reader(), [BOXES])[0].decoded.text
        for strategy in ("systems", "concatenate")
    )
    assert [line for line in joined.splitlines() if line.startswith("*k")] == ["*k[]\t*"]
    assert [line for line in plain.splitlines() if line.startswith("*k")] == ["*k[f#]\t*"]


@pytest.mark.parametrize("reason", ["loop", "length"])
def test_the_worst_stop_reason_is_the_page_s(reason: StopReason) -> None:
    assert read_pages("systems", [page(50, 100)], Reader(reason), [BOXES[:2]])[0].decoded.stop_reason == reason


def test_a_broken_system_does_not_lose_the_others() -> None:
    text = read_pages("systems", [page(50, 100, 150)], Reader(broken=True), [BOXES])[0].decoded
    assert notes(text.text) == ["1c\t.", "1d\t.", "1e\t."]
    assert len(text.row_confidences) == len(text.text.splitlines())


def test_a_page_without_staves_is_read_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    reader = Reader()
    (text,) = read_pages("systems", [page(50)], reader, [()])
    assert reader.batches == [1]
    assert notes(text.decoded.text) == ["1c\t."]
    assert "no staff" in caplog.text
