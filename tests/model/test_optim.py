from __future__ import annotations

import pytest
import torch
from networks import tiny_model
from torch import nn

from jazzmus.errors import ConfigError
from jazzmus.model.optim import Optimization


def test_only_matrices_and_kernels_decay() -> None:
    model = tiny_model()
    optimizer = Optimization(weight_decay=0.3).optimizer(model.parameters())
    decay = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    for name, parameter in model.named_parameters():
        is_norm = "norm" in name or "downsampling_layer.0" in name
        is_vector = name.endswith("bias") or is_norm or "layer_scale" in name
        assert decay[id(parameter)] == (0.0 if is_vector else 0.3), name


def test_frozen_parameters_get_no_state() -> None:
    layer, frozen = nn.Linear(3, 2), nn.Linear(2, 2).requires_grad_(False)
    optimizer = Optimization().optimizer([*layer.parameters(), *frozen.parameters()])
    frozen(layer(torch.ones(1, 3))).sum().backward()
    optimizer.step()
    assert set(optimizer.state) == set(layer.parameters())
    assert sum(len(group["params"]) for group in optimizer.param_groups) == 2


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
    optimizer = optimization.optimizer([nn.Parameter(torch.ones(2, 2))])
    scheduler = optimization.scheduler(optimizer, 10)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.05)
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    "bad", [{"lr": 0.0}, {"weight_decay": -1.0}, {"warmup_steps": -1}, {"clip_norm": 0.0}], ids=str
)
def test_values_out_of_range(bad: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="Optimization"):
        Optimization(**bad)
