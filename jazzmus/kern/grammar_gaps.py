"""How many more rows two voices need to come together, given which notes there are.

Knows durations in ticks and the states of the grammar. Does not know what a row costs, nor tokens.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from jazzmus.kern.grammar import FURTHER, MELODY, ROW, ROW_START, State
from jazzmus.kern.grammar_cells import TICKS

# Gaps that need more notes than this count as never closed, so that no search gets lost in them.
MOST_ROWS = 4
NO_WAY = MOST_ROWS + 1


class Gaps:
    """Rows to close gaps between two voices.

    Args:
        durations: Texts of the durations that can be written.
    """

    def __init__(self, durations: Iterable[str]) -> None:
        self._ticks = {text: TICKS[text] for text in sorted(durations)}
        self._one = frozenset(self._ticks.values())
        self._two = frozenset(
            abs(first + sign * second) for first in self._one for second in self._one for sign in (1, -1)
        )
        self.rows = cache(self._rows)
        self._rows_with = cache(self._find_rows_with)

    def rows_after(self, state: State) -> int:
        """Return a lower bound of the rows, after the one begun, until both voices end together."""
        left, done = state.page.left, state.done
        if state.reading in (ROW_START, ROW) or (len(done) == len(left) and not any(done[: len(left)])):
            return self.rows(abs(left[0] - left[1]))
        ends = [went_on if ticks is None else ticks for ticks, went_on in zip(done, left, strict=False)]
        if len(ends) == len(left):
            return self.rows(abs(ends[0] - ends[1]))
        other = ends[0] if ends else left[1] or None
        if state.reading in (MELODY, FURTHER):
            if state.duration:
                return 0 if other is None else self.rows(abs(TICKS[state.duration] - other))
            return self._rows_with(state.progress, other)
        # A null cell leaves what went on; if nothing did, it may be a row with a chord only.
        if not ends and left[0]:
            return max(0, self.rows(left[0]) - 1)
        return 0

    def _find_rows_with(self, progress: str, other: int | None) -> int:
        """Return the least number of rows after one in which a voice has a note whose duration begins so."""
        durations = {ticks for text, ticks in self._ticks.items() if text.startswith(progress)}
        if other is None:
            return 0 if durations else NO_WAY
        return min((self.rows(abs(ticks - other)) for ticks in durations), default=NO_WAY)

    def _rows(self, gap: int) -> int:
        if gap == 0:
            return 0
        if gap in self._one:
            return 1
        if gap in self._two:
            return 2
        if any(gap + note in self._two or abs(gap - note) in self._two for note in self._one):
            return 3
        return (
            MOST_ROWS
            if any(abs(gap - notes) in self._two or gap + notes in self._two for notes in self._two)
            else NO_WAY
        )
