"""Which ids may follow which, so that what a network writes is valid: a codec's grammar in plain numbers.

A state stands for what matters of the ids before it: equal prefixes have one state, so that states can follow the
hypotheses of a beam. An id is allowed only if the text can still be ended with the vocabulary at hand. Everything is
found when first asked for and kept. Knows no probabilities and no tensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from heapq import heappop, heappush

from jazzmus.errors import KernError
from jazzmus.kern.codec import TextCodec
from jazzmus.kern.grammar import MELODY, ROW, ROW_START, Page, State, is_coarse
from jazzmus.kern.grammar_cells import TICKS
from jazzmus.kern.grammar_gaps import NO_WAY, Gaps
from jazzmus.kern.token_distance import NEVER, CoarseDistance
from jazzmus.kern.token_graph import TokenGraph, TokenState, text_grammar

# States looked at in one search; only vocabularies that can hardly end a split text come near.
_MOST_LOOKED_AT = 20_000


def build_token_grammar(codec: TextCodec) -> CodecGrammar:
    """Return the grammar of a codec's ids: whatever it lets end, `codec.decode` makes a text that parses.

    Raises:
        KernError: if no valid text can be written with the vocabulary.
    """
    return CodecGrammar(codec)


class CodecGrammar:
    """The grammar of one codec's ids.

    Args:
        codec: Tokenizer, vocabulary and form; of the forms, only the source has rows that no page shows.

    Attributes:
        start: State before the first id after <bos>.

    Raises:
        KernError: if no valid text can be written with the vocabulary.
    """

    def __init__(self, codec: TextCodec) -> None:
        tokenizer, vocabulary = codec.tokenizer, codec.vocabulary
        self._graph = TokenGraph(text_grammar(codec), tokenizer, vocabulary)
        self._coarse = CoarseDistance(TokenGraph(text_grammar(codec, timed=False), tokenizer, vocabulary))
        self._allowed: dict[int, tuple[tuple[int, ...], dict[int, int]]] = {}
        self._fewest: dict[int, int] = {}
        self._row_costs: dict[bool, int] = {}
        self.start = self._graph.start
        if self.fewest_to_end(self.start) >= NEVER:
            raise KernError("vocabulary: its tokens can write no valid text; decode without the grammar")

    def advance(self, state: int, token_id: int) -> int:
        """Return the state after one more id.

        Raises:
            ValueError: if the id is not allowed there.
        """
        after = self._moves(state)[1].get(token_id)
        if after is None:
            raise ValueError(f"id {token_id} may not follow in state {state} of the grammar")
        return after

    def allowed(self, state: int) -> Sequence[int]:
        """Return the ids that may follow, in rising order; <eos> where the text may end, none after it."""
        return self._moves(state)[0]

    def fewest_to_end(self, state: int) -> int:
        """Return the least number of ids, <eos> included, that end the text validly from here."""
        fewest = self._fewest.get(state)
        return self._search(state) if fewest is None else fewest

    def _moves(self, state: int) -> tuple[tuple[int, ...], dict[int, int]]:
        """Return the ids that may follow and the state after each."""
        kept = self._allowed.get(state)
        if kept is None:
            moves = self._graph.moves(state)
            moves = {index: after for index, after in moves.items() if self._can_end(after)}
            kept = self._allowed[state] = tuple(moves), moves
        return kept

    def _can_end(self, state: int) -> bool:
        """Say whether the end can be reached: a bound says so, but where the coarse grammar allows too much."""
        text = self._graph.states[state].text
        is_bound = text is not None and is_coarse(text)
        return (self.fewest_to_end(state) if is_bound else self._at_least(state)) < NEVER

    def _at_least(self, state: int) -> int:
        """Return a lower bound of `fewest_to_end`, which is kept if it is known to be exact."""
        fewest = self._fewest.get(state)
        if fewest is not None:
            return fewest
        token_state = self._graph.states[state]
        fewest, is_exact = self._coarse.of(token_state)
        if is_exact:
            self._fewest[state] = fewest
        elif token_state.text is not None and token_state.text.page.left:
            fewest += self._for_gap(token_state.text)
        return fewest

    def _for_gap(self, text: State) -> int:
        """Return the least number of ids that bring two voices together, beyond those of the coarse grammar."""
        rows = self._gaps.rows_after(text)
        if rows >= NO_WAY:
            return NEVER
        # The coarse grammar knows of one more row where it still sees that the voices do not end together.
        between_rows = text.reading in (ROW_START, ROW)
        has_chord_only = len(text.done) >= len(text.page.left) and all(ticks is None for ticks in text.done)
        counted = int(any(text.page.left) and (between_rows or has_chord_only))
        return max(0, rows - counted) * self._row_cost(text.page.chords)

    @cached_property
    def _gaps(self) -> Gaps:
        """How voices come together with the notes that the vocabulary can write."""
        found: set[str] = set()
        pending = [self._graph.number(TokenState(State(Page(1, chords)))) for chords in (False, True)]
        seen = set(pending)
        while pending:
            for after in self._graph.moves(pending.pop()).values():
                text = self._graph.states[after].text
                if text is not None and text.reading == MELODY and after not in seen:
                    seen.add(after)
                    if text.duration:
                        found.add(text.duration)
                    else:
                        pending.append(after)
        return Gaps(found & TICKS.keys())

    def _row_cost(self, chords: bool) -> int:
        """Return the least number of ids in a row that goes on with one of two voices."""
        if chords in self._row_costs:
            return self._row_costs[chords]
        places = (State(Page(2, chords, left, music=True)) for left in ((0, 0), (0, 1), (1, 0)))
        together, *apart = (self._coarse.of(TokenState(place))[0] for place in places)
        self._row_costs[chords] = min(apart) - together
        return self._row_costs[chords]

    def _search(self, root: int) -> int:
        """Find the shortest way to a state of which the number is known, the likeliest states first."""
        steps = {root: 0}
        came_from: dict[int, int] = {}
        heap = [(self._at_least(root), 0, root)]
        closed: set[int] = set()
        while heap and len(closed) < _MOST_LOOKED_AT:
            total, _, state = heappop(heap)
            if total >= NEVER:
                break
            if state in self._fewest:
                while True:
                    self._fewest[state] = total - steps[state]
                    if state == root:
                        return total
                    state = came_from[state]
            if state in closed:
                continue
            closed.add(state)
            for after in self._graph.moves(state).values():
                if steps[state] + 1 < steps.get(after, NEVER):
                    steps[after], came_from[after] = steps[state] + 1, state
                    closed.discard(after)
                    at_least = self._at_least(after)
                    if at_least < NEVER:
                        heappush(heap, (steps[after] + at_least, -steps[after], after))
        # Where all states were looked at, none of them leads to the end.
        self._fewest.update(dict.fromkeys(closed if len(closed) < _MOST_LOOKED_AT else [root], NEVER))
        return NEVER
