"""Random weights of a tiny network, in folder form."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from jazzmus.kern.tokenizer import build_tokenizer
from jazzmus.kern.vocabulary import Vocabulary
from jazzmus.model.smt.configuration_smt import SMTConfig
from jazzmus.model.smt.modeling_smt import SheetMusicTransformer

# Of `medium`; enough to write a text that is well-formed.
FEW_TOKENS = Vocabulary.build([build_tokenizer("medium").encode("**kern\n*clefG2\n=\n4c\n8d\n8e\n*-\n")]).tokens


def tiny_config(tokens: Sequence[str], tokenizer: str, max_length: int, **others: object) -> SMTConfig:
    """A network of one decoder layer that reads small pages."""
    return SMTConfig(
        encoder_hidden_sizes=(8, 16, 32),
        encoder_depths=(1, 1, 1),
        d_model=32,
        d_ff=32,
        num_heads=2,
        num_decoder_layers=1,
        vocab_size=len(tokens),
        max_sequence_length=max_length,
        tokens=list(tokens),
        tokenizer=tokenizer,
        **others,  # type: ignore[arg-type]
    )


def save_random_weights(folder: Path, tokens: Sequence[str], max_length: int) -> Path:
    """Write a network that reads small pages and writes `max_length` ids, <bos> included."""
    torch.manual_seed(1)
    config = tiny_config(
        tokens, "medium", max_length, page_transform={"width": 64, "max_height": 96, "trim_dark_border": False}
    )
    SheetMusicTransformer(config).save_pretrained(folder)
    return folder
