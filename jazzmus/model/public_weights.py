"""The two public families of SMT weights in our terms: names of tensors, configuration, and the pixels they saw.

Knows names, sizes and plain values; knows no files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from torch import Tensor

from jazzmus.errors import ConfigError
from jazzmus.model.smt.configuration_smt import SMTConfig

Family = Literal["v1", "v2", "jazzmus"]

# Public names -> ours. A family is told by names only it has; both public configs say model_type SMT.
_Renames = tuple[tuple[str, str], ...]
_RENAMES_V2: _Renames = ((r"^decoder\.decoder\.", "decoder."),)
_RENAMES_V1: _Renames = (
    *_RENAMES_V2,
    (r"\.input_attention\.", ".self_attn."),
    (r"\.cross_attention\.", ".cross_attn."),
    (r"\.l([qkv])\.", r".\1_proj."),
    (r"\.ffNet\.", ".ffn."),
    (r"\.norm1\.", ".norm_layers.0."),
    (r"\.norm2\.", ".norm_layers.1."),
    (r"\.norm3\.", ".norm_layers.2."),
    (r"^decoder\.out_layer\.", "decoder.vocab_projection."),
)
_RENAMES: dict[Family, _Renames] = {"v1": _RENAMES_V1, "v2": _RENAMES_V2, "jazzmus": ()}
# The encoder's final norm is in every public file and used by none.
_UNUSED = frozenset({"encoder.layernorm.weight", "encoder.layernorm.bias"})
# What shows in no tensor, where a file says nothing of itself: all published networks have these.
_PUBLISHED_HEADS, _PUBLISHED_LENGTH = 4, 1281
_DECODER_LAYER = re.compile(r"decoder\.layers\.(\d+)\.")
_ENCODER_BLOCK = re.compile(r"encoder\.encoder\.stages\.(\d+)\.layers\.(\d+)\.dwconv\.bias")


def family_of(names: Mapping[str, Tensor]) -> Family:
    """The family whose names these are."""
    if any(".lq." in name for name in names):
        return "v1"
    return "v2" if any(name.startswith("decoder.decoder.") for name in names) else "jazzmus"


def in_our_names(tensors: Mapping[str, Tensor], family: Family) -> tuple[dict[str, Tensor], list[str]]:
    """Tensors by our names, and the names of those that no network uses.

    Raises:
        ConfigError: If two tensors get the same name.
    """
    renamed: dict[str, Tensor] = {}
    unused = []
    for name, tensor in tensors.items():
        if name in _UNUSED:
            unused.append(name)
            continue
        own = name
        for pattern, replacement in _RENAMES[family]:
            own = re.sub(pattern, replacement, own)
        if own in renamed:
            raise ConfigError(f"{name} is there twice, under names of two families")
        # The first family's output layer is a convolution of width 1.
        renamed[own] = tensor.squeeze(-1) if own.endswith("vocab_projection.weight") else tensor
    return renamed, unused


def public_config(values: Mapping[str, Any], tensors: Mapping[str, Tensor], family: Family) -> SMTConfig:
    """Our configuration of a public checkpoint; what its own does not say is taken from its tensors, by our names.

    Raises:
        ConfigError: If it names another number of tokens than the output has rows.
        KeyError: If there is no embedding, output or decoder layer to take sizes from.
    """
    ids = {int(index): token for index, token in dict(values.get("i2w") or {}).items()}  # JSON made the keys strings
    embedding, output = tensors["decoder.embedding.weight"], tensors["decoder.vocab_projection.weight"]
    # One public checkpoint keeps the embedding of an earlier, larger vocabulary; its tokens are those of the output.
    if ids and len(ids) != len(output):
        raise ConfigError(
            f"i2w names {len(ids)} tokens and the output has {len(output)} rows; give the config.json of these weights"
        )
    tokens = [ids[index] for index in range(len(ids))] if ids else None
    layers = {match[1] for name in tensors if (match := _DECODER_LAYER.match(name))}
    stages: dict[int, list[int]] = {}  # the width of each block
    for name, tensor in tensors.items():
        if match := _ENCODER_BLOCK.fullmatch(name):
            stages.setdefault(int(match[1]), []).append(tensor.shape[0])
    widths = [stages[stage] for stage in sorted(stages)]
    by_token = {token: index for index, token in ids.items()}
    return SMTConfig(
        encoder_hidden_sizes=_first(values, "hidden_enc_sizes", "_encoder_hidden_sizes")
        or [width[0] for width in widths],
        encoder_depths=_first(values, "enc_depths", "_encoder_depths") or [len(width) for width in widths],
        d_model=_first(values, "d_model") or embedding.shape[1],
        d_ff=_first(values, "dim_ff") or tensors["decoder.layers.0.ffn.0.weight"].shape[0],
        num_heads=_first(values, "num_attn_heads", "attn_heads") or _PUBLISHED_HEADS,
        num_decoder_layers=_first(values, "num_dec_layers") or len(layers),
        norm_first=False,
        scale_attention=family == "v2",
        output_relu=family == "v1",
        vocab_size=embedding.shape[0],
        num_outputs=output.shape[0],
        max_sequence_length=int(_first(values, "maxlen") or _PUBLISHED_LENGTH),
        pad_token_id=int(values.get("padding_token", 0)),
        bos_token_id=by_token.get("<bos>", 1),
        eos_token_id=by_token.get("<eos>", 2),
        tokens=tokens,
    )


def _first(values: Mapping[str, Any], *names: str) -> Any:
    """The value of the first name that has one."""
    return next((values[name] for name in names if values.get(name) is not None), None)


def pixel_advice(source: SMTConfig, config: SMTConfig) -> str:
    """What to bind so that `config` is shown music as large as the public network of `source` saw it; else empty.

    Both families saw gray pixels from 0 (black) to 1 (white) and white padding, as every page transform gives them.
    The lead-sheet model read staffs 128 pixels high, squeezed to a width of 1000 or filled up to it with white; models
    of grand staffs read systems at their own scale, at least 256 high and at most 3056 wide. On a page 1000 (1860)
    pixels wide, a system of JAZZMUS is about 137 (256) high.
    """
    page = config.page_transform or {}
    width, height = page.get("width"), page.get("height")
    if not isinstance(width, int):
        return ""
    read_staffs = source.vocab_size != source.num_outputs or "**mxhm" in (source.tokens or ())
    if not read_staffs:
        fits = 1500 <= width <= 3056 and (height is None or height >= 256)
        fits = fits and (config.unit == "system" or page.get("max_height", 0) >= width)
        wanted = "PageTransform.width = 1860 and PageTransform.max_height = 3000"
        return "" if fits else f"{wanted}: grand staffs were at least 256 pixels high"
    if config.unit == "system":
        fits = (height, width) == (128, 1000)
        return "" if fits else "PageTransform.height = 128 and PageTransform.width = 1000, as single staffs were"
    fits = height is None and 900 <= width <= 1100
    return "" if fits else "PageTransform.width = 1000: systems are then about as high as single staffs were"
