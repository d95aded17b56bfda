"""A chord symbol as one writer puts it above a staff: spelling and letters together.

Does not know where chords stand or what else is on the page.
"""

from __future__ import annotations

import numpy as np

from jazzmus.synthesis.handwriting.chord_spelling import ChordHand, spell_chord, with_slip
from jazzmus.synthesis.handwriting.lettering import LetterHand, letter_shapes
from jazzmus.synthesis.handwriting.strokes import Mark


def chord_symbol(
    cell: str,
    x: float,
    baseline: float,
    size: float,
    letters: LetterHand,
    chords: ChordHand,
    rng: np.random.Generator,
) -> tuple[list[Mark], float]:
    """Write the chord of a cell.

    Args:
        cell: Of the `**mxhm` spine, such as `F#:hdim7/C`.
        x: Left end, in staff spaces.
        baseline: y of the line it stands on, in staff spaces, y DOWN.
        size: Height of a capital in staff spaces; 2 is usual.
        letters: The writer's letters.
        chords: The writer's spellings.
        rng: What jitter and slips are drawn from.

    Returns:
        The marks, and how far the symbol reaches to the right of `x`, in staff spaces.
    """
    marks: list[Mark] = []
    at = x
    for run in spell_chord(cell, with_slip(chords, rng)):
        lifted = baseline - run.lift * size
        written, width = letter_shapes(run.text, at, lifted, size * run.scale, letters, rng)
        marks.extend(written)
        at += width
    return marks, at - x
