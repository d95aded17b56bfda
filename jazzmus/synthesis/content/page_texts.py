"""Texts of prepared data folders, by split. Knows manifests and files, not music."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from jazzmus.dataset.manifest import PageRecord, read_manifest
from jazzmus.errors import DataError

logger = logging.getLogger(__name__)

EVALUATION_SPLITS = ("val", "test")


def page_texts(folders: Sequence[Path], splits: Sequence[str], without_pieces_of: Sequence[Path] = ()) -> list[str]:
    """Return the texts of all pages of some splits, in the order of the folders and their manifests.

    Args:
        folders: Prepared data folders.
        splits: Splits to read.
        without_pieces_of: Prepared folders; pages of a piece of which they hold a validation or test page are left
            out, with a log line that counts them. The published protocol trains on such copies.

    Raises:
        DataError: if a folder has no manifest, a text cannot be read, or there is no such page at all.
    """
    pages = [(folder, page) for folder, page in _pages(folders) if page.split in splits]
    names = ", ".join(map(str, folders)) or "no folder"
    if not pages:
        raise DataError(f"{names}: no pages of the splits {', '.join(splits)}; run data_prep.py for such data")
    held_out = {page.piece for _, page in _pages(without_pieces_of) if page.split in EVALUATION_SPLITS}
    kept = [(folder, page) for folder, page in pages if page.piece not in held_out]
    if not kept:
        raise DataError(
            f"{names}: all {len(pages)} pages of the splits {', '.join(splits)} are of pieces of validation or test "
            "pages; run data_prep.py with --protocol clean"
        )
    if len(kept) < len(pages):
        logger.info(
            "%s: %d of %d pages left out: copies of evaluation pages", names, len(pages) - len(kept), len(pages)
        )
    return [_text(folder / page.ground_truth) for folder, page in kept]


def _pages(folders: Sequence[Path]) -> list[tuple[Path, PageRecord]]:
    return [(folder, page) for folder in folders for page in read_manifest(folder).pages]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: the text cannot be read ({error}); run data_prep.py again") from error
