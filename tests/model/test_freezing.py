"""What is frozen stays bit for bit, its batch norms included, until its step, and the rest trains."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import pytest
import torch
from networks import tiny_config, tiny_model
from test_full_page_trainer import fit, module_of, sample
from torch import Tensor, nn

from jazzmus.dataset.batch import PageBatch, make_batch
from jazzmus.errors import ConfigError
from jazzmus.model.freezing import Freezing
from jazzmus.model.full_page_trainer import FullPageTrainer
from jazzmus.model.parameter_names import depths, first_matches


def batch() -> list[PageBatch]:
    return [make_batch([sample(1), sample(2, 48)], 0, 16), make_batch([sample(3)], 0, 16)]


def state_of(module: FullPageTrainer) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in module.model.state_dict().items()}


def changed(module: FullPageTrainer, before: dict[str, Tensor]) -> set[str]:
    """Names of parameters and buffers that moved."""
    return {name for name, tensor in module.model.state_dict().items() if not torch.equal(tensor, before[name])}


def movable(names: Iterable[str]) -> set[str]:
    """Biases of keys change no output, and may stay or move by rounding errors."""
    return {name for name in names if "k_proj.bias" not in name}


def states(module: FullPageTrainer) -> set[str]:
    """Names of the parameters for which AdamW keeps something."""
    optimizer: Any = module.optimizers()
    return {name for name, parameter in module.model.named_parameters() if parameter in optimizer.state}


@pytest.mark.parametrize("encoder", ["convnext", "resnet"])
def test_a_frozen_encoder_is_bit_equal_and_has_neither_gradients_nor_state(
    encoder: str, caplog: pytest.LogCaptureFixture
) -> None:
    module = module_of({"dropout": 0.1, "encoder": encoder}, lr=0.1, freeze_encoder=True)
    assert "what is frozen stays random" in caplog.text
    before = state_of(module)
    gradients = fit(module, batch(), steps=3)
    expected = {name for name in before if not name.startswith("encoder.")}
    moved = changed(module, before)
    assert moved <= expected
    assert movable(moved) == movable(expected)
    for step in gradients:
        assert {name for name, gradient in step.items() if gradient is not None} == expected
    assert states(module) == expected
    module.train()
    assert not any(layer.training for layer in module.model.encoder.modules())
    assert module.model.decoder.training


def test_no_graph_is_kept_of_a_frozen_encoder() -> None:
    page = batch()[0]
    assert not module_of(freeze_encoder=True)._features(page).requires_grad
    assert module_of(frozen=("encoder.embeddings.*",))._features(page).requires_grad
    assert module_of()._features(page).requires_grad


def test_parts_are_frozen_by_name() -> None:
    patterns = ("encoder.stages.0.*", "encoder.norms.0.*", "encoder.downsampling.0.*", "decoder.layers.0.*")
    module = module_of({"dropout": 0.1, "encoder": "resnet"}, lr=0.1, frozen=patterns)
    before = state_of(module)
    fit(module, batch(), steps=2)
    held = {name for name in before if name.startswith(tuple(pattern[:-1] for pattern in patterns))}
    assert held
    # Averages of the batch norms are among them, on either side.
    moved = changed(module, before)
    assert not moved & held
    assert movable(moved) == movable(before.keys() - held)
    module.train()
    encoder: Any = module.model.encoder
    assert not encoder.stages[0].training
    assert not encoder.norms[0].training
    assert encoder.stages[1].training
    assert not any(part.training for part in module.model.decoder.layers[0].modules())
    assert all(part.training for part in module.model.decoder.layers[1].modules())


def test_a_freeze_is_lifted_at_its_step() -> None:
    module = module_of({"encoder": "resnet"}, lr=0.01, freeze_encoder=True, unfreeze_step=2)
    before = state_of(module)
    gradients = fit(module, batch(), steps=4)
    trained = [any(g is not None for name, g in step.items() if name.startswith("encoder.")) for step in gradients]
    assert trained == [False, False, True, True]
    assert movable(changed(module, before)) == movable(before)
    optimizer: Any = module.optimizers()
    steps = {name: int(optimizer.state[p]["step"]) for name, p in module.model.named_parameters()}
    assert {steps[name] for name in steps if name.startswith("encoder.")} == {2}
    assert {steps[name] for name in steps if not name.startswith("encoder.")} == {4}
    assert module.model.encoder.training


def test_up_to_its_step_a_lifted_freeze_is_a_frozen_run() -> None:
    lifted, frozen = (module_of(lr=0.01, freeze_encoder=True, unfreeze_step=step) for step in (3, None))
    for module in (lifted, frozen):
        fit(module, batch(), steps=3)
    assert all(torch.equal(tensor, frozen.model.state_dict()[name]) for name, tensor in state_of(lifted).items())


def test_micro_batches_and_clipping_mind_what_trains_only() -> None:
    samples = [sample(1, 64, 9), sample(2, 32, 3), sample(3, 48, 6)]
    whole = fit(module_of(freeze_encoder=True), [make_batch(samples, 0, 16)])[0]
    parts = fit(module_of(freeze_encoder=True), [make_batch(samples[:1], 0, 16), make_batch(samples[1:], 0, 16)])[0]
    for name, gradient in whole.items():
        torch.testing.assert_close(gradient, parts[name], atol=1e-6, rtol=1e-4, msg=name)
    module = module_of(freeze_encoder=True)
    module.optimization.clip_norm = 1e-3
    (clipped,) = fit(module, batch())
    norm = torch.stack([gradient.norm() for gradient in clipped.values() if gradient is not None]).norm()
    assert float(norm) == pytest.approx(1e-3, rel=1e-3)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"frozen": ("encodr.*",)}, r"FullPageTrainer\.frozen: 'encodr\.\*' .* did you mean encoder\.\*"),
        ({"frozen": ("decoder.layer.0.*",)}, r"'decoder\.layer\.0\.\*'.*decoder\.layers\.0\.\*"),
        ({"frozen": ("encoder.*", "decoder.layers.7.*")}, r"'decoder\.layers\.7\.\*'"),
        ({"frozen": ("*",)}, "leaves nothing to train"),
        ({"frozen": ("decoder.*",), "freeze_encoder": True}, "leaves nothing to train"),
        ({"unfreeze_step": 5}, "needs freeze_encoder or frozen"),
        ({"unfreeze_step": 0, "freeze_encoder": True}, "at least 1"),
    ],
)
def test_what_cannot_be_frozen_is_told(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        module_of(**arguments)


def test_the_flag_and_the_pattern_are_the_same() -> None:
    model = tiny_model()
    freezing = Freezing(model, ("encoder.*", "encoder.embeddings.*", "encoder.*"))
    assert freezing.count == sum(parameter.numel() for parameter in model.encoder.parameters())
    assert freezing.modules == [model.encoder]
    freezing.unfreeze(10**6)
    assert freezing.count > 0, "nothing says when"


def test_letting_go_gives_back_what_was_there() -> None:
    model = tiny_model().train()
    untouched = copy.deepcopy(model)
    freezing = Freezing(model, ("encoder.*", "decoder.layers.0.norm_layers.*"), until=4)
    freezing.unfreeze(3)
    assert freezing.count
    freezing.unfreeze(7)
    assert not freezing.count
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert [m.training for m in model.modules()] == [m.training for m in untouched.modules()]


def test_names_take_their_first_pattern() -> None:
    names = ["a.x", "a.y", "b"]
    assert first_matches(names, ["a.x", "a.*"], "X.y") == {"a.x": "a.x", "a.y": "a.*"}
    assert first_matches(names, [], "X.y") == {}


@pytest.mark.parametrize("encoder", ["convnext", "resnet"])
def test_depths_follow_the_page_through_the_network(encoder: str) -> None:
    config = tiny_config(encoder=encoder, ctc_outputs=2)
    depth_of = depths(name for name, _ in tiny_model(encoder=encoder, ctc_outputs=2).named_parameters())
    stages, layers = len(config.encoder_depths), config.num_decoder_layers
    assert set(depth_of.values()) == set(range(stages + layers + 1))
    assert max(d for name, d in depth_of.items() if name.startswith("encoder.")) == stages - 1
    assert depth_of["decoder.embedding.weight"] == depth_of["decoder.layers.0.ffn.0.bias"] == stages
    assert {name.split(".")[1] for name, d in depth_of.items() if d == stages + layers} == {
        "final_norm",
        "vocab_projection",
        "norm",
        "output",
    }


def test_modules_without_parameters_are_left_alone() -> None:
    model = nn.Sequential(nn.Dropout(), nn.Linear(2, 2))
    outer = nn.ModuleDict({"encoder": model, "decoder": nn.Linear(2, 2)}).train()
    Freezing(outer, ("decoder.weight",))
    assert all(module.training for module in outer.modules())
