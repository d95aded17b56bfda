"""Limits what a network may write to what a grammar of ids allows. Knows numbers only, no tokens and no kern."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor
from transformers import LogitsProcessor

# From so near to the limit on, each id must leave room for ending the text. No id may put its end farther away than
# this.
CLOSING_ROOM = 32


class TokenGrammar(Protocol):
    """Which ids may follow which. States are numbers; the same ids always lead to the same state.

    Attributes:
        start: State before the first id after <bos>.
    """

    start: int

    def advance(self, state: int, token_id: int) -> int:
        """The state after one more id; ValueError where it is not allowed."""

    def allowed(self, state: int) -> Sequence[int]:
        """Sorted ids that may follow, <eos> included where the text may end; never empty before the end."""

    def fewest_to_end(self, state: int) -> int:
        """Least number of ids, <eos> included, that end the text validly."""


class GrammarGuide:
    """A grammar as decoding asks it: whether an id may follow, and which others may.

    Args:
        grammar: What may be written.
        vocab_size: Number of ids the network chooses from.
        eos_id: Id that ends a text.
        device: Where masks lie.
    """

    def __init__(self, grammar: TokenGrammar, vocab_size: int, eos_id: int, device: torch.device) -> None:
        self.grammar = grammar
        self.vocab_size = vocab_size
        self.eos_id = eos_id
        self.device = device
        self._masks: dict[int, Tensor] = {}

    def follow(self, state: int, token_id: int, room: int) -> int | None:
        """The state after one more id, or None where the id may not follow.

        Args:
            state: Where the text stands.
            token_id: The next id; `eos_id` leads to the same state.
            room: Ids that may still be written, this one included. The text must be able to end within them.
        """
        try:
            after = self.grammar.advance(state, token_id)
        except ValueError:
            return None
        if token_id == self.eos_id:
            return state
        return after if self.grammar.fewest_to_end(after) < room else None

    def after(self, state: int, token_id: int) -> int:
        """The state after an id that is allowed; `eos_id` leads to the same state."""
        return state if token_id == self.eos_id else self.grammar.advance(state, token_id)

    def state_after(self, token_ids: Sequence[int]) -> int:
        """The state after the ids that follow <bos>."""
        state = self.grammar.start
        for token_id in token_ids:
            state = self.after(state, token_id)
        return state

    def is_closing(self, state: int, room: int) -> bool:
        """Whether the limit, and not the grammar alone, says what may follow."""
        return room - self.grammar.fewest_to_end(state) <= CLOSING_ROOM

    def mask(self, state: int, room: int) -> Tensor:
        """(vocab_size,) to add to logits: 0 for ids that may follow, -inf for the others.

        Where the room cannot hold any end, the ids that come nearest to one.
        """
        if not self.is_closing(state, room):
            return self._mask_of_state(state)
        needed = {token_id: self._needed(state, token_id) for token_id in self.grammar.allowed(state)}
        most = max(room, min(needed.values()))
        return self._mask_of([token_id for token_id, count in needed.items() if count <= most])

    def limits(self, state: int, room: int, logits: Tensor) -> bool:
        """Whether (vocab_size,) logits want an id that the grammar allows and the limit does not."""
        if not self.is_closing(state, room):
            return False
        wanted = (logits + self._mask_of_state(state)).argmax()
        return bool(self.mask(state, room)[wanted] != 0)

    def _mask_of_state(self, state: int) -> Tensor:
        if state not in self._masks:
            self._masks[state] = self._mask_of(self.grammar.allowed(state))
        return self._masks[state]

    def _needed(self, state: int, token_id: int) -> int:
        """Ids needed to end the text with this one next."""
        if token_id == self.eos_id:
            return 1
        return 1 + self.grammar.fewest_to_end(self.grammar.advance(state, token_id))

    def _mask_of(self, token_ids: Sequence[int]) -> Tensor:
        mask = torch.full((self.vocab_size,), float("-inf"))
        mask[torch.tensor(token_ids)] = 0.0
        return mask.to(self.device)


class GrammarLogitsProcessor(LogitsProcessor):
    """A grammar for the generation loops of transformers.

    Args:
        guide: The grammar.
        max_length: Ids of the longest text, <bos> included; texts are closed in time for it.
    """

    def __init__(self, guide: GrammarGuide, max_length: int) -> None:
        self.guide = guide
        self.max_length = max_length
        self._states: dict[tuple[int, ...], int] = {}

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:  # type: ignore[override]
        """(B, V) scores with -inf for what may not follow (B, N) ids, <bos> first; ended texts stay as they are."""
        texts = [tuple(row[1:]) for row in input_ids.tolist()]
        # Only the texts of the last call can be continued, whatever order beams have been brought into.
        self._states = {text: self._state(text) for text in texts if self.guide.eos_id not in text}
        room = self.max_length - input_ids.shape[1]
        masks = [
            self.guide.mask(self._states[text], room) if text in self._states else torch.zeros_like(scores[row])
            for row, text in enumerate(texts)
        ]
        return scores + torch.stack(masks)

    def _state(self, text: tuple[int, ...]) -> int:
        if text and text[:-1] in self._states:
            return self.guide.after(self._states[text[:-1]], text[-1])
        return self.guide.state_after(text)
