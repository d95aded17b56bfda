from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from networks import random_page, tiny_model
from toy_grammars import BOS, EOS, PAD, VOCABULARY, A, B, Brackets, C, RandomStepper, ScriptedStepper

from jazzmus.dataset.batch import pad_images
from jazzmus.errors import ConfigError
from jazzmus.model.constraint import GrammarGuide
from jazzmus.model.decoding import (
    LOOP_IDS,
    LOOP_REPEATS,
    DecodingOptions,
    DecodingOutput,
    Loop,
    Rules,
    SpecialIds,
    find_loop,
    greedy_decode,
)

SPECIAL = SpecialIds(BOS, EOS, PAD)


def rules(max_length: int, *, grammar: Brackets | None = None, stop_loops: bool = True) -> Rules:
    guide = None if grammar is None else GrammarGuide(grammar, VOCABULARY, EOS, torch.device("cpu"))
    return Rules(SPECIAL, max_length, stop_loops, guide)


def decode(scripts: list[list[int]], max_length: int) -> tuple[DecodingOutput, ScriptedStepper]:
    stepper = ScriptedStepper(scripts)
    return greedy_decode(stepper, rules(max_length)), stepper


def test_a_page_stops_at_eos_at_once() -> None:
    output, stepper = decode([[A, B, EOS, A]], 50)
    assert output.ids.tolist() == [[BOS, A, B, EOS]]
    assert output.stop_reasons == ("eos",)
    assert stepper.texts == [[BOS, A, B]]
    assert output.log_probs[0, 0] == 0
    assert (output.log_probs[0, 1:] < 0).all()


def test_max_length_counts_bos() -> None:
    output, stepper = decode([[A]], 5)
    assert output.ids.tolist() == [[BOS, A, A, A, A]]
    assert output.stop_reasons == ("length",)
    assert len(stepper.sizes) == 4
    assert decode([[A]], 1)[0].ids.tolist() == [[BOS]]


def test_eos_as_the_last_id_that_fits_is_an_end() -> None:
    assert decode([[A, EOS]], 3)[0].stop_reasons == ("eos",)


def test_rows_stop_independently_and_are_padded() -> None:
    output, stepper = decode([[A, EOS, B], [EOS], [A, B, A, B, A, B, A, B, A, EOS, B]], 50)
    assert output.ids.tolist() == [
        [BOS, A, EOS, *[PAD] * 8],
        [BOS, EOS, *[PAD] * 9],
        [BOS, A, B, A, B, A, B, A, B, A, EOS],
    ]
    assert output.stop_reasons == ("eos", "eos", "eos")
    assert (output.log_probs[0, 3:] == 0).all()
    assert output.log_probs.shape == output.ids.shape
    assert stepper.sizes == [3, 2, *[1] * 8], "pages that ended leave the batch"


def test_where_questions_wait_pages_end_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jazzmus.model.decoding._NEAR", ())
    scripts = [[A, EOS, B], [A] * 12 + [EOS], [B, C] * 20]
    output = greedy_decode(ScriptedStepper(scripts), rules(30))
    assert output.ids[0].tolist()[:4] == [BOS, A, EOS, PAD]
    assert output.ids[1].tolist()[:15] == [BOS, *[A] * 12, EOS, PAD]
    assert output.ids.shape == (3, 30)
    assert output.stop_reasons == ("eos", "eos", "length")
    assert (output.log_probs[0, 3:] == 0).all()


def test_one_row_at_the_limit_keeps_the_others_ends() -> None:
    output, _ = decode([[A, EOS], [B]], 12)
    assert output.ids.shape == (2, 12)
    assert output.stop_reasons == ("eos", "length")
    assert output.ids[0].tolist() == [BOS, A, EOS, *[PAD] * 9]


def test_pad_and_bos_chosen_mid_sequence_do_not_end_a_page() -> None:
    output, _ = decode([[A, PAD, BOS, B, EOS]], 50)
    assert output.ids.tolist() == [[BOS, A, PAD, BOS, B, EOS]]
    assert (output.log_probs[0, 1:] < 0).all(), "a chosen <pad> has a probability, a filled one has none"


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("max_length", [1, 2, 3, 9, 40])
def test_a_grammar_holds_to_the_limit(seed: int, max_length: int) -> None:
    grammar = Brackets()
    output = greedy_decode(RandomStepper(3, seed=seed, sharpness=4), rules(max_length, grammar=grammar))
    longer = greedy_decode(RandomStepper(3, seed=seed, sharpness=4), rules(max_length + 40, grammar=grammar))
    for row, reason in enumerate(output.stop_reasons):
        text = [token_id for token_id in output.ids[row].tolist() if token_id != PAD]
        assert max_length == 1 or grammar.accepts(text), text
        wanted = [token_id for token_id in longer.ids[row].tolist() if token_id != PAD]
        assert (reason == "eos") == (text == wanted and longer.stop_reasons[row] == "eos")


def test_log_probs_are_the_networks_own() -> None:
    stepper = ScriptedStepper([[B, A, EOS]])  # the grammar begins with no B
    output = greedy_decode(stepper, rules(4, grammar=Brackets()))
    ids = output.ids[0].tolist()
    assert ids[1] != B
    wanted = stepper.logits_after(0, [BOS]).log_softmax(-1)[ids[1]]
    assert output.log_probs[0, 1] == pytest.approx(float(wanted))


def test_a_text_is_closed_in_time_and_says_so() -> None:
    output = greedy_decode(ScriptedStepper([[A] * 40]), rules(13, grammar=Brackets()))
    assert output.ids[0].tolist()[:6] == [BOS, *[A] * 5]
    assert Brackets().accepts(output.ids[0].tolist())
    assert output.stop_reasons == ("length",)


def test_an_end_of_the_networks_own_near_the_limit_is_its_own() -> None:
    output = greedy_decode(ScriptedStepper([[A, B, EOS]]), rules(5, grammar=Brackets()))
    assert output.ids.tolist() == [[BOS, A, B, EOS]]
    assert output.stop_reasons == ("eos",)


@given(
    st.lists(st.integers(3, 9), max_size=30), st.lists(st.integers(3, 9), min_size=1, max_size=20), st.integers(0, 9)
)
def test_what_goes_round_is_a_loop(start: list[int], circle: list[int], more: int) -> None:
    repeats = max(LOOP_REPEATS, -(-LOOP_IDS // len(circle))) + 1
    ids = [BOS, *start, *circle * repeats, *circle[: more % len(circle)]]
    loop = find_loop(ids)
    assert loop is not None
    assert loop.start <= 1 + len(start)
    assert len(circle) % loop.period == 0
    assert all(ids[at] == ids[at - loop.period] for at in range(loop.start + loop.period, len(ids)))


def test_music_that_repeats_itself_is_no_loop() -> None:
    assert find_loop([BOS, *[A, B, C, 6, 7] * (LOOP_REPEATS - 1)]) is None
    assert find_loop([BOS, *[A] * (LOOP_IDS - 1)]) is None
    assert find_loop([BOS, *[A] * LOOP_IDS]) == Loop(1, 1)
    assert find_loop([BOS, *[A] * LOOP_IDS, B]) is None
    assert find_loop([]) is None


def test_a_loop_stops_a_page_and_one_circle_stays() -> None:
    output, stepper = decode([[C, C, *[A, B, C] * 40], [C, A, EOS]], 500)
    assert output.stop_reasons == ("loop", "eos")
    assert output.ids[0].tolist() == [BOS, C, C, A, B], "the second C is part of the circle already"
    assert len(stepper.sizes) < LOOP_IDS + 20
    unstopped = greedy_decode(ScriptedStepper([[A] * 200]), rules(100, stop_loops=False))
    assert unstopped.stop_reasons == ("length",)


def test_a_loop_is_closed_by_the_grammar() -> None:
    grammar = Brackets()
    output = greedy_decode(ScriptedStepper([[C, A, *[A, B] * 80]]), rules(500, grammar=grammar))
    assert output.stop_reasons == ("loop",)
    assert output.ids.tolist() == [[BOS, C, A, A, B, B, EOS]]
    assert grammar.accepts(output.ids[0].tolist())
    assert (output.log_probs[0, 1:] < 0).all()


def test_ids_are_shown_while_more_are_read() -> None:
    shown: list[tuple[int, list[int]]] = []
    output = greedy_decode(
        ScriptedStepper([[A, B] * 10 + [EOS], [C, EOS]]), rules(50), lambda page, ids: shown.append((page, list(ids)))
    )
    first = [ids for page, ids in shown if page == 0]
    assert [len(ids) for ids in first] == [9, 17, 22]
    assert all(output.ids[0].tolist()[: len(ids)] == ids for ids in first)
    assert [ids for page, ids in shown if page == 1] == [[BOS, C, EOS]]


def test_a_network_reads_the_same_with_a_grammar_that_allows_all() -> None:
    class Anything:
        start = 0

        def advance(self, state: int, token_id: int) -> int:
            return state

        def allowed(self, state: int) -> list[int]:
            return list(range(11))

        def fewest_to_end(self, state: int) -> int:
            return 1

    model = tiny_model(seed=3)
    images, sizes = pad_images([random_page(48, 80), random_page(32, 32, 1)], model.config.stride)
    free = model.read(images, sizes)
    held = model.read(images, sizes, None, Anything())
    length = min(free.ids.shape[1], held.ids.shape[1]) - 1
    assert torch.equal(free.ids[:, :length], held.ids[:, :length])
    torch.testing.assert_close(free.log_probs[:, :length], held.log_probs[:, :length])


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"max_length": 0}, "max_length"),
        ({"num_beams": 0}, "num_beams"),
        ({"length_penalty": -1.0}, "length_penalty"),
        ({"length_penalty": math.nan}, "length_penalty"),
        ({"bar_weight": math.inf, "num_beams": 2}, "bar_weight"),
        ({"bar_weight": math.nan, "num_beams": 2}, "bar_weight"),
        ({"bar_weight": 1.0}, "bar_weight 1.0 chooses among several"),
        ({"ctc_weight": 1.0}, "ctc_weight"),
        ({"cache_dtype": "int8"}, "cache_dtype"),
    ],
)
def test_options_out_of_range(changes: dict, named: str) -> None:
    with pytest.raises(ConfigError, match=rf"DecodingOptions\.{named}"):
        DecodingOptions(**changes)


def test_ctc_needs_its_head() -> None:
    with pytest.raises(ConfigError, match="no CTC head"):
        tiny_model().read(random_page(32, 32)[None], None, DecodingOptions(ctc_weight=0.3))
