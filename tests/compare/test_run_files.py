from __future__ import annotations

import json
from pathlib import Path

import pytest
from run_folders import page_line, pages, write_run

from jazzmus.compare.run_files import read_run, read_runs
from jazzmus.config_text import config_bindings, config_differences, seed_groups
from jazzmus.errors import DataError


def test_a_complete_run_is_read_and_lacks_nothing(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path / "first", pages(1, 2)))
    assert (run.name, run.lacking) == ("first", "")
    assert run.pages["page-01"].counts["ser"] == (2, 100)
    assert run.pages["page-01"].systems == 3
    assert run.metrics[0] == (0, "train/loss", 5.0)
    assert run.cost["steps"] == 1000
    assert run.bindings["experiment.seed"] == "0", "the macro is resolved"
    assert run.bindings["FullPageDataModule.data_path"] == "{'a': '/home/someone/data/a', 'b': 'data/b'}"
    assert "seed" not in run.bindings


def test_an_older_run_says_in_one_line_what_it_lacks(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    line = {"page_id": "a", "counts": {"ser": [1, 9], "cer": [2, 30]}, "stop_reason": "eos", "seconds": 0.1}
    (folder / "results.jsonl").write_text(json.dumps(line) + "\n\n")
    run = read_run(folder)
    assert set(run.pages["a"].counts) == {"ser", "cer"}
    for word in ("exact_pages", "systems", "confusions", "cost.json", "metrics.csv", "operative_config.gin"):
        assert word in run.lacking
    assert "\n" not in run.lacking


def test_a_run_without_results_is_still_one(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "killed", pages(1))
    (folder / "results.jsonl").unlink()
    assert "results.jsonl (it shows in curves" in read_run(folder).lacking


def test_a_file_of_results_stands_for_a_run(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", pages(1))
    test = folder / "test.jsonl"
    test.write_text(json.dumps(page_line("t", 1)))
    alone = tmp_path / "alone.jsonl"
    alone.write_text(json.dumps(page_line("t", 1)))
    runs = read_runs([folder / "results.jsonl", test, alone])
    assert [run.name for run in runs] == ["run", "run/test", "alone"]
    assert runs[1].bindings == runs[0].bindings != {}
    assert list(runs[1].pages) == ["t"]


def test_runs_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for place in ("x/weights/same", "y/weights/same", "y/weights/other"):
        write_run(tmp_path / place, pages(1))
    runs = read_runs(sorted(tmp_path.glob("*/weights/*")))
    assert sorted(run.name for run in runs) == ["other", "x/weights/same", "y/weights/same"]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "null",
        '{"page_id": "b"}',
        '{"page_id": "b", "counts": {}}',
        '{"page_id": "b", "counts": {"ser": [1]}}',
        '{"page_id": "b", "counts": {"ser": [1, -2]}}',
        '{"page_id": "b", "counts": {"ser": [1.5, 2]}}',
        '{"page_id": "b", "counts": {"ser": 3}}',
        '{"page_id": "b", "counts": {"ser": [1, 2]}, "systems": "many"}',
        '{"page_id": "b", "counts": {"ser": [1, 2]}, "confusions": ["c->d"]}',
        json.dumps(page_line("page-00", 1)),
    ],
)
def test_a_broken_line_is_named_by_file_and_number(tmp_path: Path, line: str) -> None:
    results = write_run(tmp_path / "run", pages(1, 2)) / "results.jsonl"
    results.write_text(results.read_text() + line + "\n")
    with pytest.raises(DataError, match=r"results\.jsonl, line 3: .*evaluate again") as error:
        read_run(tmp_path / "run")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("file", "text", "named"),
    [
        ("cost.json", "{", r"cost\.json: is no JSON"),
        ("cost.json", "[]", r"cost\.json: is no JSON object"),
        ("metrics.csv", "step,name,value\n1,a\n2,a,1.0\n", r"metrics\.csv, line 2"),
        ("results.jsonl", b"\xff", r"results\.jsonl: cannot be read"),
    ],
)
def test_other_broken_files_are_named(tmp_path: Path, file: str, text: str | bytes, named: str) -> None:
    folder = write_run(tmp_path / "run", pages(1))
    (folder / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError, match=named):
        read_run(folder)


def test_half_a_last_line_of_metrics_is_what_a_killed_run_leaves(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", pages(1))
    (folder / "metrics.csv").write_text("step,name,value\n0,train/loss,2.0\n1,tr")
    assert read_run(folder).metrics == [(0, "train/loss", 2.0)]


def test_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="gone: no such run"):
        read_run(tmp_path / "gone")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty: is no run"):
        read_run(tmp_path / "empty")
    (tmp_path / "best.ckpt").write_bytes(b"\x80")
    with pytest.raises(DataError, match=r"best\.ckpt: is no run; name folders, such as weights/\*/"):
        read_run(tmp_path / "best.ckpt")
    folder = write_run(tmp_path / "run", pages(1))
    with pytest.raises(DataError, match="named twice"):
        read_runs([folder, folder / "."])


def test_config_differences_are_of_values_with_macros_resolved() -> None:
    one = config_bindings("a = 1\nX.p = %a\nX.q = 'same'\n")
    other = config_bindings(
        "b = 1\na = %b\nX.p = %a\nX.q = 'same'\nX.r = [1,\n    2]\n\n# Parameters for Y:\nY.s = 2\n"
    )
    assert config_differences([one, other]) == [("X.r", [None, "[1, 2]"]), ("Y.s", [None, "2"])]
    assert config_bindings("a = %a\nX.p = %a\n")["X.p"] == "%a", "a macro of itself ends"


def test_groups_are_of_configs_that_differ_in_the_seed_alone() -> None:
    def config(seed: int, lr: float = 0.1) -> dict[str, str]:
        return config_bindings(f"seed = {seed}\nexperiment.name = 's{seed}'\nX.seed = %seed\nX.lr = {lr}\n")

    configs = [config(0), config(0, lr=0.2), config(1), {}, config(2), config(2)]
    assert seed_groups(configs) == ([[0, 2, 4]], [5]), "the second run of seed 2 is the same once more"
    assert seed_groups([config(0), config(0)]) == ([], [])
    assert seed_groups([{}, {}]) == ([], [])
