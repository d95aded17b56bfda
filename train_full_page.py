"""Train the Sheet Music Transformer on full pages (or single systems) from a gin config.

Example:
    python train_full_page.py --config config/full_page_no_pretrained.gin config/base/tiny.gin --epochs 20
"""

from __future__ import annotations

import json
import logging
import sys

from jazzmus.cli import flag_bindings, training_parser
from jazzmus.config import load_config
from jazzmus.logs import run_script

logger = logging.getLogger("train_full_page")


def main() -> int:
    """Parse flags, bind them, build the run and train it; prints the scores as one JSON object last."""
    args = training_parser().parse_args()
    bindings = flag_bindings(args)
    # Sections register on import; the parser answers --help and typing errors before torch is loaded.
    from jazzmus.training.experiment import build_run, train

    load_config(args.config, bindings)
    run = build_run()
    parameters = sum(parameter.numel() for parameter in run.module.model.parameters())
    logger.info("experiment %s: %.1f M parameters", run.experiment.name, parameters / 1e6)
    if args.dry_run:
        sys.stdout.write(run.config_text)
        return 0
    scores = train(run, args.output_dir, args.resume)
    sys.stdout.write(json.dumps(scores) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(run_script(main))
