"""Where the chords of a system are written: above what is drawn below them, side by side.

Knows how wide and high chords are, not how they are spelt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from jazzmus.synthesis.elements import Element
from jazzmus.synthesis.handwriting.music_hand import MusicHand
from jazzmus.synthesis.handwriting.occupied import Box, Occupied

LETTER_WIDTH = 0.55  # of an average letter, relative to the height of capitals
BESIDE = 0.5  # least distance between two chords, in staff spaces
CLEARANCE = 0.35  # least distance to what is below
DESCENT = 0.3  # how far j and / reach below the baseline, relative to the height of capitals
FARTHEST = 3.0  # a chord that would have to move further than this is written higher instead
SIZES = (1.0, 0.9, 0.8, 0.72, 0.65)  # where chords are dense all of a system are written smaller, down to the last
SMALLEST = 1.05  # no capital is made lower for that, in staff spaces
HIGHEST_ROW = 3.0  # a row is raised no further than this for the highest note
TOP_LINE = -2.0


class ChordPlace(NamedTuple):
    """The cell of a chord, the left end of its text and its baseline, in staff spaces; its size, 1 is the usual."""

    cell: str
    x: float
    baseline: float
    size: float = 1.0


def place_chords(
    chords: Sequence[Element],
    width: float,
    occupied: Occupied,
    chord_width: Callable[[str], float] | None,
    hand: MusicHand,
    rng: np.random.Generator,
) -> tuple[ChordPlace, ...]:
    """Place chords, and add their rectangles to what is occupied.

    Args:
        chords: Of one system.
        width: Length of the staff; chords end at most a little behind it where they can.
        occupied: What is drawn below.
        chord_width: Width of a cell's text in staff spaces; None: by the number of letters.
        hand: The writer.
        rng: Source of the unevenness.

    Returns:
        The chords from left to right.
    """
    chords = sorted(chords, key=lambda element: element.points[0][0])
    if not chords:
        return ()
    widths = [
        chord_width(chord.what)
        if chord_width is not None
        else LETTER_WIDTH * hand.chord_height * max(1, len(chord.what))
        for chord in chords
    ]
    jitter = np.clip(rng.normal(0.0, 0.3, len(chords)), -0.6, 0.6).tolist()
    wanted = [chord.points[0][0] + off for chord, off in zip(chords, jitter, strict=True)]
    scale, xs = _fitting(wanted, widths, width + 1.5, hand.chord_height)
    height, widths = scale * hand.chord_height, [scale * size for size in widths]
    lowest = TOP_LINE - hand.chord_gap
    clear = [
        min(lowest, occupied.highest(x - 0.2, x + size + 0.2, np.inf) - CLEARANCE - DESCENT * height)
        for x, size in zip(xs, widths, strict=True)
    ]
    row = max(min(clear), lowest - HIGHEST_ROW)
    places: list[ChordPlace] = []
    boxes: list[Box] = []
    for chord, x, size, free in zip(chords, xs, widths, clear, strict=True):
        level = free + hand.chord_row * min(0.0, row - free) - abs(rng.normal(0.0, 0.02 + 2.5 * hand.mess))
        baseline, right = float(level), x + size
        for left, top, earlier_right, bottom in sorted(boxes, key=lambda box: -box[1]):
            # From the lowest up, so that a step up is never onto one that was looked at before.
            beside = left >= right + 0.2 or x >= earlier_right + 0.2
            if not beside and baseline - height < bottom and baseline + DESCENT * height > top - CLEARANCE:
                baseline = top - CLEARANCE - DESCENT * height
        boxes.append((x, baseline - height, right, baseline + DESCENT * height))
        places.append(ChordPlace(chord.what, x, baseline, scale))
    for box in boxes:
        occupied.add_box(box)
    return tuple(places)


def _fitting(wanted: Sequence[float], widths: Sequence[float], end: float, height: float) -> tuple[float, list[float]]:
    """Return the largest size at which chords stand side by side near their notes, and their places; else the least."""
    sizes = [size for size in SIZES if size == 1.0 or size * height >= SMALLEST]
    for size in sizes:
        xs = _side_by_side(wanted, [size * chord for chord in widths], end, BESIDE * size)
        if max(abs(x - want) for x, want in zip(xs, wanted, strict=True)) <= FARTHEST:
            break
    return size, [x if abs(x - want) <= FARTHEST else want for x, want in zip(xs, wanted, strict=True)]


def _side_by_side(wanted: Sequence[float], widths: Sequence[float], end: float, beside: float) -> list[float]:
    """Move chords to the left and right as little as possible so that none overlaps."""
    starts = np.cumsum([0.0, *(size + beside for size in widths[:-1])]).tolist()
    blocks: list[tuple[float, int]] = []  # sum and number of what moves together
    for x, start in zip(wanted, starts, strict=True):
        total, count = x - start, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            earlier = blocks.pop()
            total, count = total + earlier[0], count + earlier[1]
        blocks.append((total, count))
    levels = [total / count for total, count in blocks for _ in range(count)]
    xs = [level + start for level, start in zip(levels, starts, strict=True)]
    for index in range(len(xs) - 1, -1, -1):
        xs[index] = min(xs[index], end - widths[index])
        end = xs[index] - beside
    return xs
