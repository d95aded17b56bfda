"""Files that are complete or not there: written beside their place and renamed. Knows nothing of their content."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jazzmus.errors import DataError


@contextmanager
def output_errors(output: Path) -> Iterator[None]:
    """Make one clear line of what stops an output of the user's choice from being written.

    Raises:
        DataError: Where an `OSError` came up.
    """
    try:
        yield
    except OSError as error:
        raise DataError(f"{output}: cannot be written ({error.strerror}); choose another --output") from error


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text to `path`, replacing what was there only when all of it is written.

    Raises:
        OSError: If the folder cannot be written; the old file is then as it was. The error names `path`.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes to `path`, replacing what was there only when all of them are written.

    Raises:
        OSError: If the folder cannot be written; the old file is then as it was. The error names `path`.
    """
    with _replacing(path) as temporary:
        temporary.write_bytes(content)


def replace_file(source: Path, target: Path) -> None:
    """Copy `source` over `target`; a reader sees the old file or the new one, never a part.

    Raises:
        OSError: If the target's folder cannot be written; the old file is then as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with _replacing(target) as temporary:
        shutil.copyfile(source, temporary)


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A temporary file to write, which takes the place of `target` if nothing fails, and else is removed."""
    # Cut, so that the name is not too long for the file system where that of the target is not.
    temporary = target.with_name(f".{target.name[:48]}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(target)
    except OSError as error:
        # A full disk names no file, and a folder that is missing the temporary one.
        if error.filename not in (None, str(temporary)):
            raise
        raise OSError(error.errno, error.strerror or str(error), str(target)) from error
    finally:
        with suppress(OSError):  # renamed, or never made
            temporary.unlink()
