"""`python -m jazzmus.bench`: what training, encoding and decoding cost, for both shipped sizes.

Prints one JSON object a row and can write a Markdown page. Networks have random weights and pages are noise, which
cost what trained ones and real ones cost. Figures of one run compare with each other; between machines only their
ratios do.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from jazzmus.bench import measures
from jazzmus.bench.measures import Row
from jazzmus.bench.networks import subject
from jazzmus.bench.report import markdown
from jazzmus.cli import OneLineParser
from jazzmus.files import write_text
from jazzmus.kern.codec import TextCodec
from jazzmus.kern.forms import build_form
from jazzmus.kern.token_grammar import CodecGrammar, build_token_grammar
from jazzmus.kern.tokenizer import build_tokenizer
from jazzmus.logs import run_script
from jazzmus.synthesis.content.procedural import TuneStyle, procedural_tune
from jazzmus.training.memory import VOCABULARY


def _grammar() -> CodecGrammar:
    """The grammar of a vocabulary as large as that of the shipped data, from tunes that are made up."""
    tokenizer, form, rng = build_tokenizer("compact"), build_form("written"), random.Random(0)
    texts = [form.apply(procedural_tune(rng, 8, TuneStyle())) for _ in range(40)]
    tokens = tokenizer.vocabulary(texts).tokens[:VOCABULARY]
    return build_token_grammar(TextCodec.from_names("compact", tokens, "written"))


def _measurements(quick: bool) -> dict[str, Callable[[], list[Row]]]:
    """Name -> what gives its rows; sizes are built when they are needed."""
    lengths = [50, 100, 200] if quick else [50, 100, 200, 400, 700, 1000]
    repeats, tokens = (3, 100) if quick else (5, 300)
    return {
        "published": lambda: measures.against_published(subject("base"), quick),
        "token": lambda: measures.cost_of_a_token(subject("base"), lengths),
        "batch": lambda: measures.batches(subject("tiny"), tokens, repeats),
        "ways": lambda: [
            row
            for size in ("base", "tiny")
            for row in measures.beams_and_grammar(subject(size), _grammar(), tokens, repeats)
        ],
        "training": lambda: [
            row
            for size in ("base", "tiny")
            for row in measures.training_and_encoding(subject(size), 1 if quick else repeats)
        ],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the page if asked for one."""
    parser = OneLineParser(prog="python -m jazzmus.bench", description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, metavar="FILE", help="Markdown file to write (default: print only)")
    parser.add_argument(
        "--quick", action="store_true", help="few tokens, lengths and repeats; the published way from samples"
    )
    names = sorted(_measurements(quick=True))
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=f"some of {' '.join(names)}")
    args: argparse.Namespace = parser.parse_args(arguments)
    results: dict[str, list[Row]] = {}
    for name, measure in _measurements(args.quick).items():
        if args.only and name not in args.only:
            continue
        results[name] = measure()
        for row in results[name]:
            sys.stdout.write(json.dumps({"measurement": name, **row}) + "\n")
        sys.stdout.flush()
    if args.output is not None:
        device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or "CPU"
        machine = f"PyTorch {torch.__version__}, {device}, {torch.get_num_threads()} threads."
        write_text(args.output, markdown(results, machine))
    return 0


if __name__ == "__main__":
    sys.exit(run_script(main))
