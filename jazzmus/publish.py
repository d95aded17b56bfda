"""`python -m jazzmus.publish`: the weights of a run as a folder to pass on, with a model card and checksums.

Knows the files of a run and of such a folder; where weights come from is told by `provenance`, and the card is written
by `model.model_card`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging as transformers_logging

from jazzmus.cli import OneLineParser
from jazzmus.compare.comparison import compare_runs
from jazzmus.compare.run_files import read_json, read_run
from jazzmus.config_text import config_bindings
from jazzmus.errors import CheckpointError, DataError
from jazzmus.files import output_errors, write_text
from jazzmus.logs import run_script
from jazzmus.model.model_card import CardFacts, model_card
from jazzmus.model.pretrained import CONFIG_FILE, Weights, build_model, read_weights
from jazzmus.provenance import FREE, RESTRICTED, licence_of, protocol_text, recorded_sources, started_from
from jazzmus.run_folder import COST_FILE, RESULTS_FILE, SCORES_FILE
from jazzmus.utils.inference_utils import load_recognizer, own_reading

logger = logging.getLogger(__name__)
transformers_logging.disable_progress_bar()

CARD_FILE, SUMS_FILE = "README.md", "SHA256SUMS"
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
_BEST = "best.ckpt"


def publish(
    run: Path, output: Path, checkpoint: str = _BEST, dtype: str = "float32", max_shard_mb: int = 16,
    licence: str | None = None, force: bool = False, reading: Mapping[str, Any] | None = None,
    results: Path | None = None,
) -> None:  # fmt: skip
    """Write the weights of a run as a folder; it is complete or not there.

    Args:
        run: Folder of a run.
        output: Folder to make.
        checkpoint: File of the run with the weights.
        dtype: Number format of the files, one of `DTYPES`; 16 bits are read back as 32.
        max_shard_mb: Most megabytes of a file, unless one tensor alone has more.
        licence: Where the run does not tell: what its owner gives the weights.
        force: Take the place of an earlier folder of weights.
        reading: What becomes `SMTConfig.reading`; as the checkpoint has it when None.
        results: What `python -m jazzmus.evaluate` wrote when these weights read whole pages of their validation split
            so; the card has the scores of it, or where it is None the run's own.

    Raises:
        CheckpointError: If the checkpoint cannot be read.
        DataError: If the folder is there already or cannot be written, or the licence is open.
    """
    _check_output(output, force)
    weights = read_weights(run / checkpoint)
    if reading is not None:
        weights.config.reading = dict(reading)
        own_reading(weights.config)
    facts = _card_facts(run, checkpoint, weights, output.name, dtype, licence)
    if results is not None:
        facts = _with_results(facts, weights, results)
    model = build_model(weights).to(DTYPES[dtype])
    with output_errors(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        beside, earlier = (output.with_name(f".{output.name[:48]}.{os.getpid()}.{end}") for end in ("tmp", "old"))
        try:
            model.save_pretrained(beside, max_shard_size=f"{max_shard_mb}MB")
            # All values, not only those that differ from today's defaults.
            model.config.to_json_file(beside / CONFIG_FILE, use_diff=False)
            for file in beside.iterdir():  # transformers lets none but their owner read them
                file.chmod(0o644)
            _check_written(beside, weights, DTYPES[dtype])
            if weights.config.reading:
                load_recognizer(beside)  # options may be none for this network
            write_text(beside / CARD_FILE, model_card(facts))
            write_text(beside / SUMS_FILE, checksums(beside))
            if output.is_dir():
                output.rename(earlier)
            beside.rename(output)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
            if earlier.is_dir() and not output.is_dir():
                earlier.rename(output)
            shutil.rmtree(earlier, ignore_errors=True)


def checksums(folder: Path) -> str:
    """A line for each file of a folder, as `sha256sum` writes and checks them."""
    files = sorted(path for path in folder.iterdir() if path.name != SUMS_FILE)
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)


def _check_output(output: Path, force: bool) -> None:
    """Refuse to write over anything but, by `force`, an earlier folder of weights."""
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return
    if not force:
        raise DataError(f"{output} is there already; give another --output, or --force to replace it")
    if not (output / SUMS_FILE).is_file() or not (output / CONFIG_FILE).is_file():
        raise DataError(f"{output} is no folder that this command wrote, and is left alone; give another --output")


def _check_written(folder: Path, weights: Weights, dtype: torch.dtype) -> None:
    """Read a folder back and compare it with what was to be written."""
    written = read_weights(folder)
    for name, tensor in weights.tensors.items():
        wanted = tensor.to(dtype).to(tensor.dtype) if tensor.is_floating_point() else tensor
        if not torch.equal(written.tensors[name], wanted):
            raise CheckpointError(f"{weights.source}: {name} is not read back as it was written; use --dtype float32")


def _card_facts(run: Path, checkpoint: str, weights: Weights, name: str, dtype: str, licence: str | None) -> CardFacts:
    bindings = config_bindings(str(weights.extras.get("operative_config", "")))
    sources = recorded_sources(weights.extras)
    results = run / RESULTS_FILE
    # A run reads its validation pages with its best weights only.
    scores = read_json(run / SCORES_FILE) if checkpoint == _BEST else {}
    pages = len(results.read_text(encoding="utf-8").splitlines()) if results.is_file() else 0
    return CardFacts(
        name=name,
        config=weights.config,
        parameters=sum(tensor.numel() for tensor in weights.tensors.values()),
        dtype=dtype,
        licence=licence_of(sources, licence),
        data=[source.text for source in sources],
        datasets=sorted({source.dataset for source in sources if source.dataset}),
        started_from=started_from(bindings),
        scores=scores,
        protocol=protocol_text(weights.extras, weights.config.unit, pages),
        cost=read_json(run / COST_FILE),
    )


def _with_results(facts: CardFacts, weights: Weights, results: Path) -> CardFacts:
    """The facts with scores of pages that were read as the weights' own options say."""
    run = read_run(results)
    scores = compare_runs([run]).scores[run.name]
    strategy, options = own_reading(weights.config)
    manner = ", ".join(f"`{name}` {value}" for name, value in {"strategy": strategy, **options}.items())
    return replace(
        facts,
        scores={name: score.value for name, score in scores.items()},
        intervals={name: (score.low, score.high) for name, score in scores.items()},
        protocol=protocol_text(weights.extras, "page", len(run.pages), f"by {manner}"),
    )


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = OneLineParser(prog="python -m jazzmus.publish", description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="folder of a run, such as weights/demo")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder to write")
    parser.add_argument("--checkpoint", default=_BEST, metavar="FILE", help="weights in the run (default: %(default)s)")
    parser.add_argument("--dtype", choices=sorted(DTYPES), default="float32", help="number format (default: float32)")
    parser.add_argument(
        "--max_shard_mb", type=int, default=16, metavar="N", help="most megabytes of a file (default: 16)"
    )
    parser.add_argument(
        "--license", choices=(FREE, RESTRICTED), help="the licence, where the run's pages leave it open"
    )
    parser.add_argument(
        "--reading", nargs="+", type=_setting, metavar="NAME=VALUE",
        help="how the weights read best, such as strategy=systems num_beams=4 ctc_weight=0.3",
    )  # fmt: skip
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FILE",
        help="what evaluate wrote of these weights, for the card (the run's own)",
    )
    parser.add_argument("--force", action="store_true", help="replace an earlier folder of weights")
    args = parser.parse_args()
    if args.max_shard_mb < 1:
        parser.error("--max_shard_mb must be at least 1")
    return args


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def main() -> int:
    """Publish a run's weights."""
    args = parse_arguments()
    reading = None if args.reading is None else dict(args.reading)
    publish(
        args.run,
        args.output,
        args.checkpoint,
        args.dtype,
        args.max_shard_mb,
        args.license,
        args.force,
        reading,
        args.results,
    )
    files = sorted(path.name for path in args.output.iterdir())
    logger.info("%s: %s", args.output, ", ".join(files))
    return 0


if __name__ == "__main__":
    sys.exit(run_script(main))
