"""`python -m jazzmus.recipe`: experiments one after the other, each from the weights of the one before, in pieces.

A recipe is a list of gin files. Each stage is a run of `train_full_page.py` that resumes where it was left and is
passed over once it is complete, so that the same command goes on after an interruption, or after `--minutes`. Knows
runs by their folders and starts them as commands of their own; knows no network.
"""

from __future__ import annotations

import argparse
import logging
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from jazzmus.cli import OneLineParser
from jazzmus.compare.run_files import read_json
from jazzmus.config import load_config, query
from jazzmus.errors import JazzmusError
from jazzmus.logs import run_script
from jazzmus.run_folder import COST_FILE, SCORES_FILE

logger = logging.getLogger(__name__)

WEIGHTS_FOLDER = Path("weights")
SCRIPT = Path(__file__).resolve().parents[1] / "train_full_page.py"
# What the command ends with when its minutes are over: the sysexits code of "try again".
TIME_IS_OVER = 75


def run_recipe(stages: Sequence[str], minutes: float | None, bindings: Sequence[str] = ()) -> bool:
    """Run the stages that are not complete yet, in their order.

    Args:
        stages: Gin files; each names its run by `experiment.name`, under `weights/`.
        minutes: Wall time after which the stage that runs ends with a checkpoint; validations come on top.
        bindings: `Name.param=value` for all stages.

    Returns:
        Whether all of them are complete.

    Raises:
        JazzmusError: If a stage cannot be read, or fails.
    """
    runs = [_run_of(stage, bindings) for stage in stages]
    until = None if minutes is None else time.monotonic() + 60 * minutes
    for stage, (folder, epochs) in zip(stages, runs, strict=True):
        if is_complete(folder, epochs):
            logger.info("%s: complete, in %s; move that away to train it again", stage, folder)
            continue
        left = None if until is None else (until - time.monotonic()) / 60
        if left is not None and left <= 0:
            return False
        command = stage_command(stage, left, bindings)
        logger.info("%s %s", SCRIPT.name, shlex.join(command))
        code = subprocess.run([sys.executable, SCRIPT, *command], stdout=subprocess.DEVNULL, check=False).returncode
        if code:
            raise JazzmusError(f"{stage}: ended with exit code {code}; mend it and give the same command again")
        if not is_complete(folder, epochs):
            if left is None:
                raise JazzmusError(f"{stage}: ended before its epochs; leave experiment.max_minutes to --minutes")
            return False
    return True


def _run_of(stage: str, bindings: Sequence[str]) -> tuple[Path, int]:
    """The folder of a stage's run, and its epochs."""
    import jazzmus.training.experiment  # noqa: F401  sections register on import

    load_config([Path(stage)], bindings)
    return WEIGHTS_FOLDER / str(query("experiment.name")), int(query("experiment.max_epochs"))


def stage_command(stage: str, minutes: float | None, bindings: Sequence[str]) -> list[str]:
    """The arguments of a stage's training."""
    given = [*bindings, *([] if minutes is None else [f"experiment.max_minutes={minutes!r}"])]
    return ["--config", stage, "--resume", "auto", *(word for each in given for word in ("--gin", each))]


def is_complete(folder: Path, epochs: int) -> bool:
    """Whether a run has that many epochs behind it, and its scores."""
    return (folder / SCORES_FILE).is_file() and int(read_json(folder / COST_FILE).get("epochs", 0)) >= epochs


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = OneLineParser(prog="python -m jazzmus.recipe", description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("stages", nargs="+", metavar="STAGE.gin", help="gin files, in the order of training")
    parser.add_argument("--minutes", type=float, metavar="M", help="stop after these, to go on with the same command")
    parser.add_argument("--gin", action="append", default=[], metavar="Name.param=value", help="for all stages")
    args = parser.parse_args()
    if args.minutes is not None and args.minutes <= 0:
        parser.error(f"--minutes must be positive, not {args.minutes:g}")
    return args


def main() -> int:
    """Run a recipe."""
    args = parse_arguments()
    if run_recipe(args.stages, args.minutes, args.gin):
        return 0
    logger.info("the time is over before the recipe: the same command goes on")
    return TIME_IS_OVER


if __name__ == "__main__":
    sys.exit(run_script(main))
