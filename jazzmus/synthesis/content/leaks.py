"""Whether a tune holds a passage of an evaluation page: runs of melodic intervals in common.

Works on intervals, so that a tune in another key, meter or layout is found too. Does not know where texts come from.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import pairwise

from jazzmus.errors import KernError
from jazzmus.kern.accidentals import ends_tie
from jazzmus.kern.document import MELODY_SPINE, RowKind, parse_kern
from jazzmus.kern.notes import HALF_TONES, Note, height, parse_notes

logger = logging.getLogger(__name__)

INTERVALS = 16
# Runs with less variety are scales, riffs and repeated notes, which tunes that know nothing of each other share.
FEWEST_DISTINCT = 3


def melody_ngrams(kern: str, size: int = INTERVALS) -> frozenset[tuple[int, ...]]:
    """Return the runs of `size` melodic intervals, in semitones, that have some variety.

    The melody is the highest note of the first column, over rests; tied notes are one, grace notes none.

    Raises:
        KernError: if the text is not well-formed.
    """
    heights = [_semitones(note) for note in _melody(kern)]
    steps = [after - before for before, after in pairwise(heights)]
    runs = (tuple(steps[start : start + size]) for start in range(len(steps) - size + 1))
    return frozenset(run for run in runs if len(set(run)) >= FEWEST_DISTINCT)


class LeakCheck:
    """Knows the melodies of evaluation pages and finds them in other texts.

    Args:
        evaluation_texts: kern texts that nothing may be taken from; those that are not well-formed are left out, with
            a warning that counts them.
        size: length of a run in intervals.
    """

    def __init__(self, evaluation_texts: Iterable[str], size: int = INTERVALS) -> None:
        self._size = size
        known: set[tuple[int, ...]] = set()
        malformed = []
        for kern in evaluation_texts:
            try:
                known |= melody_ngrams(kern, size)
            except KernError as error:
                malformed.append(error)
        if malformed:
            logger.warning(
                "%d evaluation texts are not well-formed: their melodies cannot be kept out of training pages (%s)",
                len(malformed),
                malformed[0],
            )
        self._known = frozenset(known)

    def leaks(self, kern: str) -> bool:
        """Say whether the text has any run in common with the evaluation pages.

        Raises:
            KernError: if the text is not well-formed.
        """
        return not self._known.isdisjoint(melody_ngrams(kern, self._size))


def _melody(kern: str) -> list[Note]:
    document = parse_kern(kern)
    if MELODY_SPINE not in document.spine_types:
        return []
    spine = document.spine_types.index(MELODY_SPINE)
    melody = []
    for row in document.rows:
        if row.kind is RowKind.DATA:
            cell = row.cells[row.spines.index(spine)]
            notes = [note for note in parse_notes(cell) if not note.is_rest and not note.grace and not ends_tie(note)]
            if notes:
                melody.append(max(notes, key=_semitones))
    return melody


def _semitones(note: Note) -> int:
    octave, letter = divmod(height(note), 7)
    return 12 * octave + HALF_TONES[letter] + note.alteration.count("#") - note.alteration.count("-")
