"""How an engraved page writes a chord: `Bb:maj7/D` of the `**mxhm` column becomes `Bbmaj7/D`.

Knows spellings only; it neither checks that a chord exists nor knows where it stands.
"""

from __future__ import annotations

from jazzmus.kern.chord_kinds import KINDS

# Spelled here as it always was, for the number of a page must go on to mean the same pixels.
_OWN = {"minmaj7": "minmaj7", "maj6(9)": "6(9)", "sus4(7)": "7sus4"}
_PRINTED = {quality: kind.printed for quality, kind in KINDS.items()} | _OWN


def chord_text(cell: str) -> str:
    """Return the printed form of a chord cell; what has none, such as `N.C.` or most extensions, stays as it is."""
    root, colon, kind = cell.partition(":")
    if not colon:
        return cell
    quality, slash, bass = kind.partition("/")
    return root + _PRINTED.get(quality, quality) + slash + bass
