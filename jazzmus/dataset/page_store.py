"""The files of a prepared data folder: written whole or not at all, and only where something changes.

Knows names, bytes and manifests. Does not know what an image or a text holds, or where they come from.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from jazzmus.dataset.manifest import MANIFEST_NAME, Manifest, parse_manifest, write_manifest
from jazzmus.errors import DataError
from jazzmus.files import write_bytes

logger = logging.getLogger(__name__)

_REPLACED_MANIFEST = f".{MANIFEST_NAME}.replaced"


class PageStore:
    """One prepared data folder while it is being written.

    Each file is written beside its place and renamed, the manifest last, and a file that already holds the right bytes
    is not touched; so a run can be stopped anywhere and repeated.

    Args:
        folder: The folder; it is made, with those of the splits.
        splits: Names of the folders that hold pages.

    Raises:
        OSError: The folder cannot be made or read.
    """

    def __init__(self, folder: Path, splits: Sequence[str]) -> None:
        self.folder = folder
        for split in splits:
            for kind in ("images", "ground_truth"):
                (folder / split / kind).mkdir(parents=True, exist_ok=True)
        self._earlier_files = self._files_of_earlier_run()

    def write(self, name: str, content: bytes) -> None:
        """Write a file unless it already holds `content`.

        Args:
            name: Relative to the folder.
            content: The whole file.

        Raises:
            OSError: It cannot be written; nothing is left half-written.
        """
        target = self.folder / name
        if target.is_file():
            if target.read_bytes() == content:
                return
            self._withdraw_manifest()
        write_bytes(target, content)

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, then remove what an earlier run's manifest named and this one does not.

        Raises:
            OSError: A file cannot be written or removed.
        """
        write_manifest(self.folder, manifest)
        current = {name for page in manifest.pages for name in (page.image, page.ground_truth)}
        for name in sorted(self._earlier_files - current):
            (self.folder / name).unlink(missing_ok=True)
        (self.folder / _REPLACED_MANIFEST).unlink(missing_ok=True)
        for path in sorted(self.folder.glob(f".{MANIFEST_NAME}.*.tmp")):  # left behind by a run that was killed
            path.unlink()
        unknown = 0
        for path in sorted(self.folder.glob("*/*/*")):
            if path.match(f".{manifest.name}_*.tmp"):  # likewise
                path.unlink()
            elif path.relative_to(self.folder).as_posix() not in current:
                unknown += 1
        if unknown:
            logger.warning("%s: %d files are not in the manifest and are not used", self.folder, unknown)

    def _withdraw_manifest(self) -> None:
        """Put the manifest aside: it speaks of a file that is about to change, and nobody must train on a mixture."""
        if (self.folder / MANIFEST_NAME).is_file():
            (self.folder / MANIFEST_NAME).replace(self.folder / _REPLACED_MANIFEST)

    def _files_of_earlier_run(self) -> set[str]:
        files: set[str] = set()
        for path in (self.folder / MANIFEST_NAME, self.folder / _REPLACED_MANIFEST):
            if not path.is_file():
                continue
            try:
                pages = parse_manifest(path).pages
            except DataError as error:
                logger.warning("files of an earlier run are not removed: %s", error)
                continue
            files.update(name for page in pages for name in (page.image, page.ground_truth))
        return {name for name in files if self._is_inside(name)}

    def _is_inside(self, name: str) -> bool:
        return (self.folder / name).resolve().is_relative_to(self.folder.resolve())
