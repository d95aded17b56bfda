"""Reading many pages, or one to standard output: in batches, with progress, a summary, and no page lost for another.

Knows no checkpoints: whatever has `read` and `read_batch` reads. Knows nothing of formats.
"""

from __future__ import annotations

import io
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from PIL import Image

from jazzmus.errors import DataError, JazzmusError, in_brief
from jazzmus.logs import progress
from jazzmus.utils.outputs import Outputs
from jazzmus.utils.page_inputs import PageInput
from jazzmus.utils.transcription import Transcription

logger = logging.getLogger(__name__)

# Mean probability of the tokens below which the summary names a page.
LOW_CONFIDENCE = 0.7
_ENDINGS = {"eos": "", "length": ", cut at the length limit", "loop": ", cut where it repeats itself"}


class Reader(Protocol):
    """What reads pages, as `Recognizer` does."""

    def read(self, image: Image.Image, on_row: Callable[[str], None] | None = None) -> Transcription:
        """Read a page; `on_row` is given each line of the text, without its end, as soon as it stands."""

    def read_batch(self, images: Sequence[Image.Image]) -> list[Transcription]:
        """Read several pages at once."""


@dataclass
class Tally:
    """What became of the pages of a run.

    Attributes:
        failed: Pages that could not be read.
        incomplete: Pages that were read, but not all of whose reading was written.
        read: Pages that were read.
        seconds: Of reading them, altogether.
        stop_reasons: How often a page ended in which way.
        unsure: Pages of low confidence, by the names of their files.
    """

    failed: int = 0
    incomplete: int = 0
    read: int = 0
    seconds: float = 0.0
    stop_reasons: Counter[str] = field(default_factory=Counter)
    unsure: list[str] = field(default_factory=list)

    def add(self, page: PageInput, reading: Transcription) -> None:
        """Count a page that was read."""
        self.read += 1
        self.seconds += reading.seconds
        self.stop_reasons[reading.stop_reason] += 1
        if reading.confidence < LOW_CONFIDENCE:
            self.unsure.append(page.stem)

    def line(self) -> str:
        """The summary."""
        parts = [f"{self.read} pages read, {self.failed} failed"]
        if self.incomplete:
            parts.append(f"{self.incomplete} not in every format")
        if self.read:
            reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(self.stop_reasons.items()))
            parts += [f"{self.seconds / self.read:.1f} s a page", f"ended by {reasons}"]
        if self.unsure:
            parts.append(f"confidence below {LOW_CONFIDENCE:g}: {in_brief(self.unsure)}")
        return "; ".join(parts)


class _Read(NamedTuple):
    page: PageInput
    image: Image.Image
    reading: Transcription


def read_to_files(
    recognizer: Reader, pages: Sequence[PageInput], outputs: Outputs, batch_size: int, failed: int = 0
) -> Tally:
    """Read pages and write each as soon as its batch is read; what fails is logged and does not stop the rest.

    Args:
        recognizer: Reads the pages.
        pages: In the order of reading; only those of one batch are in memory.
        outputs: Where the readings go.
        batch_size: Pages read at once.
        failed: Pages that failed before they could be read.

    Raises:
        DataError: An output cannot be written; what was written before it stays.
    """
    tally = Tally(failed)
    try:
        with progress() as bar:
            task = bar.add_task("reading", total=len(pages))
            for start in range(0, len(pages), batch_size):
                batch = pages[start : start + batch_size]
                for page, image, reading in _read_batch(recognizer, list(_load(batch, tally)), tally):
                    problems = outputs.write(page, reading, image)
                    for problem in problems:
                        logger.error("%s", problem)
                    tally.incomplete += bool(problems)
                    _report(page, reading, tally)
                bar.advance(task, len(batch))
    finally:
        if len(pages) + failed > 1:
            logger.info("%s", tally.line())
    return tally


def read_to_standard_output(recognizer: Reader, page: PageInput) -> Tally:
    """Read one page and write its kern, each line as soon as it is read.

    Raises:
        OSError: Standard output takes nothing more.
    """
    tally = Tally()
    shown: list[str] = []
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # kern is, whatever the terminal's language

    def show(line: str) -> None:
        shown.append(f"\n{line}" if shown else line)  # a text that is cut has no newline at its end
        sys.stdout.write(shown[-1])
        sys.stdout.flush()

    for _, image in _load([page], tally):
        try:
            reading = recognizer.read(image, on_row=show)
        except (JazzmusError, RuntimeError, MemoryError) as error:
            _fail(page, error, tally)
            continue
        text = "".join(shown)
        if reading.kern.startswith(text):
            sys.stdout.write(reading.kern[len(text) :])
        else:
            logger.error("%s: lines changed after they were shown; use --output for the final text", page.name)
            tally.incomplete += 1
        _report(page, reading, tally)
    return tally


def _load(pages: Sequence[PageInput], tally: Tally) -> Iterator[tuple[PageInput, Image.Image]]:
    """The pages whose images can be read."""
    for page in pages:
        try:
            yield page, page.image()
        except DataError as error:
            logger.error("%s", error)
            tally.failed += 1


def _read_batch(recognizer: Reader, loaded: Sequence[tuple[PageInput, Image.Image]], tally: Tally) -> Iterator[_Read]:
    """Read pages at once, or one by one where that fails, as for lack of memory."""
    if not loaded:
        return
    readings = None
    try:
        readings = recognizer.read_batch([image for _, image in loaded])
    except Exception as error:  # noqa: BLE001  whatever it is, the other pages are to be read
        if len(loaded) == 1:
            _fail(loaded[0][0], error, tally)
            return
        logger.info("%d pages could not be read at once (%s): one by one; see --batch_size", len(loaded), error)
    if readings is None:  # beyond the error, which holds what filled the memory
        for one in loaded:
            yield from _read_batch(recognizer, [one], tally)
        return
    for (page, image), reading in zip(loaded, readings, strict=True):
        yield _Read(page, image, reading)


def _fail(page: PageInput, error: Exception, tally: Tally) -> None:
    logger.debug("%s", page.name, exc_info=error)
    logger.error("%s: could not be read (%s: %s); try it alone or smaller", page.name, type(error).__name__, error)
    tally.failed += 1


def _report(page: PageInput, reading: Transcription, tally: Tally) -> None:
    tally.add(page, reading)
    logger.info(
        "%s: %d lines in %.1f s, mean confidence %.2f%s%s",
        page.name, reading.kern.count("\n"), reading.seconds, reading.confidence,
        f", {len(reading.doubtful_bars)} doubtful bars" if reading.doubtful_bars else "",
        _ENDINGS[reading.stop_reason],
    )  # fmt: skip
