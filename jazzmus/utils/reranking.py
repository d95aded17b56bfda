"""Choosing among the texts that beams found: by how many bars fit their meter, beside how likely each is.

Every text of a system is held against the same meter, whatever its own header says: the one that the likeliest text of
the first system states, until a change is written within a system. Knows texts and their scores, no networks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from jazzmus.errors import KernError
from jazzmus.kern.bar_sums import BarSums, meter_length, sum_bars
from jazzmus.kern.document import MUSIC_KINDS, row_kind, split_lines
from jazzmus.kern.systems import name_in_force
from jazzmus.utils.transcription import DecodedText


def best_by_bars(
    systems: Sequence[Sequence[DecodedText]], bar_weight: float, length_penalty: float
) -> list[DecodedText]:
    """The best text of each system of a page (or of the page itself), from top to bottom.

    Args:
        systems: The texts found for each, best first.
        bar_weight: What a bar that does not fit its meter takes from the score, in nats; with 0 the first texts win.
        length_penalty: Power of the number of tokens that scores are divided by.
    """
    if not bar_weight:
        return [texts[0] for texts in systems]
    chosen: list[DecodedText] = []
    meter: Fraction | None = None
    for texts in systems:
        if not chosen:
            meter = _stated_meter(texts[0].text)
        sums = [_sums(text.text, meter) for text in texts]
        scores = [
            -math.inf
            if bars is None
            else (text.score - bar_weight * len(bars.wrong)) / max(1, len(text.tokens)) ** length_penalty
            for text, bars in zip(texts, sums, strict=True)
        ]
        best = scores.index(max(scores))
        chosen.append(texts[best])
        bars = sums[best]
        meter = meter if bars is None else bars.meter
    return chosen


def _sums(kern: str, meter: Fraction | None) -> BarSums | None:
    """The bars of a text under a meter, its header's own left out; None of a text that is none."""
    stated = set(_header_meters(kern))
    try:
        return sum_bars("".join(f"{line}\n" for at, line in enumerate(split_lines(kern)) if at not in stated), meter)
    except KernError:  # only a network that is free to write anything writes such
        return None


def _stated_meter(kern: str) -> Fraction | None:
    """The meter that a text's header states."""
    lengths = (length for cells in _header_meters(kern).values() for length in map(meter_length, cells) if length)
    return next(lengths, None)


def _header_meters(kern: str) -> dict[int, list[str]]:
    """The cells of the lines before the music that state a meter, by the place of the line."""
    found: dict[int, list[str]] = {}
    for at, line in enumerate(split_lines(kern)):
        if row_kind(line) in MUSIC_KINDS:
            break
        cells = [cell for cell in line.split("\t") if name_in_force(cell) == "meter"]
        if cells:
            found[at] = cells
    return found
