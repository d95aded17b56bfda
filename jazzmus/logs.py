"""One log format for every script, and the one place where an error becomes an exit code.

Knows nothing of what the scripts do. Log lines go to standard error, so that results may be piped.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from jazzmus.errors import JazzmusError

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def setup_logging(level: int = logging.INFO) -> None:
    """Send log records of `level` and above to standard error in the project's format."""
    logging.basicConfig(level=level, format=LOG_FORMAT, datefmt="%H:%M:%S", stream=sys.stderr, force=True)
    for noisy in ("httpx", "filelock", "fsspec", "urllib3", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def quiet_lightning() -> None:
    """Keep of Lightning's messages the warnings, each once; call it after Lightning is imported.

    Lightning hangs handlers of its own on its loggers, so that each line appears a second time.
    """
    for expected in ("Checkpoint directory .* exists and is not empty", ".*treespec", ".*does not have many workers"):
        warnings.filterwarnings("ignore", message=expected)
    for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.setLevel(logging.WARNING)


def run_script(main: Callable[[], int | None]) -> int:
    """Run a script's `main`, turning a `JazzmusError` into one line on standard error.

    Returns:
        The exit code: what `main` returned (None counts as 0), 2 for a `JazzmusError`, 130 for Ctrl-C.
    """
    setup_logging()
    try:
        return main() or 0
    except JazzmusError as error:
        sys.stderr.write(f"error: {_one_line(error)}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130


def _one_line(error: JazzmusError) -> str:
    text = str(error)
    # A worker process of a data loader hands an error on as a traceback, which the error itself ends.
    if "\nOriginal Traceback" in text:
        text = text.rpartition(f"{type(error).__name__}: ")[2]
    return " ".join(text.split())


def progress() -> Progress:
    """A progress bar on standard error; it shows nothing where that is not a terminal, and leaves nothing behind."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
