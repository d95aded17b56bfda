"""Weights from folders, the hub and training checkpoints, with every tensor accounted for.

Knows files; how the public families name things is told by `public_weights`. Knows no data and no training.
"""

from __future__ import annotations

import inspect
import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, StrictDataclassError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from transformers.utils import logging as transformers_logging

from jazzmus.errors import CheckpointError, ConfigError, in_brief
from jazzmus.model.public_weights import Family, family_of, in_our_names, public_config
from jazzmus.model.smt.configuration_smt import SMTConfig
from jazzmus.model.smt.modeling_smt import SheetMusicTransformer

logger = logging.getLogger(__name__)
transformers_logging.set_verbosity_error()  # what it warns of in a configuration is an error of our own here

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"  # names the parts of weights that are not in one file
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
_SHORT = frozenset({torch.float16, torch.bfloat16})
# Plain numbers that public checkpoints hold among their hyperparameters, under the names of NumPy 1 and 2.
_NUMPY_SCALARS: list[Any] = [
    np.dtype,
    *(type(np.dtype(kind)) for kind in ("int64", "int32", "float64", "float32", "bool")),
    (np.float64(0).__reduce__()[0], "numpy.core.multiarray.scalar"),
    (np.float64(0).__reduce__()[0], "numpy._core.multiarray.scalar"),
]


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
    family: Family
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
    check_complete(weights)
    model = SheetMusicTransformer(weights.config)
    model.load_state_dict(weights.tensors)
    return model.eval()


def check_complete(weights: Weights) -> None:
    """Compare the tensors with those of the network that their own configuration describes, which gets no memory.

    Raises:
        CheckpointError: If tensors are missing, left over or of another shape, naming them.
    """
    config = weights.config
    try:
        if config.num_decoder_layers + sum(config.encoder_depths) > len(weights.tensors):
            raise ConfigError("more layers than there are tensors")
        with torch.device("meta"):
            check_tensors(SheetMusicTransformer(config), weights)
    except _CONFIG_ERRORS as error:
        raise CheckpointError(_NO_MODEL.format(weights.source, str(error).partition("\n")[0])) from error


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

    A folder may hold its tensors in parts, and a checkpoint be one that Lightning wrote for a public family.

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
        return Path(
            snapshot_download(hub_id, allow_patterns=[CONFIG_FILE, WEIGHTS_FILE, INDEX_FILE, "model-*.safetensors"])
        )
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise CheckpointError(
            f"{hub_id}: neither a file or folder here nor reachable on the hub ({type(error).__name__}); "
            "check the name, the connection, or log in with `hf auth login`"
        ) from error


def _read_folder(folder: Path, source: str) -> Weights:
    try:
        values = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        tensors = _read_tensors(folder)
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{source}: needs {CONFIG_FILE} and {WEIGHTS_FILE}; {error.filename or error} is absent"
        ) from error
    except (OSError, LookupError, TypeError, ValueError, RecursionError, SafetensorError) as error:
        raise CheckpointError(f"{source}: cannot be read as a model folder ({error})") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{source}: {CONFIG_FILE} holds no configuration")
    return _in_our_terms(values, tensors, source, {})


def _read_tensors(folder: Path) -> dict[str, Tensor]:
    """The tensors of a folder, in one file or in the parts that its index names."""
    index = folder / INDEX_FILE
    if (folder / WEIGHTS_FILE).is_file() or not index.is_file():
        return load_file(folder / WEIGHTS_FILE)
    part_of = dict(json.loads(index.read_text(encoding="utf-8"))["weight_map"])
    tensors: dict[str, Tensor] = {}
    for part in sorted(set(part_of.values())):
        if Path(part).name != part:
            raise ValueError(f"{INDEX_FILE} names {part!r}, which is no file of the folder")
        tensors |= load_file(folder / part)
    if astray := sorted(part_of.keys() ^ tensors.keys()):
        raise ValueError(f"{INDEX_FILE} and the parts disagree on {in_brief(astray)}")
    return tensors


def _read_checkpoint(path: Path) -> Weights:
    try:
        with torch.serialization.safe_globals(_NUMPY_SCALARS):
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for foreign or truncated files
        raise CheckpointError(f"{path}: not a checkpoint that can be loaded safely ({_why(error)})") from error
    if not isinstance(checkpoint, Mapping) or "state_dict" not in checkpoint:
        raise CheckpointError(f"{path}: not a checkpoint of this project (no {CHECKPOINT_KEY!r} entry)")
    state = checkpoint["state_dict"]
    if not (isinstance(state, Mapping) and all(isinstance(value, Tensor) for value in state.values())):
        raise CheckpointError(f"{path}: not a checkpoint of this project (its state_dict holds more than tensors)")
    tensors = {str(name).removeprefix(LIGHTNING_PREFIX): tensor for name, tensor in state.items()}
    if CHECKPOINT_KEY not in checkpoint:
        if family_of(tensors) == "jazzmus":
            raise CheckpointError(
                f"{path}: not a checkpoint of this project (no {CHECKPOINT_KEY!r} entry), nor of a public SMT family"
            )
        return _in_our_terms(_public_values(path, checkpoint), tensors, str(path), {})
    extras = checkpoint[CHECKPOINT_KEY]
    if not (isinstance(extras, dict) and isinstance(extras.get("config"), dict)):
        raise CheckpointError(f"{path}: not a checkpoint of this project (its {CHECKPOINT_KEY!r} entry has no config)")
    extras = dict(extras)
    return _in_our_terms(extras.pop("config"), tensors, str(path), extras)


def _why(error: Exception) -> str:
    """What kept a file from being loaded, with the class of an object in it that only code could make again."""
    needed = re.search(r"Unsupported (?:global|class)\D*?GLOBAL (\S+)", str(error))
    if needed is None:
        return type(error).__name__
    return f"it holds objects of {needed[1]}; save its weights as a folder with `save_pretrained`"


def _public_values(path: Path, checkpoint: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a public Lightning file says of its network: its hyperparameters, or a config.json beside it.

    Raises:
        CheckpointError: If the config.json cannot be read.
    """
    values = checkpoint.get("hyper_parameters")
    if isinstance(values, Mapping) and values:
        nested = values.get("config")
        return nested if isinstance(nested, Mapping) else values
    beside = path.parent / CONFIG_FILE
    if not beside.is_file():
        logger.warning("%s: says nothing of its tokens, and no %s lies beside it", path, CONFIG_FILE)
        return {}
    try:
        values = json.loads(beside.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{beside}: cannot be read ({error})") from error
    return values if isinstance(values, Mapping) else {}


def _in_our_terms(values: Mapping[str, Any], tensors: Mapping[str, Tensor], source: str, extras: dict) -> Weights:
    family = family_of(tensors)
    try:
        renamed, unused = in_our_names(tensors, family)
        config = SMTConfig.from_dict(dict(values)) if family == "jazzmus" else public_config(values, renamed, family)
        for name in _WHOLE_NUMBERS:
            if type(getattr(config, name)) is not int:
                raise ConfigError(f"{name} is {getattr(config, name)!r} and no whole number")
    except _CONFIG_ERRORS as error:
        raise CheckpointError(_NO_MODEL.format(source, str(error).partition("\n")[0])) from error
    # Weights kept in 16 bits are read back to the numbers that networks are trained and read in.
    full = {name: tensor.float() if tensor.dtype in _SHORT else tensor for name, tensor in renamed.items()}
    return Weights(config, full, tuple(sorted(unused)), family, source, extras)
