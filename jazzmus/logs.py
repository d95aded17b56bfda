"""One log format for every script, and the one place where an error becomes an exit code.

Knows nothing of what the scripts do. Log lines go to standard error, so that results may be piped.
"""

from __future__ import annotations

import logging
import sys
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


def run_script(main: Callable[[], int | None]) -> int:
    """Run a script's `main`, turning a `JazzmusError` into one line on standard error.

    Returns:
        The exit code: what `main` returned (None counts as 0), 2 for a `JazzmusError`, 130 for Ctrl-C.
    """
    setup_logging()
    try:
        return main() or 0
    except JazzmusError as error:
        message = " ".join(str(error).split())
        sys.stderr.write(f"error: {message}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130


def progress() -> Progress:
    """A progress bar on standard error; it shows nothing where that is not a terminal, and leaves nothing behind."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
