"""Records of runs, small enough to be committed and without anything private: what `docs/results.md` is made from.

Knows which files of a run are copied and what is left out of them: texts, absolute paths, and most lines of metrics.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jazzmus.compare.curves import CURVES, TRAIN_LOSS, curve_points
from jazzmus.compare.run_files import RunFiles, read_text
from jazzmus.config_text import path_free
from jazzmus.errors import DataError
from jazzmus.files import output_errors, write_text
from jazzmus.metrics.confusions import add_confusions
from jazzmus.run_folder import CONFIG_FILE, COST_FILE, METRICS_FILE, RECORD_FILE, RESULTS_FILE


def record_run(run: RunFiles, to: Path) -> Path:
    """Copy what is needed of a run into a folder of its name; an earlier record of that name is replaced.

    Args:
        run: The run.
        to: The folder of all records.

    Returns:
        The record's folder.

    Raises:
        DataError: If the run has no results, is broken, or the record cannot be written.
    """
    if not run.pages:
        raise DataError(f"{run.path}: has no {RESULTS_FILE}, so there is nothing to record; let it end, or evaluate it")
    source = run.path if run.path.is_dir() else run.path.parent
    folder = to / run.name.replace("/", "-")
    files = {
        RESULTS_FILE: _results(run),
        COST_FILE: _json(without_paths(_cost(run))),
        CONFIG_FILE: path_free(read_text(source / CONFIG_FILE)),
        METRICS_FILE: _metrics(run),
        RECORD_FILE: _json(_about(run)),
    }
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            if text.strip() in ("", "{}"):
                (folder / name).unlink(missing_ok=True)
            else:
                write_text(folder / name, text)
    return folder


def without_paths(value: Any) -> Any:
    """Return a JSON value whose texts are free of absolute paths."""
    if isinstance(value, dict):
        return {name: without_paths(item) for name, item in value.items()}
    if isinstance(value, list):
        return [without_paths(item) for item in value]
    return path_free(value) if isinstance(value, str) else value


def _results(run: RunFiles) -> str:
    """Counts and systems alone: texts, if the file holds them, stay where they are."""
    lines = [
        {"page_id": page.page_id, "counts": page.counts, "systems": page.systems} for page in run.pages.values()
    ]  # fmt: skip
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def _metrics(run: RunFiles) -> str:
    rows: list[tuple[int, str, float]] = []
    for name in CURVES:
        steps = [step for step, key, _ in run.metrics if key == name]
        points = curve_points(run.metrics, name)
        rows += [(round(step), name, value) for step, value in points]
        if name == TRAIN_LOSS and rows:
            # Which step was the last tells what was validated in training, and what after it.
            rows[-1] = (max(steps), *rows[-1][1:])
    lines = [f"{step},{name},{value:.6g}" for step, name, value in sorted(rows, key=lambda row: row[0])]
    return "\n".join(["step,name,value", *lines]) + "\n" if lines else ""


def _cost(run: RunFiles) -> dict[str, Any]:
    cost = dict(run.cost)
    command = cost.get("command")
    if isinstance(command, str):
        cost["command"] = shlex.join(path_free(word) for word in _words(command))
    return cost


def _about(run: RunFiles) -> dict[str, Any]:
    known = [page.confusions for page in run.pages.values() if page.confusions is not None]
    return {
        "name": run.name.replace("/", "-"),
        "results": run.results,
        "confusions": add_confusions(known) if known else run.confusions,
    }


def _words(command: str) -> Sequence[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return [command]


def _json(value: Any) -> str:
    return json.dumps(value) + "\n"
