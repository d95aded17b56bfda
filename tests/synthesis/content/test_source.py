"""A mix draws by share, refuses what cannot be drawn or leaks, and says what it refused."""

from __future__ import annotations

import pickle
import random
from collections import Counter

import pytest
from invented import OTHER_BARS, TEXTS, tune

from jazzmus.errors import ConfigError, DataError
from jazzmus.synthesis.content.leaks import LeakCheck
from jazzmus.synthesis.content.recombination import RecombinedTexts
from jazzmus.synthesis.content.source import (
    LEAK,
    LOST_ACCIDENTAL,
    MALFORMED,
    OTHER_COLUMNS,
    OTHER_SYSTEMS,
    UNFILLED_BARS,
    UNREAD_CHORD,
    ContentMix,
    Tune,
    flaw_of_tune,
)


class Fixed:
    """A source that gives the same texts in turn."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.drawn = 0

    def tune(self, rng: random.Random, systems: int) -> str:
        self.drawn += 1
        return self.texts[(self.drawn - 1) % len(self.texts)]


GOOD = tune(3, OTHER_BARS)


@pytest.mark.parametrize(
    ("kern", "flaw"),
    [
        (GOOD, ""),
        (tune(2), OTHER_SYSTEMS),
        (GOOD.replace("4bn\t.", "4bn"), MALFORMED),
        (GOOD.replace("4bn", "4hn"), MALFORMED),
        (GOOD.replace("**mxhm", "**text"), OTHER_COLUMNS),
        (GOOD.replace("D:min7", "Dm7"), UNREAD_CHORD),
        (GOOD.replace("2f", "4f"), UNFILLED_BARS),
        (GOOD.replace("2cc#X", "2cc#"), LOST_ACCIDENTAL),
    ],
)
def test_flaws(kern: str, flaw: str) -> None:
    assert flaw_of_tune(kern, 3) == flaw


def test_sources_are_drawn_by_share() -> None:
    mix = ContentMix({"one": Fixed(GOOD), "two": Fixed(GOOD), "three": Fixed(GOOD)}, {"one": 3, "two": 1}, None)
    rng = random.Random(0)
    drawn = Counter(mix.tune(rng, 3).source for _ in range(200))
    assert set(drawn) == {"one", "two"}
    assert 125 < drawn["one"] < 175


def test_refused_tunes_are_drawn_again_and_counted() -> None:
    mix = ContentMix({"a": Fixed(tune(3), tune(2), GOOD)}, {"a": 1.0}, LeakCheck([tune(5)]))
    assert mix.tune(random.Random(0), 3) == Tune(GOOD, "a")
    assert mix.refusals == {("a", LEAK): 1, ("a", OTHER_SYSTEMS): 1}


def test_a_mix_that_finds_nothing_says_why() -> None:
    source = Fixed(tune(3))
    mix = ContentMix({"a": source}, {"a": 1.0}, LeakCheck([tune(3)]))
    with pytest.raises(DataError, match=r"no tune of 3 systems in 20 draws: a: a passage of an evaluation page \(20\)"):
        mix.tune(random.Random(0), 3)
    assert source.drawn == 20


@pytest.mark.parametrize("shares", [{}, {"a": 0.0}, {"a": -1.0, "b": 2.0}, {"c": 1.0}, {"a": float("nan")}])
def test_shares_are_checked(shares: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=r"give shares|no source"):
        ContentMix({"a": Fixed(GOOD), "b": Fixed(GOOD)}, shares, None)


def test_a_mix_goes_to_a_worker_and_gives_the_same() -> None:
    mix = ContentMix({"texts": RecombinedTexts(TEXTS)}, {"texts": 1.0}, LeakCheck([]))
    copy = pickle.loads(pickle.dumps(mix))
    assert [mix.tune(random.Random(seed), 4) for seed in range(5)] == [
        copy.tune(random.Random(seed), 4) for seed in range(5)
    ]
