"""Every command that the README shows is one that the scripts take."""

from __future__ import annotations

import importlib
import re
import shlex
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
# As the guide that the project follows writes them.
GUIDE = """
python train_full_page.py --config config/full_page_pretrained.gin --load_pretrained True --epochs 10 --batch_size 1
python train_full_page.py --config config/full_page_no_pretrained.gin --load_pretrained False \
    --epochs 200 --batch_size 2
python train_full_page.py --config config/full_page_pretrained.gin --load_pretrained True --freeze_encoder True \
    --epochs 100 --batch_size 2
python train_full_page.py --config config/full_page_baseline.gin --epochs 5
python data_prep.py --dataset_name "PRAIG/JAZZMUS" --output_name "handwritten"
python data_prep.py --synthetic --output_name "synthetic"
python inference.py --checkpoint weights/best.ckpt --image test.jpg
"""


def commands() -> list[list[str]]:
    blocks = [*re.findall(r"```bash\n(.*?)```", README, flags=re.DOTALL), GUIDE]
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    found = (shlex.split(line.partition(" > ")[0], comments=True) for line in lines)
    return [words for words in found if words]


def of(*start: str) -> list[list[str]]:
    return [words[len(start) :] for words in commands() if words[: len(start)] == list(start)]


@pytest.mark.parametrize("arguments", of("python", "train_full_page.py"), ids=" ".join)
def test_training_commands_load(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from jazzmus.cli import flag_bindings, training_parser
    from jazzmus.config import clear_config, load_config
    from jazzmus.training import experiment  # noqa: F401

    monkeypatch.chdir(ROOT)
    args = training_parser().parse_args(arguments)
    load_config(args.config, flag_bindings(args))
    clear_config()


@pytest.mark.parametrize(
    ("start", "module", "parser"),
    [
        (("python", "data_prep.py"), "data_prep", "parse_args"),
        (("python", "-m", "jazzmus.synthesis"), "jazzmus.synthesis.__main__", "parse_arguments"),
        (("python", "inference.py"), "inference", "parse_arguments"),
        (("python", "-m", "jazzmus.evaluate"), "jazzmus.evaluate", "parse_arguments"),
        (("python", "-m", "jazzmus.show"), "jazzmus.show", "parse_arguments"),
        (("python", "-m", "jazzmus.average"), "jazzmus.average", "parse_arguments"),
        (("python", "-m", "jazzmus.text_report"), "jazzmus.text_report", "parse_arguments"),
        (("python", "-m", "jazzmus.compare"), "jazzmus.compare.__main__", "parse_arguments"),
        (("python", "-m", "jazzmus.publish"), "jazzmus.publish", "parse_arguments"),
        (
            ("python", "-m", "jazzmus.training.freezing_cost"),
            "jazzmus.training.freezing_cost",
            "parse_arguments",
        ),
    ],
)
def test_other_commands_parse(
    start: tuple[str, ...], module: str, parser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = of(*start)
    assert found
    monkeypatch.syspath_prepend(str(ROOT))
    parse = getattr(importlib.import_module(module), parser)
    for arguments in found:
        monkeypatch.setattr(sys, "argv", [start[-1], *arguments])
        parse()


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert {words[1] for words in commands() if words[0] == "make"} <= targets


def test_the_tree_names_every_file() -> None:
    tree = README.split("```\ndata_prep.py", 1)[1].split("```", 1)[0] + "data_prep.py"
    missing = [
        path.name
        for path in sorted((ROOT / "jazzmus").rglob("*.py"))
        if path.name not in ("__init__.py", "__main__.py") and path.name not in tree
    ]
    assert not missing
