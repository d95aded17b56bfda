"""Light augmentation of training pages: small geometry on the image, small tone changes on the tensor.

Every draw comes from the generator it is given; knows nothing of workers, epochs or texts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor

from jazzmus.config import configurable
from jazzmus.dataset.page_transform import Rows
from jazzmus.errors import ConfigError


@configurable
class PageAugmentation:
    """Random rotation, shift, scale, blur, contrast, brightness and noise that keep every note readable.

    Args:
        probability: Chance, in [0, 1], of the changes of geometry and, drawn apart, of those of tone.
        rotation: Largest rotation in degrees.
        shift: Largest shift as a share of width and height.
        scale: Largest relative change of size, below 1.
        blur: Largest radius of a Gaussian blur, in thousandths of the page width.
        contrast: Largest relative change of contrast.
        brightness: Largest change of brightness, in units of the full range.
        noise: Largest standard deviation of pixel noise, in units of the full range.

    Raises:
        ConfigError: If a value is negative or too large.
    """

    def __init__(
        self,
        probability: float = 0.9,
        rotation: float = 0.7,
        shift: float = 0.01,
        scale: float = 0.03,
        blur: float = 0.6,
        contrast: float = 0.3,
        brightness: float = 0.1,
        noise: float = 0.03,
    ) -> None:
        self.probability = probability
        self.rotation = rotation
        self.shift = shift
        self.scale = scale
        self.blur = blur
        self.contrast = contrast
        self.brightness = brightness
        self.noise = noise
        for name, value in vars(self).items():
            # Written so that nan fails too.
            if not value >= 0:
                raise ConfigError(f"PageAugmentation.{name} must not be negative: {value}")
        if probability > 1 or scale >= 1:
            raise ConfigError(
                f"PageAugmentation.probability must be at most 1 and .scale below 1: {probability} and {scale}"
            )

    def on_image(self, image: Image.Image, generator: np.random.Generator) -> Image.Image:
        """Rotate, shift, scale and blur a gray page; what comes into view is filled with the page's own paper tone.

        Args:
            image: Mode "L".
            generator: Source of every draw.
        """
        return self.on_image_and_rows(image, (), generator)[0]

    def on_image_and_rows(
        self, image: Image.Image, rows: Sequence[Rows], generator: np.random.Generator
    ) -> tuple[Image.Image, list[Rows]]:
        """As `on_image`, with what becomes of the rows of systems.

        A rotated system lies across more rows than before; it keeps all of them.
        """
        if generator.random() >= self.probability:
            return image, list(rows)
        angle = np.deg2rad(generator.uniform(-self.rotation, self.rotation))
        size = 1.0 + generator.uniform(-self.scale, self.scale)
        across, down = (generator.uniform(-self.shift, self.shift) * side for side in image.size)
        cos, sin = np.cos(angle) / size, np.sin(angle) / size
        middle_x, middle_y = image.width / 2, image.height / 2
        # PIL asks for the source position of each target pixel: the inverse of the movement, about the middle.
        matrix = (
            cos, sin, middle_x - cos * (middle_x + across) - sin * (middle_y + down),
            -sin, cos, middle_y + sin * (middle_x + across) - cos * (middle_y + down),
        )  # fmt: skip
        paper = int(np.percentile(np.asarray(image.reduce(8)), 75)) if min(image.size) >= 8 else 255
        moved = image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=paper)
        radius = generator.uniform(0, self.blur) * image.width / 1000
        if radius > 0.1:
            moved = moved.filter(ImageFilter.GaussianBlur(radius))
        return moved, [_moved_rows(edges, image.width, matrix) for edges in rows]

    def on_tensor(self, page: Tensor, generator: np.random.Generator) -> Tensor:
        """Change contrast and brightness of a (1, H, W) page in [0, 1] and add noise; the result stays in [0, 1]."""
        if generator.random() >= self.probability:
            return page
        gain = 1.0 + generator.uniform(-self.contrast, self.contrast)
        offset = generator.uniform(-self.brightness, self.brightness)
        noise = generator.standard_normal(tuple(page.shape), dtype=np.float32) * generator.uniform(0, self.noise)
        return ((page - 0.5) * gain + 0.5 + offset + torch.from_numpy(noise)).clamp_(0.0, 1.0)


def _moved_rows(rows: Rows, width: int, matrix: Sequence[float]) -> Rows:
    """Rows of a page that hold the corners of other rows after a movement, given by its inverse as PIL takes it."""
    forward = np.linalg.inv(np.array([*matrix, 0.0, 0.0, 1.0]).reshape(3, 3))
    heights = [float(forward[1] @ (x, y, 1.0)) for x in (0, width) for y in rows]
    return min(heights), max(heights)
