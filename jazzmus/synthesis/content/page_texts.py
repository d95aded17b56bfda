"""Texts of prepared data folders, by split. Knows manifests and files, not music."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jazzmus.dataset.manifest import read_manifest
from jazzmus.errors import DataError

TRAINING_SPLITS = ("train", "synthetic")
EVALUATION_SPLITS = ("val", "test")


def page_texts(folders: Sequence[Path], splits: Sequence[str]) -> list[str]:
    """Return the texts of all pages of some splits, in the order of the folders and their manifests.

    Raises:
        DataError: if a folder has no manifest, a text cannot be read, or there is no page of these splits at all.
    """
    texts: list[str] = []
    for folder in folders:
        for page in read_manifest(folder).pages:
            if page.split in splits:
                path = folder / page.ground_truth
                try:
                    texts.append(path.read_text(encoding="utf-8"))
                except (OSError, UnicodeDecodeError) as error:
                    raise DataError(f"{path}: the text cannot be read ({error}); run data_prep.py again") from error
    if not texts:
        names = ", ".join(map(str, folders)) or "no folder"
        raise DataError(f"{names}: no pages of the splits {', '.join(splits)}; run data_prep.py for such data")
    return texts
