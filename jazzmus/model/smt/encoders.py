"""Encoders of the Sheet Music Transformer: the published ConvNeXt, and a light residual network for two cores.

Both turn pixels into features of one stride and keep padding out of every convolution. Knows no tokens.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import ConvNextConfig, ConvNextModel

from jazzmus.model.smt.configuration_smt import ENCODER_STEM_STRIDE, SMTConfig

# (features, stride) -> what the features are multiplied by: 1 on the page, 0 on padding; None where nothing is padded.
MaskAt = Callable[[Tensor, int], Tensor | None]


def _masked(features: Tensor, mask: Tensor | None) -> Tensor:
    return features if mask is None else features * mask


class ConvNextEncoder(ConvNextModel):
    """ConvNeXt as published, with the tensor names of transformers; features are taken before its final norm."""

    def __init__(self, config: SMTConfig) -> None:
        super().__init__(
            ConvNextConfig(
                num_channels=1,
                patch_size=ENCODER_STEM_STRIDE,
                num_stages=len(config.encoder_depths),
                hidden_sizes=list(config.encoder_hidden_sizes),
                depths=list(config.encoder_depths),
                layer_scale_init_value=config.layer_scale_init,
            )
        )
        self.layernorm = nn.Identity()  # the published weights' copy is unused

    def features(self, pixel_values: Tensor, mask_at: MaskAt) -> Tensor:
        """(B, C, H / stride, W / stride) features of (B, 1, H, W) pixels, 0 where padded."""
        features = self.embeddings(pixel_values)
        for index, stage in enumerate(self.encoder.stages):
            for layer in stage.downsampling_layer:
                features = layer(features)
            mask = mask_at(features, ENCODER_STEM_STRIDE * 2**index)
            features = _masked(features, mask)
            for layer in stage.layers:
                # A 7x7 convolution must meet zeros outside the page, as it does at the edge of a page alone.
                features = _masked(layer(features), mask)
        return features


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around which the features go on (arXiv 1512.03385)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, features: Tensor, mask: Tensor | None) -> Tensor:
        """Transform (B, C, H, W) features; what is padded stays 0."""
        inner = _masked(F.relu(self.norm1(self.conv1(features))), mask)
        return _masked(F.relu(features + self.norm2(self.conv2(inner))), mask)


class ResNetEncoder(nn.Module):
    """A residual network of the same strides, with plain 3x3 convolutions, which CPUs do well.

    Each stage halves the resolution with a strided convolution (the first one divides it by four) and goes on with
    `encoder_depths` residual blocks of `encoder_hidden_sizes` channels. Its norms are batch norms: a norm of each
    position alone makes the noise of empty paper as large as ink, and CTC then does not get off the ground. In training
    a page therefore depends a little on those beside it; reading, it does not.
    """

    def __init__(self, config: SMTConfig) -> None:
        super().__init__()
        sizes = config.encoder_hidden_sizes
        self.downsampling = nn.ModuleList(
            nn.Conv2d(1, size, 7, stride=ENCODER_STEM_STRIDE, padding=3, bias=False)
            if index == 0
            else nn.Conv2d(sizes[index - 1], size, 3, stride=2, padding=1, bias=False)
            for index, size in enumerate(sizes)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(size) for size in sizes)
        self.stages = nn.ModuleList(
            nn.ModuleList(ResidualBlock(size) for _ in range(depth))
            for size, depth in zip(sizes, config.encoder_depths, strict=True)
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        # Channels last in memory: convolutions on CPUs are faster so.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def features(self, pixel_values: Tensor, mask_at: MaskAt) -> Tensor:
        """(B, C, H / stride, W / stride) features of (B, 1, H, W) pixels, 0 where padded."""
        # Ink instead of paper: what a convolution meets beyond the edge and in the padding is then paper.
        features = _masked(1.0 - pixel_values, mask_at(pixel_values, 1))
        for index, (downsampling, norm) in enumerate(zip(self.downsampling, self.norms, strict=True)):
            features = F.relu(norm(downsampling(features)))
            mask = mask_at(features, ENCODER_STEM_STRIDE * 2**index)
            features = _masked(features, mask)
            for block in self.stages[index]:  # type: ignore[attr-defined]
                features = block(features, mask)
        return features


def build_encoder(config: SMTConfig) -> ConvNextEncoder | ResNetEncoder:
    """The encoder a configuration names."""
    return ResNetEncoder(config) if config.encoder == "resnet" else ConvNextEncoder(config)
