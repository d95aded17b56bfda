from __future__ import annotations

from typing import Any

import pytest
import torch
from networks import TOKENS, tiny_config, tiny_model, weights_of

from jazzmus.errors import CheckpointError
from jazzmus.model.transfer import check_same_network, transfer

VOCABULARY_TENSORS = ("decoder.embedding.weight", "decoder.vocab_projection.weight", "decoder.vocab_projection.bias")


def test_transfer_moves_the_rows_of_known_tokens() -> None:
    source = tiny_model(seed=1)
    tokens = [*TOKENS[:4], "8", "new", "c", "4"]
    model = tiny_model(seed=2, tokens=tokens, vocab_size=len(tokens))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    report = transfer(model, weights_of(source))
    state, old = model.state_dict(), source.state_dict()
    for name in VOCABULARY_TENSORS:
        for index, token in enumerate(tokens):
            wanted = before[name][index] if token == "new" else old[name][TOKENS.index(token)]
            assert torch.equal(state[name][index], wanted), (name, token)
    assert all(torch.equal(state[name], old[name]) for name in state if name not in VOCABULARY_TENSORS)
    assert report.new_tokens == ("new",)
    assert report.dropped_tokens == ("<n>", "<t>", "d", "e")
    assert set(report.remapped_tokens) == set(tokens) - {"new"}
    assert set(report.loaded) == set(state) - set(VOCABULARY_TENSORS)
    assert "1 new, 4 dropped" in report.summary()


def test_transfer_from_an_embedding_larger_than_the_output() -> None:
    source = tiny_model(seed=1, vocab_size=40, num_outputs=len(TOKENS))
    model = tiny_model(seed=2, tokens=list(reversed(TOKENS)))
    report = transfer(model, weights_of(source))
    state, old = model.state_dict(), source.state_dict()
    for name in VOCABULARY_TENSORS:
        assert torch.equal(state[name], old[name][: len(TOKENS)].flip(0))
    assert not report.new_tokens


def test_transfer_moves_the_ctc_outputs_of_known_tokens() -> None:
    source = tiny_model(seed=1, ctc_outputs=3)
    model = tiny_model(seed=2, ctc_outputs=3, tokens=list(reversed(TOKENS)))
    report = transfer(model, weights_of(source))
    for name in ("ctc_head.output.weight", "ctc_head.output.bias"):
        by_token, old = (network.state_dict()[name].unflatten(0, (-1, 3)) for network in (model, source))
        assert torch.equal(by_token, old.flip(0))
    assert not report.new_tensors


def test_a_ctc_head_may_be_new_or_left_out() -> None:
    with_head, without = tiny_model(seed=1, ctc_outputs=3), tiny_model(seed=2)
    head = {name for name in with_head.state_dict() if name.startswith("ctc_head.")}
    before = {name: with_head.state_dict()[name].clone() for name in head}
    report = transfer(with_head, weights_of(without))
    assert set(report.new_tensors) == head
    assert all(torch.equal(with_head.state_dict()[name], before[name]) for name in head)
    assert set(transfer(without, weights_of(with_head)).unused) == head
    with pytest.raises(CheckpointError, match="ctc_outputs is 3 there and 2 here"):
        transfer(tiny_model(ctc_outputs=2), weights_of(with_head))


def test_rows_that_several_tokens_write_are_their_mean() -> None:
    source = tiny_model(seed=1, ctc_outputs=3)
    tokens = [*TOKENS[:4], "4c", "8"]
    model = tiny_model(seed=2, ctc_outputs=3, tokens=tokens, vocab_size=len(tokens))
    report = transfer(model, weights_of(source), lambda wanted, known: {"4c": ("4", "c"), "8": ("8",)})
    four, c, eight = (TOKENS.index(token) for token in ("4", "c", "8"))
    for name in (*VOCABULARY_TENSORS, "ctc_head.output.weight", "ctc_head.output.bias"):
        places = 3 if name.startswith("ctc") else 1
        old, new = (network.state_dict()[name].unflatten(0, (-1, places)) for network in (source, model))
        assert torch.allclose(new[tokens.index("4c")], (old[four] + old[c]) / 2)
        assert torch.equal(new[tokens.index("8")], old[eight])
    assert report.composed_tokens == {"4c": ("4", "c")}
    assert report.remapped_tokens == ("8",)
    assert report.dropped_tokens == tuple(sorted(set(TOKENS) - {"4", "c", "8"}))
    assert report.new_tokens == tuple(sorted(TOKENS[:4]))


@pytest.mark.parametrize("name", VOCABULARY_TENSORS)
def test_a_vocabulary_tensor_that_is_missing_or_of_another_shape_stops_with_its_name(name: str) -> None:
    """They are moved row by row, and must not stay new without a word."""
    weights = weights_of(tiny_model(seed=1))
    there = weights.tensors.pop(name)
    with pytest.raises(CheckpointError, match=f"missing {name}"):
        transfer(tiny_model(), weights)
    weights.tensors[name] = there[:-1]
    with pytest.raises(CheckpointError, match=f"wrong shape {name}"):
        transfer(tiny_model(), weights)


@pytest.mark.parametrize(
    ("tokens", "named"),
    [
        (None, "there: names no tokens"),
        ([*TOKENS[:-2], "4", "4"], "there: names tokens more than once: '4'; mend"),
        ([*TOKENS[:4], *(f"other{index}" for index in range(len(TOKENS) - 4))], "there: no token in common"),
    ],
    ids=["none", "twice", "others"],
)
def test_tokens_that_move_no_row_or_two_stop(tokens: list[str] | None, named: str) -> None:
    model = tiny_model(seed=2)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(CheckpointError, match=named) as error:
        transfer(model, weights_of(tiny_model(seed=1), config=tiny_config(tokens=tokens)))
    assert "\n" not in str(error.value)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize(
    "switch",
    [{"norm_first": False}, {"num_heads": 4}, {"scale_attention": False}, {"output_relu": True}, {"encoder": "resnet"}],
    ids=str,
)
def test_another_switch_is_another_network(switch: dict[str, Any]) -> None:
    (name,) = switch
    for check in (transfer, check_same_network):
        with pytest.raises(CheckpointError, match=f"there: another network: SMTConfig.{name} is"):
            check(tiny_model(), weights_of(tiny_model(**switch)))


def test_transfer_from_another_size_names_the_tensors() -> None:
    model = tiny_model()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"there: .*missing decoder\.layers\.1"):
        transfer(model, weights_of(tiny_model(num_decoder_layers=1)))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_the_same_network_has_the_same_tokens_in_the_same_order() -> None:
    check_same_network(tiny_model(seed=1), weights_of(tiny_model(seed=2)))
    for changes in ({"tokens": list(reversed(TOKENS))}, {"tokenizer": "word"}, {"text_form": "normal"}):
        with pytest.raises(CheckpointError, match="another vocabulary, tokenizer or form of texts"):
            check_same_network(tiny_model(), weights_of(tiny_model(**changes)))
