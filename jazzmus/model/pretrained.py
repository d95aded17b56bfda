"""Weights from folders, the hub and training checkpoints, with every tensor accounted for.

Knows the three namings of tensors: the two public SMT families and our own. Knows no data and no training.
"""

from __future__ import annotations

import inspect
import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, StrictDataclassError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from transformers.utils import logging as transformers_logging

from jazzmus.errors import CheckpointError, ConfigError, in_brief
from jazzmus.model.smt.configuration_smt import SMTConfig
from jazzmus.model.smt.modeling_smt import SheetMusicTransformer

logger = logging.getLogger(__name__)
transformers_logging.set_verbosity_error()  # what it warns of in a configuration is an error of our own here

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
LIGHTNING_PREFIX = "model."
_FILE_SUFFIXES = frozenset({".ckpt", ".pt", ".pth", ".safetensors"})  # a hub id may hold a dot, as in `smt-1.5`
# What values of the wrong kind cause in a configuration, or in the network made from it.
_CONFIG_ERRORS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    StrictDataclassError,
    ConfigError,
)
_NO_MODEL = "{}: the configuration does not describe a model ({})"
_WHOLE_NUMBERS = [name for name, p in inspect.signature(SMTConfig).parameters.items() if type(p.default) is int]
CHECKPOINT_KEY = "jazzmus"  # where a training checkpoint keeps what inference needs besides tensors

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
# The encoder's final norm is in every public file and used by none.
_UNUSED = frozenset({"encoder.layernorm.weight", "encoder.layernorm.bias"})


class Weights(NamedTuple):
    """Tensors under our names with the configuration they belong to.

    Attributes:
        config: Configuration in our terms, whatever the source.
        tensors: State dict of a `SheetMusicTransformer`.
        unused: Names in the source that no model of ours or theirs uses.
        family: `v1`, `v2` (public) or `jazzmus`.
        source: What was asked for, for messages.
        extras: What a training checkpoint says of itself beside the configuration; empty for folders.
    """

    config: SMTConfig
    tensors: dict[str, Tensor]
    unused: tuple[str, ...]
    family: str
    source: str
    extras: dict[str, Any]


def load_smt(path: str | Path) -> SheetMusicTransformer:
    """A model in evaluation mode from a folder, training checkpoint or hub id of any of the three namings.

    Raises:
        CheckpointError: If the source is missing or broken, or tensors are missing, left over or of another shape.
    """
    return build_model(read_weights(path))


def build_model(weights: Weights) -> SheetMusicTransformer:
    """The model that `weights` define, in evaluation mode.

    Raises:
        CheckpointError: If tensors are missing, left over or of another shape, naming them.
    """
    config = weights.config
    try:
        if config.num_decoder_layers + sum(config.encoder_depths) > len(weights.tensors):
            raise ConfigError("more layers than there are tensors")
        with torch.device("meta"):  # no memory is asked for before the sizes are known to be those of the tensors
            check_tensors(SheetMusicTransformer(config), weights)
    except _CONFIG_ERRORS as error:
        raise CheckpointError(_NO_MODEL.format(weights.source, str(error).partition("\n")[0])) from error
    model = SheetMusicTransformer(config)
    model.load_state_dict(weights.tensors)
    return model.eval()


def check_tensors(model: SheetMusicTransformer, weights: Weights) -> None:
    """Compare names and shapes with a model's.

    Raises:
        CheckpointError: With the names that are missing, left over, of another shape or without a number.
    """
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    given = {name: tuple(tensor.shape) for name, tensor in weights.tensors.items()}
    problems = []
    if missing := sorted(wanted.keys() - given.keys()):
        problems.append(f"missing {in_brief(missing)}")
    if extra := sorted(given.keys() - wanted.keys()):
        problems.append(f"unexpected {in_brief(extra)}")
    wrong = [f"{name} {given[name]} instead of {wanted[name]}" for name in sorted(wanted.keys() & given.keys())
             if given[name] != wanted[name]]  # fmt: skip
    if wrong:
        problems.append(f"wrong shape {in_brief(wrong)}")
    if broken := sorted(name for name, tensor in weights.tensors.items() if not tensor.isfinite().all()):
        problems.append(f"not finite {in_brief(broken)}")
    if problems:
        raise CheckpointError(f"{weights.source}: the weights do not fit the configuration: {'; '.join(problems)}")


def read_weights(source: str | Path) -> Weights:
    """Read weights from a checkpoint file, a folder with config.json and model.safetensors, or a hub id.

    Raises:
        CheckpointError: If nothing is there, or it cannot be read.
    """
    path = Path(source)
    if path.is_file():
        return _read_checkpoint(path)
    if path.is_dir():
        return _read_folder(path, str(source))
    if (
        len(path.parts) == 2
        and path.suffix not in _FILE_SUFFIXES
        and not str(source).startswith((".", "/", "weights/"))
    ):
        return _read_folder(_download(str(source)), str(source))
    raise CheckpointError(f"{source}: no such checkpoint, folder or hub id")


def _download(hub_id: str) -> Path:
    try:
        return Path(snapshot_download(hub_id, allow_patterns=[CONFIG_FILE, WEIGHTS_FILE]))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise CheckpointError(
            f"{hub_id}: neither a file or folder here nor reachable on the hub ({type(error).__name__}); "
            "check the name, the connection, or log in with `hf auth login`"
        ) from error


def _read_folder(folder: Path, source: str) -> Weights:
    try:
        values = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        tensors = load_file(folder / WEIGHTS_FILE)
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{source}: needs {CONFIG_FILE} and {WEIGHTS_FILE}; {error.filename} is absent"
        ) from error
    except (OSError, ValueError, RecursionError, SafetensorError) as error:
        raise CheckpointError(f"{source}: cannot be read as a model folder ({error})") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{source}: {CONFIG_FILE} holds no configuration")
    return _in_our_names(values, tensors, source, {})


def _read_checkpoint(path: Path) -> Weights:
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for foreign or truncated files
        raise CheckpointError(f"{path}: not a checkpoint that can be loaded safely ({type(error).__name__})") from error
    if not isinstance(checkpoint, Mapping) or CHECKPOINT_KEY not in checkpoint or "state_dict" not in checkpoint:
        raise CheckpointError(f"{path}: not a checkpoint of this project (no {CHECKPOINT_KEY!r} entry)")
    extras = checkpoint[CHECKPOINT_KEY]
    if not (isinstance(extras, dict) and isinstance(extras.get("config"), dict)):
        raise CheckpointError(f"{path}: not a checkpoint of this project (its {CHECKPOINT_KEY!r} entry has no config)")
    extras = dict(extras)
    state = checkpoint["state_dict"]
    if not (isinstance(state, Mapping) and all(isinstance(value, Tensor) for value in state.values())):
        raise CheckpointError(f"{path}: not a checkpoint of this project (its state_dict holds more than tensors)")
    tensors = {str(name).removeprefix(LIGHTNING_PREFIX): tensor for name, tensor in state.items()}
    return _in_our_names(extras.pop("config"), tensors, str(path), extras)


def _in_our_names(values: Mapping[str, Any], tensors: Mapping[str, Tensor], source: str, extras: dict) -> Weights:
    family: str
    renames: _Renames
    if any(".lq." in name for name in tensors):
        family, renames = "v1", _RENAMES_V1
    elif any(name.startswith("decoder.decoder.") for name in tensors):
        family, renames = "v2", _RENAMES_V2
    else:
        family, renames = "jazzmus", ()
    renamed: dict[str, Tensor] = {}
    unused = []
    for name, tensor in tensors.items():
        if name in _UNUSED:
            unused.append(name)
            continue
        for pattern, replacement in renames:
            name = re.sub(pattern, replacement, name)
        # The first family's output layer is a convolution of width 1.
        renamed[name] = tensor.squeeze(-1) if name.endswith("vocab_projection.weight") else tensor
    try:
        config = SMTConfig.from_dict(dict(values)) if family == "jazzmus" else _public_config(values, renamed, family)
        for name in _WHOLE_NUMBERS:
            if type(getattr(config, name)) is not int:
                raise ConfigError(f"{name} is {getattr(config, name)!r} and no whole number")
    except _CONFIG_ERRORS as error:
        raise CheckpointError(_NO_MODEL.format(source, str(error).partition("\n")[0])) from error
    return Weights(config, renamed, tuple(sorted(unused)), family, source, extras)


def _public_config(values: Mapping[str, Any], tensors: Mapping[str, Tensor], family: str) -> SMTConfig:
    """Our configuration of a public checkpoint; sizes the file itself shows are taken from its tensors."""
    ids = {int(index): token for index, token in dict(values.get("i2w") or {}).items()}  # JSON made the keys strings
    embedding, output = tensors["decoder.embedding.weight"], tensors["decoder.vocab_projection.weight"]
    # One public checkpoint keeps the embedding of an earlier, larger vocabulary; its tokens are those of the output.
    tokens = [ids[index] for index in range(len(ids))] if len(ids) in (len(embedding), len(output)) else None
    sizes = values.get("hidden_enc_sizes") or values.get("_encoder_hidden_sizes") or [64, 128, 256]
    depths = values.get("enc_depths") or values.get("_encoder_depths") or [3, 3, 9]
    by_token = {token: index for index, token in ids.items()}
    return SMTConfig(
        encoder_hidden_sizes=sizes,
        encoder_depths=depths,
        d_model=values["d_model"],
        d_ff=values["dim_ff"],
        num_heads=values.get("num_attn_heads") or values["attn_heads"],
        num_decoder_layers=values["num_dec_layers"],
        norm_first=False,
        scale_attention=family == "v2",
        output_relu=family == "v1",
        vocab_size=embedding.shape[0],
        num_outputs=output.shape[0],
        max_sequence_length=int(values["maxlen"]),
        pad_token_id=values.get("padding_token", 0),
        bos_token_id=by_token.get("<bos>", 1),
        eos_token_id=by_token.get("<eos>", 2),
        tokens=tokens,
    )
