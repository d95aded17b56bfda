"""Uneven spacing: what is written together moves together, what follows stays behind.

Knows x coordinates and which elements belong to one note.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jazzmus.synthesis.elements import Element
from jazzmus.synthesis.handwriting.barlines import parts_reach
from jazzmus.synthesis.handwriting.strokes import Points

FIRST_GAP = 1.5  # staff spaces of slack before what stands first
CLEARANCE = 0.5  # staff spaces between neighbours that are never closed
REACH = 0.6  # of a head or sign to either side of its centre
ANCHORED = ("accidental", "clef", "dot", "head", "key_accidental", "ledger", "meter", "rest", "stem")


def uneven(elements: Sequence[Element], width: float, amount: float, rng: np.random.Generator) -> tuple[Element, ...]:
    """Move elements to and fro, all of a note by the same distance; the order of what stands apart is kept.

    Args:
        elements: Of one system.
        width: Length of the staff; nothing is moved over its ends.
        amount: Standard deviation of the logarithm of gaps.
        rng: Source of the unevenness.
    """
    reaches = spans(elements)
    if not reaches:
        return tuple(elements)
    left, right = np.array(reaches).T
    bars = np.sort([element.points[0][0] for element in elements if element.kind == "barline"])
    edges = np.concatenate([[min(0.0, left[0])], right])
    gaps = np.concatenate([left, [max(width, right[-1])]]) - edges
    slack = np.maximum(gaps - CLEARANCE, 0.0)
    # Whole bars are wide or narrow, and the notes in them.
    bar = np.searchsorted(bars, edges)
    factors = np.exp(amount * (0.5 * rng.standard_normal(len(bars) + 1)[bar] + rng.standard_normal(len(gaps))))
    moved = slack * factors
    moved[0] = min(moved[0], FIRST_GAP)  # where a clef is left out, the music begins further left
    total = moved.sum()
    if total <= 0:
        return tuple(elements)
    shifts = np.cumsum(moved * (slack.sum() / total) - slack)[:-1]
    known = np.concatenate([edges[:1], np.stack([left, right], axis=1).ravel(), [max(width, right[-1])]])
    return _moved(elements, known, np.concatenate([[0.0], np.repeat(shifts, 2), [0.0]]))


def spans(elements: Sequence[Element], taken: Sequence[tuple[float, float]] = ()) -> list[tuple[float, float]]:
    """Return from where to where in x each note, sign of its own and part `taken` reaches; left to right, united."""
    groups: dict[int, list[float]] = {}
    single: list[tuple[float, float]] = []
    for element in elements:
        xs = [point[0] for point in element.points]
        if element.kind == "barline":
            left, right = parts_reach(element.what)
            single.append((xs[0] - left, xs[0] + right))
        elif element.kind in ANCHORED and element.note >= 0:
            groups.setdefault(element.note, []).extend(xs)
        elif element.kind in ANCHORED:
            single.append((min(xs), max(xs)))
    reaches = sorted([*taken, *single, *((min(xs) - REACH, max(xs) + REACH) for _, xs in sorted(groups.items()))])
    merged: list[tuple[float, float]] = []
    for left, right in reaches:
        if merged and left <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], right))
        else:
            merged.append((left, right))
    return merged


def _moved(elements: Sequence[Element], known: Points, shifts: Points) -> tuple[Element, ...]:
    xs = np.array([x for element in elements for x, _ in element.points])
    new = iter((xs + np.interp(xs, known, shifts)).tolist())
    return tuple(element._replace(points=tuple((next(new), y) for _, y in element.points)) for element in elements)
