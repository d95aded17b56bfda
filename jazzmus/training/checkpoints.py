"""Checkpoint files of a run: their names, and how they are written and resumed. Knows no training."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from jazzmus.errors import CheckpointError
from jazzmus.files import write_bytes

BEST, LAST = "best", "last"
# Where a run with averaged weights keeps those it trains; its `state_dict` is the average, as readers want it.
TRAINED_WEIGHTS = "trained_weights"


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint beside its place and renames it.

    Lightning's own way writes to the system's temporary folder; moved from there to another file system, a file that
    is interrupted is half a checkpoint.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """Write `checkpoint` to `path`, completely or not at all."""
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_bytes(Path(path), buffer.getvalue())


def resumed_step(path: Path, averages: bool) -> int:
    """The optimizer step at which a run goes on from a checkpoint that is known to load.

    Args:
        path: The checkpoint.
        averages: Whether the run that resumes averages its weights.

    Raises:
        CheckpointError: If it holds weights alone, or was trained with an average that the run does not keep.
    """
    checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    if "optimizer_states" not in checkpoint:
        raise CheckpointError(f"{path}: holds weights only, as every {BEST}.ckpt does; resume from {LAST}.ckpt")
    if TRAINED_WEIGHTS in checkpoint and not averages:
        raise CheckpointError(f"{path}: was trained with experiment.ema_decay; bind it to resume")
    return int(checkpoint["global_step"])
