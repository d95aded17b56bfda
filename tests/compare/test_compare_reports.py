from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest
from run_folders import pages, write_run

from jazzmus.compare.comparison import Comparison, compare_runs
from jazzmus.compare.curves import Chart, Curve, charts_of, curve_points, in_minutes, window_means
from jazzmus.compare.html_report import html_report
from jazzmus.compare.results_page import markdown_report
from jazzmus.compare.run_files import read_runs
from jazzmus.compare.svg_chart import log_ticks, svg_chart, ticks
from jazzmus.compare.tables import Table, cost_table, markdown_table, summary_table, tables_of, text_table

TITLES = [
    "Published scores", "Our own scores", "Differences", "ser by number of systems", "ser_chord by number of systems",
    "Errors by cause", "Confusions: pitch", "Worst pages", "Cost", "Config differences",
]  # fmt: skip
VOID = {"meta", "line", "circle", "br"}


class Checked(HTMLParser):
    """Reads a page: titles, cells by section, and whether each element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.titles: list[str] = []
        self.cells: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.titles.append(data)
        if "td" in self.open:
            self.cells[-1] += data


@pytest.fixture
def comparison(tmp_path: Path) -> Comparison:
    worse = (12, 23, 34, 8, 16, 29, 31)
    folders = [
        write_run(tmp_path / "a<b>&|x", pages(10, 20, 30, 5, 15, 25, 30), seed=0),
        write_run(tmp_path / "c", pages(*worse), seed=1, lr=0.5),
    ]
    return compare_runs(read_runs(folders))


def test_every_table_is_there_and_rectangular(comparison: Comparison) -> None:
    tables = tables_of(comparison)
    assert [table.title for table in tables] == TITLES
    for table in tables:
        assert {len(row) for row in table.rows} == {len(table.columns)}, table.title


def test_markdown_holds_all_tables_with_cells_escaped(comparison: Comparison) -> None:
    page = markdown_report(comparison)
    assert re.findall(r"^## (.*)$", page, flags=re.MULTILINE) == TITLES
    assert "a<b>&\\|x" in page
    assert "**0.0156**" in page, "seven pages, all worse: 2 / 2^7 is significant"
    for line in page.splitlines():
        if line.startswith("| ser |"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 9


def test_tables_say_what_their_figures_are(comparison: Comparison) -> None:
    page = markdown_report(comparison)
    assert page.splitlines()[2] == (
        "7 pages: split `val` of `{'a': 'a', 'b': 'data/b'}`; the weights were chosen by these pages."
    )
    for part in ("percentile bootstrap, 95 % confidence interval over pages, 2,000 resamples", "16 pages", "too narrow",
                 "over pages, two-sided: where there is one seed, it says nothing of the noise between seeds",
                 "one rate at a time", "main process, without loader workers"):  # fmt: skip
        assert part in page, part


def test_the_html_page_needs_nothing_beside_it(comparison: Comparison) -> None:
    page = html_report(comparison)
    parser = Checked()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    assert parser.links == []
    assert sorted(parser.titles) == sorted([*TITLES, "Learning curves"])
    assert "a<b>&|x" in parser.cells
    assert "<b>0.0156</b>" in page
    assert page.count("<svg") == 6
    assert "http" not in page
    assert "<p>7 pages: split <code>val</code>" in page


def test_the_terminal_gets_one_table_of_all_scores(comparison: Comparison) -> None:
    lines = text_table(summary_table(comparison)).splitlines()
    assert lines[0].startswith("Scores over 7 pages")
    assert "a<b>&|x" in lines[1], "turned around, as it is narrower so"
    assert len(lines) == 2 + len(comparison.scores["c"])
    assert len({line.index("[") for line in lines[2:]}) <= 2, "columns are aligned"


def test_cost_is_told_in_units(comparison: Comparison) -> None:
    row = dict(zip(cost_table(comparison).columns, cost_table(comparison).rows[0], strict=True))
    assert (row["steps"], row["pages"], row["training"], row["validation"]) == ("1,000", "4,000", "2.00 h", "1.5 min")
    assert (row["memory"], row["on accelerator"], row["parameters"]) == ("2.00 GiB", "—", "2.50 M")
    assert (row["trained"], row["commit"]) == ("1.00 M, later 2.50 M", "012345678+changes")


def test_cost_of_strange_values_is_nothing(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "a", pages(1))
    (folder / "cost.json").write_text('{"steps": "many", "training_seconds": null, "commit": 3, "clock": [1, "x"]}')
    found = compare_runs(read_runs([folder]))
    assert cost_table(found).rows == [["a", *["—"] * 12]]
    assert {chart.unit for chart in charts_of(found.runs)} == {"steps"}


def test_curves_leave_out_the_reading_after_training_and_are_smoothed(comparison: Comparison) -> None:
    metrics = comparison.runs[0].metrics
    assert curve_points(metrics, "val/ser") == [(499.0, 40.0), (999.0, 40.0)]
    losses = curve_points(metrics, "train/loss")
    assert len(losses) == 120
    assert [value for _, value in losses] == sorted((value for _, value in losses), reverse=True)
    assert curve_points([(0, "val/ser", 9.0)], "val/ser") == [(0.0, 9.0)], "a run that only evaluates"
    assert curve_points([(0, "train/loss", float("nan"))], "train/loss") == []


def test_windows_are_means_of_neighbours() -> None:
    assert window_means([(0.0, 1.0), (1.0, 3.0), (2.0, 5.0), (3.0, 7.0)], 2) == [(0.5, 2.0), (2.5, 6.0)]
    assert window_means([], 2) == []


def test_minutes_are_between_the_looks_at_the_clock() -> None:
    points = [(49.0, 1.0), (99.0, 2.0), (149.0, 3.0)]
    assert in_minutes(points, [(100, 600.0), (200, 660.0)]) == [(5.0, 1.0), (10.0, 2.0), (10.5, 3.0)]
    assert in_minutes(points, []) == []


@pytest.mark.parametrize(
    "points",
    [
        [(0.0, 1.0)],
        [(0.0, 0.0), (0.0, 0.0)],
        [(0.0, -3.0), (9.0, 100.0)],
        [(0.0, 1e-5), (1e6, 1e5)],
        [(0.0, 5.0), (3.0, 5.0)],
        [(0.0, 12345.0), (9.0, 50.0)],
    ],
)
@pytest.mark.parametrize("is_loss", [True, False])
def test_charts_are_drawn_within_their_frame(points: list[tuple[float, float]], is_loss: bool) -> None:
    chart = Chart("A <title>", "steps", is_loss, [Curve("a & b", points)])
    svg = ElementTree.fromstring(svg_chart(chart, {"a & b": 3}))
    width, height = (float(value) for value in svg.attrib["viewBox"].split()[2:])
    places = [line.attrib["points"] for line in svg.iter("polyline")]
    places += [f"{dot.attrib['cx']},{dot.attrib['cy']}" for dot in svg.iter("circle")]
    assert len(places) == 1
    for place in places[0].split():
        x, y = map(float, place.split(","))
        assert 0 <= x <= width
        assert 0 <= y <= height
    assert [title.text for title in svg.iter("title")] == ["a & b"]


def test_ticks_are_round() -> None:
    assert ticks(0, 10) == [0, 2, 4, 6, 8, 10]
    assert ticks(0.0, 0.37) == [0.0, 0.1, 0.2, 0.3]
    assert ticks(5, 5) == [5]
    assert log_ticks(0.04, 3) == pytest.approx([0.05, 0.1, 0.2, 0.5, 1, 2])


def test_a_table_of_markdown() -> None:
    assert markdown_table(Table("T", "Text.", ["a", "b"], [["1", "2|3"]])) == (
        "## T\n\nText.\n\n| a | b |\n| --- | --- |\n| 1 | 2\\|3 |"
    )


def test_a_hundred_pages_of_six_runs_take_a_moment(tmp_path: Path) -> None:
    folders = [write_run(tmp_path / f"r{n}", pages(*range(n, n + 100))) for n in range(6)]
    started = time.perf_counter()
    html_report(compare_runs(read_runs(folders)))
    assert time.perf_counter() - started < 10
