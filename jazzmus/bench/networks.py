"""Networks with random weights and pages without music, which cost what trained ones and real ones cost.

Knows the shipped sizes; takes no times.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from jazzmus.config import load_config, query
from jazzmus.model.smt.modeling_smt import SheetMusicTransformer
from jazzmus.training.memory import untrained_network

_CONFIG = Path("config/full_page_no_pretrained.gin")
SIZES = {"base": [_CONFIG], "tiny": [_CONFIG, Path("config/base/tiny.gin")]}


class Subject(NamedTuple):
    """What is measured: a network in evaluation mode that never ends a text, and the page it is shipped for."""

    size: str
    model: SheetMusicTransformer
    page: Tensor

    @property
    def page_size(self) -> str:
        """Height and width in pixels, for reports."""
        return f"{self.page.shape[2]}x{self.page.shape[3]}"


def subject(size: str) -> Subject:
    """The network and page of a size, on the best device there is, always the same."""
    load_config(SIZES[size])
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = untrained_network().to(device).eval()
    with torch.no_grad():
        model.decoder.vocab_projection.bias[model.config.eos_token_id] = -1e4
    width = query("PageTransform.width")
    return Subject(size, model, page(round(width * 1.42), width, model))


def page(height: int, width: int, model: SheetMusicTransformer, count: int = 1) -> Tensor:
    """(count, 1, H, W) noise of about a size, in whole strides."""
    stride = model.config.stride
    return torch.rand(count, 1, height // stride * stride, width // stride * stride, device=model.device)
