"""Learning curves of runs: which points they have, against steps and minutes.

Knows what a run logged; does not know how a curve is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jazzmus.compare.run_files import RunFiles

Points = list[tuple[float, float]]

TRAIN_LOSS, VAL_LOSS, VAL_SER = "train/loss", "val/loss", "val/ser"
CURVES = {TRAIN_LOSS: "Training loss", VAL_LOSS: "Validation loss", VAL_SER: "Validation SER, percent"}
MOST_POINTS = 120  # of a curve; a record of all curves has fewer than 400 lines


class Curve(NamedTuple):
    """One quantity of one run; a point is a step or minute, and the value there."""

    run: str
    points: Points


class Chart(NamedTuple):
    """The curves of all runs in one quantity.

    Attributes:
        title: What is drawn.
        unit: Of the horizontal axis, `steps` or `minutes`.
        is_loss: Whether the value is a loss, which falls by orders of magnitude.
        curves: One a run; runs without any point are left out.
    """

    title: str
    unit: str
    is_loss: bool
    curves: Sequence[Curve]


def charts_of(runs: Sequence[RunFiles]) -> list[Chart]:
    """The charts that have any points: each quantity against steps and, where runs say when they were, minutes."""
    charts = []
    for name, title in CURVES.items():
        by_step = [Curve(run.name, curve_points(run.metrics, name)) for run in runs]
        pairs = zip(runs, by_step, strict=True)
        by_minute = [Curve(run.name, in_minutes(curve.points, _clock(run))) for run, curve in pairs]
        for unit, curves in (("steps", by_step), ("minutes", by_minute)):
            if drawn := [curve for curve in curves if curve.points]:
                charts.append(Chart(title, unit, name != VAL_SER, drawn))
    return charts


def curve_points(metrics: Sequence[tuple[int, str, float]], name: str) -> Points:
    """Return steps and finite values of a quantity; a curve of many points is smoothed by means of neighbours.

    The reading of the best weights after training stands at a step that was never taken, and is left out.
    """
    last = max((step for step, key, _ in metrics if key == TRAIN_LOSS), default=None)
    points = [
        (float(step), value)
        for step, key, value in metrics
        if key == name and np.isfinite(value) and (last is None or step <= last)
    ]
    return window_means(points, MOST_POINTS)


def window_means(points: Points, most: int) -> Points:
    """Return at most so many points, each the mean of as many neighbours."""
    if len(points) <= most:
        return points
    windows = np.array_split(np.asarray(points, dtype=np.float64), most)
    return [(float(step), float(value)) for step, value in (window.mean(axis=0) for window in windows)]


def in_minutes(points: Points, clock: Sequence[tuple[float, float]]) -> Points:
    """Return points against minutes of training, between the moments at which a run looked at its clock.

    Args:
        points: Steps, from 0, and values.
        clock: Steps that were taken by some second of training, in order; none gives no points.
    """
    if not clock:
        return []
    steps, seconds = zip((0.0, 0.0), *clock, strict=True)
    minutes = np.interp([step + 1 for step, _ in points], steps, seconds) / 60
    return [(float(minute), value) for minute, (_, value) in zip(minutes, points, strict=True)]


def _clock(run: RunFiles) -> list[tuple[float, float]]:
    """The clock of a run's cost; none where it has none that can be read."""
    try:
        return [(float(step), float(seconds)) for step, seconds in run.cost.get("clock", [])]
    except (TypeError, ValueError):
        return []
