"""A verb to run, and a small network that reads."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import datasets
import pytest
import torch
from one_thread import one_thread  # noqa: F401
from verbs import Outcome, RunVerb

from jazzmus.kern.vocabulary import Vocabulary
from jazzmus.logs import run_script
from jazzmus.model.smt.configuration_smt import SMTConfig
from jazzmus.model.smt.modeling_smt import SheetMusicTransformer

TOKENS = Vocabulary.build([["**kern", "<n>", "<t>", "4", "8", "c", "d", "e"]]).tokens


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of random weights that write 24 tokens; copy it to change it."""
    torch.manual_seed(1)
    config = SMTConfig(
        encoder_hidden_sizes=(8, 16, 32),
        encoder_depths=(1, 1, 1),
        d_model=32,
        d_ff=32,
        num_heads=2,
        num_decoder_layers=1,
        vocab_size=len(TOKENS),
        max_sequence_length=24,
        tokens=list(TOKENS),
        tokenizer="medium",
        page_transform={"width": 64, "max_height": 96, "trim_dark_border": False},
    )
    folder = tmp_path_factory.mktemp("weights") / "random"
    SheetMusicTransformer(config).save_pretrained(folder)
    return folder


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[RunVerb]:
    """Run a script with the words of a command line, away from the network and from earlier data."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / ".cache")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def start(script: ModuleType, *words: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", [f"{script.__name__}.py", *map(str, words)])
        capfd.readouterr()
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("default")
            for quiet in (DeprecationWarning, PendingDeprecationWarning, ResourceWarning):
                warnings.simplefilter("ignore", quiet)
            try:
                code = run_script(script.main)
            except SystemExit as left:
                code = int(left.code or 0)
        assert [str(warning.message) for warning in warned] == [], "a library's warning is no clear line"
        return Outcome(code, *capfd.readouterr())

    yield start
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)
