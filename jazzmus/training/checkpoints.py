"""Checkpoint files of a run: their names, and how they are written and resumed. Knows no training."""

from __future__ import annotations

import io
import logging
import re
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from jazzmus.config_text import config_bindings
from jazzmus.errors import CheckpointError, in_brief
from jazzmus.files import write_bytes
from jazzmus.model.pretrained import CHECKPOINT_KEY

logger = logging.getLogger(__name__)

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


# What may differ when a run goes on, and what may not within an epoch, whose order it decides.
_FREE = re.compile(
    r"experiment\.(name|max_minutes|save_every_minutes|validate_every|wandb)|FullPageDataModule\.(num_workers|pixel_budget)"
)
_ORDER = re.compile(
    r"FullPageDataModule\.(batch_size|draws_per_epoch|generated|mix|sampling|seed|strips|unit)"
    r"|Curriculum\.(stages|replay)|seed|GeneratedPages\.papers|PageStyle\.systems"
)


def resumed_step(path: Path, averages: bool, config_text: str) -> int:
    """The optimizer step at which a run goes on from a checkpoint that is known to load.

    Args:
        path: The checkpoint.
        averages: Whether the run that resumes averages its weights.
        config_text: Operative config of the run that resumes; what it changes is logged.

    Raises:
        CheckpointError: If it holds weights alone, was trained with an average that the run does not keep, or lies
            within an epoch whose order the run would change.
    """
    checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    if "optimizer_states" not in checkpoint:
        raise CheckpointError(f"{path}: holds weights only, as every {BEST}.ckpt does; resume from {LAST}.ckpt")
    if TRAINED_WEIGHTS in checkpoint and not averages:
        raise CheckpointError(f"{path}: was trained with experiment.ema_decay; bind it to resume")
    changed = _changed_bindings(checkpoint[CHECKPOINT_KEY].get("operative_config", ""), config_text)
    reordered = [name for name in changed if _ORDER.fullmatch(name)]
    if reordered and not checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]["is_last_batch"]:
        raise CheckpointError(
            f"{path}: lies within an epoch whose order depends on {in_brief(reordered)}; bind the same values to resume"
        )
    if changed:
        logger.warning("%s: was trained with other values of %s; the run takes the new ones", path, in_brief(changed))
    return int(checkpoint["global_step"])


def _changed_bindings(before: str, now: str) -> list[str]:
    """Names whose values differ between two operative configs, but for those that do not change a result."""
    old, new = config_bindings(before), config_bindings(now)
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return [name for name in names if not _FREE.fullmatch(name)] if old else []
