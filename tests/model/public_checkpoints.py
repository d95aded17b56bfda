"""Checkpoints in the shapes and names of the two public families, of networks with random weights."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from model.networks import tiny_model
from safetensors.torch import save_file
from torch import Tensor

from jazzmus.model.smt.modeling_smt import SheetMusicTransformer

SWITCHES: dict[str, dict[str, Any]] = {
    "v1": {"norm_first": False, "scale_attention": False, "output_relu": True},
    "v2": {"norm_first": False, "scale_attention": True, "output_relu": False},
}
_NAMES = {
    "v1": (
        (r"\.self_attn\.", ".input_attention."),
        (r"\.cross_attn\.", ".cross_attention."),
        (r"\.([qkv])_proj\.", r".l\1."),
        (r"\.ffn\.", ".ffNet."),
        (r"\.norm_layers\.0\.", ".norm1."),
        (r"\.norm_layers\.1\.", ".norm2."),
        (r"\.norm_layers\.2\.", ".norm3."),
        (r"^decoder\.vocab_projection\.", "decoder.out_layer."),
    ),
    "v2": (),
}
# The start of a medium vocabulary of lead sheets: all public ones begin with some order of the special tokens.
LEAD_SHEET_TOKENS = (
    *("<pad>", "<eos>", "<t>", "**kern", "<n>", "**mxhm", "*clefG2", "*", "*k[b-]", "*M2/4", "=", "==", ".", "<bos>"),
    *("4", "8", "a", "b", "c", "d", "cc", "L", "J", "<chord-pitch>C", "<chord-pitch>F", ":", "maj7", "min7", "b"),
)
GRAND_STAFF_TOKENS = (
    *("<pad>", "**ekern_1.0", "<t>", "<b>", "*clefF4", "*clefG2", "*k[b-]", "*M4/4", "<s>", "=", "<bos>", "<eos>"),
    *("4c", "8c#@L", "8d@J", "4.r", ".", "*-", "=="),
)


def padded(tokens: Sequence[str], count: int) -> list[str]:
    """The tokens, each once, and invented ones up to a count."""
    known = list(dict.fromkeys(tokens))
    return [*known, *(f"2{index}gg" for index in range(count - len(known)))]


def public_model(family: str, **changes: Any) -> SheetMusicTransformer:
    """A tiny network of a family, without a tokenizer."""
    return tiny_model(seed=3, **{**SWITCHES[family], "tokenizer": None, "tokens": None, **changes})


def public_tensors(model: SheetMusicTransformer, family: str) -> dict[str, Tensor]:
    """The state of a network as the family writes it, with the encoder's norm that none uses."""
    tensors = {}
    for name, tensor in model.state_dict().items():
        own = name
        for pattern, replacement in _NAMES[family]:
            own = re.sub(pattern, replacement, own)
        own = re.sub(r"^decoder\.layers\.", "decoder.decoder.layers.", own)
        is_output = own == "decoder.out_layer.weight"
        tensors[own] = tensor.clone()[..., None] if is_output else tensor.clone()
    width = model.config.d_model
    return tensors | {"encoder.layernorm.weight": torch.ones(width), "encoder.layernorm.bias": torch.zeros(width)}


def hyperparameters(model: SheetMusicTransformer, tokens: Sequence[str]) -> dict[str, Any]:
    """What the public trainers keep beside the weights: the arguments of their training module."""
    config = model.config
    return {
        "maxh": 256, "maxw": 3056, "maxlen": 24, "out_categories": config.num_outputs, "padding_token": 0,
        "in_channels": 1, "w2i": {token: index for index, token in enumerate(tokens)},
        "i2w": dict(enumerate(tokens)), "d_model": config.d_model, "dim_ff": config.d_ff,
        "num_dec_layers": config.num_decoder_layers,
    }  # fmt: skip


def config_values(model: SheetMusicTransformer, family: str, tokens: Sequence[str]) -> dict[str, Any]:
    """The content of a public config.json, before JSON makes the keys of `i2w` text."""
    sizes, depths = (
        ("hidden_enc_sizes", "enc_depths") if family == "v1" else ("_encoder_hidden_sizes", "_encoder_depths")
    )
    return hyperparameters(model, tokens) | {
        "num_attn_heads": model.config.num_heads, "model_type": "SMT", "use_flash_attn": False,
        sizes: model.config.encoder_hidden_sizes, depths: model.config.encoder_depths,
    }  # fmt: skip


def write_folder(folder: Path, model: SheetMusicTransformer, family: str, tokens: Sequence[str]) -> Path:
    """Write a network as the family's `save_pretrained` does."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in public_tensors(model, family).items()},
              folder / "model.safetensors")  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config_values(model, family, tokens)), encoding="utf-8")
    return folder


def write_lightning(path: Path, model: SheetMusicTransformer, family: str, **entries: Any) -> Path:
    """Write a network as Lightning does for the family's trainer."""
    state = {f"model.{name}": tensor for name, tensor in public_tensors(model, family).items()}
    torch.save({"state_dict": state, "epoch": 3, "global_step": 7, **entries}, path)
    return path
