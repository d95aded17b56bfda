"""Rows of a hub dataset or of a local folder that `datasets` loads, read one by one and never decoded.

Knows columns, paths and the ways loading fails. Does not know what rows mean, how they are split or stored.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets

from jazzmus.errors import DataError

logger = logging.getLogger(__name__)

SYNTHETIC_SUFFIX = "_Synthetic"
TEXT_COLUMNS = ("**kern", "kern", "ground_truth", "transcription", "text")
_FILE_BUILDERS = {".parquet": "parquet", ".arrow": "arrow", ".json": "json", ".jsonl": "json", ".csv": "csv"}


# What it logs comes with the error too, which is reported here. The bar of a download is for people only.
datasets.utils.logging.set_verbosity(logging.CRITICAL)
if not sys.stderr.isatty():
    datasets.disable_progress_bars()


@dataclass(frozen=True)
class PageSource:
    """The rows of a dataset that hold pages.

    Attributes:
        name: Hub name or path.
        folder: Folder that relative image paths start from; None for a hub dataset.
        rows: The dataset, images not decoded.
        image_column: Column of the images.
        text_column: Column that holds an annotation or the text itself.
    """

    name: str
    folder: Path | None
    rows: datasets.Dataset
    image_column: str
    text_column: str

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.rows)

    @property
    def holds_annotations(self) -> bool:
        """Whether the text column holds annotations rather than plain text."""
        return self.text_column == "annotation"

    def column(self, name: str) -> Sequence[Any] | None:
        """A whole column, or None where the data has none of that name."""
        return list(self.rows[name]) if name in self.rows.column_names else None

    def texts(self) -> datasets.Dataset:
        """A view of the rows with their text column only, so that images are not read."""
        return self.rows.select_columns([self.text_column])

    def image(self, index: int) -> Path | bytes:
        """The image file of a row, as bytes or as a path.

        Raises:
            DataError: The row has none. The message does not name the row.
        """
        value = self.rows[index][self.image_column]
        if isinstance(value, dict):
            value = value.get("bytes") or value.get("path")
        if isinstance(value, bytes) and value:
            return value
        if isinstance(value, str) and value:
            return self.folder / value if self.folder else Path(value)
        raise DataError("no image")


def source_name(dataset_name: str, synthetic: bool) -> str:
    """The name to load: with `synthetic` a hub name X means X_Synthetic, a local path is taken as it is."""
    if synthetic and not _is_local(dataset_name) and not dataset_name.endswith(SYNTHETIC_SUFFIX):
        return dataset_name + SYNTHETIC_SUFFIX
    return dataset_name


def _is_local(name: str) -> bool:
    hub_name = re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name) and not name.startswith(".")
    return not hub_name or Path(name).exists()


def load_source(name: str, revision: str | None = None) -> PageSource:
    """Load a dataset by its hub name or local path (see `source_name`).

    Raises:
        DataError: It is not there, cannot be reached, needs a login, or has no pages.
    """
    folder: Path | None = None
    if _is_local(name):
        path = Path(name).expanduser()
        if not path.exists():
            raise DataError(f"{name}: no such folder or file; give a local path or a hub name like PRAIG/JAZZMUS")
        if revision is not None:
            logger.warning("--revision %s has no effect on the local data %s", revision, name)
        folder = path if path.is_dir() else path.parent
        rows = _load_local(path)
    else:
        rows = _load_hub(name, revision)
    if not len(rows):
        raise DataError(f"{name}: the dataset has no rows")
    image_column, text_column = _page_columns(name, rows)
    if isinstance(rows.features[image_column], datasets.Image):
        rows = rows.cast_column(image_column, datasets.Image(decode=False))
    return PageSource(name, folder, rows, image_column, text_column)


def _load_hub(name: str, revision: str | None) -> datasets.Dataset:
    at = f" at revision {revision}" if revision else ""
    try:
        return datasets.load_dataset(name, split="train", revision=revision)
    except Exception as error:
        raise DataError(
            f"{name}{at}: cannot load this dataset from the Hugging Face hub ({_summary(error)}); check the name and "
            "the network, log in with `hf auth login` if access is restricted, or give a local path"
        ) from error


def _load_local(path: Path) -> datasets.Dataset:
    try:
        if path.is_file():
            builder = _FILE_BUILDERS.get(path.suffix.lower())
            if builder is None:
                raise DataError(f"{path}: not a dataset file (one of {', '.join(sorted(_FILE_BUILDERS))})")
            return datasets.load_dataset(builder, data_files=str(path), split="train")
        if (path / "dataset_dict.json").is_file() or (path / "state.json").is_file():
            loaded = datasets.load_from_disk(str(path))
        else:
            loaded = datasets.load_dataset(str(path))
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{path}: `datasets` cannot load this ({_summary(error)}); check the files in it") from error
    if isinstance(loaded, datasets.Dataset):
        return loaded
    names = sorted(loaded)
    if "train" not in names and len(names) > 1:
        raise DataError(f"{path}: no split named train among {', '.join(names)}; give one of them as a path")
    chosen = "train" if "train" in names else names[0]
    if len(names) > 1:
        logger.warning("%s: only the split %s of %s is used", path, chosen, ", ".join(names))
    return loaded[chosen]


def _summary(error: BaseException) -> str:
    # This one only says that there was an error.
    error = error.__cause__ or error if isinstance(error, datasets.exceptions.DatasetGenerationError) else error
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__


def _page_columns(name: str, rows: datasets.Dataset) -> tuple[str, str]:
    images = [column for column, feature in rows.features.items() if isinstance(feature, datasets.Image)]
    image_column = "image" if "image" in rows.column_names else images[0] if len(images) == 1 else None
    text_column = next((column for column in ("annotation", *TEXT_COLUMNS) if column in rows.column_names), None)
    if image_column is None or text_column is None:
        missing = "an image column" if image_column is None else "a text column"
        raise DataError(
            f"{name}: {missing} is missing; expected `image` and `annotation` (or one of {', '.join(TEXT_COLUMNS)}), "
            f"found {', '.join(rows.column_names)}"
        )
    return image_column, text_column
