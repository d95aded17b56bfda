"""Writes generated pages as a config describes them: as a prepared data folder, or as parquet shards."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from jazzmus.config import build, check_consumed, load_config
from jazzmus.synthesis.generated_pages import GeneratedPages
from jazzmus.synthesis.page_folder import write_page_folder
from jazzmus.synthesis.parquet import write_parquet

logger = logging.getLogger(__name__)


def configured_pages(config: Sequence[Path], bindings: Sequence[str]) -> GeneratedPages:
    """Build `GeneratedPages` from gin files and bindings.

    Raises:
        ConfigError: A file or binding is wrong, or nobody reads it.
    """
    load_config(config, bindings)
    pages = build(GeneratedPages)
    check_consumed()
    return pages


def generate(
    folder: Path,
    counts: Mapping[str, int],
    config: Sequence[Path],
    bindings: Sequence[str],
    seed: int = 0,
    workers: int = 1,
    to_parquet: bool = False,
) -> None:
    """Write generated pages.

    Args:
        folder: Where to.
        counts: Number of pages of each split.
        config: Gin files with a section `GeneratedPages`.
        bindings: Single bindings, stronger than files.
        seed: Number of the first page.
        workers: Number of processes.
        to_parquet: Write shards with the training pages only, not a prepared folder.

    Raises:
        ConfigError: The config or a number is wrong.
        DataError: The folder holds other data.
    """
    pages = configured_pages(config, bindings)
    if pages.papers > 1:
        logger.warning("GeneratedPages.papers = %d is for training only: each page is written once", pages.papers)
    if not to_parquet:
        manifest = write_page_folder(folder, counts, pages, seed, workers)
        logger.info("%d pages in %s", len(manifest.pages), folder)
        return
    shards = write_parquet(folder, counts["train"], pages, seed, workers)
    logger.info("%d pages in %d shards in %s", counts["train"], len(shards), folder)
