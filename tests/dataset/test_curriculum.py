from __future__ import annotations

from typing import Any

import pytest

from jazzmus.dataset.curriculum import Curriculum, Stage
from jazzmus.errors import ConfigError

RAMP = {"epochs": 100, "mix": {"s": 0.9, "h": 0.1}, "mix_to": {"s": 0.2, "h": 0.8}, "steps": 8}


def test_stages_follow_each_other_and_the_last_one_stays() -> None:
    curriculum = Curriculum([{"epochs": 2, "systems": (1, 2)}, {"epochs": 1, "systems": [1, 3]}, {"epochs": 3}])
    assert curriculum.stages == (Stage(2, (1, 2)), Stage(1, (1, 3)), Stage(3))
    assert [curriculum.stage_at(epoch) for epoch in range(8)] == [0, 0, 1, 2, 2, 2, 2, 2]
    assert curriculum.epochs == 6


def test_a_ramp_begins_and_ends_exactly_where_it_says() -> None:
    curriculum = Curriculum([RAMP])
    mixes = [dict(stage.mix or {}) for stage in curriculum.stages]
    assert mixes[0] == {"s": 0.9, "h": 0.1}
    assert mixes[-1] == {"s": 0.2, "h": 0.8}
    assert [mix["s"] for mix in mixes] == pytest.approx([0.9 - 0.1 * step for step in range(8)])
    assert all(sum(mix.values()) == pytest.approx(1) for mix in mixes)
    assert curriculum.epochs == 100
    assert {stage.epochs for stage in curriculum.stages} == {12, 13}


def test_a_source_that_one_end_does_not_name_comes_from_or_goes_to_nothing() -> None:
    stages = Curriculum([{"epochs": 3, "mix": {"s": 1.0}, "mix_to": {"h": 1.0}, "steps": 3}]).stages
    assert [dict(stage.mix or {}) for stage in stages] == [{"h": 0, "s": 1}, {"h": 0.5, "s": 0.5}, {"h": 1, "s": 0}]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"epoch": 3}, "'epoch'"),
        ({"epochs": 0}, "'epochs'"),
        ({"epochs": None}, "'epochs'"),
        ({"epochs": 2.5}, "'epochs'"),
        ({"epochs": True}, "'epochs'"),
        ({"systems": 3}, "'systems'"),
        ({"systems": (1,)}, "'systems'"),
        ({"systems": (3, 2)}, "'systems'"),
        ({"systems": (0, 2)}, "'systems'"),
        ({"systems": (1.5, 2)}, "'systems'"),
        ({"systems": "12"}, "'systems'"),
        ({"mix": {}}, "shares"),
        ({"mix": {"s": -1.0, "h": 2.0}}, "shares"),
        ({"mix": {"s": float("nan")}}, "shares"),
        ({"mix": {"s": "half"}}, "mix"),
        ({"mix": ["s", "h"]}, "mix"),
        ({"mix_to": {"s": 0.0}}, "shares"),
        ({"mix": None}, "'mix'"),
        ({"mix_to": None}, "'mix_to'"),
        ({"steps": None}, "'steps'"),
        ({"steps": 1}, "'steps'"),
        ({"steps": 101}, "'steps'"),
        ({"steps": 2.0}, "'steps'"),
    ],
)
def test_a_wrong_entry_is_shown(change: dict[str, Any], problem: str) -> None:
    entry = {**RAMP, **change}
    with pytest.raises(ConfigError) as caught:
        Curriculum([{"epochs": 1}, entry])
    assert problem in str(caught.value)
    assert str(entry) in str(caught.value)


def test_no_stages_is_an_error() -> None:
    with pytest.raises(ConfigError, match="empty"):
        Curriculum([])


def test_replay_is_the_curriculums_unless_a_stage_has_its_own() -> None:
    entries = [{"epochs": 1, "systems": (1, 2)}, {"epochs": 1, "systems": (1, 3), "replay": 1}, {"epochs": 1}]
    assert [stage.replay for stage in Curriculum(entries).stages] == [1.0, 1.0, 1.0]
    assert Curriculum(entries, replay=0.0).stages == (Stage(1, (1, 2), replay=0.0), Stage(1, (1, 3)), Stage(1))
    ramp = {**RAMP, "systems": (1, 4), "replay": 0.25}
    assert {stage.replay for stage in Curriculum([ramp]).stages} == {0.25}


@pytest.mark.parametrize("replay", [-0.1, 1.5, float("nan"), "all", True, None])
def test_a_wrong_replay_is_shown(replay: Any) -> None:
    entry = {"epochs": 2, "systems": (1, 2), "replay": replay}
    with pytest.raises(ConfigError, match=r"Curriculum\.stages entry .*'replay' must be a number from 0 to 1"):
        Curriculum([entry])
    with pytest.raises(ConfigError, match=r"Curriculum\.replay must be a number from 0 to 1"):
        Curriculum([{"epochs": 2}], replay=replay)


def test_whole_pages_have_nothing_to_replay() -> None:
    with pytest.raises(ConfigError, match="'replay' needs 'systems'"):
        Curriculum([{"epochs": 2, "replay": 0.5}])
