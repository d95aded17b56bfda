"""How an engraved page writes a chord: `Bb:maj7/D` of the `**mxhm` column becomes `Bbmaj7/D`.

Knows spellings only; it neither checks that a chord exists nor knows where it stands.
"""

from __future__ import annotations

# The dialect's quality -> what is printed after the root. Qualities that are not named here are printed as they are.
PRINTED_QUALITIES = {
    "maj": "",
    "maj6": "6",
    "maj6(9)": "6(9)",
    "min": "m",
    "min6": "m6",
    "min7": "m7",
    "min9": "m9",
    "min11": "m11",
    "hdim7": "m7b5",
    "aug": "+",
    "aug7": "+7",
    "sus4(7)": "7sus4",
}


def chord_text(cell: str) -> str:
    """Return the printed form of a chord cell; a cell without a colon (such as `N.C.`) is returned as it is."""
    root, colon, kind = cell.partition(":")
    if not colon:
        return cell
    quality, slash, bass = kind.partition("/")
    return root + PRINTED_QUALITIES.get(quality, quality) + slash + bass
