"""Checkpoint files of a run: their names, and how they are written. Knows nothing of what is in them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from jazzmus.errors import CheckpointError
from jazzmus.files import write_bytes

BEST, LAST = "best", "last"


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


def check_resumable(path: Path) -> None:
    """Check that a checkpoint, known to load, holds the state of a training run and not weights alone.

    Raises:
        CheckpointError: If it does not.
    """
    if "optimizer_states" not in torch.load(path, map_location="cpu", weights_only=True, mmap=True):
        raise CheckpointError(f"{path}: holds weights only, as every {BEST}.ckpt does; resume from {LAST}.ckpt")
