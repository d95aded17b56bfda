"""Clefs, key signatures and meters of a text as plain values. Knows cells of interpretations, not where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from jazzmus.kern.systems import name_in_force
from jazzmus.kern.transposition import signature_fifths

_CLEF = re.compile(r"\*clef([GFC])(v{0,2}|\^{0,2})([1-5])")
_METER = re.compile(r"\*M([1-9]\d?)/(1|2|4|8|16|32|64)", re.ASCII)
_SIGNS = {"*met(c)": "common", "*met(c|)": "cut"}
_MOST_FIFTHS = 7


class Clef(NamedTuple):
    """A clef: its letter, the staff line it names (1 the lowest) and how many octaves higher it sounds."""

    sign: str
    line: int
    octaves: int


class Key(NamedTuple):
    """A key signature: sharps (flats negative), and whether it is named as minor; None where no key is named."""

    fifths: int
    is_minor: bool | None


class Meter(NamedTuple):
    """A time signature; `sign` is `common`, `cut` or empty."""

    beats: int
    unit: int
    sign: str

    @property
    def length(self) -> Fraction:
        """Length of a full bar in whole notes."""
        return Fraction(self.beats, self.unit)


class Signatures(NamedTuple):
    """What changes at one place; None for what does not."""

    clef: Clef | None = None
    key: Key | None = None
    meter: Meter | None = None


def read_signatures(cells: Iterable[str]) -> Signatures:
    """Return what the interpretation cells at one place state together; what is not understood is left out."""
    stated = {name_in_force(cell): cell for cell in cells}
    return Signatures(
        _clef(stated.get("clef", "")),
        _key(stated.get("signature", ""), stated.get("key")),
        _meter(stated.get("meter", ""), stated.get("met", "")),
    )


def _clef(cell: str) -> Clef | None:
    match = _CLEF.fullmatch(cell)
    return Clef(match[1], int(match[3]), match[2].count("^") - match[2].count("v")) if match else None


def _key(signature: str, key: str | None) -> Key | None:
    fifths = signature_fifths(signature)
    if fifths is None or abs(fifths) > _MOST_FIFTHS:
        return None
    return Key(fifths, None if key is None else key[1].islower())


def _meter(meter: str, sign: str) -> Meter | None:
    match = _METER.fullmatch(meter)
    return Meter(int(match[1]), int(match[2]), _SIGNS.get(sign, "")) if match else None
