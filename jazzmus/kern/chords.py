"""Chord symbols of the `**mxhm` spine: `root:quality(extensions)/bass`.

Knows the spelling, not the notes a quality stands for. Roots and basses are in English letters with `#` or `b`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PITCH = r"[A-G](?:#{0,2}|b{0,2}|-{0,2})"
_CHORD = re.compile(
    rf"(?P<root>{_PITCH}):(?P<quality>[a-z0-9]+)(?:\((?P<extensions>[#b]?\d+(?:,[#b]?\d+)*)\))?(?:/(?P<bass>{_PITCH}))?"
)


@dataclass(frozen=True)
class Chord:
    """A chord symbol.

    Attributes:
        root: letter and accidental, such as `Bb`.
        quality: such as `maj`, `min7`, `7`, `hdim7`, `sus4`.
        extensions: what stands in parentheses, such as `("b5", "#9")`.
        bass: the note under the slash, or None.
    """

    root: str
    quality: str
    extensions: tuple[str, ...] = ()
    bass: str | None = None

    def to_text(self) -> str:
        """Return the chord as it is written in a cell."""
        extensions = f"({','.join(self.extensions)})" if self.extensions else ""
        bass = f"/{self.bass}" if self.bass else ""
        return f"{self.root}:{self.quality}{extensions}{bass}"


def parse_chord(cell: str) -> Chord | None:
    """Return the chord of a cell, or None for a null cell, `N.C.` and anything else that is no chord symbol."""
    match = _CHORD.fullmatch(cell)
    if match is None:
        return None
    extensions = match["extensions"]
    return Chord(match["root"], match["quality"], tuple(extensions.split(",")) if extensions else (), match["bass"])
