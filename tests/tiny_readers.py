"""Readers with tiny networks, untrained or half-trained, and noise for them to read."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from random_weights import tiny_config

from jazzmus.dataset.page_transform import PageTransform
from jazzmus.kern.codec import TextCodec
from jazzmus.kern.forms import build_form
from jazzmus.kern.token_grammar import CodecGrammar, build_token_grammar
from jazzmus.kern.tokenizer import build_tokenizer
from jazzmus.model.decoding import DecodingOptions
from jazzmus.model.smt.modeling_smt import SheetMusicTransformer
from jazzmus.utils.inference_utils import Recognizer

WIDTH, HEIGHT = 64, 96
LONGEST = 200  # ids a half-trained network has seen in one text
# Of weights that choose among tokens: small ones would make all texts much alike.
_SPREAD = 4.0


def noise(seed: int) -> Image.Image:
    """A small page of noise, mode "L"."""
    pixels = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
    return Image.fromarray(pixels, "L")


def codec_of(tokenizer: str, form: str, texts: Sequence[str]) -> TextCodec:
    """A codec whose vocabulary is that of texts of the dialect."""
    formed = [build_form(form).apply(text) for text in texts]
    tokens = build_tokenizer(tokenizer).vocabulary(formed).tokens
    return TextCodec.from_names(tokenizer, tokens, form)


def untrained(codec: TextCodec, seed: int) -> SheetMusicTransformer:
    """A network of random weights that writes quite different things at different places."""
    torch.manual_seed(seed)
    config = tiny_config(codec.vocabulary.tokens, codec.tokenizer.name, LONGEST, dropout=0.0)
    model = SheetMusicTransformer(config).eval()
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if name.startswith("decoder") and weights.ndim > 1:
                weights.mul_(_SPREAD)
    return model


def half_trained(codec: TextCodec, texts: Sequence[str], seed: int, steps: int) -> SheetMusicTransformer:
    """A network that has begun to learn texts from noise: it knows what often follows what."""
    torch.manual_seed(seed)
    model = SheetMusicTransformer(untrained(codec, seed).config)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    encoded = [codec.encode(text)[:LONGEST] for text in texts]
    chosen = random.Random(seed)
    for _ in range(steps):
        batch = [chosen.choice(encoded) for _ in range(4)]
        ids = torch.full((len(batch), max(map(len, batch))), codec.vocabulary.pad_id)
        for row, text in enumerate(batch):
            ids[row, : len(text)] = torch.tensor(text)
        logits = model(pixel_values=torch.rand(len(batch), 1, 32, 32), decoder_input_ids=ids[:, :-1]).logits
        loss = F.cross_entropy(logits.transpose(1, 2), ids[:, 1:], ignore_index=codec.vocabulary.pad_id)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


def shaken(model: SheetMusicTransformer, seed: int, share: float = 0.5) -> SheetMusicTransformer:
    """A copy of a network with noise added to its weights: it has half forgotten what it learned."""
    generator = torch.Generator().manual_seed(seed)
    copied = copy.deepcopy(model)
    with torch.no_grad():
        for weights in copied.parameters():
            if weights.ndim > 1:
                weights.add_(share * weights.std() * torch.randn(weights.shape, generator=generator))
    return copied


def reader(
    model: SheetMusicTransformer,
    codec: TextCodec,
    grammar: CodecGrammar | None = None,
    max_length: int = 64,
    num_beams: int = 1,
    bar_weight: float = 0.0,
) -> Recognizer:
    """A reader of small pages; the grammar of its codec is made where none is given."""
    return Recognizer(
        model,
        codec,
        PageTransform(WIDTH, HEIGHT),
        grammar or build_token_grammar(codec),
        decoding=DecodingOptions(max_length, num_beams, bar_weight=bar_weight),
    )
