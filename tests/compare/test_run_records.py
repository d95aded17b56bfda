from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from run_folders import pages, write_run

from jazzmus.compare import __main__ as command
from jazzmus.compare.records import record_run
from jazzmus.compare.results_page import results_page
from jazzmus.compare.run_files import read_run, read_runs
from jazzmus.config_text import path_free
from jazzmus.errors import DataError
from jazzmus.logs import run_script

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_record_is_small_and_reads_like_the_run(here: Path) -> None:
    source = write_run(here / "weights" / "first", {f"page-{n}": n for n in range(32)})
    folder = record_run(read_run(source), here / "docs" / "runs")
    assert folder == here / "docs" / "runs" / "first"
    names = {"results.jsonl", "cost.json", "operative_config.gin", "metrics.csv", "run.json"}
    assert {path.name for path in folder.iterdir()} == names
    assert sum(path.stat().st_size for path in folder.iterdir()) < 60_000
    assert len((folder / "metrics.csv").read_text().splitlines()) <= 400
    run, record = read_run(source), read_run(folder)
    assert record.name == run.name
    assert {page_id: page.counts for page_id, page in record.pages.items()} == {
        page_id: page.counts for page_id, page in run.pages.items()
    }
    assert record.confusions == {"pitch": {"c->d": sum(range(32))}}
    assert record.lacking == ""
    assert [row for row in record.metrics if row[1] == "val/ser"] == [(499, "val/ser", 40.0), (999, "val/ser", 40.0)]
    again = record_run(record, here / "again")
    assert {path.name: path.read_text() for path in again.iterdir() if path.name != "metrics.csv"} == {
        path.name: path.read_text() for path in folder.iterdir() if path.name != "metrics.csv"
    }


def test_a_record_holds_no_text_and_no_private_path(here: Path) -> None:
    secret = "**kern\t**mxhm\n4c\tC:maj7"
    source = write_run(here / "weights" / "first", pages(1, 2), reference=secret, prediction=secret)
    folder = record_run(read_run(source), here / "runs")
    everything = "".join(path.read_text() for path in folder.iterdir())
    for private in ("kern", "maj7", "/home", "someone", str(here)):
        assert private not in everything, private
    assert json.loads((folder / "run.json").read_text()) == {
        "name": "first",
        "results": "results.jsonl",
        "confusions": {"pitch": {"c->d": 3}},
    }
    assert "'data/b'" in (folder / "operative_config.gin").read_text()


def test_paths_are_relative_or_their_last_part(here: Path) -> None:
    assert path_free(f"x = '{here}/data/a'") == "x = 'data/a'"
    assert path_free("x = ['/home/a b/data', \"~/c\", 'd/e', '/']") == "x = ['data', \"c\", 'd/e', '']"
    assert path_free("--gin X.data=/srv/data/a --epochs 3") == "--gin X.data=a --epochs 3"
    for outside in ("../x", "../../home/me/x", "./../x", "a/../../x", "file:///home/me/x", "~me/x", "//host/me/x"):
        assert path_free(outside) == "x", outside
        assert path_free(f"--a={outside} --b '{outside}'") == "--a=x --b 'x'", outside
    assert path_free("x = '../../home/a b/x'") == "x = 'x'"
    assert path_free(f"a:/home/me/b c:{here}/d/e") == "a:b c:d/e"
    assert path_free(f"file://{here}/d/e f/../g") == "d/e g"
    for unchanged in (
        "https://a.org/b/c",
        "C:7/F",
        "a/b/c.gin",
        "1/4",
        "@PageTransform()",
        "./a/b",
        "s3://a/b",
        "...",
        "a ../ b",
    ):
        assert path_free(unchanged) == unchanged


def test_a_new_record_replaces_all_of_the_old_one(here: Path) -> None:
    source = write_run(here / "first", pages(1, 2))
    folder = record_run(read_run(source), here / "runs")
    (source / "cost.json").unlink()
    (source / "results.jsonl").write_text((source / "results.jsonl").read_text().splitlines()[0])
    record_run(read_run(source), here / "runs")
    assert not (folder / "cost.json").exists()
    assert len(read_run(folder).pages) == 1


def test_a_run_without_results_is_not_recorded(here: Path) -> None:
    source = write_run(here / "first", pages(1))
    (source / "results.jsonl").unlink()
    with pytest.raises(DataError, match="nothing to record"):
        record_run(read_run(source), here / "runs")


def test_the_command_compares_and_writes_two_files(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (str(write_run(here / name, pages(1, 2, 3))) for name in ("a", "b"))
    assert command.main([first, second, "--output", "out/x", "--baseline", second]) == 0
    assert capsys.readouterr().out.startswith("Scores over 3 pages")
    assert sorted(path.name for path in (here / "out" / "x").iterdir()) == [
        "comparison.html", "comparison.md",
    ]  # fmt: skip
    assert "| ser | b | a |" in (here / "out" / "x" / "comparison.md").read_text()


def test_results_are_made_of_records_alone(here: Path) -> None:
    for name in ("full_b", "full_a"):
        write_run(here / "weights" / name, pages(*range(9, 30, 3)), seed=len(name) if name == "full_a" else 0)
    write_run(here / "weights" / "other", pages(*range(9, 30, 3)), lr=0.5)
    assert command.main(["--record", *(f"weights/{name}" for name in ("full_a", "full_b", "other"))]) == 0
    for baseline in ("other", "full_b"):
        assert command.main(["--results", "docs/results.md", "--baseline", baseline]) == 0
        page = (here / "docs" / "results.md").read_text()
        assert f"## Differences from {'other' if baseline == 'other' else 'full (2 seeds)'}\n" in page
    for part in ("records in `docs/runs`", "nothing is typed", "## Published scores", "## Our own scores", "## Cost",
                 "## ser by number of systems", "## Config differences", "full (2 seeds): mean ± sd",
                 "python train_full_page.py --config a.gin"):  # fmt: skip
        assert part in page, part
    before = page
    assert command.main(["--results", "docs/results.md", "--baseline", "full_b"]) == 0
    assert (here / "docs" / "results.md").read_text() == before, "the same records give the same page"


def test_what_the_guide_expects_is_beside_what_was_found(here: Path) -> None:
    write_run(here / "weights" / "full_page_baseline", pages(80, 90))
    write_run(here / "weights" / "full_page_pretrained", pages(30, 31))
    second = write_run(here / "weights" / "second", pages(40, 41), seed=1)
    config = (second / "operative_config.gin").read_text()
    (second / "operative_config.gin").write_text(config.replace("'second'", "'full_page_pretrained'"))
    page = results_page(read_runs(sorted((here / "weights").iterdir())), None, "docs/runs")
    table = page.split("## Expected by the guide and found")[1].split("##")[0].strip().splitlines()
    assert table[2:] == [
        "| test | expected CER | expected SER | run | found CER | found SER |",
        "| --- | --- | --- | --- | --- | --- |",
        "| system-level weights on full pages | 50-80 | 80-100 | full_page_baseline | 85.00 | 85.00 |",
        "| from random weights | 30-50 | 60-80 | — | — | — |",
        "| from system-level weights | 15-30 | 40-60 | full_page_pretrained | 30.50 | 30.50 |",
        "| from system-level weights | 15-30 | 40-60 | second | 40.50 | 40.50 |",
        "| from system-level weights, encoder frozen | 15-30 | 40-60 | — | — | — |",
    ]


def test_a_record_knows_which_file_its_results_are_from(here: Path) -> None:
    source = write_run(here / "first", pages(1, 2))
    (source / "results.jsonl").rename(source / "test.jsonl")
    record = read_run(record_run(read_run(source / "test.jsonl"), here / "runs"))
    assert record.results == "test.jsonl"
    assert "2 pages: results file `test.jsonl`." in results_page([record], None, "docs/runs")


def test_no_record_gives_a_page_that_says_so(here: Path) -> None:
    (here / "docs").mkdir()
    assert command.main(["--results", "docs/results.md"]) == 0
    assert "There is no record of any run yet" in (here / "docs" / "results.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "no RUN is named"),
        (["a", "--results", "x.md"], "--results takes the records"),
        (["--record"], "no RUN is named"),
        (["a", "--record", "--output", "x"], "--output goes with a comparison"),
        (["a", "--record", "--baseline", "a"], "--baseline goes with"),
    ],
)
def test_flags_that_do_not_go_together(arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(arguments)
    error = capsys.readouterr().err
    assert named in error
    assert error.count("\n") == 1


def test_errors_are_one_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(here / "a", pages(1))
    (here / "file").write_text("")
    for arguments in (["a", "gone"], ["a", "--baseline", "b"], ["a", "--output", "file"]):
        assert run_script(lambda arguments=arguments: command.main(arguments)) == 2
        assert capsys.readouterr().err.splitlines()[-1].startswith("error: ")


def test_it_starts_without_torch() -> None:
    code = "import sys, jazzmus.compare.__main__; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_reading_all_records_of_this_repository() -> None:
    """What is committed can be read, and holds no texts and no absolute paths."""
    records = sorted(path for path in (ROOT / "docs" / "runs").glob("*") if path.is_dir())
    for run in read_runs(records):
        assert run.pages, run.name
    for record in records:
        for file in record.iterdir():
            text = file.read_text(encoding="utf-8")
            assert path_free(text) == text, file
            assert "prediction" not in text, file
