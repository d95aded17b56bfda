from __future__ import annotations

from pathlib import Path

import pytest
from run_folders import pages, write_run

from jazzmus.compare.comparison import TESTED, Comparison, compare_runs
from jazzmus.compare.run_files import read_runs
from jazzmus.errors import DataError
from jazzmus.metrics.report import METRICS

GOOD, BAD = (10, 20, 30, 5, 15, 25), (20, 25, 45, 10, 30, 30)


def compared(*folders: Path, baseline: str | None = None) -> Comparison:
    return compare_runs(read_runs(list(folders)), baseline)


def test_all_scores_have_a_value_within_its_interval(tmp_path: Path) -> None:
    found = compared(write_run(tmp_path / "a", pages(*GOOD)), write_run(tmp_path / "b", pages(*BAD)))
    assert list(found.scores) == ["a", "b"]
    assert tuple(found.scores["a"]) == METRICS
    assert found.scores["a"]["ser"].value == pytest.approx(sum(GOOD) / 6)
    for score in found.scores["b"].values():
        assert score.low < score.value < score.high
    assert found.notes == []


def test_one_run_against_another(tmp_path: Path) -> None:
    found = compared(write_run(tmp_path / "a", pages(*GOOD)), write_run(tmp_path / "b", pages(*BAD)))
    assert [test.rate for test in found.tests] == list(TESTED)
    test = found.tests[0]
    assert (test.first, test.second) == ("a", "b")
    assert (test.better, test.worse, test.pages) == (0, 6, 6)
    assert test.difference.value == pytest.approx((sum(BAD) - sum(GOOD)) / 6)
    assert test.difference.low > 0, "each page is worse, so is each resample"
    assert test.median == pytest.approx(7.5)
    assert test.p == test.p_holm == pytest.approx(2 / 2**6)


def test_paired_intervals_are_those_of_the_difference(tmp_path: Path) -> None:
    """A run that is worse by the same on every page, whatever the pages, differs by that in all resamples."""
    spread = (0, 90, 10, 80, 50)
    worse = pages(*(count + 5 for count in spread))
    found = compared(write_run(tmp_path / "a", pages(*spread)), write_run(tmp_path / "b", worse))
    difference = found.tests[0].difference
    assert (difference.low, difference.high) == (pytest.approx(5.0), pytest.approx(5.0))
    assert found.scores["a"]["ser"].high - found.scores["a"]["ser"].low > 20


def test_identical_runs_do_not_differ(tmp_path: Path) -> None:
    found = compared(write_run(tmp_path / "a", pages(*GOOD)), write_run(tmp_path / "b", pages(*GOOD)))
    for test in found.tests:
        assert (test.p, test.p_holm, test.median, test.difference) == (1.0, 1.0, 0.0, (0.0, 0.0, 0.0))
    assert [name for name, _ in found.differences] == ["experiment.name"]
    assert found.groups == []


def test_pairs_are_corrected_for_their_number_rate_by_rate(tmp_path: Path) -> None:
    folders = [write_run(tmp_path / name, pages(*(count + add for count in GOOD)))
               for add, name in enumerate("abcd")]  # fmt: skip
    found = compared(*folders)
    assert len(found.tests) == 6 * len(TESTED)
    assert {test.p for test in found.tests} == {2 / 2**6}
    assert {test.p_holm for test in found.tests} == {6 * 2 / 2**6}
    against = compared(*folders, baseline="c")
    assert [(test.first, test.second) for test in against.tests[:3]] == [("c", "a"), ("c", "b"), ("c", "d")]
    assert {test.p_holm for test in against.tests} == {3 * 2 / 2**6}


def test_many_runs_are_held_against_the_first(tmp_path: Path) -> None:
    found = compared(*(write_run(tmp_path / f"run{number}", pages(*GOOD)) for number in range(7)))
    assert {test.first for test in found.tests} == {"run0"}
    assert len(found.tests) == 6 * len(TESTED)


def test_only_common_pages_are_compared(tmp_path: Path) -> None:
    first = write_run(tmp_path / "a", pages(*GOOD))
    second = write_run(tmp_path / "b", {"page-01": 7, "page-02": 9, "other": 99})
    found = compared(first, second)
    assert list(found.page_ids) == ["page-01", "page-02"]
    assert found.left_out == 5
    assert found.scores["b"]["ser"].value == 8.0
    assert "5 pages are left out" in found.notes[0]


def test_no_common_page_is_one_line(tmp_path: Path) -> None:
    first, second = write_run(tmp_path / "a", {"x": 1}), write_run(tmp_path / "b", {"y": 1})
    with pytest.raises(DataError, match=r"^a, b: no page is common to all; evaluate"):
        compared(first, second)


def test_no_results_at_all_and_an_unknown_baseline(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "a", pages(1))
    with pytest.raises(DataError, match="--baseline c: is not among"):
        compared(folder, baseline="c")
    (folder / "results.jsonl").unlink()
    with pytest.raises(DataError, match="has no results"):
        compared(folder)


def test_a_run_without_results_is_beside_the_others(tmp_path: Path) -> None:
    first, killed = write_run(tmp_path / "a", pages(*GOOD)), write_run(tmp_path / "k", pages(1), lr=0.5)
    (killed / "results.jsonl").unlink()
    found = compared(first, killed)
    assert found.scored == ["a"]
    assert found.configured == ["a", "k"]
    assert dict(found.differences)["Optimization.lr"] == ["0.001", "0.5"]
    assert found.notes[0].startswith("k lacks results.jsonl")


def test_a_single_page(tmp_path: Path) -> None:
    found = compared(write_run(tmp_path / "a", pages(3)), write_run(tmp_path / "b", pages(4)))
    assert found.scores["a"]["ser"] == (3.0, 3.0, 3.0)
    assert found.tests[0].p == 1.0
    assert any("one page only" in note for note in found.notes)


def test_pages_without_anything_to_score_are_no_pair(tmp_path: Path) -> None:
    first, second = write_run(tmp_path / "a", pages(1, 2), length=0), write_run(tmp_path / "b", pages(2, 4), length=0)
    found = compared(first, second)
    assert found.scores["a"]["ser"].value == 100.0
    assert (found.tests[0].pages, found.tests[0].p, found.tests[0].median) == (0, 1.0, 0.0)


def test_rates_that_an_older_run_lacks_are_left_out_for_all(tmp_path: Path) -> None:
    counts = {"ser": [1, 100], "cer": [2, 100]}
    first = write_run(tmp_path / "old", pages(1, 2), counts=counts, systems=None, confusions=None)
    found = compared(first, write_run(tmp_path / "new", pages(1, 2)))
    assert list(found.scores["new"]) == ["cer", "ser"]
    assert found.by_systems["ser"] == [("3", 2, [1.0, 1.5])], "systems are those of the newer run"
    assert len(found.notes) == 1


def test_references_that_are_not_the_same_are_told(tmp_path: Path) -> None:
    found = compared(write_run(tmp_path / "a", pages(1, 2)), write_run(tmp_path / "b", pages(1, 2), length=90))
    assert any("references of 2 pages differ" in note for note in found.notes)


def test_runs_that_differ_in_the_seed_alone_are_one_row_more(tmp_path: Path) -> None:
    folders = [write_run(tmp_path / f"tiny-s{seed}", pages(*(x + seed for x in GOOD)), seed=seed) for seed in range(3)]
    found = compared(*folders, write_run(tmp_path / "other", pages(*BAD), lr=0.5))
    (group,) = found.groups
    assert group.name == "tiny-s (3 seeds)"
    assert group.members == ("tiny-s0", "tiny-s1", "tiny-s2")
    assert group.scores["ser"] == (pytest.approx(sum(GOOD) / 6 + 1), pytest.approx(1.0))
    assert len(found.scores) == 4
    assert len(found.tests) == len(TESTED), "the seeds are one arm, and nothing is tested within it"


def test_seeds_are_tested_by_the_means_of_their_page_rates(tmp_path: Path) -> None:
    """Seeds that are as much worse as better than another run on each page do not differ from it."""
    up, down = pages(*(x + 5 for x in GOOD)), pages(*(x - 5 for x in GOOD))
    seeds = [write_run(tmp_path / "tiny-s0", up, seed=0), write_run(tmp_path / "tiny-s1", down, seed=1)]
    other, worse = write_run(tmp_path / "other", pages(*GOOD), lr=0.5), write_run(tmp_path / "w", pages(*BAD), lr=0.6)
    found = compared(*seeds, other, worse, baseline="tiny-s1")
    assert [(test.first, test.second) for test in found.tests[:2]] == [
        ("tiny-s (2 seeds)", "other"), ("tiny-s (2 seeds)", "w"),
    ]  # fmt: skip
    same, differs = found.tests[:2]
    assert (same.p, same.difference, same.better, same.worse) == (1.0, (0.0, 0.0, 0.0), 0, 0)
    assert differs.difference.value == pytest.approx((sum(BAD) - sum(GOOD)) / 6)
    assert differs.p_holm == pytest.approx(2 * 2 / 2**6), "two pairs"


def test_a_seed_that_is_there_twice_is_told(tmp_path: Path) -> None:
    folders = [write_run(tmp_path / f"s{n}", pages(*GOOD), seed=seed) for n, seed in enumerate((0, 1, 1))]
    found = compared(*folders)
    assert [group.members for group in found.groups] == [("s0", "s1")]
    assert found.notes == ["s2 repeats a seed, so it is beside its seed group, not in it"]


def test_groups_of_names_that_begin_alike_are_told_apart(tmp_path: Path) -> None:
    folders = [
        write_run(tmp_path / f"s{seed}-{lr}", pages(*GOOD), seed=seed, lr=lr) for lr in (1, 2) for seed in (0, 1)
    ]
    found = compared(*folders)
    assert [group.name for group in found.groups] == ["s0-1 (2 seeds)", "s0-2 (2 seeds)"]
    assert len(found.tests) == len(TESTED)


def test_two_readings_of_each_seed_are_two_groups(tmp_path: Path) -> None:
    folders = [write_run(tmp_path / f"s{seed}", pages(*GOOD), seed=seed) for seed in (0, 1)]
    beams = [folder / "beams.jsonl" for folder in folders]
    for folder, beam in zip(folders, beams, strict=True):
        beam.write_text((folder / "results.jsonl").read_text())
    found = compared(*folders, *beams)
    assert [group.members for group in found.groups] == [("s0", "s1"), ("s0/beams", "s1/beams")]


def test_what_the_pages_are_is_told(tmp_path: Path) -> None:
    first, second = (write_run(tmp_path / name, pages(*GOOD), lr=0.1 * len(name)) for name in ("a", "bb"))
    told = "split `val` of `{'a': 'a', 'b': 'data/b'}`; the weights were chosen by these pages"
    assert compared(first, second).source == told
    config = second / "operative_config.gin"
    config.write_text(config.read_text() + "FullPageDataModule.validation_split = 'test'\n")
    (first / "held_out.jsonl").write_text((first / "results.jsonl").read_text())
    found = compared(first, second, first / "held_out.jsonl")
    assert found.source == ""
    (note,) = found.notes
    for part in (f"a: {told}", "bb: split `test` of", "a/held_out: results file `held_out.jsonl`"):
        assert part in note, part


def systems_of(tmp_path: Path, *systems: int) -> list[tuple[str, int, list[float]]]:
    lines = []
    folder = write_run(tmp_path / "a", pages(*range(len(systems))))
    for line, count in zip((folder / "results.jsonl").read_text().splitlines(), systems, strict=True):
        lines.append(line.replace('"systems": 3', f'"systems": {count}'))
    (folder / "results.jsonl").write_text("\n".join(lines))
    return list(compared(folder).by_systems["ser"])


def test_few_numbers_of_systems_stand_alone(tmp_path: Path) -> None:
    assert systems_of(tmp_path, 1, 2, 2) == [("1", 1, [0.0]), ("2", 2, [1.5])]


def test_many_numbers_of_systems_are_put_together(tmp_path: Path) -> None:
    found = systems_of(tmp_path, 1, 3, 4, 6, 10, 15)
    assert found == [("1-3", 2, [0.5]), ("4-6", 2, [2.5]), ("10+", 2, [4.5])]


def test_confusions_are_the_most_frequent_over_all_runs(tmp_path: Path) -> None:
    many = {"pitch": {f"c->{letter}": number for number, letter in enumerate("defgabrstuvwxyzklmn", start=1)}}
    first = write_run(tmp_path / "a", pages(1), confusions=many)
    second = write_run(tmp_path / "b", pages(1), confusions={"pitch": {"c->d": 100}, "missed": {"note": 2}})
    found = compared(first, second).confusions
    assert found["pitch"][0] == ("c->d", [1, 100])
    assert found["pitch"][1] == ("c->n", [19, 0])
    assert len(found["pitch"]) == 15
    assert found["missed"] == [("note", [0, 2])]
    assert found.keys() == {"pitch", "missed"}


def test_the_worst_pages_are_those_of_all_runs(tmp_path: Path) -> None:
    first = write_run(tmp_path / "a", pages(*range(0, 60, 5)))
    second = write_run(tmp_path / "b", pages(90, *range(0, 55, 5)))
    worst = compared(first, second).worst
    assert len(worst) == 10
    assert worst[0] == ("page-11", 3, [55.0, 50.0])
    assert ("page-00", 3, [0.0, 90.0]) in worst
