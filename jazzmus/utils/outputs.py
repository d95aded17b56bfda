"""Where readings are written: which files, whether they may be, and writing them whole.

All that can be known beforehand is checked when an `Outputs` is made, before anything is read. A file that is there is
replaced, a link by a file in its place; a page itself never is. Knows nothing of how pages are found or read.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from jazzmus.errors import ConfigError, DataError, JazzmusError
from jazzmus.export.formats import FORMATS, render
from jazzmus.files import output_errors, write_bytes
from jazzmus.utils.page_inputs import PAGE_SUFFIXES, PageInput
from jazzmus.utils.transcription import Transcription

logger = logging.getLogger(__name__)

_KERN_SUFFIXES = ("", ".krn", ".kern", ".txt")


def choose_formats(named: str | None, output: str | None, several: bool = False) -> tuple[str, ...]:
    """The formats of `--format`, each once; without it, the one that the name of the output file says, else kern.

    Args:
        named: As typed.
        output: As typed.
        several: Whether the output is a folder, whatever its name.

    Raises:
        ConfigError: There is no such format, or no file for it, or none that ends as the file does.
    """
    if named is None:
        is_file = output is not None and not several and not names_folder(output)
        suffix = Path(output).suffix.lower() if output is not None and is_file else ""
        if suffix in _KERN_SUFFIXES:
            return ("krn",)
        found = [name for name in FORMATS if FORMATS[name].suffix == suffix]
        if not found:
            raise ConfigError(
                f"--output {output}: no format ends in {suffix}; give --format, one of {','.join(FORMATS)}"
            )
        return (found[0],)
    formats = tuple(dict.fromkeys(name.strip() for name in named.split(",")))
    for name in formats:
        if name not in FORMATS:
            raise ConfigError(f"--format {named}: no format {name!r}; choose from {','.join(FORMATS)}")
    if output is None and formats != ("krn",):
        raise ConfigError(f"--format {named}: standard output takes krn only; give an --output, such as readings/")
    return formats


def names_folder(output: str) -> bool:
    """Whether a path, as it was typed, means a folder: one that is there, ends in a slash or is new without a suffix.

    A `Path` no longer tells: it drops the slash.
    """
    path = Path(output)
    return output.endswith(("/", os.sep)) or path.is_dir() or not (path.suffix or path.exists())


class Outputs:
    """The files that the readings of some pages become.

    Args:
        pages: All pages of the run, so that no file is written twice and none of them is replaced.
        output: As typed: a folder, which is made, or a file for a single page in a single format.
        formats: Names from the table of formats.
        several: Whether the output must be a folder, be it for one page.

    Raises:
        ConfigError: Several formats are to go to one file, or the output is empty.
        DataError: Something cannot be written, two pages have one name, or a page would be replaced.
    """

    def __init__(self, pages: Sequence[PageInput], output: str, formats: Sequence[str], several: bool) -> None:
        if not output:
            raise ConfigError("--output: an empty path; give a file or folder, such as readings/")
        self._formats = formats
        place = Path(output)
        in_folder = several or names_folder(output)
        if in_folder and place.is_file():
            raise DataError(f"{place}: a folder is needed here, this is a file")
        if not in_folder and len(formats) > 1:
            raise ConfigError(f"--output {place}: several formats need a folder, such as readings/")
        self._folder = place if in_folder else place.parent
        self._file = None if in_folder else place
        self._inputs = {_identity(page.file) for page in pages} - {None}
        self._owners: dict[Path, PageInput] = {}
        self._there = _writable_folder(self._folder, place)
        self._check_pictures(pages)
        for page in pages:
            for name in formats:
                self._claim(self._path(page, FORMATS[name].suffix, name), page)

    def write(self, page: PageInput, reading: Transcription, image: Image.Image) -> list[str]:
        """Write one reading in every format.

        Args:
            page: One of the pages.
            reading: What was read from it.
            image: The page as it was read, mode "L".

        Returns:
            A line for each format that could not be made; the others are written.

        Raises:
            DataError: A file cannot be written, as on a full disk.
        """
        problems = []
        for name in self._formats:
            try:
                files = render(reading, image, page.stem, name)
                targets = {self._path(page, suffix, name): content for suffix, content in files.items()}
                for target in targets:
                    self._claim(target, page)
            except JazzmusError as error:
                problems.append(f"{page.name}: no {name} was written ({error}); choose another --format for it")
                continue
            except Exception as error:  # a fault in one format must not lose the pages behind this one
                logger.debug("%s as %s", page.name, name, exc_info=True)
                problems.append(f"{page.name}: no {name} could be made ({type(error).__name__}: {error})")
                continue
            for target, content in targets.items():
                with output_errors(target):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    write_bytes(target, content)
        return problems

    def _path(self, page: PageInput, suffix: str, name: str) -> Path:
        """The file for one suffix of a format: what is named on the command line, or beside it for further ones."""
        if self._file is None:
            return self._folder / f"{page.stem}{suffix}"
        return self._file if suffix == FORMATS[name].suffix else self._folder / f"{self._file.stem}{suffix}"

    def _claim(self, target: Path, page: PageInput) -> None:
        """Raise a `DataError` where a file may not be written for this page."""
        owner = self._owners.setdefault(target, page)
        if owner != page:
            raise DataError(f"{page.name} and {owner.name} would both be written to {target}; rename one")
        with output_errors(target):
            if target.is_dir():
                raise DataError(f"{target}: a file is needed here, this is a folder; choose another --output")
            if target.exists() and _identity(target) in self._inputs:
                raise DataError(f"{target}: is the page itself; choose another --output")
            # In a folder that is not made yet any name seems to be free, too long ones included.
            (target if target.parent.exists() else self._there / target.name).is_symlink()

    def _check_pictures(self, pages: Sequence[PageInput]) -> None:
        """Raise a `DataError` where what is written would be taken for pages the next time, or replace such."""
        pictures = [name for name in self._formats if FORMATS[name].suffix in PAGE_SUFFIXES]
        folder = self._folder.resolve()
        if pictures and self._file is None and any(page.file.absolute().parent.resolve() == folder for page in pages):
            raise DataError(
                f"{self._folder}: {pictures[0]} files written here would be taken for pages; choose another --output"
            )


def _identity(file: Path) -> tuple[int, int] | None:
    """What tells a file from all others, whatever it is called; None where there is none."""
    try:
        found = file.stat()
    except OSError:  # reading the page will say so
        return None
    return found.st_dev, found.st_ino


def _writable_folder(folder: Path, output: Path) -> Path:
    """The folder itself or, before it is made, the one above it that is there.

    Raises:
        DataError: Nothing can be put there.
    """
    there = next(place for place in (folder, *folder.absolute().parents) if os.path.lexists(place))
    if not there.is_dir():
        raise DataError(f"{output}: cannot be written (Not a directory); choose another --output")
    if not os.access(there, os.W_OK | os.X_OK):
        raise DataError(f"{output}: cannot be written (Permission denied); choose another --output")
    return there
