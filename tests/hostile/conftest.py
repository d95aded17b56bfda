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
from one_thread import one_thread  # noqa: F401
from random_weights import FEW_TOKENS, save_random_weights
from verbs import Outcome, RunVerb

from jazzmus.logs import run_script


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of random weights that write 24 tokens; copy it to change it."""
    return save_random_weights(tmp_path_factory.mktemp("weights") / "random", FEW_TOKENS, 24)


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
