from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import pytest
import torch
from networks import random_page, tiny_model
from toy_grammars import BOS, EOS, PAD, VOCABULARY, A, B, Brackets, C, RandomStepper, ScriptedStepper

from jazzmus.dataset.batch import pad_images
from jazzmus.model.beam_search import beam_decode
from jazzmus.model.constraint import GrammarGuide
from jazzmus.model.decoding import DecodingOptions, Rules, SpecialIds, find_loop, greedy_decode
from jazzmus.model.smt.ctc import CtcPrefixScorer

SPECIAL = SpecialIds(BOS, EOS, PAD)
LIMIT = 4


def rules(max_length: int, grammar: Brackets | None = None) -> Rules:
    guide = None if grammar is None else GrammarGuide(grammar, VOCABULARY, EOS, torch.device("cpu"))
    return Rules(SPECIAL, max_length, True, guide)


def all_texts(max_length: int) -> Iterator[tuple[int, ...]]:
    """Every text that ends, or is cut at the limit."""
    others = [token_id for token_id in range(VOCABULARY) if token_id != EOS]
    for length in range(max_length):
        for body in itertools.product(others, repeat=length):
            yield (BOS, *body, EOS) if length < max_length - 1 else (BOS, *body)


def attention_score(stepper: RandomStepper, page: int, text: tuple[int, ...]) -> float:
    return sum(float(stepper.logits_after(page, text[:at]).log_softmax(-1)[text[at]]) for at in range(1, len(text)))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("grammar", [None, Brackets()], ids=["free", "grammar"])
def test_many_beams_find_the_best_of_all_texts(seed: int, grammar: Brackets | None) -> None:
    beams = 60
    stepper = RandomStepper(2, beams, seed, sharpness=2)
    options = DecodingOptions(num_beams=beams, length_penalty=0)
    output = beam_decode(stepper, rules(LIMIT, grammar), options)
    texts = [text for text in all_texts(LIMIT) if grammar is None or grammar.accepts(text)]
    for page in range(2):
        best = max(texts, key=lambda text: attention_score(stepper, page, text))
        assert output.ids[page].tolist()[: len(best)] == list(best)
        assert float(output.log_probs[page].sum()) == pytest.approx(attention_score(stepper, page, best), abs=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_one_beam_is_greedy(seed: int) -> None:
    for grammar in (None, Brackets()):
        greedy = greedy_decode(RandomStepper(3, seed=seed), rules(20, grammar))
        beam = beam_decode(RandomStepper(3, 1, seed), rules(20, grammar), DecodingOptions(num_beams=1))
        assert beam.ids.tolist() == greedy.ids.tolist()
        assert beam.stop_reasons == greedy.stop_reasons
        torch.testing.assert_close(beam.log_probs, greedy.log_probs)


def test_pages_of_a_batch_are_searched_as_alone() -> None:
    model = tiny_model(seed=5)
    images, sizes = pad_images([random_page(48, 80), random_page(96, 32, 1), random_page(32, 32, 2)], 16)
    options = DecodingOptions(num_beams=3, max_length=20)
    together = model.read(images, sizes, options)
    for row, (height, width) in enumerate(sizes.tolist()):
        alone = model.read(images[row : row + 1, :, :height, :width], None, options)
        length = alone.ids.shape[1]
        assert together.ids[row, :length].tolist() == alone.ids[0].tolist()
        assert together.stop_reasons[row] == alone.stop_reasons[0]
        torch.testing.assert_close(together.log_probs[row, :length], alone.log_probs[0], atol=1e-5, rtol=0)


def test_log_probs_are_those_of_the_text() -> None:
    model = tiny_model(seed=6)
    page = random_page(64, 64)[None]
    output = model.read(page, None, DecodingOptions(num_beams=4, max_length=20))
    with torch.inference_mode():
        logits = model(pixel_values=page, decoder_input_ids=output.ids[:, :-1]).logits.log_softmax(-1)
    wanted = logits.gather(2, output.ids[:, 1:, None])[..., 0]
    torch.testing.assert_close(output.log_probs[:, 1:], wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("max_length", [2, 3, 12])
def test_a_grammar_holds_with_beams(seed: int, max_length: int) -> None:
    output = beam_decode(
        RandomStepper(3, 3, seed, sharpness=4), rules(max_length, Brackets()), DecodingOptions(num_beams=3)
    )
    for row in output.ids.tolist():
        text = [token_id for token_id in row if token_id != PAD]
        assert Brackets().accepts(text)
        assert len(text) <= max_length


def test_longer_texts_win_by_the_penalty() -> None:
    def length(penalty: float) -> int:
        stepper = RandomStepper(1, 4, 3, sharpness=0.5)
        return beam_decode(stepper, rules(12), DecodingOptions(num_beams=4, length_penalty=penalty)).ids.shape[1]

    assert length(0.0) < length(2.0)


class Circle(ScriptedStepper):
    """As the script, for several beams."""

    def __init__(self, script: list[int], beams: int) -> None:
        super().__init__([script])
        self.beams, self.texts = beams, [[] for _ in range(beams)]

    def logits_after(self, page: int, text: list[int]) -> torch.Tensor:  # type: ignore[override]
        return 10 * super().logits_after(page, text)


@pytest.mark.parametrize("grammar", [None, Brackets()], ids=["free", "grammar"])
def test_beams_do_not_go_round_in_circles(grammar: Brackets | None) -> None:
    output = beam_decode(Circle([C, *[A, B, C] * 90], 1), rules(270, grammar), DecodingOptions(num_beams=1))
    assert output.stop_reasons == ("loop",)
    assert output.ids.shape[1] <= 6
    assert grammar is None or grammar.accepts(output.ids[0].tolist())
    several = beam_decode(Circle([C, *[A, B, C] * 90], 2), rules(270, grammar), DecodingOptions(num_beams=2))
    assert find_loop(several.ids[0].tolist()) is None


def collapsed(path: tuple[int, ...]) -> tuple[int, ...]:
    """Repetitions merged, blanks removed."""
    return tuple(token_id for token_id, _ in itertools.groupby(path) if token_id != PAD)


def ctc_probabilities(log_probs: torch.Tensor) -> dict[tuple[int, ...], float]:
    """Every text that (T, V) places can write, with its probability: the sum over all alignments."""
    texts: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(log_probs.shape[1]), repeat=len(log_probs)):
        probability = math.exp(sum(float(log_probs[at, token_id]) for at, token_id in enumerate(path)))
        texts[collapsed(path)] = texts.get(collapsed(path), 0.0) + probability
    return texts


def test_ctc_prefix_scores_are_sums_over_all_alignments() -> None:
    generator = torch.Generator().manual_seed(1)
    log_probs = (2 * torch.randn(2, 5, 4, generator=generator)).log_softmax(-1)
    lengths = torch.tensor([5, 3])
    eos = 3  # no place writes it, so that the ends of places and of texts are told apart
    log_probs[..., eos] = -30.0
    log_probs = log_probs.log_softmax(-1)
    scorer = CtcPrefixScorer(log_probs, lengths, blank=PAD, eos=eos)
    wanted = [ctc_probabilities(log_probs[row, :length]) for row, length in enumerate(lengths.tolist())]
    candidates = torch.arange(4).expand(2, 1, 4)
    for prefix in [(), (1,), (2,), (1, 1), (1, 2), (2, 1, 2), (1, 2, 2)]:
        known, last = scorer.start(1), torch.full((2, 1), BOS + 9)
        for token_id in prefix:
            next_id = torch.full((2, 1, 1), token_id)
            _, longer = scorer.score(known, last, next_id)
            known, last = longer[:, :, 0], next_id[:, :, 0]
        scores, _ = scorer.score(known, last, candidates)
        for row in range(2):
            for token_id in (1, 2):
                begun = (*prefix, token_id)
                total = sum(p for text, p in wanted[row].items() if text[: len(begun)] == begun)
                assert float(scores[row, 0, token_id].exp()) == pytest.approx(total, rel=1e-6, abs=1e-12)
            assert float(scores[row, 0, eos].exp()) == pytest.approx(wanted[row].get(prefix, 0.0), rel=1e-6, abs=1e-12)
            assert scores[row, 0, PAD] == -math.inf


def test_joint_scores_find_the_best_of_all_texts() -> None:
    log_probs = (2 * torch.randn(1, 4, VOCABULARY, generator=torch.Generator().manual_seed(2))).log_softmax(-1)
    log_probs[..., EOS] = -30.0
    log_probs[..., BOS] = -30.0
    log_probs = log_probs.log_softmax(-1)
    probabilities = ctc_probabilities(log_probs[0])
    stepper = RandomStepper(1, 80, 4)
    options = DecodingOptions(num_beams=80, length_penalty=0, ctc_weight=0.4)
    scorer = CtcPrefixScorer(log_probs, torch.tensor([4]), blank=PAD, eos=EOS)
    output = beam_decode(stepper, rules(LIMIT), options, scorer)

    def score(text: tuple[int, ...]) -> float:
        body = text[1:]
        if body and body[-1] == EOS:
            ctc = probabilities.get(body[:-1], 0.0)
        else:
            ctc = sum(p for other, p in probabilities.items() if other[: len(body)] == body)
        return 0.6 * attention_score(stepper, 0, text) + 0.4 * math.log(max(ctc, 1e-300))

    assert output.ids[0].tolist() == list(max(all_texts(LIMIT), key=score))


def test_a_network_reads_systems_with_both_heads() -> None:
    model = tiny_model(seed=2, ctc_outputs=2)
    images, sizes = pad_images([random_page(32, 64), random_page(32, 96, 1)], model.config.stride)
    options = DecodingOptions(num_beams=3, max_length=12, ctc_weight=0.3)
    together = model.read(images, sizes, options)
    alone = model.read(images[:1, :, :, :64], None, options)
    assert together.ids[0].tolist()[: alone.ids.shape[1]] == alone.ids[0].tolist()
    only_ctc = model.read(images, sizes, DecodingOptions(num_beams=3, max_length=12, ctc_weight=0.99))
    assert only_ctc.ids.tolist() != model.read(images, sizes, DecodingOptions(num_beams=3, max_length=12)).ids.tolist()


def test_texts_of_a_page_come_best_first_and_no_two_are_alike() -> None:
    options = DecodingOptions(num_beams=4, max_length=14)
    output = beam_decode(RandomStepper(3, 4, 1, sharpness=1), rules(14), options)
    assert max(len(texts) for texts in output.texts) > 1
    for row, texts in zip(output.ids.tolist(), output.texts, strict=True):
        length = len(texts[0].ids)
        assert row[:length] == texts[0].ids
        assert set(row[length:]) <= {PAD}
        values = [text.score / (len(text.ids) - 1) for text in texts]
        assert values == sorted(values, reverse=True)
        assert len({tuple(text.ids) for text in texts}) == len(texts) <= 4
        for text in texts:
            assert text.score == pytest.approx(float(text.log_probs[1:].sum()), abs=1e-4)
