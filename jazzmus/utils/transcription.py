"""What was read from a page, and how sure the network was of each line of it. Knows texts, no networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from jazzmus.dataset.manifest import SystemBox
from jazzmus.errors import KernError
from jazzmus.kern.bar_sums import wrong_bars
from jazzmus.kern.closing import close_text
from jazzmus.kern.codec import TextCodec
from jazzmus.kern.document import split_lines
from jazzmus.model.decoding import StopReason, Text

SURE = 1.0  # of a line that nobody chose


class Transcription(NamedTuple):
    """What was read from a page.

    Attributes:
        kern: Humdrum text.
        stop_reason: `eos` when the model ended the page itself, `length` when the limit did, `loop` when it began to
            repeat itself without end. Of a page read by its systems, the worst of theirs.
        confidence: Mean probability the model gave the tokens it chose, in [0, 1].
        seconds: Wall time of reading, shared evenly by the pages of a batch.
        row_confidences: For each line of `kern` the least probability of its tokens; 1.0 where none was chosen.
        doubtful_bars: 1-based numbers of the lines of `kern` at which a bar begins that does not fill its meter.
        system_boxes: Where the systems stand, in pixels of the page; empty where nobody looked for them.
        tokens: Each token the network wrote, with its probability; of a page read by its systems, one after the other,
            each ended by <eos>.
    """

    kern: str
    stop_reason: StopReason
    confidence: float
    seconds: float
    row_confidences: tuple[float, ...] = ()
    doubtful_bars: tuple[int, ...] = ()
    system_boxes: tuple[SystemBox, ...] = ()
    tokens: tuple[tuple[str, float], ...] = ()


class DecodedText(NamedTuple):
    """A text in its codec's form, with the probabilities of its tokens.

    Attributes:
        text: In the codec's form, not yet restored.
        row_confidences: One for each line of `text`.
        tokens: Each with its probability, the one that ends the text included.
        stop_reason: As of `Transcription`.
        score: As of `jazzmus.model.decoding.Text`.
    """

    text: str
    row_confidences: tuple[float, ...]
    tokens: tuple[tuple[str, float], ...]
    stop_reason: StopReason
    score: float = 0.0


def decoded_text(codec: TextCodec, read: Text) -> DecodedText:
    """What was read as a text; one that was cut off is closed.

    Args:
        codec: Of the network that read.
        read: Ids beginning with <bos>; what follows <eos> is padding.
    """
    ids, eos_id = read.ids, codec.vocabulary.eos_id
    end = ids.index(eos_id) + 1 if eos_id in ids else len(ids)
    probabilities = read.log_probs[1:end].exp().tolist()
    text = codec.decode_formed(ids)
    if read.stop_reason != "eos":
        with suppress(KernError):  # a network that was free to write anything wrote no beginning of a text
            text = close_text(text)
    confidences: list[float] = []
    start = 0
    for length in codec.row_lengths(ids):
        confidences.append(min(probabilities[start : start + length]))
        start += length
    lines = text.count("\n") + (not text.endswith("\n") and bool(text))
    tokens = tuple(zip(codec.vocabulary.decode(ids[1:end]), probabilities, strict=True))
    return DecodedText(text, (*confidences, *[SURE] * lines)[:lines], tokens, read.stop_reason, read.score)


def mean_probability(tokens: Sequence[tuple[str, float]]) -> float:
    """Mean probability of tokens; 1 of none."""
    return sum(probability for _, probability in tokens) / len(tokens) if tokens else 1.0


def confidences_in(text: str, lines: Sequence[str], confidences: Sequence[float]) -> tuple[float, ...]:
    """Confidences of the lines of a text that was made of `lines`, some left out and some put in between."""
    found: list[float] = []
    at = 0
    for line in split_lines(text):
        try:
            at = lines.index(line, at) + 1
            found.append(confidences[at - 1])
        except ValueError:
            found.append(SURE)
    return tuple(found)


def confidences_restored(restored: str, formed: str, confidences: Sequence[float]) -> tuple[float, ...]:
    """Confidences of a restored text, whose lines are those of the form and key rows put in between."""
    lines = iter(zip(split_lines(formed), confidences, strict=True))
    found: list[float] = []
    line, value = next(lines, ("", SURE))
    for restored_line in split_lines(restored):
        if restored_line.startswith("*") and restored_line != line:
            found.append(SURE)
            continue
        found.append(value)
        line, value = next(lines, ("", SURE))
    return tuple(found)


def doubtful_bars(kern: str) -> tuple[int, ...]:
    """Lines of `kern`, from 1, at which bars begin that do not fit their meter; none of a text that does not parse."""
    try:
        return tuple(bar.line for bar in wrong_bars(kern))
    except KernError:
        return ()


class RowStream:
    """Gives the lines of a text away while it is still being read.

    Args:
        codec: Of the network that reads.
        on_row: Is given each line without its newline, once.
    """

    # What is written back into a line depends on the line after it: a key row, or none.
    HELD_BACK = 2

    def __init__(self, codec: TextCodec, on_row: Callable[[str], None]) -> None:
        self._codec = codec
        self._on_row = on_row
        self._given = 0

    def take(self, ids: Sequence[int]) -> None:
        """Look at the ids so far, <bos> first, and give away the lines that stand."""
        formed = self._codec.decode_formed(ids)
        whole = formed[: formed.rfind("\n") + 1]
        self._give(split_lines(self._codec.form.restore(whole))[: -self.HELD_BACK])

    def finish(self, kern: str) -> None:
        """Give away the lines of the final text that are not given yet."""
        self._give(split_lines(kern))

    def _give(self, lines: Sequence[str]) -> None:
        for line in lines[self._given :]:
            self._on_row(line)
        self._given = max(self._given, len(lines))
