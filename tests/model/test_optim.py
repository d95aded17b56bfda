from __future__ import annotations

from typing import Any

import pytest
import torch
from networks import tiny_model
from torch import nn

from jazzmus.errors import CheckpointError, ConfigError
from jazzmus.model.optim import Optimization, rates, set_rates


def test_only_matrices_and_kernels_decay() -> None:
    model = tiny_model()
    optimizer = Optimization(weight_decay=0.3).optimizer(model.named_parameters())
    decay = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    for name, parameter in model.named_parameters():
        is_norm = "norm" in name or "downsampling_layer.0" in name
        is_vector = name.endswith("bias") or is_norm or "layer_scale" in name
        assert decay[id(parameter)] == (0.0 if is_vector else 0.3), name


def test_frozen_parameters_get_no_state() -> None:
    layer, frozen = nn.Linear(3, 2), nn.Linear(2, 2).requires_grad_(False)
    optimizer = Optimization().optimizer([*layer.named_parameters("a"), *frozen.named_parameters("b")])
    frozen(layer(torch.ones(1, 3))).sum().backward()
    optimizer.step()
    assert set(optimizer.state) == set(layer.parameters())


def rate_of(optimization: Optimization, model: nn.Module) -> dict[str, float]:
    by_id = {id(p): group["lr"] for group in optimization.groups(model.named_parameters()) for p in group["params"]}
    return {name: by_id[id(parameter)] for name, parameter in model.named_parameters()}


def test_rates_by_name_and_the_first_pattern_holds() -> None:
    model = tiny_model(encoder="resnet")
    factors = {"encoder.stages.2.*": 0.5, "encoder.*": 0.1}
    optimization = Optimization(lr=0.2, lr_factors=factors, weight_decay=0.3)
    for name, rate in rate_of(optimization, model).items():
        expected = 0.1 if name.startswith("encoder.stages.2.") else 0.02 if name.startswith("encoder.") else 0.2
        assert rate == pytest.approx(expected), name
    groups = optimization.groups(model.named_parameters())
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))
    assert {(g["weight_decay"], p.ndim >= 2) for g in groups for p in g["params"]} == {(0.3, True), (0.0, False)}
    optimizer = optimization.optimizer(model.named_parameters())
    assert rates(optimizer) == pytest.approx({"lr": 0.2, "lr_x0.5": 0.1, "lr_x0.1": 0.02})


def test_a_rate_falls_with_each_layer_towards_the_page() -> None:
    model = tiny_model(ctc_outputs=2)
    found = rate_of(Optimization(lr=1.0, layer_decay=0.5, lr_factors={"decoder.embedding.*": 3.0}), model)
    assert found["decoder.vocab_projection.weight"] == found["ctc_head.output.bias"] == 1.0
    assert found["decoder.layers.1.ffn.0.weight"] == 0.5
    assert found["decoder.layers.0.self_attn.q_proj.bias"] == 0.25
    assert found["decoder.embedding.weight"] == 3 * 0.25
    assert found["encoder.encoder.stages.2.layers.0.dwconv.weight"] == 0.125
    assert found["encoder.embeddings.patch_embeddings.weight"] == 0.03125


def test_the_schedule_moves_all_rates_alike() -> None:
    optimization = Optimization(lr=0.1, warmup_steps=1, lr_factors={"b.*": 0.3})
    layers = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})
    optimizer = optimization.optimizer(layers.named_parameters())
    scheduler = optimization.scheduler(optimizer, 10)
    assert rates(optimizer) == pytest.approx({"lr": 0.05, "lr_x0.3": 0.015})
    optimizer.step()
    scheduler.step()
    assert rates(optimizer) == pytest.approx({"lr": 0.1, "lr_x0.3": 0.03})


def test_a_pattern_that_gives_no_rate_is_told() -> None:
    model = tiny_model()
    with pytest.raises(ConfigError, match=r"Optimization.lr_factors: 'encodr\.\*' .* did you mean encoder\.\*"):
        Optimization(lr_factors={"encodr.*": 0.3}).groups(model.named_parameters())
    with pytest.raises(ConfigError, match=r"'encoder\.embeddings\.\*' matches only parameters that an earlier"):
        Optimization(lr_factors={"encoder.*": 0.3, "encoder.embeddings.*": 0.1}).groups(model.named_parameters())


def checkpoint_of(optimization: Optimization, model: nn.Module) -> dict[str, Any]:
    optimizer = optimization.optimizer(model.named_parameters())
    scheduler = optimization.scheduler(optimizer, 10)
    return {"optimizer_states": [optimizer.state_dict()], "lr_schedulers": [scheduler.state_dict()]}


def test_a_resumed_optimizer_takes_up_new_rates_and_the_same_ones_exactly() -> None:
    model, old = tiny_model(), Optimization(lr=0.3, warmup_steps=2, lr_factors={"encoder.*": 0.7})
    checkpoint = checkpoint_of(old, model)
    set_rates(checkpoint, old.groups(model.named_parameters()))
    assert checkpoint == checkpoint_of(old, model)
    new = Optimization(lr=0.6, warmup_steps=2, lr_factors={"encoder.*": 0.1}, weight_decay=0.5)
    set_rates(checkpoint, new.groups(model.named_parameters()))
    optimizer = new.optimizer(model.named_parameters())
    scheduler = new.scheduler(optimizer, 10)
    optimizer.load_state_dict(checkpoint["optimizer_states"][0])
    scheduler.load_state_dict(checkpoint["lr_schedulers"][0])
    assert rates(optimizer) == pytest.approx({"lr": 0.2, "lr_x0.1": 0.02})
    optimizer.step()
    scheduler.step()
    assert rates(optimizer) == pytest.approx({"lr": 0.4, "lr_x0.1": 0.04})
    assert {group["weight_decay"] for group in optimizer.param_groups} == {0.0, 0.5}


def test_other_groups_are_not_resumed() -> None:
    model = tiny_model()
    other = Optimization(layer_decay=0.5).groups(model.named_parameters())
    with pytest.raises(CheckpointError, match=r"Optimization\.lr_factors"):
        set_rates(checkpoint_of(Optimization(), model), other)


def test_cosine_after_warm_up() -> None:
    optimization = Optimization(warmup_steps=4, schedule="cosine", final_lr_ratio=0.1)
    factors = [optimization.factor(step, 24) for step in range(30)]
    assert factors[:4] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert factors[4] == 1.0
    assert factors[14] == pytest.approx(0.55)
    assert factors[24:] == pytest.approx([0.1] * 6)
    assert factors[4:25] == sorted(factors[4:25], reverse=True)


def test_constant_after_warm_up() -> None:
    optimization = Optimization(warmup_steps=1, schedule="constant")
    assert [optimization.factor(step, 3) for step in range(4)] == [0.5, 1.0, 1.0, 1.0]


def test_a_run_shorter_than_its_warm_up() -> None:
    assert Optimization(warmup_steps=100).factor(2, 3) == pytest.approx(3 / 101)


def test_the_schedule_moves_the_learning_rate() -> None:
    optimization = Optimization(lr=0.1, warmup_steps=1)
    optimizer = optimization.optimizer([("weight", nn.Parameter(torch.ones(2, 2)))])
    scheduler = optimization.scheduler(optimizer, 10)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.05)
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    "bad",
    [
        {"lr": 0.0},
        {"weight_decay": -1.0},
        {"warmup_steps": -1},
        {"clip_norm": 0.0},
        {"lr_factors": {"encoder.*": 0.0}},
        {"lr_factors": {"encoder.*": float("nan")}},
        {"layer_decay": 0.0},
        {"layer_decay": 1.5},
    ],
    ids=str,
)
def test_values_out_of_range(bad: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="Optimization"):
        Optimization(**bad)
