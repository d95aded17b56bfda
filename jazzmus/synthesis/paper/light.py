"""The light on a photographed page: falling off to one side, and soft shadows.

Knows no pixels of the page: a field of factors is made on a coarse grid and enlarged.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

CELL = 16


def draw_light(
    rng: np.random.Generator, seen: Mapping[str, float], height: int, width: int, darkest: float
) -> NDArray[np.float32] | None:
    """Draw how much light reaches each pixel.

    Args:
        rng: The source of randomness.
        seen: Strengths by effect; gradient and shadow are read.
        height: In pixels.
        width: In pixels.
        darkest: No pixel gets less than this share.

    Returns:
        (height, width) float32 within `darkest` to 1; None for even light.
    """
    if not seen.keys() & {"gradient", "shadow"}:
        return None
    rows, columns = max(2, -(-height // CELL)), max(2, -(-width // CELL))
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    angle, edge, size = rng.uniform(0, 2 * np.pi), rng.uniform(-0.6, 0.6), rng.uniform(0.05, 0.4)
    along = np.cos(angle) * x + np.sin(angle) * y
    light = 1.0 - seen.get("gradient", 0.0) * np.clip((along + 1.4) / 2.8, 0, 1) ** rng.uniform(0.7, 2.0)
    turn = rng.uniform(0, 2 * np.pi)
    across = np.cos(turn) * x + np.sin(turn) * y + rng.uniform(-0.3, 0.3) * x * y
    light *= 1.0 - seen.get("shadow", 0.0) / (1.0 + np.exp(-(across - edge) / (0.5 * size)))
    light = np.clip(light, darkest, 1.0).astype(np.float32)
    return cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR)
