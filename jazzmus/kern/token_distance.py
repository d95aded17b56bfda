"""The least number of tokens to the end of a text where durations are not kept: many states have one answer.

Knows a graph of tokens over a grammar that is not timed. For a text of one voice the answer is exact; for a split one
it is a lower bound (see `token_grammar`).
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush

from jazzmus.kern.grammar import coarse, is_coarse
from jazzmus.kern.token_graph import TokenGraph, TokenState

NEVER = 1 << 40


class CoarseDistance:
    """Least numbers of tokens by state.

    Args:
        graph: Tokens over a grammar that is not timed.
    """

    def __init__(self, graph: TokenGraph) -> None:
        self._graph = graph
        self._least: dict[int, int] = {graph.ended: 0}
        self._least_in_one_voice: dict[int, int] = {graph.ended: 0}

    def of(self, state: TokenState) -> tuple[int, bool]:
        """Return the least number of tokens to the end, <eos> included, and whether it holds with durations kept.

        It is `NEVER` where there is no end.
        """
        if state.text is None:
            return 0, True
        number = self._graph.number(TokenState(coarse(state.text), state.part))
        if number not in self._least:
            self._explore(number)
        least = self._least[number]
        return least, least == NEVER or least == self._least_in_one_voice.get(number)

    def _explore(self, root: int) -> None:
        """Find the numbers of a state and all that may come after it."""
        found = {root}
        pending = [root]
        edges: dict[int, list[int]] = {}
        while pending:
            number = pending.pop()
            edges[number] = sorted(set(self._graph.moves(number).values()))
            new = [after for after in edges[number] if after not in found and after not in self._least]
            found.update(new)
            pending += new
        self._measure(edges, self._least, lambda number: True)
        self._measure(edges, self._least_in_one_voice, self._is_in_one_voice)
        for number in found:
            self._least.setdefault(number, NEVER)

    def _is_in_one_voice(self, number: int) -> bool:
        text = self._graph.states[number].text
        return text is None or not (text.page.left or is_coarse(text))

    @staticmethod
    def _measure(edges: dict[int, list[int]], least: dict[int, int], counts: Callable[[int], bool]) -> None:
        """Add to `least` the states of `edges` that count and come to the end through states that do."""
        before: dict[int, list[int]] = {}
        for number, afters in edges.items():
            if counts(number):
                for after in afters:
                    before.setdefault(after, []).append(number)
        heap = [(least[number], number) for number in before if least.get(number, NEVER) < NEVER]
        heapify(heap)
        while heap:
            steps, number = heappop(heap)
            for earlier in before.get(number, ()):
                if earlier not in least:
                    least[earlier] = steps + 1
                    heappush(heap, (steps + 1, earlier))
