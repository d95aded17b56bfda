"""Multi-head attention over whole sequences, on PyTorch's scaled-dot-product kernels. Knows no pages."""

from __future__ import annotations

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn


class KeyValues(NamedTuple):
    """Projected keys and values, each (B, heads, S, d_model / heads)."""

    keys: Tensor
    values: Tensor


class MultiHeadAttention(nn.Module):
    """Attention whose projections are called one by one.

    Decoding goes another way, `jazzmus.model.smt.cache`, with the same weights.

    There is no dropout on attention weights: it would keep PyTorch from its fused kernels on CPUs and materialise a
    weight for every pair of token and feature, several times the memory and time of the rest of a step.

    Args:
        d_model: Width of queries, keys and values.
        num_heads: Number of heads; divides `d_model`.
        scaled: Divide scores by the square root of the head width; the first public family does not.
    """

    def __init__(self, d_model: int, num_heads: int, scaled: bool) -> None:
        super().__init__()
        self.q_proj = nn.Linear(d_model, d_model)
        self.k_proj = nn.Linear(d_model, d_model)
        self.v_proj = nn.Linear(d_model, d_model)
        self.out_proj = nn.Linear(d_model, d_model)
        self.num_heads = num_heads
        self.scale = None if scaled else 1.0

    def _split_heads(self, states: Tensor) -> Tensor:
        batch, length, width = states.shape
        return states.view(batch, length, self.num_heads, width // self.num_heads).transpose(1, 2)

    def project(self, key_states: Tensor, value_states: Tensor) -> KeyValues:
        """Project (B, S, d_model) states to keys and values of each head."""
        return KeyValues(self._split_heads(self.k_proj(key_states)), self._split_heads(self.v_proj(value_states)))

    def forward(self, query_states: Tensor, memory: KeyValues, mask: Tensor | None, is_causal: bool) -> Tensor:
        """Attend from (B, L, d_model) queries to projected keys and values.

        Args:
            query_states: (B, L, d_model).
            memory: What `project` gave for the attended states.
            mask: Boolean, broadcastable to (B, heads, L, S); True where attention is allowed. None: everywhere.
            is_causal: Let position i see positions 0..i only; excludes a mask.

        Returns:
            (B, L, d_model).
        """
        queries = self._split_heads(self.q_proj(query_states))
        attended = F.scaled_dot_product_attention(
            queries,
            memory.keys,
            memory.values,
            attn_mask=mask,
            is_causal=is_causal,
            scale=self.scale,
        )
        return self.out_proj(attended.transpose(1, 2).flatten(2))
