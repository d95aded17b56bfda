"""Grammars of a handful of ids, and a stepper whose logits are made up, for the tests of decoding."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor

PAD, BOS, EOS, A, B, C = range(6)
VOCABULARY = 6


class Brackets:
    """A opens, B closes, C stands anywhere; a text ends when all is closed. The state is the depth, 0 the start."""

    start = 0

    def __init__(self) -> None:
        self.advanced = 0

    def advance(self, state: int, token_id: int) -> int:
        self.advanced += 1
        if token_id not in self.allowed(state):
            raise ValueError(f"{token_id} after {state}")
        return {A: state + 1, B: state - 1, C: state, EOS: -1}[token_id]

    def allowed(self, state: int) -> Sequence[int]:
        return [EOS, A, C] if state == 0 else [A, B, C]

    def fewest_to_end(self, state: int) -> int:
        return state + 1

    def accepts(self, ids: Sequence[int]) -> bool:
        """Whether ids, <bos> first, are a whole text."""
        state = self.start
        for token_id in ids[1:]:
            try:
                state = self.advance(state, token_id)
            except ValueError:
                return False
        return ids[-1] == EOS


class RandomStepper:
    """Logits that depend on the page and on all ids so far, from a seed: a network without a network."""

    def __init__(self, pages: int, beams: int = 1, seed: int = 0, sharpness: float = 1.0) -> None:
        self.pages, self.beams, self.seed, self.sharpness = pages, beams, seed, sharpness
        self.names = list(range(pages))
        self.texts: list[list[int]] = [[] for _ in range(pages * beams)]
        self.sizes: list[int] = []

    device = torch.device("cpu")

    def logits_after(self, page: int, text: Sequence[int]) -> Tensor:
        number = self.seed
        for token_id in (page, *text):
            number = (number * 31 + token_id + 7) % 1_000_003
        return self.sharpness * torch.randn(VOCABULARY, generator=torch.Generator().manual_seed(number))

    def step(self, ids: Tensor) -> Tensor:
        assert ids.shape == (self.pages, self.beams), "one new id for each text"
        self.sizes.append(self.pages)
        for text, token_id in zip(self.texts, ids.flatten().tolist(), strict=True):
            text.append(token_id)
        rows = [self.logits_after(self.names[at // self.beams], text) for at, text in enumerate(self.texts)]
        return torch.stack(rows).unflatten(0, (self.pages, self.beams))

    def keep_pages(self, pages: Tensor) -> None:
        kept = pages.tolist()
        self.names = [self.names[page] for page in kept]
        self.texts = [self.texts[page * self.beams + beam] for page in kept for beam in range(self.beams)]
        self.pages = len(kept)

    def reorder(self, texts: Tensor) -> None:
        pages = [text // self.beams for text in texts.tolist()]
        assert pages == [at // self.beams for at in range(len(self.texts))], "texts stay with their page"
        self.texts = [list(self.texts[text]) for text in texts.tolist()]

    def fork(self, text: int) -> RandomStepper:
        single = copy.copy(self)
        single.names = [self.names[text // self.beams]]
        single.texts = [list(self.texts[text])]
        single.pages = single.beams = 1
        return single

    def rewind(self, length: int) -> None:
        self.texts = [text[:length] for text in self.texts]


class ScriptedStepper(RandomStepper):
    """Writes the ids of a script, whatever is chosen; its last id without end."""

    def __init__(self, scripts: list[list[int]]) -> None:
        super().__init__(len(scripts))
        self.scripts = scripts

    def logits_after(self, page: int, text: Sequence[int]) -> Tensor:
        script = self.scripts[page]
        logits = torch.linspace(0.0, -1.0, VOCABULARY)
        logits[script[min(len(text), len(script)) - 1]] = 4.0
        return logits
