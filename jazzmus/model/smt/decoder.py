"""The autoregressive Transformer decoder over page features. Knows ids and features, neither pixels nor tokens."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from jazzmus.model.smt.attention import KeyValues, MultiHeadAttention
from jazzmus.model.smt.configuration_smt import SMTConfig
from jazzmus.model.smt.positions import page_positions, sinusoids


class PageMemory(NamedTuple):
    """What every decoder layer attends to: keys and values projected once a page, and the padding mask.

    Attributes:
        layers: One `KeyValues` a decoder layer, S = rows * columns of the feature map.
        mask: (B, 1, 1, S) boolean, True on features of the page; None when nothing is padded.
    """

    layers: tuple[KeyValues, ...]
    mask: Tensor | None


class DecoderLayer(nn.Module):
    """Causal self-attention, cross-attention to the page, feed-forward; pre-norm or post-norm by the config."""

    def __init__(self, config: SMTConfig) -> None:
        super().__init__()
        width, heads, dropout = config.d_model, config.num_heads, config.dropout
        self.self_attn = MultiHeadAttention(width, heads, config.scale_attention)
        self.cross_attn = MultiHeadAttention(width, heads, config.scale_attention)
        self.ffn = nn.Sequential(
            nn.Linear(width, config.d_ff), nn.ReLU(), nn.Dropout(dropout), nn.Linear(config.d_ff, width)
        )
        self.norm_layers = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.dropout = nn.Dropout(dropout)
        self.norm_first = config.norm_first

    def forward(self, states: Tensor, page: KeyValues, page_mask: Tensor | None) -> Tensor:
        """Transform (B, L, d_model) states of whole sequences."""
        norm_self, norm_cross, norm_ffn = self.norm_layers

        attended_input = norm_self(states) if self.norm_first else states
        current = self.self_attn.project(attended_input, attended_input)
        states = states + self.dropout(
            self.self_attn(attended_input, current, mask=None, is_causal=states.shape[1] > 1)
        )
        if not self.norm_first:
            states = norm_self(states)

        query = norm_cross(states) if self.norm_first else states
        states = states + self.dropout(self.cross_attn(query, page, mask=page_mask, is_causal=False))
        if not self.norm_first:
            states = norm_cross(states)

        inner = norm_ffn(states) if self.norm_first else states
        states = states + self.dropout(self.ffn(inner))
        return states if self.norm_first else norm_ffn(states)


class Decoder(nn.Module):
    """Token embedding, decoder layers and output layer.

    Two-dimensional positions are added to the keys of cross-attention only; its values are the raw features.
    """

    def __init__(self, config: SMTConfig) -> None:
        super().__init__()
        self.embedding = nn.Embedding(config.vocab_size, config.d_model, padding_idx=config.pad_token_id)
        self.dropout = nn.Dropout(config.dropout)
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.num_decoder_layers))
        self.final_norm = nn.LayerNorm(config.d_model) if config.norm_first else nn.Identity()
        self.output_activation = nn.ReLU() if config.output_relu else nn.Identity()
        self.vocab_projection = nn.Linear(config.d_model, config.num_outputs)

    def remember(self, features: Tensor, valid: Tensor | None) -> PageMemory:
        """Project the features of a batch of pages once for all layers and all tokens of the texts.

        Args:
            features: (B, C, H, W) features with C = d_model.
            valid: (B, H, W) boolean, True on features of the page; None when nothing is padded.
        """
        _, channels, height, width = features.shape
        values = features.flatten(2).transpose(1, 2)
        keys = values + page_positions(height, width, channels, features.device).to(values.dtype)
        mask = None if valid is None else valid.flatten(1)[:, None, None, :]
        attentions: list[MultiHeadAttention] = [layer.cross_attn for layer in self.layers]  # type: ignore[misc]
        return PageMemory(tuple(attention.project(keys, values) for attention in attentions), mask)

    def forward(self, ids: Tensor, memory: PageMemory) -> Tensor:
        """Next-token logits (B, L, num_outputs) after each of (B, L) ids, over what `remember` gave for the pages."""
        states = self.embedding(ids)
        positions = torch.arange(ids.shape[1], device=ids.device)
        states = self.dropout(states + sinusoids(positions, states.shape[-1]).to(states.dtype))
        for layer, page in zip(self.layers, memory.layers, strict=True):
            states = layer(states, page, memory.mask)
        return self.output(states)

    def output(self, states: Tensor) -> Tensor:
        """Logits (..., num_outputs) of the last layer's (..., d_model) states."""
        return self.vocab_projection(self.output_activation(self.final_norm(states)))
