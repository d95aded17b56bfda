"""Contact sheets, the benchmark, and the command line that asks for them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from PIL import Image

from jazzmus.errors import ConfigError, DataError
from jazzmus.synthesis import __main__ as command
from jazzmus.synthesis.benchmark import measure
from jazzmus.synthesis.contact_sheet import GAP, STRIP_WIDTH, write_contact_sheet
from jazzmus.synthesis.generated_pages import GeneratedPages
from jazzmus.synthesis.page import SyntheticPage
from jazzmus.synthesis.page_style import PageStyle

PAGES = GeneratedPages(PageStyle(systems=(1, 2)))


def test_a_sheet_shows_every_page_and_those_beside(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    Image.new("L", (80, 40), 255).save(tmp_path / "real" / "a.png")
    write_contact_sheet(tmp_path / "alone.png", PAGES, 3, strips=True)
    write_contact_sheet(tmp_path / "beside.png", PAGES, 3, strips=True, beside=tmp_path / "real")
    with Image.open(tmp_path / "alone.png") as alone, Image.open(tmp_path / "beside.png") as beside:
        assert alone.width == STRIP_WIDTH + 2 * GAP
        assert alone.size != beside.size
    with pytest.raises(DataError, match="no images"):
        write_contact_sheet(tmp_path / "a.png", PAGES, 1, beside=tmp_path / "nowhere")
    with pytest.raises(DataError, match="ending"):
        write_contact_sheet(tmp_path / "a.doc", PAGES, 1)
    with pytest.raises(ConfigError):
        write_contact_sheet(tmp_path / "a.png", PAGES, 0)


def test_the_benchmark_counts_what_it_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jazzmus.synthesis.benchmark.WARM_UP", 1)
    figures = measure(PAGES, 3)
    assert set(figures) == {
        "pages_per_second", "strips_per_second", "papers_per_second", "megapixels", "memory_growth_mb"
    }  # fmt: skip
    assert figures["papers_per_second"] > figures["pages_per_second"] > 0
    with pytest.raises(ConfigError):
        measure(PAGES, 0)


def test_the_warm_up_makes_none_of_the_pages_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    class Noted(GeneratedPages):
        def page(self, number: int, systems: int | None = None, paper: int = 0) -> SyntheticPage:
            made.append(number)
            return super().page(number, systems, paper)

    monkeypatch.setattr("jazzmus.synthesis.benchmark.WARM_UP", 2)
    measure(Noted(PageStyle(systems=(1, 1))), 3, seed=7)
    assert made == [10, 11, 7, 8, 9]


def test_a_benchmark_of_no_pages_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["synthesis", "--benchmark", "0"])
    with pytest.raises(ConfigError, match="--benchmark 0"):
        command.main()


def test_the_command_line_reaches_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("jazzmus.synthesis.benchmark.WARM_UP", 1)
    picture = tmp_path / "sheet.png"
    line = f"synthesis --sheet {picture} --pages 1 --strips --benchmark 1 --gin PageStyle.systems=(1,1)"
    monkeypatch.setattr(sys, "argv", line.split())
    command.main()
    assert picture.is_file()
    assert json.loads(capsys.readouterr().out)["pages_per_second"] > 0


@pytest.mark.parametrize("words", [["--page", "3", "--sheet", "x"], ["--pages", "many"], []])
def test_wrong_flags_are_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        command.parse_arguments(words)
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
