"""Run a verb in this process as the command line does; look at what it says and at what it leaves behind."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISLNK, S_ISREG

COMPLAINT = re.compile(r"error: |interrupted$|\d\d:\d\d:\d\d (WARNING|ERROR) ")
PROGRESS = re.compile(r"\d\d:\d\d:\d\d INFO ")


@dataclass(frozen=True)
class Outcome:
    """What a verb left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def complaints(self) -> list[str]:
        """The lines of standard error that are no progress; each must be of a form that a verb may print."""
        lines = [line for line in self.err.splitlines() if not PROGRESS.match(line)]
        assert all(COMPLAINT.match(line) for line in lines), self.err
        return lines

    def only_complaint(self, *words: str) -> str:
        """The one complaint, which must hold each of `words`."""
        assert len(self.complaints) == 1, self.err
        (line,) = self.complaints
        missing = [word for word in words if word not in line]
        assert not missing, f"{missing} not in: {line}"
        assert len(line) < 700, line
        return line


RunVerb = Callable[..., Outcome]


def tree(folder: Path) -> dict[str, bytes | str]:
    """Every path below a folder with its content; kinds other than files by name."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        content = str(path.readlink()) if S_ISLNK(mode) else path.read_bytes() if S_ISREG(mode) else "no file"
        found[path.relative_to(folder).as_posix()] = content
    return found
