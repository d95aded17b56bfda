"""Cheap randomness for pixels: tiles of fixed noise put down at a random place, and smooth fields.

Drawing a normal number for each pixel of a page would cost more than all other steps of the paper together.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

TILE = 512


@lru_cache(maxsize=4)
def normal_tile(softness: float = 0.0) -> NDArray[np.float32]:
    """Return (512, 512) normal noise of mean 0 and deviation 1; the same in every process. Not to be written to.

    Args:
        softness: Radius over which neighbours are alike, in pixels; few values, as each tile is kept.
    """
    noise: NDArray[Any] = np.random.Generator(np.random.PCG64(20)).standard_normal((TILE, TILE)).astype(np.float32)
    if softness > 0:
        noise = cv2.GaussianBlur(noise, (0, 0), softness, borderType=cv2.BORDER_REFLECT)
        noise = noise / noise.std()
    return noise


def tiled(rng: np.random.Generator, size: tuple[int, int], tile: NDArray[Any]) -> NDArray[Any]:
    """Return a tile repeated over (height, width) pixels, beginning anywhere in it."""
    height, width = size
    start = tuple(int(value) for value in rng.integers(0, TILE, 2))
    return np.tile(np.roll(tile, start, axis=(0, 1)), (-(-height // TILE), -(-width // TILE)))[:height, :width]


def smooth_field(rng: np.random.Generator, size: tuple[int, int], cell: float) -> NDArray[np.float32]:
    """Return (height, width) smooth noise of deviation near 1 that changes over about `cell` pixels."""
    height, width = size
    rows, columns = max(2, round(height / cell) + 1), max(2, round(width / cell) + 1)
    coarse = rng.standard_normal((rows, columns)).astype(np.float32)
    field: NDArray[Any] = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return field
