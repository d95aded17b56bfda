"""Signs that stand by themselves: clefs, accidentals, meters, rests, fermatas.

Knows where a sign is to stand, not why.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jazzmus.synthesis.elements import Element
from jazzmus.synthesis.handwriting.clefs import C_CLEFS, F_CLEFS, G_CLEFS
from jazzmus.synthesis.handwriting.glyphs import glyph, upside_down
from jazzmus.synthesis.handwriting.music_hand import MusicHand
from jazzmus.synthesis.handwriting.rests import BLOCK_RESTS, QUARTER_RESTS, short_rest
from jazzmus.synthesis.handwriting.signs import (
    DOUBLE_SHARP,
    FERMATA,
    FLATS,
    METER_SIGNS,
    NATURALS,
    SHARPS,
    double_flat,
)
from jazzmus.synthesis.handwriting.strokes import Mark
from jazzmus.synthesis.handwriting.writing import number, write

REST_HOOKS = {"8": 1, "16": 2, "32": 3, "64": 4}


# SMuFL's code points without their last bit, which says above or below.
ARTICULATIONS = {
    0xE4A0: glyph("-0.6,-0.3 0.6,0 0.6,0 -0.6,0.3"),
    0xE4A2: glyph("-0.04,-0.03 0.06,0.03"),
    0xE4A4: glyph("-0.55,0.02 0.55,0"),
    0xE4AC: glyph("-0.4,0.45 0,-0.45 0,-0.45 0.4,0.45"),
}


def draw_clef(clef: Element, hand: MusicHand, rng: np.random.Generator) -> list[Mark]:
    """Draw a G, F or C clef on its line."""
    forms = {"G": G_CLEFS, "F": F_CLEFS, "C": C_CLEFS}
    ((x, y),) = clef.points
    kind = clef.what[:1]
    form = forms[kind][hand.clefs["GFC".index(kind)]]
    return [*write(form, x, y, hand.clef_size, hand, rng)]


def draw_accidental(
    accidental: Element, hand: MusicHand, rng: np.random.Generator, right: float = np.inf
) -> list[Mark]:
    """Draw an accidental at the height of its pitch, and left of x = `right` where its head begins."""
    ((x, y),) = accidental.points
    form = {
        "#": SHARPS[hand.sharp],
        "-": FLATS[hand.flat],
        "n": NATURALS[hand.natural],
        "##": DOUBLE_SHARP,
        "--": double_flat(FLATS[hand.flat]),
    }[accidental.what]
    reach = max(stroke[:, 0].max() for stroke in form) * hand.accidental_size + hand.pen
    x = min(x, right - reach) - abs(rng.normal(0.0, hand.mess))
    miss = float(np.clip(rng.normal(0.0, 1.5 * hand.mess), -0.15, 0.15))
    return [*write(form, x, y + miss, hand.accidental_size, hand, rng)]


def draw_meter(meter: Element, hand: MusicHand, rng: np.random.Generator) -> list[Mark]:
    """Draw a meter: its sign, or its two numbers one above the other."""
    ((x, y),) = meter.points
    if meter.what in METER_SIGNS:
        return [*write(METER_SIGNS[meter.what], x, y, 1.0, hand, rng)]
    upper, _, lower = meter.what.partition("/")
    return [
        *number(upper, x + rng.normal(0.0, 2 * hand.mess), y - 1.0, 1.75, hand, rng),
        *number(lower, x + rng.normal(0.0, 2 * hand.mess), y + 1.0, 1.75, hand, rng),
    ]


def draw_rest(rest: Element, hand: MusicHand, rng: np.random.Generator) -> list[Mark]:
    """Draw a rest of any length."""
    ((x, y),) = rest.points
    if rest.what in REST_HOOKS:
        return [*write(short_rest(hand.short_rest, REST_HOOKS[rest.what]), x, y, hand.rest_size, hand, rng)]
    if rest.what == "4":
        return [*write(QUARTER_RESTS[hand.quarter_rest], x, y, hand.rest_size, hand, rng)]
    # The centre of a block is a quarter of a space from its line; so is y, or it is the line itself.
    form = BLOCK_RESTS[hand.block_rest]
    hand = replace(hand, mess=0.5 * hand.mess)  # its side of the line tells its length
    if rest.what == "2":
        return [*write(form, x, round(y + 0.2), 1.0, hand, rng)]
    return [*write(upside_down(form), x, round(y - 0.2), 1.0, hand, rng)]


def draw_fermata(fermata: Element, hand: MusicHand, rng: np.random.Generator) -> list[Mark]:
    """Draw a fermata."""
    ((x, y),) = fermata.points
    return [*write(FERMATA, x, y, 1.0, hand, rng)]


def draw_articulation(sign: Element, hand: MusicHand, rng: np.random.Generator) -> list[Mark]:
    """Draw an accent, staccato dot, tenuto line or marcato wedge; nothing for any other."""
    (x, y) = sign.points[0]
    form = ARTICULATIONS.get(int(sign.what, 16) & ~1, ()) if sign.what else ()
    return [*write(form, x, y, 1.0, hand, rng, width=1.2)]
