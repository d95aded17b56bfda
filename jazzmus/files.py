"""Files that are complete or not there: written beside their place and renamed. Knows nothing of their content."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text to `path`, replacing what was there only when all of it is written.

    Raises:
        OSError: If the folder cannot be written; the old file is then as it was.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes to `path`, replacing what was there only when all of them are written.

    Raises:
        OSError: If the folder cannot be written; the old file is then as it was.
    """
    temporary = _beside(path)
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def replace_file(source: Path, target: Path) -> None:
    """Copy `source` over `target`; a reader sees the old file or the new one, never a part.

    Raises:
        OSError: If the target's folder cannot be written; the old file is then as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(target)
    try:
        shutil.copyfile(source, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")
