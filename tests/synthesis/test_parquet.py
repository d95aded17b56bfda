"""Parquet shards: streamed by `datasets`, readable as the real data is, complete or absent."""

from __future__ import annotations

from pathlib import Path

import datasets
import pytest

from jazzmus.dataset.annotation import parse_annotation
from jazzmus.errors import ConfigError, DataError
from jazzmus.synthesis import parquet
from jazzmus.synthesis.generated_pages import GeneratedPages
from jazzmus.synthesis.page_folder import SEEDS_PER_SPLIT
from jazzmus.synthesis.page_style import PageStyle
from jazzmus.synthesis.parquet import write_parquet

PAGES = GeneratedPages(PageStyle(systems=(1, 2)))


@pytest.mark.parametrize("workers", [1, 2])
def test_shards_stream_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    monkeypatch.setattr(parquet, "PAGES_A_SHARD", 2)
    shards = write_parquet(tmp_path / "out", 3, PAGES, seed=5, workers=workers)
    assert [shard.name for shard in shards] == ["train-00000-of-00002.parquet", "train-00001-of-00002.parquet"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [shard.name for shard in shards]
    rows = list(
        datasets.load_dataset("parquet", data_files=[str(shard) for shard in shards], split="train", streaming=True)
    )
    assert [row["seed"] for row in rows] == [5, 6, 7]
    for row in rows:
        page = PAGES.page(row["seed"])
        annotation = parse_annotation(row["annotation"])
        assert annotation.kern == page.kern
        assert row["image"].size == page.image.size
        assert annotation.boxes is not None
        assert len(annotation.boxes) == len(page.system_boxes)


def test_wrong_numbers_and_used_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        write_parquet(tmp_path, 0, PAGES)
    with pytest.raises(ConfigError, match="at most"):
        write_parquet(tmp_path, 2, PAGES, seed=SEEDS_PER_SPLIT - 1)
    (tmp_path / "train-00000-of-00001.parquet").write_bytes(b"")
    with pytest.raises(DataError, match="not a shard"):
        write_parquet(tmp_path, 1, PAGES)


def test_a_stopped_run_goes_on_and_shards_of_other_pages_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "PAGES_A_SHARD", 2)
    shards = write_parquet(tmp_path, 3, PAGES)
    kept = shards[0].stat()
    content = shards[1].read_bytes()
    shards[1].unlink()
    (tmp_path / ".unfinished-abc").mkdir()
    (tmp_path / ".unfinished-abc" / "half").write_bytes(b"half")
    assert write_parquet(tmp_path, 3, PAGES) == shards
    assert sorted(tmp_path.iterdir()) == shards
    assert (shards[0].stat().st_ino, shards[0].stat().st_mtime_ns) == (kept.st_ino, kept.st_mtime_ns)
    assert shards[1].read_bytes() == content
    others = GeneratedPages(PageStyle(systems=(1, 1)))
    for count, pages, seed in [(3, others, 0), (3, PAGES, 1), (4, PAGES, 0), (5, PAGES, 0)]:
        with pytest.raises(DataError, match="other settings or numbers"):
            write_parquet(tmp_path, count, pages, seed)


def test_a_failure_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(numbers: list[int], pages: GeneratedPages) -> None:
        raise ValueError(numbers)

    monkeypatch.setattr(parquet, "_rows", fail)
    with pytest.raises(Exception, match=r"."):
        write_parquet(tmp_path, 1, PAGES)
    assert list(tmp_path.iterdir()) == []
