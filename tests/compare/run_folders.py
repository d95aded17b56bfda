"""Invented runs, as a training leaves them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jazzmus.metrics.report import METRICS

CONFIG = """# Macros:
# =====
seed = {seed}

# Parameters for experiment:
# =====
experiment.name = '{name}'
experiment.seed = %seed

# Parameters for FullPageDataModule:
# =====
FullPageDataModule.data_path = \\
    {{'a': '/home/someone/data/a', 'b': 'data/b'}}
FullPageDataModule.seed = %seed

# Parameters for Optimization:
# =====
Optimization.lr = {lr}
"""


def page_line(page_id: str, edits: int, length: int = 100, systems: int | None = 3, **more: Any) -> dict[str, Any]:
    """One line of results, the same edits in every rate."""
    line: dict[str, Any] = {"page_id": page_id, "counts": {name: [edits, length] for name in METRICS}}
    line |= {"stop_reason": "eos", "seconds": 0.1, "confusions": {"pitch": {"c->d": edits}} if edits else {}}
    return line | ({} if systems is None else {"systems": systems}) | more


def write_run(folder: Path, edits: Mapping[str, int], seed: int = 0, lr: float = 0.001, **more: Any) -> Path:
    """A complete run; pages are named and have as many edits of 100."""
    folder.mkdir(parents=True)
    lines = [page_line(page_id, count, **more) for page_id, count in edits.items()]
    (folder / "results.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "operative_config.gin").write_text(CONFIG.format(seed=seed, name=folder.name, lr=lr))
    rows = [f"{step},train/loss,{5 / (step + 1)}" for step in range(1000)]
    rows += [f"{step},val/{name},{value}" for step in (499, 999) for name, value in (("loss", 1.0), ("ser", 40.0))]
    (folder / "metrics.csv").write_text("\n".join(["step,name,value", *rows, "1000,val/ser,12.5"]) + "\n")
    cost = {
        "steps": 1000, "epochs": 10, "pages": 4000, "training_seconds": 7200.0, "validation_seconds": 90.0,
        "peak_memory_mib": 2048, "peak_accelerator_memory_mib": None, "parameters": 2_500_000,
        "trainable_parameters": 2_500_000, "trainable_parameters_at_first": 1_000_000, "precision": "32-true",
        "clock": [[500, 3600.0], [1000, 7200.0]], "machine": "a processor",
        "commit": "0123456789abcdef+changes",
        "command": "python train_full_page.py --config /home/someone/config/a.gin --epochs 10",
    }  # fmt: skip
    (folder / "cost.json").write_text(json.dumps(cost))
    return folder


def pages(*edits: int) -> dict[str, int]:
    """Pages by name, of so many edits."""
    return {f"page-{number:02d}": count for number, count in enumerate(edits)}
