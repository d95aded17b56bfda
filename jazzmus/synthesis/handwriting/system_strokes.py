"""The elements of a system in one writer's hand: strokes of the music, and where its chords are to be lettered.

Works in staff spaces, x from the left end of the staff, y down from its middle line. Knows neither letters, nor where
on a page the system stands.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from jazzmus.synthesis.elements import Element, SystemElements
from jazzmus.synthesis.handwriting.barlines import (
    LOWEST_VOLTA,
    TUPLET_FIGURE,
    VOLTA_FIGURE,
    draw_barline,
    draw_point,
    draw_tuplet,
    draw_volta,
)
from jazzmus.synthesis.handwriting.chord_places import ChordPlace, place_chords
from jazzmus.synthesis.handwriting.corrections import crossed_out_note
from jazzmus.synthesis.handwriting.heads import draw_head, head_form
from jazzmus.synthesis.handwriting.lines import (
    draw_beam,
    draw_flags,
    draw_ledger,
    draw_stem,
    draw_tie,
    place_stem,
    plan_beams,
)
from jazzmus.synthesis.handwriting.music_hand import MusicHand
from jazzmus.synthesis.handwriting.occupied import Box, Occupied
from jazzmus.synthesis.handwriting.single_signs import (
    draw_accidental,
    draw_articulation,
    draw_clef,
    draw_fermata,
    draw_meter,
    draw_rest,
)
from jazzmus.synthesis.handwriting.spacing import spans, uneven
from jazzmus.synthesis.handwriting.strokes import Mark

logger = logging.getLogger(__name__)

OVERWRITTEN = 0.01  # share of heads that a writer who corrects draws twice
_SINGLE_SIGNS = {
    "barline": draw_barline,
    "clef": draw_clef,
    "fermata": draw_fermata,
    "key_accidental": draw_accidental,
    "meter": draw_meter,
    "other:artic": draw_articulation,
    "rest": draw_rest,
}
_LATER = ("chord", "tuplet", "volta")


@dataclass(frozen=True)
class SystemStrokes:
    """A system in one writer's hand, in staff spaces.

    Attributes:
        strokes: The marks of the music.
        chord_places: Where chords are to be lettered, left to right.
        top: Least y of music and chords.
        bottom: Greatest y of music and chords.
        occupied: Rectangles (left, top, right, bottom) around marks and chords.
    """

    strokes: list[Mark]
    chord_places: tuple[ChordPlace, ...]
    top: float
    bottom: float
    occupied: list[Box]


def draw_system(
    system: SystemElements,
    hand: MusicHand,
    rng: np.random.Generator,
    first: bool,
    chord_width: Callable[[str], float] | None = None,
) -> SystemStrokes:
    """Draw a system.

    Args:
        system: What is to be drawn.
        hand: The writer.
        rng: Source of all unevenness.
        first: Whether clef and key must be drawn: in the first system, and where a system begins with a new one.
            In others a writer may leave them out.
        chord_width: Width of the text of a chord cell in staff spaces; None: by the number of its letters.
    """
    elements = uneven(_drawn(system.elements, hand, first), system.width, hand.spacing, rng)
    marks = _draw_music(elements, hand, rng)
    if rng.random() < hand.corrections:
        taken = [(e.points[0][0], e.points[1][0]) for e in elements if e.kind == "beam"]
        marks += crossed_out_note(spans(elements, taken), hand, rng)
    occupied = Occupied(marks)

    def draw_voltas() -> None:
        for volta in elements:
            if volta.kind == "volta":
                drawn = draw_volta(volta, _volta_height(volta, occupied), hand, rng)
                occupied.add(drawn)
                marks.extend(drawn)

    for tuplet in elements:
        if tuplet.kind == "tuplet":
            drawn = draw_tuplet(tuplet, _tuplet_lift(tuplet, elements, occupied), hand, rng)
            occupied.add(drawn)
            marks += drawn
    if not hand.volta_over_chords:
        draw_voltas()
    chords = [element for element in elements if element.kind == "chord"]
    places = place_chords(chords, system.width, occupied, chord_width, hand, rng)
    if hand.volta_over_chords:
        draw_voltas()
    return SystemStrokes(
        strokes=marks,
        chord_places=places,
        top=occupied.highest(-np.inf, np.inf, -2.0),
        bottom=occupied.lowest(-np.inf, np.inf, 2.0),
        occupied=occupied.boxes(),
    )


def _drawn(elements: Sequence[Element], hand: MusicHand, first: bool) -> list[Element]:
    """Return what this writer draws of a system."""
    kept: list[Element] = []
    begun = first
    for element in elements:
        begun = begun or element.kind in ("head", "rest", "barline")
        if element.kind.startswith("other:") and element.kind not in _SINGLE_SIGNS:
            _warn_of(element.kind)
        elif (begun or hand.repeats_clef or element.kind != "clef") and (
            begun or hand.repeats_key or element.kind != "key_accidental"
        ):
            kept.append(element)
    return kept


@cache
def _warn_of(kind: str) -> None:
    logger.warning("handwriting leaves out elements of kind %s, which it has no form for", kind)


def _draw_music(elements: Sequence[Element], hand: MusicHand, rng: np.random.Generator) -> list[Mark]:
    """Draw all but chords, endings and tuplets."""
    heads: dict[int, list[Element]] = {}
    for element in elements:
        if element.kind == "head":
            heads.setdefault(element.note, []).append(element)
    beams = [element for element in elements if element.kind == "beam"]
    engraved_stems = [element for element in elements if element.kind == "stem"]
    groups = plan_beams(beams, engraved_stems, hand, rng)
    stems = [place_stem(stem, heads.get(stem.note, []), groups, hand, rng) for stem in engraved_stems]
    marks: list[Mark] = []
    for stem in stems:
        beamed = any(group.holds(*stem.engraved_tip, band=1.3) for group in groups)
        marks.append(draw_stem(stem, beamed, hand, rng))
    for element in elements:
        if element.kind == "accidental":
            marks += draw_accidental(element, hand, rng, _left_edge(element, heads.get(element.note, []), hand))
        elif element.kind in _SINGLE_SIGNS:
            marks += _SINGLE_SIGNS[element.kind](element, hand, rng)
        elif element.kind == "head":
            ((x, y),) = element.points
            marks += draw_head(element.what, x, y, hand, rng)
            if hand.corrections > 0 and rng.random() < OVERWRITTEN:
                marks += draw_head(element.what, x, y, hand, rng)
        elif element.kind == "dot":
            marks.append(_dot(element, heads.get(element.note, []), hand, rng))
        elif element.kind == "flag":
            marks += draw_flags(element, stems, hand, rng)
        elif element.kind == "beam":
            marks += draw_beam(element, groups, stems, hand, rng)
        elif element.kind == "ledger":
            marks.append(draw_ledger(element, hand, rng))
        elif element.kind in ("tie", "slur"):
            marks.append(draw_tie(element, hand, rng))
        elif element.kind not in ("stem", *_LATER):
            _warn_of(element.kind)
    return marks


def _left_edge(accidental: Element, heads: Sequence[Element], hand: MusicHand) -> float:
    """Return where the heads begin that an accidental must be clear of."""
    near = [head for head in heads if abs(head.points[0][1] - accidental.points[0][1]) < 0.3]
    return min((head.points[0][0] - head_form(head.what, hand)[0] for head in near), default=np.inf)


def _dot(dot: Element, heads: Sequence[Element], hand: MusicHand, rng: np.random.Generator) -> Mark:
    """Draw a dot of prolongation, right of the heads or the rest that it belongs to."""
    ((x, y),) = dot.points
    if heads:
        right = max(head.points[0][0] + head_form(head.what, hand)[0] for head in heads)
        x = max(right + 0.2, min(x, right + hand.dot_distance)) + abs(rng.normal(0.0, hand.mess))
    return draw_point(x, y + float(np.clip(rng.normal(0.0, 2.0 * hand.mess), -0.2, 0.2)), hand, rng)


def _volta_height(volta: Element, occupied: Occupied) -> float:
    left, right = volta.points[0][0], volta.points[1][0]
    over_all = occupied.highest(left + 0.2, right, np.inf) - 0.5
    over_figure = occupied.highest(left + 0.2, left + 2.0, np.inf) - 0.6 - VOLTA_FIGURE
    return min(LOWEST_VOLTA, over_all, over_figure)


def _tuplet_lift(tuplet: Element, elements: Sequence[Element], occupied: Occupied) -> float:
    """How far down (less than 0: up) a tuplet's figure and bracket must move to be clear of the notes."""
    xs = [x for x, _ in tuplet.points]
    left, right = min(xs) - TUPLET_FIGURE, max(xs) + TUPLET_FIGURE
    figure_y = tuplet.points[0][1]
    near = [e.points[0][1] for e in elements if e.kind == "head" and left - 2 <= e.points[0][0] <= right + 2]
    reach = 0.5 * TUPLET_FIGURE + 0.3
    ys = [y for _, y in tuplet.points]
    if not near or figure_y <= sum(near) / len(near):
        return min(0.0, occupied.highest(left, right, np.inf) - reach - max(ys))
    return max(0.0, occupied.lowest(left, right, -np.inf) + reach - min(ys))
