"""The command lines of training and of data, and one table from flags to gin bindings; what all parsers share.

A flag that changes a result stands in `FLAG_BINDINGS` and becomes a binding; the others only say where or how the
process runs. Flags are absent by default, so that the config file speaks. Order of power: files < flags < --gin.

Knows nothing of gin, of the sections it names, or of what the other flags cause.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from jazzmus.errors import ConfigError

FLAG_BINDINGS: dict[str, str] = {
    "load_pretrained": "FullPageTrainer.load_pretrained",
    "freeze_encoder": "FullPageTrainer.freeze_encoder",
    "epochs": "experiment.max_epochs",
    "batch_size": "FullPageDataModule.batch_size",
}

_GENERATOR_CONFIG_NAME = "config/pages/procedural.gin"
GENERATOR_CONFIG = Path(__file__).resolve().parent.parent / _GENERATOR_CONFIG_NAME  # from any working directory
GENERATOR_CONFIG_HELP = f"gin files (the project's {_GENERATOR_CONFIG_NAME})"
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose errors are one line on standard error, with exit code 2."""

    def error(self, message: str) -> NoReturn:
        """Leave the program with one line instead of the whole usage."""
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def training_parser() -> argparse.ArgumentParser:
    """Return the parser of `train_full_page.py`."""
    parser = OneLineParser(description="Train the full-page model from a gin config.", allow_abbrev=False)
    parser.add_argument(
        "--config",
        type=Path,
        nargs="+",
        action="extend",
        required=True,
        metavar="FILE",
        help="gin files, read in order; a later one overrides the earlier",
    )
    for flag, text in (("load_pretrained", "start from trained weights"), ("freeze_encoder", "train the decoder only")):
        parser.add_argument(
            f"--{flag}", type=truth, nargs="?", const=True, metavar="True|False", help=_bound_help(flag, text)
        )
    parser.add_argument("--epochs", type=_epochs, metavar="N", help=_bound_help("epochs", "0 only evaluates"))
    parser.add_argument("--batch_size", type=_batch_size, metavar="N", help=_bound_help("batch_size", "pages a step"))
    parser.add_argument("--output_dir", type=Path, metavar="D", help="folder of the run (default: weights/<name>)")
    parser.add_argument("--resume", metavar="auto|PATH", help="go on from the run's last checkpoint, or from this one")
    parser.add_argument("--dry_run", action="store_true", help="build everything, report, and stop before training")
    parser.add_argument(
        "--gin",
        action="append",
        default=[],
        metavar="Name.param=value",
        help="a single binding, stronger than files and flags; may be repeated",
    )
    return parser


def add_reading_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say how weights read; each is absent by default, so that the weights speak."""
    add = parser.add_argument_group("how to read").add_argument
    add("--device", metavar="NAME", help="such as cpu or cuda:1 (default: the first accelerator, else cpu)")
    add("--strategy", choices=["page", "systems", "concatenate"],
        help="read the page at once, or the systems found on it (default: the weights' own way)")  # fmt: skip
    add(
        "--num_beams",
        type=int,
        metavar="N",
        help="texts followed at once (1: the likeliest token each time; default: the weights' own way, or 1)",
    )
    add(
        "--bar_weight",
        type=float,
        metavar="W",
        help="nats that a bar out of its meter takes from a finished beam",
    )
    add("--ctc_weight", type=float, metavar="W", help="share of the CTC head in the score of single systems, below 1")
    add("--no_grammar", dest="grammar", action="store_false", default=None, help="let the network write any tokens")
    add("--max_length", type=int, metavar="N", help="tokens of a text at most")


def reading_options(args: argparse.Namespace) -> dict[str, object]:
    """The flags of `add_reading_flags` that were given, by name."""
    names = ("device", "strategy", "num_beams", "bar_weight", "ctc_weight", "grammar", "max_length")
    return {name: getattr(args, name) for name in names if getattr(args, name) is not None}


def data_arguments(argv: Sequence[str] | None, protocols: Sequence[str]) -> argparse.Namespace:
    """Read the command line of `data_prep.py`; `protocols` are the names of the ways to split, the first the usual."""
    parser = OneLineParser(
        description="Prepare data/NAME/{train,val,test}/{images,ground_truth}/ (with --synthetic: "
        "data/NAME/synthetic/{images,ground_truth}/) and data/NAME/manifest.json. Running again changes nothing.",
        allow_abbrev=False,
    )
    parser.add_argument("--output_name", help="name of the folder (handwritten, synthetic or generated)")
    parser.add_argument("--data_root", type=Path, default=Path("data"), help="folder of all data (%(default)s)")
    dataset_flags = _add_dataset_flags(parser.add_argument_group("pages of a dataset"), protocols)
    made = parser.add_argument_group("generated pages instead of a dataset")
    made.add_argument("--generate", type=int, metavar="N", help="make N training pages")
    page_flags = _add_page_flags(made)
    args = parser.parse_args(argv)
    if args.generate is None:
        if flag := _first_given(args, page_flags):
            parser.error(f"{flag} is for generated pages only: add --generate N")
    elif flag := _first_given(args, dataset_flags):
        parser.error(f"{flag} is for pages of a dataset: leave it out, or --generate")
    if args.to_parquet and (args.val or args.test):
        parser.error("--to_parquet writes training pages only: leave --val and --test out")
    usual = "generated" if args.generate is not None else "synthetic" if args.synthetic else "handwritten"
    args.output_name = args.output_name or usual
    return args


def _add_dataset_flags(group: argparse._ArgumentGroup, protocols: Sequence[str]) -> list[argparse.Action]:
    return [
        group.add_argument(
            "--dataset_name",
            default="PRAIG/JAZZMUS",
            help="hub name, or a local path that `datasets` loads (%(default)s)",
        ),
        group.add_argument(
            "--synthetic",
            nargs="?",
            const=True,
            default=False,
            type=truth,
            metavar="True|False",
            help="engraved pages, in one folder without splits; a hub name X then means X_Synthetic",
        ),
        group.add_argument(
            "--protocol",
            choices=protocols,
            default=protocols[0],
            help="clean: no copy of a validation or test piece is trained on; published: only the pages held out are "
            "kept from training, as in the literature (%(default)s)",
        ),
        group.add_argument("--revision", help="hub revision: a commit, tag or branch"),
        group.add_argument("--max_images", type=int, metavar="N", help="keep only the first N pages of each split"),
    ]


def _add_page_flags(made: argparse._ArgumentGroup) -> list[argparse.Action]:
    return [
        made.add_argument("--val", type=int, metavar="N", default=0, help="validation pages"),
        made.add_argument("--test", type=int, metavar="N", default=0, help="test pages"),
        made.add_argument("--seed", type=int, default=0, help="number of the first page"),
        made.add_argument("--workers", type=int, default=2, help="processes (%(default)s)"),
        made.add_argument("--to_parquet", action="store_true", help="shards that `datasets` streams, not a folder"),
        made.add_argument("--config", type=Path, nargs="+", default=[GENERATOR_CONFIG], help=GENERATOR_CONFIG_HELP),
        made.add_argument("--gin", action="append", default=[], metavar="NAME=VALUE", help="a single binding"),
    ]


def _first_given(args: argparse.Namespace, flags: Sequence[argparse.Action]) -> str | None:
    """Return the first of these flags whose value is not the default."""
    return next((flag.option_strings[0] for flag in flags if getattr(args, flag.dest) != flag.default), None)


def flag_bindings(args: argparse.Namespace) -> list[str]:
    """Return the gin bindings of the given flags, then those of `--gin`.

    Args:
        args: What `training_parser` read.

    Raises:
        ConfigError: If a parameter gets a value twice, by a flag and by `--gin` or by two different `--gin`, or if a
            `--gin` is no binding.
    """
    bindings: list[str] = []
    given: dict[str, tuple[str, str]] = {}
    for flag, key in FLAG_BINDINGS.items():
        value = getattr(args, flag)
        if value is not None:
            given[key] = (f"--{flag} {value}", repr(value))
            bindings.append(f"{key} = {value!r}")
    for text in args.gin:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not (key and equals and value):
            raise ConfigError(f"--gin {text!r} is not of the form Name.param=value")
        source = f"--gin {text!r}"
        earlier, earlier_value = given.setdefault(key, (source, value))
        if earlier != source and (earlier_value != value or not earlier.startswith("--gin")):
            raise ConfigError(f"{key} is given twice, by {earlier} and by {source}: drop one of them")
        bindings.append(f"{key} = {value}")
    return bindings


def _bound_help(flag: str, text: str) -> str:
    return f"{text} (binds {FLAG_BINDINGS[flag]})"


def truth(text: str) -> bool:
    """Read the value of a flag that is true or false, for `type=` of a parser's argument."""
    if text.lower() not in _TRUTH:
        raise argparse.ArgumentTypeError(f"{text!r} is neither True nor False")
    return _TRUTH[text.lower()]


def _epochs(text: str) -> int:
    return _whole_number(text, least=0)


def _batch_size(text: str) -> int:
    return _whole_number(text, least=1)


def _whole_number(text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
    return int(text)
