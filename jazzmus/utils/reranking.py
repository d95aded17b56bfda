"""Choosing among the texts that beams found: by how many bars fit their meter, beside how likely each is.

The meter runs from system to system, as it does on a page. Knows texts and their scores, no networks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from jazzmus.errors import KernError
from jazzmus.kern.bar_sums import meter_at_end, wrong_bars
from jazzmus.utils.transcription import DecodedText


def best_by_bars(
    systems: Sequence[Sequence[DecodedText]], bar_weight: float, length_penalty: float
) -> list[DecodedText]:
    """The best text of each system of a page (or of the page itself), from top to bottom.

    Args:
        systems: The texts found for each, best first.
        bar_weight: What a bar that does not fit its meter takes from the score, in nats.
        length_penalty: Power of the number of tokens that scores are divided by.
    """
    chosen: list[DecodedText] = []
    meter: Fraction | None = None
    for texts in systems:
        best = texts[0]
        if bar_weight:
            best = max(texts, key=lambda text: _score(text, meter, bar_weight, length_penalty))
            meter = _meter_after(best, meter)
        chosen.append(best)
    return chosen


def _score(text: DecodedText, meter: Fraction | None, bar_weight: float, length_penalty: float) -> float:
    try:
        wrong = len(wrong_bars(text.text, meter))
    except KernError:  # only a network that is free to write anything writes such
        return -math.inf
    return (text.score - bar_weight * wrong) / max(1, len(text.tokens)) ** length_penalty


def _meter_after(text: DecodedText, meter: Fraction | None) -> Fraction | None:
    try:
        return meter_at_end(text.text, meter)
    except KernError:
        return meter
