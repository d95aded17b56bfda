from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import data_prep

ROOT = Path(__file__).resolve().parent.parent


def test_defaults_are_those_of_the_contract() -> None:
    chosen = data_prep.parse_args([])
    assert (chosen.dataset_name, chosen.output_name, chosen.protocol) == ("PRAIG/JAZZMUS", "handwritten", "clean")
    assert (chosen.synthetic, chosen.revision, chosen.max_images) == (False, None, None)
    assert chosen.data_root == Path("data")


@pytest.mark.parametrize("flags", [["--synthetic"], ["--synthetic", "True"]])
def test_synthetic_flag(flags: list[str]) -> None:
    chosen = data_prep.parse_args(flags)
    assert chosen.synthetic
    assert chosen.output_name == "synthetic"
    assert data_prep.parse_args([*flags, "--output_name", "engraved"]).output_name == "engraved"
    assert not data_prep.parse_args(["--synthetic", "False"]).synthetic


@pytest.mark.parametrize(
    ("words", "named"),
    [(["--synthetic", "maybe"], "True nor False"), (["--proto", "clean"], "--proto"), (["--max_images", "x"], "'x'")],
)
def test_wrong_flags_are_one_line(words: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        data_prep.parse_args(words)
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert named in printed.err


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("--generate 3 --synthetic", "--synthetic"),
        ("--generate 3 --protocol published", "--protocol"),
        ("--generate 3 --max_images 0", "--max_images"),
        ("--generate 3 --dataset_name d", "--dataset_name"),
        ("--generate 3 --revision r", "--revision"),
        ("--val 2", "--val"),
        ("--to_parquet", "--to_parquet"),
        ("--generate 3 --to_parquet --val 1", "--val"),
        ("--generate 3 --to_parquet --test 1", "--test"),
    ],
)
def test_flags_that_would_be_ignored_are_refused(line: str, named: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        data_prep.parse_args(line.split())
    assert caught.value.code == 2
    assert named in capsys.readouterr().err


def test_the_config_of_generated_pages_is_found_from_any_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (config,) = data_prep.parse_args(["--generate", "3"]).config
    assert config.is_file()


def test_every_flag_reaches_its_option() -> None:
    text = "--dataset_name d --output_name o --protocol published --revision r --max_images 3 --data_root x"
    chosen = data_prep.parse_args(text.split())
    assert (chosen.dataset_name, chosen.output_name, chosen.protocol) == ("d", "o", "published")
    assert (chosen.revision, chosen.max_images, chosen.data_root) == ("r", 3, Path("x"))


def test_a_missing_path_is_one_line_and_code_2(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "data_prep.py"), "--dataset_name", str(tmp_path / "nowhere")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "no such folder or file" in done.stderr
    assert done.stderr.count("\n") == 1
