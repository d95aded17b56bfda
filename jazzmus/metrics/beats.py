"""Chord symbols at their places in the measures, and their edits: our own `ser_chord_beat`.

A chord is right when symbol, measure and position in the measure are. Positions come from the durations of the melody
as written in the same text. Knows the cells of rows; knows no meter, so it never asks whether a measure is full.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, zip_longest

from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from jazzmus.errors import KernError
from jazzmus.kern.document import RowKind
from jazzmus.kern.notes import NULL_CELL, parse_notes
from jazzmus.metrics.spine_walk import WalkedRow
from jazzmus.metrics.transcription import EditCount

Measure = tuple[str, ...]

# For each row of a measure, and each voice in it: the duration that begins there, as a fraction; empty where none does.
_Rhythm = tuple[tuple[str, ...], ...]

# A measure without partner weighs two chords more than its own when measures are paired: a lone chord in the wrong
# measure is then the chord's fault, and a measure left out does not make every chord after it wrong.
_MEASURE_WEIGHT = 2
# Weights are counted in these, so that of the pairings of least weight the one with the fewest chord edits is taken.
# Floats are exact here and, unlike whole numbers of this size, quick.
_WEIGHT = 2.0**26
_CHORD_COST = _WEIGHT + 1
_LONGEST_NOTE_CELL = 100


def chord_measures(rows: Iterable[WalkedRow]) -> list[Measure]:
    """Return the measures of a text, each the chords in it as `symbol@position`, in whole notes from the barline.

    Rows in which no note begins share the time from the note before them to the next evenly. A cell that is no note
    takes no time. The first measure is what stands before the first barline.
    """
    measures: list[list[WalkedRow]] = [[]]
    for row in rows:
        if row.kind is RowKind.BARLINE:
            measures.append([])
        elif row.kind is RowKind.DATA:
            measures[-1].append(row)
    return [_placed(measure) for measure in measures]


def row_onsets(melody: Sequence[tuple[str, ...]]) -> tuple[Fraction, ...]:
    """Return where each data row of one measure stands, in whole notes from its beginning; see `chord_measures`.

    Args:
        melody: The melody cells of each row, one a voice.
    """
    return _onsets(tuple([_durations(cells) for cells in melody]))


def count_measures(prediction: Sequence[Measure], reference: Sequence[Measure]) -> EditCount:
    """Return the chord edits under the best pairing of measures in order, and the number of chords of the reference.

    A pair of measures costs the Levenshtein distance of its chords, a measure without partner each of its chords.
    """
    return EditCount(int(_pairing_cost(prediction, reference) % _WEIGHT), sum(map(len, reference)))


def _placed(rows: Sequence[WalkedRow]) -> Measure:
    """Return the chords of the data rows of one measure at their positions."""
    if not any(row.chords for row in rows):
        return ()
    onsets = row_onsets([row.melody for row in rows])
    return tuple([f"{chord}@{onset}" for onset, row in zip(onsets, rows, strict=True) for chord in row.chords])


@lru_cache(maxsize=4096)
def _onsets(rhythm: _Rhythm) -> tuple[Fraction, ...]:
    now = Fraction(0)
    left: list[Fraction] = []
    onsets: list[Fraction] = []
    while len(onsets) < len(rhythm):
        begin = len(onsets)
        end = begin + 1
        while end < len(rhythm) and not any(rhythm[end]):
            end += 1
        step, left = _step(rhythm[begin], left)
        onsets += [now + step * Fraction(number, end - begin) for number in range(end - begin)]
        now += step
    return tuple(onsets)


def _step(starts: Sequence[str], left: Sequence[Fraction]) -> tuple[Fraction, list[Fraction]]:
    """Return the time to the next event and what is then left of each voice's note, given what was left of it."""
    zero = Fraction(0)
    voices = list(zip_longest(starts, left[: len(starts)], fillvalue=zero))
    sounding = [Fraction(start) if start else rest for start, rest in voices]
    # What begins with no duration, such as a grace note, stops the clock; a voice that is silent does not.
    steps = [time for (start, _), time in zip(voices, sounding, strict=True) if start or time]
    step = min(steps, default=zero)
    return step, [max(time - step, zero) for time in sounding]


@lru_cache(maxsize=4096)
def _durations(cells: tuple[str, ...]) -> tuple[str, ...]:
    """Return the duration that begins in each melody cell; empty where no note does, `0` where it is no note."""
    return tuple("" if cell == NULL_CELL else _duration(cell) for cell in cells)


def _duration(cell: str) -> str:
    try:
        return str(parse_notes(cell)[0].duration if len(cell) <= _LONGEST_NOTE_CELL else 0)
    except (KernError, ArithmeticError, ValueError):
        return "0"


def _pairing_cost(prediction: Sequence[Measure], reference: Sequence[Measure]) -> float:
    """Return the least weight of pairing measures in order, times `_WEIGHT`, plus the chord edits of that pairing."""
    prediction, reference = _without_common_ends(prediction, reference)
    distinct = list(dict.fromkeys(prediction))
    distances = cdist(distinct, reference, scorer=Levenshtein.distance).astype(float) * _CHORD_COST
    costs = dict(zip(distinct, distances.tolist(), strict=True))
    gaps = [_alone(measure) for measure in reference]
    above = [0.0, *accumulate(gaps)]
    for measure in prediction:
        extra = _alone(measure)
        best = above[0] + extra
        row = [best]
        for corner, over, pair, gap in zip(above, above[1:], costs[measure], gaps, strict=False):
            # Not `min`: this loop is a good part of the time of a page.
            best += gap
            if corner + pair < best:
                best = corner + pair
            if over + extra < best:
                best = over + extra
            row.append(best)
        above = row
    return above[-1]


def _alone(measure: Measure) -> float:
    return len(measure) * _CHORD_COST + _MEASURE_WEIGHT * _WEIGHT


def _without_common_ends(
    prediction: Sequence[Measure], reference: Sequence[Measure]
) -> tuple[Sequence[Measure], Sequence[Measure]]:
    """Leave out equal measures at both ends, which are paired in some best pairing."""
    shorter = min(len(prediction), len(reference))
    head = 0
    while head < shorter and prediction[head] == reference[head]:
        head += 1
    tail = 0
    while tail < shorter - head and prediction[-1 - tail] == reference[-1 - tail]:
        tail += 1
    return prediction[head : len(prediction) - tail], reference[head : len(reference) - tail]
