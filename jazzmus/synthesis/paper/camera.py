"""What a scanner or camera makes of a page: blur, tone, noise, contrast, few pixels, black and white, JPEG.

Knows gray levels only.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from jazzmus.synthesis.paper.noise import normal_tile, tiled
from jazzmus.synthesis.paper.warp import Layer


def expose(
    page: Layer,
    light: NDArray[np.float32] | None,
    tone: float,
    rng: np.random.Generator,
    seen: Mapping[str, float],
    space: float,
) -> Layer:
    """Return the gray levels of a page of reflectance 0 to 255.

    Args:
        page: (height, width) reflectance.
        light: Share of the light at each pixel, or None for even light.
        tone: Layer level of bare paper; what is above 255 is clipped.
        rng: The source of randomness.
        seen: Strengths by effect; blur and grain are read.
        space: Staff space in pixels.
    """
    blur = seen.get("blur", 0.0) * space / 10
    if blur > 0.2:
        page = cv2.GaussianBlur(page, (0, 0), blur)
    if "grain" not in seen and light is None:
        return cv2.convertScaleAbs(page, alpha=tone / 255)
    exposed = page.astype(np.float32)
    exposed *= np.float32(tone / 255)
    if light is not None:
        exposed *= light
    if "grain" in seen:
        # Soft noise is that of the paper; photographs of it lie in the light as the paper does.
        exposed += tiled(rng, page.shape, normal_tile(0.6) * np.float32(seen["grain"]))
    return cv2.convertScaleAbs(np.maximum(exposed, 0))


def process(
    page: Layer, paper: float, palest: float, rng: np.random.Generator, seen: Mapping[str, float], space: float
) -> Layer:
    """Return what is stored of an exposed page.

    Args:
        page: (height, width) gray levels.
        paper: Layer level of bare paper.
        palest: Share of the light that the paler of ink and staff lines swallows.
        rng: The source of randomness.
        seen: Strengths by effect; contrast, streaks, low_resolution, threshold and jpeg are read.
        space: Staff space in pixels.
    """
    if "contrast" in seen:
        levels = paper - seen["contrast"] * (paper - np.arange(256))
        page = cv2.LUT(page, np.clip(np.rint(levels), 0, 255).astype(np.uint8))
    if "streaks" in seen:
        page = _streaked(page, rng, seen["streaks"])
    if "low_resolution" in seen:
        page = _coarse(page, seen["low_resolution"], space)
    if "threshold" in seen:
        limit = paper * (1 - seen["threshold"] * palest * min(1.0, seen.get("contrast", 1.0)))
        page = cv2.threshold(page, limit, 255, cv2.THRESH_BINARY)[1]
    if "jpeg" in seen:
        stored = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, round(seen["jpeg"])])[1]
        page = np.asarray(cv2.imdecode(stored, cv2.IMREAD_GRAYSCALE))
    return page


def _streaked(page: Layer, rng: np.random.Generator, darkness: float) -> Layer:
    """Darken one to four columns from top to bottom, as dirt on a scanner's glass does."""
    factors = np.ones(page.shape[1], dtype=np.float32)
    for _ in range(int(rng.integers(1, 5))):
        start = int(rng.integers(0, page.shape[1]))
        factors[start : start + int(rng.integers(1, 4))] *= 1 - darkness * float(rng.uniform(0.3, 1.0))
    return np.rint(page * factors).astype(np.uint8)


def _coarse(page: Layer, scale: float, space: float) -> Layer:
    """Drop pixels and enlarge again; a staff space keeps at least 5.5 pixels."""
    scale = max(scale, 5.5 / space)
    if scale >= 1:
        return page
    height, width = page.shape
    small = cv2.resize(page, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
