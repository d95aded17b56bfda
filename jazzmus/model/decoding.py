"""Token-by-token decoding of pages whose keys and values are already projected. Knows ids, never kern."""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor

StopReason = Literal["eos", "length"]

# Whether every page has ended is asked of the device only now and then: each question waits for it.
STEPS_BETWEEN_STOP_CHECKS = 8


class GreedyOutput(NamedTuple):
    """Ids (B, N) beginning with <bos>, log-probabilities (B, N) of each chosen id, and why each page stopped."""

    ids: Tensor
    log_probs: Tensor
    stop_reasons: tuple[StopReason, ...]


class StepDecoder(Protocol):
    """A decoder that continues sequences from a cache, such as `jazzmus.model.smt.decoder.Decoder`."""

    def __call__(self, ids: Tensor, memory: object, past: object = None) -> tuple[Tensor, object]:
        """Logits (B, L, V) and the cache for the next call."""


def greedy_decode(
    decoder: StepDecoder,
    memory: object,
    *,
    batch_size: int,
    bos_id: int,
    eos_id: int,
    pad_id: int,
    max_length: int,
) -> GreedyOutput:
    """The most probable id at each step, until <eos> or `max_length` ids, <bos> counted.

    Args:
        decoder: Gives next-token logits from new ids and a cache.
        memory: What the decoder attends to, for `batch_size` pages; it tells the device.
        batch_size: Number of pages.
        bos_id: Id every sequence begins with.
        eos_id: Id that ends a sequence; it is part of the result.
        pad_id: Id that fills pages which ended before the longest one.
        max_length: Longest sequence, <bos> included; at least 1.
    """
    device = memory.layers[0].keys.device  # type: ignore[attr-defined]
    last = torch.full((batch_size, 1), bos_id, dtype=torch.long, device=device)
    ended = torch.zeros(batch_size, 1, dtype=torch.bool, device=device)
    ids, log_probs = [last], [torch.zeros(batch_size, 1, device=device)]
    past = None
    for step in range(1, max_length):
        logits, past = decoder(last, memory, past)
        scores, chosen = logits[:, -1].float().log_softmax(-1).max(-1, keepdim=True)
        last = chosen.masked_fill(ended, pad_id)
        ids.append(last)
        log_probs.append(scores.masked_fill(ended, 0.0))
        ended = ended | (last == eos_id)
        if (batch_size == 1 or step % STEPS_BETWEEN_STOP_CHECKS == 0) and bool(ended.all()):
            break
    sequence = torch.cat(ids, dim=1)
    has_ended = ended.flatten().tolist()
    length = int((sequence == eos_id).int().argmax(1).max()) + 1 if all(has_ended) else sequence.shape[1]
    reasons: tuple[StopReason, ...] = tuple("eos" if page_ended else "length" for page_ended in has_ended)
    return GreedyOutput(sequence[:, :length], torch.cat(log_probs, dim=1)[:, :length], reasons)
