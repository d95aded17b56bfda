from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jazzmus import config
from jazzmus.cli import FLAG_BINDINGS, flag_bindings, training_parser
from jazzmus.errors import ConfigError


@config.configurable
class ToyFlags:
    """Stands in for the sections the flags bind, whose parameters it has all together."""

    def __init__(
        self,
        load_pretrained: bool = False,
        freeze_encoder: bool = False,
        max_epochs: int = 10,
        batch_size: int = 2,
        note: str = "",
    ) -> None:
        self.values = (load_pretrained, freeze_encoder, max_epochs, batch_size, note)


@pytest.fixture(autouse=True)
def _fresh_config() -> Iterator[None]:
    config.clear_config()
    yield
    config.clear_config()


def bindings_of(*words: str) -> list[str]:
    return flag_bindings(training_parser().parse_args(["--config", "a.gin", *words]))


@pytest.mark.parametrize(
    ("words", "binding"),
    [
        (["--load_pretrained", "True"], "FullPageTrainer.load_pretrained = True"),
        (["--load_pretrained", "False"], "FullPageTrainer.load_pretrained = False"),
        (["--load_pretrained"], "FullPageTrainer.load_pretrained = True"),
        (["--load_pretrained", "--dry_run"], "FullPageTrainer.load_pretrained = True"),
        (["--freeze_encoder", "yes"], "FullPageTrainer.freeze_encoder = True"),
        (["--freeze_encoder", "0"], "FullPageTrainer.freeze_encoder = False"),
        (["--freeze_encoder=no"], "FullPageTrainer.freeze_encoder = False"),
        (["--epochs", "0"], "experiment.max_epochs = 0"),
        (["--epochs", "200"], "experiment.max_epochs = 200"),
        (["--batch_size", "4"], "FullPageDataModule.batch_size = 4"),
    ],
)
def test_a_flag_is_exactly_its_binding(words: list[str], binding: str) -> None:
    assert bindings_of(*words) == [binding]


def test_no_flag_no_binding() -> None:
    assert bindings_of() == []
    assert bindings_of("--output_dir", "out", "--resume", "auto", "--dry_run") == []


def test_every_flag_of_the_table_is_tested_and_parsed() -> None:
    words = ["--load_pretrained", "--freeze_encoder", "--epochs", "3", "--batch_size", "1"]
    assert [text.split(" = ")[0] for text in bindings_of(*words)] == list(FLAG_BINDINGS.values())


@pytest.mark.parametrize(
    ("flag", "position", "value"),
    [("load_pretrained", 0, True), ("freeze_encoder", 1, True), ("epochs", 2, 5), ("batch_size", 3, 7)],
)
def test_a_flag_changes_one_value_of_what_is_built(
    monkeypatch: pytest.MonkeyPatch, flag: str, position: int, value: int
) -> None:
    for name, key in FLAG_BINDINGS.items():
        monkeypatch.setitem(FLAG_BINDINGS, name, f"ToyFlags.{key.split('.')[1]}")
    config.load_config([], bindings_of(f"--{flag}", str(value)))
    expected = list(ToyFlags().values)
    expected[position] = value
    assert list(config.build(ToyFlags).values) == expected


def test_gin_bindings_follow_the_flags_and_load() -> None:
    texts = bindings_of("--gin", "ToyFlags.note='a = b'", "--epochs", "3", "--gin", " ToyFlags.batch_size=9 ")
    assert texts == ["experiment.max_epochs = 3", "ToyFlags.note = 'a = b'", "ToyFlags.batch_size = 9"]
    config.load_config([], texts[1:])
    assert config.build(ToyFlags).values[3:] == (9, "a = b")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (
            ["--epochs", "3", "--gin", "experiment.max_epochs=3"],
            ["experiment.max_epochs", "--epochs 3", "max_epochs=3'"],
        ),
        (["--gin", "A.b=1", "--gin", "A.b = 2"], ["A.b", "'A.b=1'", "'A.b = 2'"]),
        (["--gin", "A.b"], ["'A.b'", "Name.param=value"]),
        (["--gin", "A.b="], ["'A.b='", "Name.param=value"]),
    ],
)
def test_what_is_said_twice_or_not_at_all(words: list[str], named: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        bindings_of(*words)
    assert [name for name in named if name not in str(caught.value)] == []


def test_the_same_gin_binding_twice_is_no_contradiction() -> None:
    assert set(bindings_of("--gin", "A.b=1", "--gin", "A.b = 1")) == {"A.b = 1"}


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--load_pretrained", "maybe"], ["--load_pretrained", "'maybe'", "True nor False"]),
        (["--epochs", "-1"], ["--epochs", "'-1'"]),
        (["--epochs", "many"], ["--epochs", "'many'", "whole number"]),
        (["--batch_size", "0"], ["--batch_size", "'0'", "at least 1"]),
        (["--epoch", "3"], ["--epoch"]),
        (["--resume"], ["--resume"]),
    ],
)
def test_wrong_flags_are_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], words: list[str], named: list[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        bindings_of(*words)
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert [name for name in named if name not in printed.err] == [], printed.err


def test_config_is_required_and_may_be_several(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        training_parser().parse_args([])
    assert "--config" in capsys.readouterr().err
    args = training_parser().parse_args(["--config", "a.gin", "b.gin", "--config", "c.gin"])
    assert args.config == [Path("a.gin"), Path("b.gin"), Path("c.gin")]
