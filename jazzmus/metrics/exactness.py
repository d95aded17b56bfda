"""Pages and systems reproduced exactly. Knows linebreak rows and nothing else of the text."""

from __future__ import annotations

import re

from rapidfuzz.distance import LCSseq

from jazzmus.kern.document import LINEBREAK_PREFIX
from jazzmus.metrics.transcription import EditCount

_LINEBREAK = re.compile(rf"^{LINEBREAK_PREFIX}.*$", re.MULTILINE)


def exact_page(prediction: str, reference: str) -> EditCount:
    """Return 1 of 1 where both texts are the same, else 0 of 1."""
    return EditCount(int(prediction == reference), 1)


def exact_systems(prediction: str, reference: str) -> EditCount:
    """Return how many systems of the reference are reproduced exactly and in order, of how many.

    Systems are paired by their longest common subsequence, so that one left out or read twice costs no other its
    partner.
    """
    wanted = system_texts(reference)
    return EditCount(LCSseq.similarity(system_texts(prediction), wanted), len(wanted))


def system_texts(text: str) -> list[str]:
    """Return the text of each system, cut at linebreak rows without parsing; header and terminators stay in theirs."""
    return [system for part in _LINEBREAK.split(text) if (system := part.strip("\n"))]
