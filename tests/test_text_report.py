from __future__ import annotations

import sys
from pathlib import Path

import pytest

from jazzmus import text_report
from jazzmus.errors import DataError


def report(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *folders: Path) -> str:
    monkeypatch.setattr(sys, "argv", ["text_report", "--data", *map(str, folders)])
    assert text_report.main() == 0
    return capsys.readouterr().out


def test_every_change_is_counted_and_every_pair_of_form_and_tokenizer_has_a_row(
    small_data: Path, small_engraved: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = report(monkeypatch, capsys, small_data, small_engraved).splitlines()
    rows = [line.split() for line in lines if line.startswith(("source", "normal", "written ")) and "/" in line]
    assert [row[:2] for row in rows] == [
        [form, tokenizer]
        for form in ("source", "normal", "written")
        for tokenizer in ("word", "medium", "character", "compact", "byte_pair")
    ]
    mean_tokens = {(row[0], row[1]): float(row[2].partition("/")[0]) for row in rows}
    assert mean_tokens["written", "compact"] < mean_tokens["source", "medium"]
    assert all(row[-1] == "0" for row in rows if row[1] in ("compact", "byte_pair"))


def test_folders_without_training_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["text_report", "--data", str(tmp_path)])
    with pytest.raises(DataError, match="data_prep"):
        text_report.main()
