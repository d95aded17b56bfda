"""Tiny networks and pages for the tests of the model."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from jazzmus.kern.vocabulary import Vocabulary
from jazzmus.model.pretrained import Weights
from jazzmus.model.smt.configuration_smt import SMTConfig
from jazzmus.model.smt.modeling_smt import SheetMusicTransformer

TOKENS = Vocabulary.build([["<n>", "<t>", "4", "8", "c", "d", "e"]]).tokens


def tiny_config(**changes: Any) -> SMTConfig:
    """A network of d = 32 that reads pages of a few dozen pixels."""
    values: dict[str, Any] = {
        "encoder_hidden_sizes": (8, 16, 32),
        "encoder_depths": (1, 2, 2),  # two blocks, so that the second meets what the first left in the padding
        "layer_scale_init": 0.5,
        "d_model": 32,
        "d_ff": 48,
        "num_heads": 2,
        "num_decoder_layers": 2,
        "dropout": 0.0,
        "vocab_size": len(TOKENS),
        "max_sequence_length": 24,
        "tokens": list(TOKENS),
        "tokenizer": "medium",
    }
    return SMTConfig(**(values | changes))


def tiny_model(seed: int = 0, **changes: Any) -> SheetMusicTransformer:
    """A network with random weights, in evaluation mode."""
    torch.manual_seed(seed)
    return SheetMusicTransformer(tiny_config(**changes)).eval()


def weights_of(model: SheetMusicTransformer, **changes: Any) -> Weights:
    """The weights of a network as if they were read from `there`."""
    tensors: dict[str, Tensor] = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    return Weights(model.config, tensors, (), "jazzmus", "there", {})._replace(**changes)


def random_page(height: int, width: int, seed: int = 0) -> Tensor:
    """(1, height, width) noise."""
    return torch.rand(1, height, width, generator=torch.Generator().manual_seed(seed))
