"""Barlines, repeats, the lines of endings and the figures of triplets.

Knows shapes only, not what they repeat.
"""

from __future__ import annotations

import numpy as np

from jazzmus.synthesis.elements import Element
from jazzmus.synthesis.handwriting.music_hand import MusicHand
from jazzmus.synthesis.handwriting.strokes import Mark, Points, Stroke
from jazzmus.synthesis.handwriting.writing import curve, line, number, pen_width

THICK = 0.5  # staff spaces, of a thick line made of strokes
PITCH = 0.6  # between two lines
VOLTA_FIGURE = 1.2  # height of the figure
TUPLET_FIGURE = 1.1
LOWEST_VOLTA = -3.9  # y of the line of an ending with nothing below it

# Thin (|), thick (#) and dotted (:) lines of each barline, left to right, and which of them stands at its x.
PARTS = {
    "single": ("|", 0),
    "double": ("||", 1),
    "final": ("|#", 1),
    "repeat-start": ("#|:", 0),
    "repeat-end": (":|#", 2),
    "repeat-both": (":|#|:", 2),
    "dashed": ("'", 0),
}


def parts_reach(what: str) -> tuple[float, float]:
    """Return how far the lines and dots of a kind of barline reach to the left and right of its x."""
    parts, origin = PARTS.get(what, PARTS["single"])
    return 0.1 + PITCH * origin, 0.1 + PITCH * (len(parts) - 1 - origin)


def draw_barline(barline: Element, hand: MusicHand, rng: np.random.Generator) -> list[Mark]:
    """Draw a barline of any kind; one of a kind unknown is drawn as a single one."""
    (x, top), (_, bottom) = barline.points
    parts, origin = PARTS.get(barline.what, PARTS["single"])
    reach = np.clip(hand.barline_reach + rng.normal(0.0, 0.1 + 2.0 * hand.mess, 2), -0.4, 1.2)
    top, bottom = top - float(reach[0]), bottom + float(reach[1])
    lean = (0.5 * hand.slant + rng.normal(0.0, 0.7 * hand.mess)) * (bottom - top) / 2
    marks: list[Mark] = []
    for index, part in enumerate(parts):
        at = x + (index - origin) * PITCH
        ends = (at + lean, top), (at - lean, bottom)
        if part == "|":
            marks.append(line(*ends, hand, rng))
        elif part == "#":
            marks += _thick(ends, hand, rng)
        elif part == ":":
            middle = (barline.points[0][1] + barline.points[1][1]) / 2
            marks += [draw_point(at, middle + side * 0.5, hand, rng) for side in (-1.0, 1.0)]
        else:
            steps = np.linspace(0.0, 1.0, 9)
            marks += [
                line((at, top + a * (bottom - top)), (at, top + b * (bottom - top)), hand, rng)
                for a, b in zip(steps[::2], steps[1::2], strict=False)
            ]
    if hand.repeat == "winged" and ":" in parts:
        side = 1.0 if parts.endswith(":") else -1.0
        marks += [line((x, y), (x + side * 0.9, y + out), hand, rng) for y, out in ((top, -0.6), (bottom, 0.6))]
    return marks


def _thick(
    ends: tuple[tuple[float, float], tuple[float, float]], hand: MusicHand, rng: np.random.Generator
) -> list[Stroke]:
    (x0, y0), (x1, y1) = ends
    if hand.ending == "two_thin":
        return [line((x0, y0), (x1, y1), hand, rng)]
    if hand.ending == "thick":
        return [line((x0, y0), (x1, y1), hand, rng, width=max(2.0, 0.8 * THICK / hand.pen))]
    turns = 9
    steps = np.linspace(0.0, 1.0, turns)
    side = np.where(np.arange(turns) % 2, 0.5, -0.5) * THICK
    up_and_down = np.where(np.arange(turns) % 2, y1, y0)
    controls = np.stack([x0 + (steps - 0.5) * THICK, up_and_down + 0.3 * side], axis=1)
    return [Stroke(controls + rng.normal(0.0, hand.mess, controls.shape), pen_width(hand, rng))]


def draw_point(x: float, y: float, hand: MusicHand, rng: np.random.Generator) -> Stroke:
    """Draw a dot, often a very short stroke."""
    start = np.array((x, y)) + rng.normal(0.0, hand.mess, 2)
    points = np.stack([start, start + rng.normal(0.0, 0.05, 2)])
    return Stroke(points, max(pen_width(hand, rng, 1.35), 0.24 / hand.pen))


def draw_volta(volta: Element, y: float, hand: MusicHand, rng: np.random.Generator) -> list[Mark]:
    """Draw the line of an ending at height y, its hooks and its figure."""
    left, right = volta.points[0][0], volta.points[1][0]
    right = max(left + 1.5, right - abs(rng.normal(0.0, 0.4)))
    marks: list[Mark] = [
        line((left, y + hand.volta_hook), (left, y), hand, rng),
        line((left, y), (right, y + rng.normal(0.0, 0.1)), hand, rng, rng.normal(0.0, 0.1)),
    ]
    if volta.what.endswith("|"):
        marks.append(line((right, y), (right, y + hand.volta_hook), hand, rng))
    middle = y + 0.35 + VOLTA_FIGURE / 2
    return [*marks, *number(volta.what, left + 0.45 + 0.4 * VOLTA_FIGURE, middle, VOLTA_FIGURE, hand, rng)]


def draw_tuplet(tuplet: Element, lift: float, hand: MusicHand, rng: np.random.Generator) -> list[Mark]:
    """Draw the figure of a triplet or other tuplet, moved down by `lift`, and its bracket if the writer draws them."""
    x, y = tuplet.points[0]
    y += lift
    marks: list[Mark] = [*number(tuplet.what, x, y, TUPLET_FIGURE, hand, rng)]
    if len(tuplet.points) < 3 or not hand.tuplet_bracket:
        return marks
    (left, left_y), (right, right_y) = tuplet.points[1:]
    hook = 0.6 if (left_y + right_y) / 2 + lift < 0 else -0.6
    half = 0.45 * TUPLET_FIGURE
    # The bracket leaves a gap for the figure, which stands in its line.
    slope = (right_y - left_y) / max(right - left, 1.0)
    if right - x > half and x - left > half:
        left_y, right_y = y - slope * (x - left), y + slope * (right - x)
        ends = ((left, left_y), (x - half, y - slope * half)), ((right, right_y), (x + half, y + slope * half))
        for outer, inner in ends:
            controls: Points = np.array(((outer[0], outer[1] + hook), outer, outer, inner))
            marks.append(curve(controls, hand, rng))
    return marks
