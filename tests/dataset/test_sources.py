from __future__ import annotations

from pathlib import Path

import datasets
import pytest
from PIL import Image

from jazzmus.dataset import sources
from jazzmus.dataset.sources import load_source, source_name
from jazzmus.errors import DataError


def write_images(folder: Path, count: int = 2) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"p{index}.png" for index in range(count)]
    for name in names:
        Image.new("L", (20, 30), 255).save(folder / name)
    return names


def test_synthetic_names(tmp_path: Path) -> None:
    assert source_name("PRAIG/JAZZMUS", True) == "PRAIG/JAZZMUS_Synthetic"
    assert source_name("PRAIG/JAZZMUS_Synthetic", True) == "PRAIG/JAZZMUS_Synthetic"
    assert source_name("PRAIG/JAZZMUS", False) == "PRAIG/JAZZMUS"
    for local in (str(tmp_path), "../somewhere", "./x"):
        assert source_name(local, True) == local


@pytest.mark.parametrize(
    "error",
    [
        datasets.exceptions.DatasetNotFoundError("Dataset 'a/b' doesn't exist or cannot be accessed.\nmore"),
        ConnectionError("offline mode is enabled"),
        ValueError("Unknown split"),
    ],
)
def test_hub_failures_are_one_clear_error(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    def fail(name: str, **options: object) -> None:
        asked.update(name=name, **options)
        raise error

    monkeypatch.setattr(sources.datasets, "load_dataset", fail)
    with pytest.raises(DataError, match=r"^a/b at revision abc: .*hf auth login") as caught:
        load_source("a/b", "abc")
    assert "\n" not in str(caught.value)
    assert asked == {"name": "a/b", "split": "train", "revision": "abc"}


def test_missing_path_and_bad_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder or file"):
        load_source(str(tmp_path / "nowhere"))
    (tmp_path / "notes.pdf").write_text("x")
    with pytest.raises(DataError, match=r"not a dataset file .*\.parquet"):
        load_source(str(tmp_path / "notes.pdf"))
    (tmp_path / "broken.parquet").write_text("x")
    with pytest.raises(DataError, match=r"broken\.parquet: `datasets` cannot load this"):
        load_source(str(tmp_path / "broken.parquet"))


def test_saved_to_disk(tmp_path: Path) -> None:
    names = write_images(tmp_path / "images")
    rows = datasets.Dataset.from_dict(
        {"image": [str(tmp_path / "images" / name) for name in names], "text": ["a", "b"]}
    )
    rows = rows.cast_column("image", datasets.Image())
    rows.save_to_disk(str(tmp_path / "one"))
    datasets.DatasetDict(train=rows, test=rows).save_to_disk(str(tmp_path / "several"))
    datasets.DatasetDict(test=rows, val=rows).save_to_disk(str(tmp_path / "no_train"))
    for name in ("one", "several"):
        source = load_source(str(tmp_path / name))
        assert (len(source), source.text_column, source.holds_annotations) == (2, "text", False)
        assert source.image(0)
    with pytest.raises(DataError, match="no split named train among test, val"):
        load_source(str(tmp_path / "no_train"))


def test_image_folder_and_table_of_paths(tmp_path: Path) -> None:
    names = write_images(tmp_path / "folder" / "train")
    table = "file_name,kern\n" + "".join(f"{name},k{name}\n" for name in names)
    (tmp_path / "folder" / "train" / "metadata.csv").write_text(table)
    source = load_source(str(tmp_path / "folder"))
    assert sorted(source.column("kern") or []) == ["kp0.png", "kp1.png"]
    assert source.column("row") is None
    image = source.image(0)
    assert isinstance(image, bytes) or image.is_file()

    (tmp_path / "folder" / "pages.csv").write_text(table.replace("file_name", "image").replace("p1.png,", ",", 1))
    source = load_source(str(tmp_path / "folder" / "pages.csv"))
    assert source.image(0) == tmp_path / "folder" / "p0.png"
    with pytest.raises(DataError, match="no image"):
        source.image(1)


def test_columns_that_are_missing_are_named(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"image": "a.png", "words": "x"}\n')
    with pytest.raises(DataError, match=r"a text column is missing; expected .* found image, words"):
        load_source(str(tmp_path / "rows.jsonl"))
    (tmp_path / "rows.jsonl").write_text('{"picture": "a.png", "text": "x"}\n')
    with pytest.raises(DataError, match="an image column is missing"):
        load_source(str(tmp_path / "rows.jsonl"))
