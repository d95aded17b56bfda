from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from small_pages import SYSTEM_HEIGHT, SmallPage

from jazzmus.dataset.curriculum import Stage
from jazzmus.dataset.full_page_dataset import GeneratedRequest, Page, PageRequest
from jazzmus.dataset.manifest import PageRecord
from jazzmus.dataset.page_transform import PageTransform
from jazzmus.dataset.sampling import (
    EpochBatchSampler,
    PagePlanner,
    all_requests,
    batches_of_similar_size,
    request_height,
)
from jazzmus.errors import DataError


def page(page_id: str, piece: str, systems: int = 2, source: str = "h", has_boxes: bool = True) -> Page:
    small = SmallPage(page_id, "train", piece, systems)
    boxes = small.boxes if has_boxes else None
    record = PageRecord(page_id, "train", "", "", piece, None, 240, small.height, boxes)
    return Page(source, Path(), record, small.kern, systems)


def planner(
    pages: list[Page],
    unit: str = "page",
    sampling: str = "piece",
    mix: dict[str, float] | None = None,
    draws: int | None = None,
    seed: int = 0,
) -> PagePlanner:
    return PagePlanner(pages, unit, sampling, mix, draws, seed)  # type: ignore[arg-type]


COPIES = [page(f"a-{number}", "a") for number in range(20)] + [page("b", "b"), page("c", "c")]
TWO_SOURCES = [page(f"h-{n}", f"p{n}") for n in range(5)] + [page(f"s-{n}", f"p{n}", 3, "s") for n in range(7)]
VARIED = [page(str(systems), f"{systems}", systems) for systems in (1, 2, 3, 5)]
VARIED += [page("short", "x", 2, has_boxes=False), page("long", "y", 5, has_boxes=False)]


def test_pieces_come_evenly_whatever_the_number_of_their_copies() -> None:
    requests = planner(COPIES, draws=60).plan(0, None)
    pieces = Counter(COPIES[request.page].record.piece for request in requests)
    assert pieces == {"a": 20, "b": 20, "c": 20}
    assert len({request.page for request in requests}) > 10


def test_pages_come_evenly_where_asked() -> None:
    requests = planner(COPIES, sampling="page").plan(0, None)
    assert Counter(request.page for request in requests) == dict.fromkeys(range(22), 1)
    counts = Counter(request.page for request in planner(COPIES, sampling="page", draws=50).plan(1, None))
    assert set(counts.values()) == {2, 3}


def test_copies_in_two_sources_are_two_pieces() -> None:
    both = [page("1", "same", source="h"), page("2", "same", source="s")]
    assert Counter(request.page for request in planner(both, draws=10).plan(0, None)) == {0: 5, 1: 5}


@pytest.mark.parametrize(
    ("mix", "draws", "expected"),
    [
        ({"h": 0.3, "s": 0.7}, 100, {"h": 30, "s": 70}),
        ({"h": 1, "s": 2}, 10, {"h": 3, "s": 7}),
        ({"h": 0.1, "s": 0.9}, 230, {"h": 23, "s": 207}),
        ({"h": 1.0}, 9, {"h": 9}),
        ({"h": 1.0, "s": 0.0}, 9, {"h": 9}),
    ],
)
def test_the_mix_is_exact_over_an_epoch(mix: dict[str, float], draws: int, expected: dict[str, int]) -> None:
    for epoch in range(3):
        requests = planner(TWO_SOURCES, mix=mix, draws=draws).plan(epoch, None)
        assert Counter(TWO_SOURCES[request.page].source for request in requests) == expected


def test_a_stages_mix_goes_before_the_data_modules() -> None:
    plan = planner(TWO_SOURCES, mix={"h": 1.0}, draws=10)
    assert {TWO_SOURCES[r.page].source for r in plan.plan(0, Stage(1, mix={"s": 1.0}))} == {"s"}
    assert {TWO_SOURCES[r.page].source for r in plan.plan(0, Stage(1))} == {"h"}


def test_a_stage_shows_pages_from_the_top_cut_where_they_can_be() -> None:
    requests = planner(VARIED, draws=600).plan(0, Stage(1, systems=(2, 3)))
    shown = {VARIED[request.page].record.page_id: set() for request in requests}  # type: ignore[var-annotated]
    for request in requests:
        assert request.first == 0
        shown[VARIED[request.page].record.page_id].add(request.last)
    assert shown == {"2": {2}, "3": {2, 3}, "5": {2, 3}, "short": {2}}


LONG = [page(f"long-{number}", f"{number}", 6) for number in range(4)] + [page("two", "t", 2)]


def lengths(requests: list[PageRequest] | list[GeneratedRequest]) -> Counter[int]:
    return Counter(request.systems if isinstance(request, GeneratedRequest) else request.last for request in requests)


def test_without_replay_a_stage_shows_its_most_systems_and_short_pages_whole() -> None:
    requests = planner(LONG, sampling="page", draws=50).plan(0, Stage(1, (1, 4), replay=0.0))
    assert lengths(requests) == {4: 40, 2: 10}
    assert lengths(generating({"generated": 1.0}, 40).plan(0, Stage(1, (1, 4), replay=0.0))) == {4: 40}


@pytest.mark.parametrize("replay", [0.5, 0.8, 1.0])
def test_replay_is_the_share_of_draws_from_all_stages_so_far(replay: float) -> None:
    stage = Stage(1, (1, 4), replay=replay)
    expected = {number: replay / 4 + (1 - replay) * (number == 4) for number in (1, 2, 3, 4)}
    real, drawn = planner(LONG[:4], draws=4000), generating({"generated": 1.0}, 4000)
    for plan in (real, drawn):
        found = lengths(plan.plan(1, stage))
        assert {number: count / 4000 for number, count in found.items()} == pytest.approx(expected, abs=0.03)
    # A page of two systems ends the range for itself.
    short = lengths(planner(LONG[4:], draws=4000).plan(1, stage))
    assert short[1] / 4000 == pytest.approx(replay / 2, abs=0.03)


def test_full_replay_draws_what_a_stage_without_the_word_drew() -> None:
    assert Stage(1, (1, 4)) == Stage(1, (1, 4), replay=1.0)
    first = planner(LONG, draws=8).plan(3, Stage(1, (1, 4)))
    assert [(request.page, request.last) for request in first] == [
        (0, 1), (3, 3), (1, 1), (4, 2), (4, 2), (2, 1), (1, 1), (2, 3),
    ]  # fmt: skip


def test_a_plan_with_replay_is_the_same_in_every_planner_and_another_in_each_epoch() -> None:
    stage = Stage(1, (1, 4), replay=0.5)
    for plan, again in ((planner(LONG, draws=30), planner(LONG, draws=30)),
                        (generating({"generated": 1.0}, 30), generating({"generated": 1.0}, 30))):  # fmt: skip
        assert plan.plan(2, stage) == again.plan(2, stage)
        assert plan.plan(2, stage) != plan.plan(3, stage)
    papers = generating({"generated": 1.0}, 30, papers=2)
    assert lengths(papers.plan(0, stage)) == lengths(papers.plan(1, stage)), "the same pages on new paper"


def test_without_systems_every_page_is_whole() -> None:
    for request in planner(VARIED, draws=60).plan(0, None):
        assert (request.first, request.last) == (0, VARIED[request.page].num_systems)


def test_systems_are_drawn_one_at_a_time_from_pages_with_boxes() -> None:
    plan = planner(VARIED, unit="system", draws=600)
    seen = {(VARIED[r.page].record.page_id, r.first, r.last) for r in plan.plan(0, None)}
    assert seen == {(str(n), first, first + 1) for n in (1, 2, 3, 5) for first in range(n)}
    assert planner(VARIED, unit="system").draws == 1 + 2 + 3 + 5


def test_what_a_stage_leaves_out_is_told_and_nothing_to_show_is_an_error() -> None:
    plan = planner(VARIED)
    assert plan.left_out(Stage(1, systems=(2, 3))) == ["1", "long"]
    assert plan.left_out(None) == []
    assert planner(VARIED, unit="system").left_out(None) == ["short", "long"]
    with pytest.raises(DataError, match=r"systems \(9, 9\)"):
        plan.plan(0, Stage(1, systems=(9, 9)))
    with pytest.raises(DataError, match="source 's'"):
        plan.pools(Stage(1, mix={"h": 0.5, "s": 0.5}), strip=False)


def test_epochs_and_seeds_differ_and_repeat() -> None:
    plan = planner(COPIES, draws=40)
    assert plan.plan(3, None) == planner(COPIES, draws=40).plan(3, None)
    assert plan.plan(3, None) != plan.plan(4, None)
    assert plan.plan(3, None) != planner(COPIES, draws=40, seed=1).plan(3, None)
    seeds = [request.seed for epoch in range(3) for request in plan.plan(epoch, None)]
    assert len(set(seeds)) > 115


_SCRIPT = """
import test_sampling
print(test_sampling.plan_as_text())
"""


def plan_as_text() -> str:
    plan = planner(TWO_SOURCES, mix={"h": 0.4, "s": 0.6}, draws=20, seed=5)
    stage = Stage(1, systems=(1, 2))
    batches = list(EpochBatchSampler(plan, PageTransform(width=240), 4, lambda: (2, stage)))
    return repr([[tuple(request) for request in batch] for batch in batches])


def test_another_process_with_another_hash_seed_makes_the_same_plan() -> None:
    paths = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1]), str(Path(__file__).parent)]
    environment = {**os.environ, "PYTHONHASHSEED": "4321", "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-c", _SCRIPT]
    other = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
    assert other.stdout.strip() == plan_as_text()


def test_all_requests_show_everything_once_and_unchanged() -> None:
    assert all_requests(VARIED[:2], "page") == [PageRequest(0, 0, 1), PageRequest(1, 0, 2)]
    systems = all_requests(VARIED, "system")
    assert len(systems) == len(set(systems)) == 11
    assert {request.seed for request in systems} == {None}


def test_heights_are_known_without_an_image() -> None:
    whole = VARIED[2]
    transform = PageTransform(width=240, max_height=1000)
    heights = [request_height(whole, PageRequest(2, 0, last), transform) for last in (1, 2, 3)]
    assert heights == [12 + SYSTEM_HEIGHT + 10, 12 + 2 * SYSTEM_HEIGHT + 30, whole.record.height]
    assert request_height(VARIED[5], PageRequest(5, 0, 5), transform) == VARIED[5].record.height


def test_batches_hold_similar_heights_and_every_request_once() -> None:
    heights = np.random.default_rng(0).integers(10, 1000, size=83).tolist()
    requests = [PageRequest(index, 0, 1) for index in range(83)]
    batches = batches_of_similar_size(requests, heights, 4, np.random.default_rng(1))
    assert sorted(request for batch in batches for request in batch) == requests
    assert len(batches) == 21
    assert all(len(batch) <= 4 for batch in batches)
    spread = np.mean([max(heights[r.page] for r in batch) - min(heights[r.page] for r in batch) for batch in batches])
    in_order = [heights[start : start + 4] for start in range(0, 83, 4)]
    assert spread < 0.35 * np.mean([max(group) - min(group) for group in in_order])
    sorted_batches = batches_of_similar_size(requests, heights, 4, None)
    flat = [heights[request.page] for batch in sorted_batches for request in batch]
    assert flat == sorted(heights)
    assert batches_of_similar_size([], [], 4, None) == []


def test_the_sampler_asks_for_epoch_and_stage_when_an_epoch_begins() -> None:
    now = [0, Stage(1, systems=(1, 1))]
    sampler = EpochBatchSampler(planner(VARIED, draws=13), PageTransform(), 4, lambda: tuple(now))  # type: ignore[arg-type,return-value]
    first = list(sampler)
    assert len(first) == len(sampler) == 4
    assert {request.last for batch in first for request in batch} == {1}
    now[:] = [1, Stage(1, systems=(2, 2))]
    assert {request.last for batch in sampler for request in batch} == {2}


def generating(mix: dict[str, float], draws: int, papers: int = 1, unit: str = "page") -> PagePlanner:
    return PagePlanner(VARIED, unit, "piece", mix, draws, 0, generated=(1, 12), papers=papers)  # type: ignore[arg-type]


def test_generated_pages_take_their_share_and_the_systems_of_the_stage() -> None:
    plan = generating({"h": 0.25, "generated": 0.75}, 40)
    drawn = [request for request in plan.plan(0, None) if isinstance(request, GeneratedRequest)]
    assert len(drawn) == 30
    assert len({request.systems for request in drawn}) > 6
    staged = plan.plan(0, Stage(1, systems=(2, 3)))
    cut = [request for request in staged if isinstance(request, GeneratedRequest)]
    assert {request.systems for request in cut} == {2, 3}
    # Pages that show fewer systems than they might end below them, as stored ones do.
    assert all(request.cut for request in cut)
    assert not any(request.cut for request in drawn)
    transform = PageTransform(width=240)
    heights = {request.systems: plan.height(request, transform) for request in cut}
    assert heights[2] < heights[3] < plan.height(drawn[0], transform)
    assert plan.plan(5, None) == generating({"h": 0.25, "generated": 0.75}, 40).plan(5, None)
    alone = generating({"generated": 1.0}, 8, unit="system").plan(0, None)
    assert all(isinstance(request, GeneratedRequest) and request.strip for request in alone)


def test_every_batch_shows_single_systems_beside_its_pages() -> None:
    plan = generating({"h": 0.5, "generated": 0.5}, 10)
    stage = Stage(1, systems=(2, 3))
    sampler = EpochBatchSampler(plan, PageTransform(width=240), 4, lambda: (0, stage), strips=3)
    batches = list(sampler)
    assert batches == list(sampler)
    assert [sum(not request.strip for request in batch) for batch in batches if len(batch) == 7] == [4, 4]
    assert [sum(request.strip for request in batch) for batch in batches] == [3, 3, 3]
    shown = [request for batch in batches for request in batch]
    drawn = [request for request in shown if isinstance(request, GeneratedRequest)]
    stored = [request for request in shown if isinstance(request, PageRequest)]
    # The stage's number of systems is that of pages; strips come from any page with boxes.
    assert {request.systems for request in drawn if request.strip} == {1}
    assert {VARIED[request.page].num_systems for request in stored if request.strip} > {1}
    assert all(request.last == request.first + 1 for request in stored if request.strip)
    assert len({request.number for request in drawn}) == len(drawn)
    pages = [request for batch in batches for request in batch if not request.strip]
    without = list(EpochBatchSampler(plan, PageTransform(width=240), 4, lambda: (0, stage)))
    assert pages == [request for batch in without for request in batch]


def test_drawn_pages_come_back_on_new_paper_and_then_are_replaced() -> None:
    plan = generating({"generated": 1.0}, 10, papers=2)
    epochs = [plan.plan(epoch, None) for epoch in range(4)]
    numbers = [{request.number for request in epoch} for epoch in epochs]  # type: ignore[union-attr]
    assert numbers[0] == numbers[1]
    assert numbers[2] == numbers[3]
    assert not numbers[1] & numbers[2]
    seeds = [{(request.number, request.seed) for request in epoch} for epoch in epochs]  # type: ignore[union-attr]
    assert not seeds[0] & seeds[1]
    other = PagePlanner(VARIED, "page", "piece", {"generated": 1.0}, 10, 1, generated=(1, 12))
    assert not numbers[0] & {request.number for request in other.plan(0, None)}  # type: ignore[union-attr]
