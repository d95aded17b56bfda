"""Rhythms of a bar, as often as handwritten lead sheets have them, and how a tune leans towards some of them.

A rhythm is spelled with the durations, rests and beams of `**kern`. It does not know pitches, chords or ties.
"""

from __future__ import annotations

import math
import random
from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

TICKS = 96  # of a whole note; all durations here are whole numbers of ticks

# Weight and rhythm. Halves of a bar that has an onset in its middle, then bars that have none.
_FIRST_HALVES = """
246 2; 150 4 4; 99 8L 8 8 8J; 95 4r 4; 60 4. 8; 51 4 8L 8J; 49 6 6 6; 42 8 4r 8; 31 2r; 26 8 4 8; 23 4r 8L 8J;
20 4 4r; 13 8L 8J 4; 11 8r 8L 8 8J; 9 8 4.; 7 8r 4 8; 5 8.L 16K 8. 16Jk; 5 8r 4.; 5 8r 8 12L 12 12J; 4 4 8r 8;
4 8r 8 4; 4 4r 8r 8; 4 4 8 8; 3 8r 8 8L 8J; 3 8L 8J 4r; 3 8L 8J 8r 8; 3 12L 12 12J 8L 8J; 2 16LL 16 16 16JJ 4;
2 8 8 8 8; 2 8L 8J 12L 12 12J; 2 8r 8 8 8; 1 4. 16LL 16JJ; 1 4 16LL 16 16 16JJ; 1 8L 16L 16J 8 8J; 1 8 8 4;
1 8 8r 4; 1 12L 12 12J 8.L 16Jk; 1 8r 8 4r; 1 12 12 12 4; 1 4r 8 8; 1 8 8r 4r; 1 8.L 16Jk 16LL 16J 8J;
1 4 12L 12 12J; 1 6 12 12L 12 12J; 1 8 8r 8L 8J
"""
_SECOND_HALVES = """
115 4 4; 205 2; 105 8L 8 8 8J; 77 2r; 49 4. 8; 37 4 8L 8J; 35 6 6 6; 30 8 4 8; 16 8 4.; 16 8L 8J 4; 12 4r 4;
9 4 4r; 9 8 8 8 8; 6 4 8r 8; 6 4r 8r 8; 5 4r 8L 8J; 5 8r 4.; 4 8r 4 8; 4 8.L 16K 8. 16Jk; 3 8r 8L 8 8J;
3 8L 8J 12L 12 12J; 2 8L 8J 4r; 2 8L 8J 8r 8; 2 8r 8 4; 2 4r 4r; 2 4 8 8; 2 4 8L 24L 24 24JJ; 2 4. 16LL 16JJ;
1 8r 8 8L 8J; 1 8r 8 12L 12 12J; 1 12L 12 12J 4; 1 8r 8L 8r 8J; 1 4. 8r; 1 8L 16L 16JJ 16LL 16 16 16JJ;
1 16LL 16 16 16JJ 16LL 16 16 16JJ; 1 8L 8J 16LL 16 16 16JJ; 1 4 8.L 16Jk; 1 8 8 4; 1 8 8r 4r; 1 4r 8.L 16Jk;
1 6r 6 6; 1 12r 12L 12J 8L 8J; 1 8 4 8r; 1 12L 12 12J 8L 8J; 1 16LL 16J 8 8 8J; 1 8L 8 8 16L 16JJ
"""
_UNDIVIDED = """
631 1; 73 2. 4; 59 2. 4r; 34 4 2 4; 32 8L 8J 2.; 26 2. 8L 8J; 24 4 2.; 16 8L 8J 2 4; 15 2. 8r 8;
8 4 2 8L 8J; 7 12L 12 12J 2.; 4 8L 8J 2 8L 8J; 4 2. 8.L 16Jk; 4 2.. 16LL 16JJ; 2 2.. 8; 1 12L 12 12J 2 4;
1 4. 4. 4; 1 8 2. 8
"""
_THREE_FOUR = """
258 2.; 125 2 4; 115 4 4 4; 79 2 8L 8J; 54 4. 8 8L 8J; 48 8L 8J 2; 38 4 4. 8; 35 4 2; 33 4r 8L 8J 8L 8J;
31 4 8L 8J 8L 8J; 27 4 4r 4; 21 2 4r; 21 8L 8J 8L 8J 4; 12 4. 8 4; 10 8 4. 8L 8J; 8 4. 4.; 6 4r 8r 4 8;
6 4r 4r 4; 4 4 8L 8J 4; 4 4 8r 8 8L 8J; 4 4 2r; 4 8L 8J 8L 8J 8L 8J; 2 2 12L 12 12J; 2 4r 4r 16LL 16 16 16JJ
"""
_FIVE_FOUR = """
333 2. 16LL 16 16 16JJ 4; 250 8 4 8 4 8L 8 8 8J; 167 8L 8 8 8J 4 4 4; 125 2. 8L 8 8 8J; 100 2. 2; 60 2. 4 4;
60 4 2 2; 40 2. 4 4r
"""
_TWO_FOUR = """
192 2; 154 8.L 16Jk 8L 8J; 115 16r 8L 16Jk 16KL 8 16Jk; 77 16KL 8.J 8L 8J; 77 16KL 8.J 8.L 16Jk; 77 16KL 8.J 4;
77 16KL 8 16Jk 4; 80 4 4; 60 4 8L 8J; 60 8L 8J 4; 60 8L 8J 8L 8J; 20 8L 16L 16JJ 16KL 8 16Jk
"""
# First half -> the second half that often follows it, and how often it does beyond the table.
_GOES_ON: Mapping[str, tuple[str, float]] = {
    "4 4": ("4 4", 0.6), "4r 4": ("4 4", 0.75), "8 4r 8": ("4 4", 0.55), "6 6 6": ("2", 0.4), "2r": ("2r", 0.2),
}  # fmt: skip
_PICKUPS = """
5 4; 2 4 4; 3 8; 2 8L 8J 8 4 8; 1 8r 8 8L 8J; 1 8L 8 8 8J; 1 8L 8J 8L 8J; 1 8r 8 12L 12 12J; 1 8r 8; 1 8 8L 8 8 8J;
2 4 4 4; 1 8L 8J
"""
_LAST_BARS: Mapping[str, str] = {
    "4/4": "39 2 2r; 35 1; 27 4 4r 2r; 18 2. 4r; 14 1r; 3 8L 8 8 8J 2r; 2 2 8 8r 4r; 2 2 4 4r; 2 8 8r 4r 2r",
    "3/4": "7 2.; 3 2.r; 2 4 2r; 1 2 4r",
    "5/4": "1 2. 2r; 1 2. 2",
    "2/4": "2 2; 1 4 4r",
}
METER_TICKS: Mapping[str, int] = {"4/4": 96, "2/2": 96, "3/4": 72, "2/4": 48, "5/4": 120}
BAR_RESTS: Mapping[int, str] = {96: "1r", 72: "2.r", 48: "2r", 120: "1r 4r"}
UNDIVIDED_SHARE = 0.27  # of the bars of four quarters; they seldom have more than one chord
UNDIVIDED_SHARE_TWO_CHORDS = 0.04
_USUAL_DENSITY, _DENSITY_PER_BAR = 0.015, 0.15
_PLAIN = frozenset({"1", "2.", "2", "4", "2r", "4r"})


@dataclass(frozen=True)
class Figure:
    """A note or rest of a rhythm.

    Attributes:
        duration: As `**kern` has it, such as `4.`.
        is_rest: Whether it is a rest.
        beams: Its beam marks, out of `L J K k`.
        ticks: Its length, `TICKS` to a whole note.
    """

    duration: str
    is_rest: bool
    beams: str
    ticks: int


Rhythm = tuple[Figure, ...]
_Table = tuple[tuple[int, Rhythm], ...]


@cache
def rhythm_of(text: str) -> Rhythm:
    """Return the rhythm spelled by durations, `r` for rests, and beams: `4r 8L 8J`."""
    figures = []
    for word in text.split():
        duration = word.rstrip("rLJKk")
        number = duration.rstrip(".")
        dots = len(duration) - len(number)
        ticks = TICKS // int(number) * (2 ** (dots + 1) - 1) // 2**dots
        figures.append(Figure(duration, "r" in word, word[len(duration) :].lstrip("r"), ticks))
    return tuple(figures)


def _spelled(rhythm: Rhythm) -> str:
    return " ".join(figure.duration + "r" * figure.is_rest + figure.beams for figure in rhythm)


@cache
def _table(text: str) -> _Table:
    """Return the weighted rhythms of one of the tables above."""
    entries = (entry.strip().partition(" ") for entry in text.replace("\n", " ").split(";"))
    return tuple((int(weight), rhythm_of(rhythm)) for weight, _, rhythm in entries)


def onsets(rhythm: Rhythm) -> list[int]:
    """Return where each figure begins, in ticks from the first."""
    return [0, *accumulate(figure.ticks for figure in rhythm)][:-1]


@dataclass(frozen=True)
class Leaning:
    """What rhythms a tune prefers: factors on the weights of the tables.

    Attributes:
        density: Natural logarithm of the factor for each note and rest of a bar.
        triplets: Factor for rhythms with triplets.
        sixteenths: Factor for rhythms with sixteenths and shorter ones.
        rests: Factor for rhythms with rests.
        plain: Whether to use whole, dotted half, half and quarter notes only.
    """

    density: float = 0.0
    triplets: float = 1.0
    sixteenths: float = 1.0
    rests: float = 1.0
    plain: bool = False

    @classmethod
    def draw(cls, rng: random.Random, bars_per_system: float) -> Leaning:
        """Draw what an ordinary tune prefers: most have few triplets or sixteenths, some have many.

        Args:
            rng: Source of chance.
            bars_per_system: Pages with many bars on a system have few notes in a bar.
        """
        return cls(
            density=rng.gauss(_USUAL_DENSITY - _DENSITY_PER_BAR * (bars_per_system - 4.0), 0.13),
            triplets=rng.choices((0.15, 1.0, 5.0), (60, 25, 15))[0],
            sixteenths=rng.choices((0.15, 1.0, 6.0), (65, 22, 13))[0],
            rests=rng.choice((0.5, 1.0, 1.6)),
        )

    def factor(self, rhythm: Rhythm) -> float:
        """Return by what the weight of a rhythm is multiplied; 0 where it is left out."""
        words = [figure.duration + "r" * figure.is_rest for figure in rhythm]
        if self.plain and not _PLAIN.issuperset(words):
            return 0.0
        factor = math.exp(self.density * len(rhythm))
        numbers = [int(figure.duration.rstrip(".")) for figure in rhythm]
        factor *= self.triplets if any(number % 3 == 0 for number in numbers) else 1.0
        factor *= self.sixteenths if any(number in (16, 32) for number in numbers) else 1.0
        return factor * (self.rests if any(figure.is_rest for figure in rhythm) else 1.0)


class RhythmSource:
    """Draws the bars of one tune."""

    def __init__(self, meter: str, leaning: Leaning) -> None:
        self._meter = meter
        self._leaning = leaning
        self._weighted: dict[str, tuple[list[Rhythm], list[float]]] = {}

    def bar(self, rng: random.Random, chords: int) -> Rhythm:
        """Draw a bar that has this number of chords: one with several mostly has notes where they stand."""
        bar_ticks = METER_TICKS[self._meter]
        if bar_ticks == TICKS:
            if rng.random() < (UNDIVIDED_SHARE if chords < 2 else UNDIVIDED_SHARE_TWO_CHORDS):
                return self._draw(rng, _UNDIVIDED)
            first = self._draw(rng, _FIRST_HALVES)
            second, share = _GOES_ON.get(_spelled(first), ("", 0.0))
            return first + (rhythm_of(second) if rng.random() < share else self._draw(rng, _SECOND_HALVES))
        return self._draw(rng, {72: _THREE_FOUR, 48: _TWO_FOUR, 120: _FIVE_FOUR}[bar_ticks])

    def bar_rest(self) -> Rhythm:
        """Return the bar without notes."""
        return rhythm_of(BAR_RESTS[METER_TICKS[self._meter]])

    def pickup(self, rng: random.Random) -> Rhythm:
        """Draw an incomplete first bar."""
        fitting = [(weight, rhythm) for weight, rhythm in _table(_PICKUPS) if self.fits_pickup(rhythm)]
        return rng.choices([rhythm for _, rhythm in fitting], [weight for weight, _ in fitting])[0]

    def fits_pickup(self, rhythm: Rhythm) -> bool:
        """Say whether the rhythm is shorter than a bar."""
        return sum(figure.ticks for figure in rhythm) < METER_TICKS[self._meter]

    def last_bar(self, rng: random.Random) -> Rhythm:
        """Draw the bar a tune ends with."""
        return self._draw(rng, _LAST_BARS.get(self._meter, _LAST_BARS["4/4"]))

    def _draw(self, rng: random.Random, name: str) -> Rhythm:
        if name not in self._weighted:
            table = _table(name)
            weights = [weight * self._leaning.factor(rhythm) for weight, rhythm in table]
            self._weighted[name] = [rhythm for _, rhythm in table], list(accumulate(weights))
        rhythms, sums = self._weighted[name]
        return rhythms[min(bisect(sums, rng.random() * sums[-1]), len(rhythms) - 1)]
