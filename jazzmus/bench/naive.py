"""Decoding as the published code does it, to be compared with: nothing is kept from one token to the next.

The whole prefix goes through the decoder again for each token, and every layer projects the page's keys and values
again. The network and its kernels are ours, so that the difference is that of the two ways.
"""

from __future__ import annotations

import torch
from torch import Tensor

from jazzmus.model.smt.modeling_smt import SheetMusicTransformer


@torch.inference_mode()
def naive_step(model: SheetMusicTransformer, features: Tensor, ids: Tensor) -> Tensor:
    """(B, 1) most probable ids after (B, L) ids."""
    logits = model(decoder_input_ids=ids, encoder_output=features).logits
    return logits[:, -1].argmax(-1, keepdim=True)


@torch.inference_mode()
def naive_read(model: SheetMusicTransformer, page: Tensor, tokens: int) -> Tensor:
    """(B, 1 + tokens) ids of pages, <bos> first."""
    features = model.encode(page)
    ids = torch.full((len(page), 1), model.config.bos_token_id, device=page.device)
    for _ in range(tokens):
        ids = torch.cat((ids, naive_step(model, features, ids)), dim=1)
    return ids
