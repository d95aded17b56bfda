from __future__ import annotations

import math

import pytest
import torch
from toy_grammars import BOS, EOS, PAD, VOCABULARY, A, B, Brackets, C

from jazzmus.model.constraint import CLOSING_ROOM, GrammarGuide, GrammarLogitsProcessor


def guide_of(grammar: Brackets) -> GrammarGuide:
    return GrammarGuide(grammar, VOCABULARY, EOS, torch.device("cpu"))


def allowed(mask: torch.Tensor) -> list[int]:
    assert set(mask.tolist()) <= {0.0, -math.inf}
    return torch.nonzero(mask == 0).flatten().tolist()


def test_a_guide_follows_what_the_grammar_and_the_room_allow() -> None:
    guide = guide_of(Brackets())
    assert guide.follow(0, A, room=100) == 1
    assert guide.follow(0, B, room=100) is None
    assert guide.follow(0, EOS, room=1) == 0
    assert guide.follow(0, A, room=2) is None, "one id after it cannot close and end"
    assert guide.follow(0, A, room=3) == 1
    assert allowed(guide.mask(1, 100)) == [A, B, C]
    assert allowed(guide.mask(1, 3)) == [B, C]
    assert allowed(guide.mask(1, 2)) == [B]
    assert allowed(guide.mask(5, 3)) == [B], "where no end fits, what comes nearest to one"


def test_the_limit_is_told_from_the_grammar() -> None:
    guide = guide_of(Brackets())
    wants_a = torch.eye(VOCABULARY)[A]
    assert guide.limits(1, 3, wants_a)
    assert not guide.limits(1, CLOSING_ROOM, wants_a)
    assert not guide.limits(1, 3, torch.eye(VOCABULARY)[EOS] + 0.5 * torch.eye(VOCABULARY)[B])


def test_the_processor_follows_beams_in_any_order() -> None:
    grammar = Brackets()
    processor = GrammarLogitsProcessor(guide_of(grammar), max_length=200)
    texts = [[BOS, A, A, C], [BOS, A, B, C], [BOS, C, C, EOS]]
    scores = torch.zeros(3, VOCABULARY)
    for length in range(1, 4):
        processor(torch.tensor([text[:length] for text in texts]), scores)
    grammar.advanced = 0
    masked = processor(torch.tensor([texts[1], texts[0], texts[2]]), scores)
    assert grammar.advanced == 2, "one id each, the ended text none"
    assert [allowed(row) for row in masked] == [[EOS, A, C], [A, B, C], list(range(VOCABULARY))]
    unseen = processor(torch.tensor([[BOS, A, C, B, C]]), scores[:1])
    assert allowed(unseen[0]) == [EOS, A, C]


def test_the_processor_closes_in_time() -> None:
    processor = GrammarLogitsProcessor(guide_of(Brackets()), max_length=8)
    ids = torch.tensor([[BOS]])
    while ids.shape[1] < 8 and ids[0, -1] != EOS:
        scores = processor(ids, torch.eye(VOCABULARY)[[A]])
        ids = torch.cat((ids, scores.argmax(-1, keepdim=True)), dim=1)
    assert ids.tolist() == [[BOS, A, A, A, B, B, B, EOS]]


def test_what_the_grammar_forbids_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="after 0"):
        guide_of(Brackets()).state_after([C, B])
    assert PAD not in allowed(guide_of(Brackets()).mask(0, 100))
