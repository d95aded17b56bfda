"""Where numbers go while training: always a CSV file, and wandb by one binding. The only file that knows wandb."""

from __future__ import annotations

import csv
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from lightning.pytorch.loggers import Logger, WandbLogger
from lightning.pytorch.utilities import rank_zero_only

from jazzmus.files import write_text
from jazzmus.run_folder import METRICS_FILE

WandbMode = Literal["off", "offline", "online"]


class MetricsFile(Logger):
    """Appends every number to `metrics.csv` as a line `step,name,value`, so that a resumed run goes on in the file.

    Lightning's CSVLogger deletes the file of an earlier run in the same folder.

    Args:
        folder: The run's folder.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.path = folder / METRICS_FILE

    @property
    def name(self) -> str:
        """Name of the run."""
        return self.path.parent.name

    @property
    def version(self) -> str:
        """There is one version a folder."""
        return ""

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Nothing: the operative config stands beside the file."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Append one line for each number."""
        is_new = not self.path.exists()
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if is_new:
                writer.writerow(["step", "name", "value"])
            writer.writerows([step, name, value] for name, value in metrics.items())

    def drop_from(self, step: int) -> None:
        """Drop the lines of `step` and of later ones, for a run that goes on at `step` and writes them again."""
        if not self.path.is_file():
            return
        with self.path.open(newline="", encoding="utf-8") as file:
            header, *lines = file.readlines() or [""]
        # A killed run may leave half a line, which is its last.
        kept = [line for line in lines if line.endswith("\n") and int(line.partition(",")[0]) < step]
        write_text(self.path, "".join([header, *kept]))


def run_loggers(folder: Path, name: str, wandb: WandbMode) -> list[Logger]:
    """Loggers of a run: the metrics file, and wandb unless it is off.

    Args:
        folder: The run's folder.
        name: Name of the run.
        wandb: `offline` needs neither account nor network and may be synchronised later; `online` needs a login.
    """
    loggers: list[Logger] = [MetricsFile(folder)]
    if wandb != "off":
        loggers.append(WandbLogger(name=name, project="jazzmus", save_dir=folder, offline=wandb == "offline"))
    return loggers
