"""Measures that do not fill their meter: mended with one line each, or refused where there are too many.

Short measures are right at the beginning, the end and beside repeats and double bars, and in pairs that make a whole
one. Knows measures as read; knows nothing of XML, nor of the text they become.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from jazzmus.errors import DataError
from jazzmus.synthesis.content.musicxml_notes import rests
from jazzmus.synthesis.content.musicxml_part import Measure, Meter

_COMMON = {Fraction(1, 2): "2/4", Fraction(3, 4): "3/4", Fraction(1): "4/4", Fraction(5, 4): "5/4"}
_MOST_MENDED = 0.2  # of the measures, beside three
_LEAST_ALIKE = 0.6
_LONGEST = 4


def complete_meters(measures: Sequence[Measure], repairs: Counter[str]) -> None:
    """State a meter in the first measure if none is: the one that most measures fill.

    Raises:
        DataError: There is none that most of them fill.
    """
    stated = next((measure.meter for measure in measures if measure.meter), None)
    if measures[0].meter is not None:
        return
    if stated is not None:
        measures[0].meter = stated
        repairs[f"meter stated late: {stated.name} from the beginning"] += 1
        return
    lengths = Counter(measure.length for measure in measures if measure.length)
    length, times = max(lengths.items(), key=lambda item: item[1], default=(Fraction(0), 0))
    if length not in _COMMON or times < _LEAST_ALIKE * len(measures):
        raise DataError("no meter; give it a time signature")
    measures[0].meter = Meter(_COMMON[length], "")
    repairs[f"no meter: {_COMMON[length]} taken from the length of the measures"] += 1


def complete_measures(measures: Sequence[Measure], repairs: Counter[str]) -> None:
    """Fill short measures with rests and state another meter for long ones, where that is not as it should be.

    Args:
        measures: Of the whole tune, the first with a meter; mended in place.
        repairs: Takes a line for each that is mended.

    Raises:
        DataError: A measure that cannot be mended, or too many of them.
    """
    lengths = _full_lengths(measures)
    mended = 0
    restored: Meter | None = None
    meter = measures[0].meter
    for index, (measure, full) in enumerate(zip(measures, lengths, strict=True)):
        meter = measure.meter or meter
        if restored is not None:
            measure.meter, restored = measure.meter or restored, None
        if len(measure.events) == 1 and measure.events[0].fills_bar and measure.length != full:
            measure.events = rests(Fraction(0), full)
        if not measure.events:
            measure.events = rests(Fraction(0), full)
            repairs[f"measure {measure.number}: empty, filled with a rest"] += 1
            continue
        _drop_rests_beyond(measure, full, repairs)
        if measure.length == full or (measure.length < full and _may_be_short(measures, index, lengths)):
            continue
        mended += 1
        if measure.length < full:
            repairs[f"measure {measure.number}: {measure.length} of {full} whole notes, filled with rests"] += 1
            measure.events += rests(measure.length, full - measure.length)
        else:
            restored, measure.meter = meter, _meter_of(measure)
            repairs[f"measure {measure.number}: longer than its meter, {measure.meter.name} stated"] += 1
    if mended > 3 + _MOST_MENDED * len(measures):
        raise DataError(f"{mended} of {len(measures)} measures do not fill their meter; check meter and voices")


def _full_lengths(measures: Sequence[Measure]) -> list[Fraction]:
    length = Fraction(1)
    lengths: list[Fraction] = []
    for measure in measures:
        length = measure.meter.length if measure.meter else length
        lengths.append(length)
    return lengths


def _drop_rests_beyond(measure: Measure, full: Fraction, repairs: Counter[str]) -> None:
    """Take rests that begin after the end of the measure off it."""
    before = len(measure.events)
    while measure.events[-1].onset >= full and not measure.events[-1].heads:
        measure.events.pop()
    if len(measure.events) < before:
        repairs[f"measure {measure.number}: rests beyond its end left out"] += 1


def _may_be_short(measures: Sequence[Measure], index: int, lengths: Sequence[Fraction]) -> bool:
    """Say whether a short measure is one by right: pickup, last, at a repeat or double bar, or half of a split one."""
    measure = measures[index]
    before = measures[index - 1] if index else None
    after = measures[index + 1] if index + 1 < len(measures) else None
    if measure.is_partial or before is None or after is None or measure.heavy or measure.repeats:
        return True
    if before.heavy or ":|" in before.repeats or "|:" in after.repeats:
        return True
    return any(measure.length + neighbour.length == lengths[index] for neighbour in (before, after))


def _meter_of(measure: Measure) -> Meter:
    """Return the meter that a measure fills."""
    for unit in (4, 8, 16):
        beats = measure.length * unit
        if beats.denominator == 1 and beats <= 16 and measure.length <= _LONGEST:
            return Meter(f"{beats}/{unit}", "")
    raise DataError(f"measure {measure.number}: {measure.length} whole notes long; check its durations")
