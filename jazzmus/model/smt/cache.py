"""The decoder one token at a time: keys and values are kept, weights and memory are laid out for single queries.

One query over thousands of features costs what reading their keys and values costs. Where features follow each other
in memory, plain matrix products read them at its full speed; where the channels of a feature do, and in the fused
kernel of `scaled_dot_product_attention`, they take two to three times as long on CPUs. Keys and values of the text
are few, and a new one is written in one piece: there, channels follow each other. Knows features and ids, neither
pixels nor tokens, and not how ids are chosen.
"""

from __future__ import annotations

import copy
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from jazzmus.model.smt.attention import MultiHeadAttention
from jazzmus.model.smt.decoder import Decoder, DecoderLayer
from jazzmus.model.smt.positions import page_positions, sinusoids

FIRST_CAPACITY = 128  # ids; doubled when it is used up


class _Linear(NamedTuple):
    """A linear layer as (inputs, outputs) weight and bias: CPUs multiply one row by it faster than by its transpose."""

    weight: Tensor
    bias: Tensor

    def __call__(self, rows: Tensor) -> Tensor:
        return torch.addmm(self.bias, rows, self.weight)


def _stacked(*layers: nn.Linear) -> _Linear:
    """Several linear layers of the same input as one."""
    weight = torch.cat([layer.weight for layer in layers]).t().contiguous()
    return _Linear(weight, torch.cat([layer.bias for layer in layers]))


def _scaled(linear: _Linear, attention: MultiHeadAttention, width: int) -> _Linear:
    """A layer whose first `width` outputs are queries, with what attention multiplies its scores by taken into it."""
    if attention.scale is not None:
        return linear
    factor = torch.ones_like(linear.bias)
    factor[:width] = (width // attention.num_heads) ** -0.5
    return _Linear(linear.weight * factor, linear.bias * factor)


class _Layer:
    """Weights of a decoder layer, the keys and values of its page and those of the ids so far.

    Of the page they are (B * heads, D, S), of the text (B * beams * heads, capacity, D).
    """

    def __init__(self, layer: DecoderLayer, features: Tensor, with_positions: Tensor, dtype: torch.dtype) -> None:
        own, cross = layer.self_attn, layer.cross_attn
        width = features.shape[1]
        self.norms: list[nn.LayerNorm] = list(layer.norm_layers)  # type: ignore[arg-type]
        self.own_projection = _scaled(_stacked(own.q_proj, own.k_proj, own.v_proj), own, width)
        self.own_output = _stacked(own.out_proj)
        self.query = _scaled(_stacked(cross.q_proj), cross, width)
        self.cross_output = _stacked(cross.out_proj)
        self.ffn_in, self.ffn_out = _stacked(layer.ffn[0]), _stacked(layer.ffn[3])  # type: ignore[arg-type]
        heads = (-1, width // cross.num_heads, features.shape[2])
        self.page_keys = _project(cross.k_proj, with_positions).view(heads).to(dtype)
        self.page_values = _project(cross.v_proj, features).view(heads).to(dtype)
        self.keys = self.values = self.page_keys.new_empty(0)

    def select(self, pages: Tensor, texts: Tensor) -> None:
        """Copy the heads of some pages and of some texts, given by their places."""
        self.page_keys, self.page_values = self.page_keys[pages], self.page_values[pages]
        self.keys, self.values = self.keys[texts], self.values[texts]


def _project(projection: nn.Linear, states: Tensor) -> Tensor:
    """Outputs (B, outputs, S) of a linear layer for (B, inputs, S) states."""
    return torch.matmul(projection.weight, states).add_(projection.bias[:, None])


def _attend(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
    """Attention of (N, Q, D) queries over (N, D, S) keys and values; `bias` (N, 1, S) is added to the scores."""
    scores = torch.bmm(queries.to(keys.dtype), keys).float()
    if bias is not None:
        scores += bias
    return torch.bmm(scores.softmax(-1).to(values.dtype), values.transpose(1, 2)).to(queries.dtype)


class DecodingCache:
    """A decoder that continues the texts of a batch of pages, one id each, or one for each of several beams.

    Args:
        decoder: Its weights are copied as they are now; in evaluation mode.
        features: (B, C, H, W) features of the pages.
        valid: (B, H, W) boolean, True on features of the page; None when nothing is padded.
        beams: Texts a page; those of a page share its keys and values.
        dtype: Of the keys and values that are kept; the decoder's own when None.
    """

    def __init__(
        self, decoder: Decoder, features: Tensor, valid: Tensor | None, beams: int = 1, dtype: torch.dtype | None = None
    ) -> None:
        attention: MultiHeadAttention = decoder.layers[0].cross_attn  # type: ignore[assignment, union-attr]
        self.decoder = decoder
        self.beams = beams
        self.heads = attention.num_heads
        self.norm_first = bool(decoder.layers[0].norm_first)  # type: ignore[union-attr]
        self.length = 0
        self.pages, width, height, columns = features.shape
        states = features.flatten(2).contiguous()
        code = page_positions(height, columns, width, features.device).to(states.dtype)
        with_positions = states + code.t()
        self.layers = [
            _Layer(layer, states, with_positions, dtype or states.dtype)  # type: ignore[arg-type]
            for layer in decoder.layers
        ]
        self.bias = None
        if valid is not None and not bool(valid.all()):
            bias = torch.zeros_like(valid, dtype=torch.float32).masked_fill_(~valid, float("-inf"))
            self.bias = bias.flatten(1)[:, None].repeat_interleave(self.heads, dim=0)
        self.positions = states.new_empty(0, width)

    @property
    def device(self) -> torch.device:
        """Where ids are wanted and logits lie."""
        return self.positions.device

    @torch.inference_mode()
    def step(self, ids: Tensor) -> Tensor:
        """Logits (B, beams, V) of what follows (B, beams) new ids."""
        if self.length == len(self.positions):
            self._grow()
        states = self.decoder.embedding(ids.flatten()) + self.positions[self.length]
        for layer in self.layers:
            states = self._through(layer, states)
        self.length += 1
        return self.decoder.output(states).unflatten(0, ids.shape)

    def keep_pages(self, pages: Tensor) -> None:
        """Go on with some pages only, given by their (N,) places in ascending order."""
        by_head = _expanded(pages, self.heads)
        by_text = _expanded(pages, self.beams * self.heads)
        for layer in self.layers:
            layer.select(by_head, by_text)
        if self.bias is not None:
            self.bias = self.bias[by_head]
        self.pages = len(pages)

    def fork(self, text: int) -> DecodingCache:
        """A cache that continues a single text, given by its place among all; this one stays as it is."""
        single = copy.copy(self)
        page = torch.tensor([text // self.beams], device=self.device)
        by_head = _expanded(page, self.heads)
        by_text = _expanded(torch.tensor([text], device=self.device), self.heads)
        single.layers = [copy.copy(layer) for layer in self.layers]
        for layer in single.layers:
            layer.select(by_head, by_text)
        single.bias = None if self.bias is None else self.bias[by_head]
        single.pages = single.beams = 1
        return single

    def reorder(self, texts: Tensor) -> None:
        """Go on from other texts of the same pages: (B * beams,) places among all texts, one for each new text."""
        by_head = _expanded(texts, self.heads)
        for layer in self.layers:
            for kept in (layer.keys, layer.values):
                past = kept[:, : self.length]
                past.copy_(past[by_head])

    def rewind(self, length: int) -> None:
        """Forget all but the first `length` ids of every text."""
        self.length = length

    def _grow(self) -> None:
        capacity = max(FIRST_CAPACITY, 2 * self.length)
        positions = torch.arange(capacity, device=self.device)
        self.positions = sinusoids(positions, self.positions.shape[1]).to(self.positions.dtype)
        for layer in self.layers:
            width = layer.page_keys.shape[1]
            shape = (self.pages * self.beams * self.heads, capacity, width)
            for name in ("keys", "values"):
                grown = layer.page_keys.new_empty(shape)
                if self.length:
                    grown[:, : self.length] = getattr(layer, name)
                setattr(layer, name, grown)

    def _through(self, layer: _Layer, states: Tensor) -> Tensor:
        """Take (B * beams, d_model) states through a layer."""
        norm_own, norm_cross, norm_ffn = layer.norms
        states = states + self._look_back(layer, norm_own(states) if self.norm_first else states)
        if not self.norm_first:
            states = norm_own(states)
        states = states + self._look_at_page(layer, norm_cross(states) if self.norm_first else states)
        if not self.norm_first:
            states = norm_cross(states)
        inner = norm_ffn(states) if self.norm_first else states
        states = states + layer.ffn_out(F.relu_(layer.ffn_in(inner)))
        return states if self.norm_first else norm_ffn(states)

    def _look_back(self, layer: _Layer, states: Tensor) -> Tensor:
        """Self-attention: keep key and value of the new ids, attend to all there are."""
        queries, keys, values = layer.own_projection(states).unflatten(1, (3, self.heads, -1)).unbind(1)
        layer.keys[:, self.length] = keys.flatten(0, 1)
        layer.values[:, self.length] = values.flatten(0, 1)
        past_keys, past_values = (kept[:, : self.length + 1].transpose(1, 2) for kept in (layer.keys, layer.values))
        attended = _attend(queries.flatten(0, 1)[:, None], past_keys, past_values, None)
        return layer.own_output(attended.view(states.shape))

    def _look_at_page(self, layer: _Layer, states: Tensor) -> Tensor:
        """Cross-attention; the texts of a page are queries of one product."""
        by_text = (self.pages, self.beams, self.heads, -1)
        queries = layer.query(states).view(by_text).transpose(1, 2).flatten(0, 1)
        attended = _attend(queries, layer.page_keys, layer.page_values, self.bias)
        attended = attended.unflatten(0, (self.pages, self.heads)).transpose(1, 2)
        return layer.cross_output(attended.reshape(states.shape))


def _expanded(places: Tensor, each: int) -> Tensor:
    """Places in an axis where every former place stands for `each` neighbours."""
    return (places[:, None] * each + torch.arange(each, device=places.device)).flatten()
