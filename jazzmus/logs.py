"""One log format for every script, and the one place where an error becomes an exit code.

Knows nothing of what the scripts do. Log lines go to standard error, so that results may be piped.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
import warnings
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from jazzmus.errors import JazzmusError

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def setup_logging(level: int = logging.INFO) -> None:
    """Send log records of `level` and above to standard error in the project's format."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLineFormatter(LOG_FORMAT, datefmt="%H:%M:%S"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("httpx", "filelock", "fsspec", "urllib3", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def quiet_lightning() -> None:
    """Keep of Lightning's messages the warnings, each once; call it after Lightning is imported.

    Lightning hangs handlers of its own on its loggers, so that each line appears a second time.
    """
    for expected in (
        "Checkpoint directory .* exists and is not empty",
        ".*treespec",
        ".*does not have many workers",
        # The sampler begins at the batch where the epoch was left.
        ".*resuming from a checkpoint that ended before the epoch ended",
        # What is frozen is kept so.
        "Found .* module.* in eval mode",
    ):
        warnings.filterwarnings("ignore", message=expected)
    for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.setLevel(logging.WARNING)


def run_script(main: Callable[[], int | None]) -> int:
    """Run a script's `main`, turning a `JazzmusError` or what the system refuses into one line on standard error.

    Returns:
        The exit code: what `main` returned (None counts as 0), 2 for an error, 130 for Ctrl-C or a request to end.
    """
    setup_logging()
    # As Ctrl-C, so that what is being written is removed.
    earlier = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = main() or 0
        sys.stdout.flush()
        return code
    except JazzmusError as error:
        sys.stderr.write(f"error: {_message_of(error)}\n")
        return 2
    except OSError as error:
        logging.getLogger(__name__).debug("refused by the system", exc_info=True)
        _discard_output()
        place = error.filename or "standard output or a file"
        remedy = "check the path, the permissions and the free space"
        sys.stderr.write(f"error: {one_line(f'{place}: {error.strerror or error}; {remedy}')}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
    finally:
        signal.signal(signal.SIGTERM, earlier or signal.SIG_DFL)


def one_line(text: str) -> str:
    """The text without line breaks, and with escapes for what does not print: file names may hold anything."""
    text = re.sub(r"\s*[\r\n]\s*", " ", text.strip())
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


class _OneLineFormatter(logging.Formatter):
    """Writes each message as one line; a traceback keeps its own."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  the name is that of `logging`
        """The line of a record."""
        return one_line(super().formatMessage(record))


def _discard_output() -> None:
    """Throw away what standard output does not take; Python would try it again at its end, and complain."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _message_of(error: JazzmusError) -> str:
    text = str(error)
    # A worker process of a data loader hands an error on as a traceback, which the error itself ends.
    if "\nOriginal Traceback" in text:
        text = text.rpartition(f"{type(error).__name__}: ")[2]
    return one_line(text)


def progress() -> Progress:
    """A progress bar on standard error; it shows nothing where that is not a terminal, and leaves nothing behind."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
