"""What goes wrong on pages, by cause: the counts of `confusions` put together under a name that says what was not seen.

Knows the names of confusions; knows no texts.
"""

from __future__ import annotations

import re
from collections import Counter

from jazzmus.kern.notes import height_of_letters
from jazzmus.metrics.confusions import ADDED, MISSED, NONE, Confusions

STEP_OFF, OCTAVE_OFF, OTHER_PITCH = "pitch: one step off", "pitch: an octave off", "pitch: another"
NOTE_OR_REST = "a rest for a note, or a note for a rest"
_REST = "r"
_PITCH = re.compile(r"([a-gA-G])\1*")
_STEPS_OF_OCTAVE = 7


def by_cause(confusions: Confusions) -> dict[str, int]:
    """Return how often each thing went wrong, the most frequent first.

    A note that is wrong in pitch and in duration counts under both.
    """
    causes: Counter[str] = Counter()
    for kind, names in confusions.items():
        for name, count in names.items():
            causes[_cause(kind, name)] += count
    return dict(sorted(causes.items(), key=lambda item: (-item[1], item[0])))


def _cause(kind: str, name: str) -> str:
    if kind in (MISSED, ADDED):
        return f"{name} {kind}"
    wanted, _, read = name.partition("->")
    if kind == "pitch":
        return _pitch_cause(wanted, read)
    if kind in ("accidental", "tie", "chord_bass"):
        what = kind.replace("_", " ")
        return f"{what} {MISSED}" if read == NONE else f"{what} {ADDED}" if wanted == NONE else f"{what}: another"
    return f"{kind.replace('_', ' ')}: another"


def _pitch_cause(wanted: str, read: str) -> str:
    if _REST in (wanted, read):
        return NOTE_OR_REST
    if not (_PITCH.fullmatch(wanted) and _PITCH.fullmatch(read)):
        return OTHER_PITCH
    apart = abs(height_of_letters(wanted) - height_of_letters(read))
    return STEP_OFF if apart == 1 else OCTAVE_OFF if apart % _STEPS_OF_OCTAVE == 0 else OTHER_PITCH
