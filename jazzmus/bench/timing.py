"""Wall times on a machine that does other things as well: repeated, taken in turns, in the middle. Knows no network."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import TypeVar

import torch

Action = Callable[[], object]
Result = TypeVar("Result")
_BANDWIDTH_BYTES = 256 * 2**20  # far beyond any cache


def timed(action: Callable[[], Result]) -> tuple[Result, float]:
    """What a call gives, and its wall time in seconds, the device's work included."""
    started = time.perf_counter()
    result = action()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return result, time.perf_counter() - started


def in_turns(actions: Sequence[Action], repeats: int) -> list[float]:
    """Median seconds of each of several actions, called in turns so that they meet the same machine."""
    times: list[list[float]] = [[] for _ in actions]
    for _ in range(repeats):
        for action, own in zip(actions, times, strict=True):
            own.append(timed(action)[1])
    return [median(own) for own in times]


def memory_reader(device: torch.device) -> tuple[Action, int]:
    """An action that reads memory from one end to the other, with PyTorch's threads, and the bytes it reads."""
    block = torch.ones(_BANDWIDTH_BYTES // 4, device=device)
    return block.sum, _BANDWIDTH_BYTES
