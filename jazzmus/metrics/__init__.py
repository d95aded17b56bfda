"""Scores of kern text against kern text. Knows no gin, no files, and no tensors but for the torchmetrics adapter."""

from jazzmus.metrics.report import score_pages

__all__ = ["score_pages"]
