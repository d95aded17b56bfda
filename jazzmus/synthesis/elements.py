"""What an engraved system is made of, as plain values in staff spaces.

Knows neither how they are found nor how they are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

KINDS = (
    "clef",
    "key_accidental",
    "meter",
    "head",
    "accidental",
    "dot",
    "ledger",
    "stem",
    "flag",
    "beam",
    "rest",
    "tie",
    "slur",
    "barline",
    "volta",
    "tuplet",
    "chord",
    "fermata",
)  # and `other:<class>` for what none of them fits


class Element(NamedTuple):
    """One thing to draw.

    Attributes:
        kind: One of `KINDS`, or `other:` and Verovio's name for it, such as `other:artic`.
        what: The shape. clef: `G` `F` `C`; accidentals: `#` `-` `n` `##` `--`; meter: `3/4` `C` `C|`; head: `whole`
            `half` `black` `x` `grace`; flag: `8u` `8d` `16u` ...; rest: `1` `2` `4` ..., `bar` for a whole bar;
            barline: `single` `double` `final` `repeat-start` `repeat-end` `repeat-both` `dashed`; volta: its figure
            (empty where it goes on from the system above), and `|` when its right end is closed; tuplet: its figure;
            chord: the cell of the text; of `other:`, a SMuFL code point in hex, the words, or nothing for lines.
        points: Staff spaces; x from the left end of the staff lines, y down from the middle line. clef: x of the
            centre, y of its line; accidentals: x of the centre, y of the pitch; head, dot, rest, fermata and meter:
            centre; ledger, stem, beam, barline, volta: both ends (stem: tip last; barline: top first; others: left
            first); flag: tip of the stem; tie, slur: start, apex, end; tuplet: figure, and where there is a bracket
            its left and right corner; chord: left end of the baseline.
        note: Index in reading order of the note, rest or double stop of the system that it belongs to, or -1. Ties and
            slurs belong to the note they begin at, or end at where that is on the system above.
    """

    kind: str
    what: str
    points: tuple[tuple[float, float], ...]
    note: int = -1


@dataclass(frozen=True)
class SystemElements:
    """A system.

    Attributes:
        elements: From left to right. A clef, key or meter that changes at the next system is announced behind the
            last note, as engravers do.
        width: Length of the staff lines in staff spaces.
        bar_number: Number of its first bar; 1 for the first of a text, or 0 for a pickup.
    """

    elements: tuple[Element, ...]
    width: float
    bar_number: int
