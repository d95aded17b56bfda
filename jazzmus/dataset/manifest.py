"""The manifest: which pages a prepared data folder holds, where they come from and what was left out.

Knows nothing of images, of kern, or of how the split was made: it only writes and reads plain values.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, astuple, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from jazzmus.errors import DataError
from jazzmus.files import write_bytes

MANIFEST_NAME = "manifest.json"
FORMAT_VERSION = 1
# Both kinds of prepared folder train under one name: handwritten pages are split, engraved ones are all for training.
TRAINING_SPLITS = ("train", "synthetic")


@dataclass(frozen=True)
class SystemBox:
    """The rectangle of one system, in pixels of the stored image; `to_x` and `to_y` lie just outside."""

    from_x: int
    to_x: int
    from_y: int
    to_y: int


@dataclass(frozen=True)
class PageRecord:
    """One prepared page.

    Attributes:
        page_id: The stem of both files.
        split: `train`, `val`, `test` or `synthetic`.
        image: Image file, relative to the manifest's folder, with forward slashes.
        ground_truth: Text file, likewise.
        piece: Id shared by all copies of one piece.
        row: Row number in the source's full `train` split, where known.
        width: Width of the stored image in pixels.
        height: Height of the stored image in pixels.
        systems: Boxes from top to bottom, one for each system of the text; None where they are not known.
    """

    page_id: str
    split: str
    image: str
    ground_truth: str
    piece: str
    row: int | None
    width: int
    height: int
    systems: tuple[SystemBox, ...] | None


@dataclass(frozen=True)
class LeftOut:
    """A page of the source that is not in the folder, and why."""

    page_id: str
    row: int | None
    reason: str


@dataclass(frozen=True)
class Manifest:
    """Everything a data folder says about itself.

    Attributes:
        name: Name of the data folder.
        dataset: Hub name or path the pages came from.
        revision: Hub revision, None when not pinned.
        protocol: `clean` (no copy of a validation or test piece is trained on) or `published`.
        pages: The pages, in the order of the source.
        left_out: The pages of the source that are not here.
        content: What generated pages were made of, such as `recombined`; empty for other pages, and where not recorded.
    """

    name: str
    dataset: str
    revision: str | None
    protocol: str
    pages: tuple[PageRecord, ...]
    left_out: tuple[LeftOut, ...]
    content: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the split: every page with its piece and its split, in any order."""
        lines = sorted(json.dumps([page.page_id, page.piece, page.split]) for page in self.pages)
        return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()


def manifest_to_json(manifest: Manifest) -> str:
    """Return the text of the manifest file: indented by one, keys sorted, ending in a newline."""
    content = {"version": FORMAT_VERSION, "fingerprint": manifest.fingerprint, **asdict(manifest)}
    if not manifest.content:
        del content["content"]  # so that the manifests of pages that were not generated are what they always were
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `manifest` to `folder`; the file is complete or not there. An equal one is left as it is.

    Raises:
        OSError: The folder cannot be written.
    """
    content = manifest_to_json(manifest).encode("utf-8")
    target = folder / MANIFEST_NAME
    if target.is_file() and target.read_bytes() == content:
        return
    write_bytes(target, content)


def _page(entry: dict[str, Any]) -> PageRecord:
    boxes = entry["systems"]
    systems = None if boxes is None else tuple(SystemBox(**box) for box in boxes)
    page = PageRecord(**{**entry, "systems": systems})
    texts = (page.page_id, page.split, page.image, page.ground_truth, page.piece)
    numbers = (page.width, page.height, *(value for box in systems or () for value in astuple(box)))
    if not all(isinstance(text, str) for text in texts) or not all(type(number) is int for number in numbers):
        raise TypeError(f"page {page.page_id!r} has a value of the wrong type")
    if min(page.width, page.height) < 1:
        raise ValueError(f"page {page.page_id!r} has no size")
    for name in (page.image, page.ground_truth):
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\0" in name:
            raise ValueError(f"page {page.page_id!r} names a file outside the folder: {name!r}")
    return page


def parse_manifest(path: Path) -> Manifest:
    """Read a manifest file.

    Raises:
        DataError: It is not a manifest, was changed by hand, or has another version.
    """
    remedy = f"prepare the data again with `python data_prep.py --output_name {path.parent.name}`"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content.pop("version")
        if version != FORMAT_VERSION:
            raise DataError(f"{path}: manifest version {version}, this program reads {FORMAT_VERSION}; {remedy}")
        fingerprint = content.pop("fingerprint")
        pages = tuple(_page(entry) for entry in content.pop("pages"))
        left_out = tuple(LeftOut(**entry) for entry in content.pop("left_out"))
        made_of = tuple(content.pop("content", ()))
        if not all(isinstance(kind, str) for kind in made_of):
            raise TypeError("content has a value of the wrong type")
        manifest = Manifest(**content, pages=pages, left_out=left_out, content=made_of)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{path}: not a manifest ({type(error).__name__}: {error}); {remedy}") from error
    if manifest.fingerprint != fingerprint:
        raise DataError(f"{path}: the split was changed by hand (the fingerprint does not match); {remedy}")
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a prepared data folder.

    Raises:
        DataError: It is missing, is not a manifest, was changed by hand, or has another version.
    """
    path = folder / MANIFEST_NAME
    if not path.is_file():
        raise DataError(f"{path}: no manifest; prepare the data with `python data_prep.py --output_name {folder.name}`")
    return parse_manifest(path)
