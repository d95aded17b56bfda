"""Lines that belong to notes: stems, flags, beams, ledger lines, ties and slurs.

Knows where heads are, not what they mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jazzmus.synthesis.elements import Element
from jazzmus.synthesis.handwriting.glyphs import upside_down
from jazzmus.synthesis.handwriting.heads import head_form
from jazzmus.synthesis.handwriting.music_hand import MusicHand
from jazzmus.synthesis.handwriting.signs import FLAGS
from jazzmus.synthesis.handwriting.strokes import Stroke
from jazzmus.synthesis.handwriting.writing import curve, line, write

HEAD_REACH = 0.9  # a head further than this from a stem's x is another note's
SHORTEST_STEM = 1.7
SHORTEST_FLAGGED_STEM = 2.3
BAND = 2.8  # beams of one group are at most this far apart
FLAG_PITCH = 0.75
FLAG_SIZE = 1.2
FLAG_COUNTS = {"8": 1, "16": 2, "32": 3, "64": 4}
SHORTEST_TIE = 1.5  # staff spaces
DEEPEST_TIE = 0.4  # of its length
ABOVE = -1.0  # sign of a direction in y


@dataclass(frozen=True)
class Stem:
    """Where a stem was engraved and where this writer draws it: (x, y) of its end at the head and of its tip."""

    engraved_tip: tuple[float, float]
    base: tuple[float, float]
    tip: tuple[float, float]

    @property
    def direction(self) -> float:
        """-1 for a stem that points up, 1 for one that points down."""
        return ABOVE if self.engraved_tip[1] < self.base[1] else 1.0


@dataclass(frozen=True)
class BeamGroup:
    """Notes under common beams: the engraved outer beam and the line that this writer draws for it."""

    left: tuple[float, float]
    right: tuple[float, float]
    new_y: tuple[float, float]
    spread: float

    def holds(self, x: float, y: float, band: float) -> bool:
        """Whether a point is within the group, `band` at most from its beam."""
        return self.left[0] - 0.4 <= x <= self.right[0] + 0.4 and abs(y - self._line(x)) <= band

    def new_height(self, x: float, y: float) -> float:
        """Where a point at an engraved (x, y) lies after the beam is redrawn."""
        line_y = self._line(x)
        return float(np.interp(x, (self.left[0], self.right[0]), self.new_y)) + self.spread * (y - line_y)

    def _line(self, x: float) -> float:
        return float(np.interp(x, (self.left[0], self.right[0]), (self.left[1], self.right[1])))


def plan_beams(
    beams: Sequence[Element], stems: Sequence[Element], hand: MusicHand, rng: np.random.Generator
) -> tuple[BeamGroup, ...]:
    """Decide how the beams of a system slope.

    Args:
        beams: All beams, secondary ones too.
        stems: All stems.
        hand: The writer.
        rng: Source of the unevenness.
    """
    groups: list[BeamGroup] = []
    for beam in sorted(beams, key=lambda element: (element.points[0][0] - element.points[1][0], element.points)):
        (x0, y0), (x1, y1) = beam.points
        if any(group.holds((x0 + x1) / 2, (y0 + y1) / 2, BAND) for group in groups):
            continue
        group = BeamGroup((x0, y0), (x1, y1), (y0, y1), 1.0)
        members = [stem.points for stem in stems if group.holds(*stem.points[1], band=1.3)]
        groups.append(_sloped(group, members, hand, rng))
    return tuple(groups)


def _sloped(
    group: BeamGroup, stems: Sequence[tuple[tuple[float, float], ...]], hand: MusicHand, rng: np.random.Generator
) -> BeamGroup:
    directions = {ABOVE if tip[1] < base[1] else 1.0 for base, tip in stems}
    if len(directions) != 1:
        return group  # stems on both sides leave no room
    direction = directions.pop()
    y0, y1 = group.left[1], group.right[1]
    middle = (y0 + y1) / 2 + rng.normal(0.0, 0.2)
    half = (y1 - y0) / 2 * hand.beam_tilt + rng.normal(0.0, 3.0 * hand.mess)
    tilted = BeamGroup(group.left, group.right, (middle - half, middle + half), float(rng.uniform(1.0, 1.25)))
    shortest = min(direction * (tilted.new_height(*tip) - base[1]) for base, tip in stems)
    push = direction * max(0.0, SHORTEST_STEM + 0.75 * (hand.beam == "thick") - shortest)
    return BeamGroup(group.left, group.right, (middle - half + push, middle + half + push), tilted.spread)


def place_stem(
    stem: Element, heads: Sequence[Element], groups: Sequence[BeamGroup], hand: MusicHand, rng: np.random.Generator
) -> Stem:
    """Decide where a stem is drawn.

    Args:
        stem: The engraved stem.
        heads: Heads of its note.
        groups: All beamed groups of the system.
        hand: The writer.
        rng: Source of the unevenness.
    """
    (x, base_y), (_, tip_y) = stem.points
    direction = ABOVE if tip_y < base_y else 1.0
    near = [head for head in heads if abs(head.points[0][0] - x) <= HEAD_REACH]
    if near and len({head.points[0][0] > x for head in near}) == 1:  # else the stem stands between two heads
        head = min(near, key=lambda element: abs(element.points[0][1] - base_y))
        head_x, base_y = head.points[0]
        wide, high, turn = head_form(head.what, hand)
        side = {"usual": -direction, "right": 1.0, "middle": 0.0}[hand.stem_side]
        x = head_x + side * (wide - 0.3 * hand.pen) + rng.normal(0.0, 0.04 + 1.5 * hand.mess)
        base_y += direction * (hand.stem_gap + (high if side == 0.0 else 0.0)) - 0.4 * side * min(turn, 0.4)
    group = next((group for group in groups if group.holds(stem.points[1][0], tip_y, 1.3)), None)
    if group is not None:
        tip_y = group.new_height(stem.points[1][0], tip_y)
    else:
        flagged = SHORTEST_FLAGGED_STEM
        length = max(abs(tip_y - base_y) * hand.stem_length * float(np.exp(rng.normal(0.0, 0.08))), flagged)
        tip_y = base_y + direction * length
    return Stem(stem.points[1], (float(x), float(base_y)), (float(x + hand.slant * (base_y - tip_y)), float(tip_y)))


def draw_stem(stem: Stem, beamed: bool, hand: MusicHand, rng: np.random.Generator) -> Stroke:
    """Draw a stem; under a beam it may end before it or cross it."""
    x, y = stem.tip
    if beamed:
        y -= stem.direction * (hand.beam_gap + rng.normal(0.0, hand.mess))
    return line(stem.base, (x, y), hand, rng)


def draw_flags(flag: Element, stems: Sequence[Stem], hand: MusicHand, rng: np.random.Generator) -> list[Stroke]:
    """Draw the flags of one stem at its new tip."""
    tip, direction = flag.points[0], 1.0 if flag.what.endswith("d") else ABOVE
    stem = _nearest(tip, stems)
    x, y = stem.tip if stem is not None else tip
    form = FLAGS[hand.flag] if direction == ABOVE else upside_down(FLAGS[hand.flag])
    strokes: list[Stroke] = []
    for index in range(FLAG_COUNTS.get(flag.what.rstrip("ud"), 1)):
        strokes += write(form, x, y - direction * FLAG_PITCH * index, FLAG_SIZE, hand, rng)
    return strokes


def _nearest(tip: tuple[float, float], stems: Sequence[Stem]) -> Stem | None:
    def distance(stem: Stem) -> float:
        return abs(stem.engraved_tip[0] - tip[0]) + 0.3 * abs(stem.engraved_tip[1] - tip[1])

    best = min(stems, key=distance, default=None)
    return best if best is not None and distance(best) < 2.5 else None


def draw_beam(
    beam: Element, groups: Sequence[BeamGroup], stems: Sequence[Stem], hand: MusicHand, rng: np.random.Generator
) -> list[Stroke]:
    """Draw one beam line, moved with its stems."""
    (x0, y0), (x1, y1) = beam.points
    group = next((group for group in groups if group.holds((x0 + x1) / 2, (y0 + y1) / 2, BAND)), None)
    ends = []
    for x, y in beam.points:
        stem = _nearest((x, y), stems)
        new_x = x + (stem.tip[0] - stem.engraved_tip[0] if stem is not None else 0.0)
        ends.append((new_x, group.new_height(x, y) if group is not None else y))
    bow = float(np.clip(hand.beam_bow * (x1 - x0), -0.35, 0.35))
    width = {"single": 1.15, "thick": min(2.4, 0.42 / hand.pen), "retraced": 1.0}[hand.beam]
    strokes = [line(ends[0], ends[1], hand, rng, bow, max(1.0, width))]
    if hand.beam == "retraced":
        off = 0.5 * hand.pen
        strokes.append(line((ends[0][0], ends[0][1] + off), (ends[1][0], ends[1][1] + 0.3 * off), hand, rng, bow))
    return strokes


def draw_ledger(ledger: Element, hand: MusicHand, rng: np.random.Generator) -> Stroke:
    """Draw a ledger line."""
    (x0, y0), (x1, y1) = ledger.points
    middle, half = (x0 + x1) / 2, max(0.45, hand.ledger_length * (x1 - x0) / 2)
    return line((middle - half, y0), (middle + half, y1 + rng.normal(0.0, 0.03)), hand, rng)


def draw_tie(tie: Element, hand: MusicHand, rng: np.random.Generator) -> Stroke:
    """Draw a tie or slur."""
    (x0, y0), (_, ym), (x1, y1) = tie.points
    # From and to the ends of a system engraving leaves stubs, as deep as they are long.
    short = max(0.0, SHORTEST_TIE - (x1 - x0)) / 2
    x0, x1 = x0 - short, x1 + short
    rise = ym - (y0 + y1) / 2
    side = 1.0 if rise >= 0 else ABOVE
    height, inset = {"flat": (0.75, 0.02), "round": (1.35, 0.0), "open": (0.9, 0.1)}[hand.tie]
    rise = side * min(max(height * abs(rise) * float(np.exp(rng.normal(0.0, 0.3))), 0.3), 2.5, DEEPEST_TIE * (x1 - x0))
    off = side * (0.15 + (0.35 if hand.tie == "open" else 0.0)) + rng.normal(0.0, 0.12)
    x0, x1 = x0 + inset * (x1 - x0) + rng.normal(0.0, 0.12), x1 - inset * (x1 - x0) + rng.normal(0.0, 0.12)
    x1 = max(x1, x0 + 0.7)
    lean = rng.normal(0.0, 0.06)
    controls = np.array(
        [
            (x0 + t * (x1 - x0), y0 + t * (y1 - y0) + off + rise * h)
            for t, h in (
                (0.0, 0.0),
                (0.12, 0.5 + lean),
                (0.35, 0.95 + lean),
                (0.65, 0.95 - lean),
                (0.88, 0.5 - lean),
                (1.0, 0.0),
            )
        ]
    )
    return curve(controls, hand, rng)
