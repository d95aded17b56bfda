"""Chord symbols drawn at random in place of a tune's own, so that they have to be seen.

In real harmony a chord mostly follows from its neighbours, and a network that knows progressions guesses what it cannot
yet read. Knows texts and which chords there are; does not know how often such pages are wanted.
"""

from __future__ import annotations

import math
import random
from collections import Counter

from jazzmus.kern.document import RowKind, parse_kern, rows_to_text
from jazzmus.synthesis.content.progressions import QUALITY_WEIGHTS

# The usual name of each of twelve roots, and the others at half their weight.
_ROOTS = dict.fromkeys(("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"), 2)
_ROOTS |= dict.fromkeys(("C#", "G#", "Gb"), 1)
_SLASHES = 0.06  # of 1; real texts have 0.04
_COUNTS = sum(map(Counter, QUALITY_WEIGHTS.values()), Counter[str]())
_QUALITIES = {quality: math.sqrt(count) for quality, count in sorted(_COUNTS.items())}


def with_random_chords(kern: str, rng: random.Random) -> str:
    """Return a text with another chord in place of each, without regard to melody, key and neighbours.

    Where chords stand stays, and what is no chord, such as `N.C.`. Qualities are drawn by the square root of how often
    they are met, so that rare ones are seen too.

    Raises:
        KernError: If the text is not well-formed.
    """
    cells = [
        (*row.cells[:-1], _chord(rng)) if row.kind is RowKind.DATA and ":" in row.cells[-1] else row.cells
        for row in parse_kern(kern).rows
    ]
    return rows_to_text(cells)


def _chord(rng: random.Random) -> str:
    root, bass = rng.choices(list(_ROOTS), list(_ROOTS.values()), k=2)
    quality = rng.choices(list(_QUALITIES), list(_QUALITIES.values()))[0]
    return f"{root}:{quality}" + (f"/{bass}" if rng.random() < _SLASHES and bass != root else "")
