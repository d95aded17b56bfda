"""Which files make up a config and in which order: includes, and the place of each binding.

Knows nothing of gin's syntax, which a parse function brings, nor whether the bindings make sense.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jazzmus.config_values import suggestion
from jazzmus.errors import ConfigError

_CONFIG_FOLDER = "config"


@dataclass(frozen=True)
class Include:
    """A line that asks for another file, given from the folder that holds `config/`."""

    file: str
    place: str


@dataclass(frozen=True)
class Binding:
    """A value for a parameter of a section (in a scope, mostly ""), or for the macro `name` if `parameter` is ""."""

    scope: str
    name: str
    parameter: str
    value: Any
    place: str


Parse = Callable[[str, str], "list[Include | Binding]"]


@dataclass
class _Reading:
    parse: Parse
    root: Path
    files: list[Path]
    bindings: list[Binding] = field(default_factory=list)


def read_files(files: Sequence[Path], parse: Parse) -> tuple[list[Binding], list[Path]]:
    """Read config files in order, each after the files it includes.

    An include is a path from the folder that holds the `config/` folder of the file given here, or from the current
    folder when that file lies in none; the working directory is left alone.

    Args:
        files: The files named by the user.
        parse: Takes a text and the name of its file, and returns its statements in order.

    Returns:
        All bindings in order (later values win), and the files that were read.

    Raises:
        ConfigError: If a file is missing, unreadable or read twice, or an include comes after a binding.
    """
    bindings: list[Binding] = []
    seen: list[Path] = []
    for file in files:
        path = Path(file).resolve()
        root = next((folder.parent for folder in path.parents if folder.name == _CONFIG_FOLDER), Path.cwd())
        reading = _Reading(parse, root, seen)
        _read_file(reading, path, f"{file}: no such config file", ())
        bindings += reading.bindings
    return bindings, seen


def _read_file(reading: _Reading, path: Path, missing: str, trail: tuple[Path, ...]) -> None:
    """Add the bindings of a file and of its includes; `trail` holds the files that include this one."""
    if path in trail:
        raise ConfigError(f"circular include: {' includes '.join(shown_path(file) for file in (*trail, path))}")
    if path in reading.files:
        raise ConfigError(f"{shown_path(path)} is read twice, which would undo what came between: drop one include")
    if not path.is_file():
        siblings = [file.name for file in sorted(path.parent.glob("*.gin"))]
        raise ConfigError(missing + suggestion(path.name, siblings))
    reading.files.append(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{shown_path(path)} cannot be read: {error}") from error
    bindings_began = False
    for statement in reading.parse(text, shown_path(path)):
        if isinstance(statement, Binding):
            bindings_began = True
            reading.bindings.append(statement)
            continue
        include = f"{statement.place}: include {statement.file!r}"
        if bindings_began:
            raise ConfigError(f"{include} comes after a binding and would undo it: includes first")
        missing = f"{include}: no such file in {reading.root}"
        _read_file(reading, (reading.root / statement.file).resolve(), missing, (*trail, path))


def shown_path(path: Path) -> str:
    """Return the path as a message shows it: from the current folder if it lies there, else in full."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
