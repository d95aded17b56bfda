"""Sinusoidal positions in one and two dimensions, computed at the size that is used. Knows no model."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def sinusoids(positions: Tensor, channels: int, spread: int | None = None) -> Tensor:
    """Sinusoidal code of each position, even channels sine and odd channels cosine (arXiv 1706.03762).

    Args:
        positions: (N,) positions, counted from 0.
        channels: Width of the code; even.
        spread: Channels over which the frequencies fall from 1 to 1e-4; `channels` when None.

    Returns:
        (N, channels) float32 codes on the device of `positions`.
    """
    steps = torch.arange(0, channels, 2, device=positions.device, dtype=torch.float32)
    frequencies = torch.exp(-steps / (spread or channels) * math.log(1e4))
    angles = positions.float()[:, None] * frequencies[None, :]
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)


def page_positions(height: int, width: int, channels: int, device: torch.device) -> Tensor:
    """Two-dimensional code of a feature map: the first half of the channels tells the row, the second the column.

    Args:
        height: Rows of the feature map (not pixels).
        width: Columns of the feature map (not pixels).
        channels: Channels of the feature map; divisible by 4.
        device: Where the result lies.

    Returns:
        (height * width, channels) float32 codes in row-major order.
    """
    half = channels // 2
    # As published, the frequencies of each half are spread over all channels, so that they end at 1e-2.
    rows = sinusoids(torch.arange(height, device=device), half, spread=channels)
    columns = sinusoids(torch.arange(width, device=device), half, spread=channels)
    code = torch.cat(
        (rows[:, None, :].expand(height, width, half), columns[None, :, :].expand(height, width, half)), dim=-1
    )
    return code.reshape(height * width, channels)
