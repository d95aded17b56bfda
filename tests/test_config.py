from __future__ import annotations

import logging
import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
import torch

from jazzmus import config
from jazzmus.config import build, check_consumed, configurable, load_config, operative_config, query
from jazzmus.errors import ConfigError, DataError


@configurable
class ToyScan:
    def __init__(self, width: int = 800) -> None:
        self.width = width


@configurable
@dataclass(frozen=True)
class ToyNib:
    thickness: float = 1.5


@configurable
class ToyReader(torch.nn.Module):
    def __init__(
        self,
        vocabulary: Sequence[str],
        rate: float = 1e-3,
        layers: int = 2,
        freeze: bool = False,
        note: str | None = None,
        scan: ToyScan | None = None,
        **extra: Any,
    ) -> None:
        super().__init__()
        self.vocabulary, self.rate, self.layers, self.freeze = vocabulary, rate, layers, freeze
        self.note, self.extra = note, extra
        self.scan: Any = scan


@configurable("toy_run")
def run_toy(
    epochs: int,
    optimizer: Literal["adam", "sgd"] = "adam",
    betas: tuple[float, float] = (0.9, 0.95),
    sizes: tuple[int, ...] = (),
    mix: Mapping[str, float] | None = None,
    stages: Sequence[str] = (),
    scans: list[ToyScan] | None = None,
    anything: Any = None,
) -> dict[str, Any]:
    return dict(locals())


@configurable
class ToyFailure:
    def __init__(self, rows: int = 0) -> None:
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise DataError("rows 3 and 4 disagree") from error


@pytest.fixture(autouse=True)
def _fresh_config() -> Iterator[None]:
    config.clear_config()
    yield
    config.clear_config()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose folder is also the current one."""
    (tmp_path / "config" / "base").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(project: Path, **texts: str) -> None:
    for name, text in texts.items():
        (project / "config" / f"{name.replace('__', '/')}.gin").write_text(text, encoding="utf-8")


def load_text(project: Path, text: str, *bindings: str) -> None:
    write(project, page=text)
    load_config([project / "config/page.gin"], bindings)


def error_of(project: Path, text: str, *bindings: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_text(project, text, *bindings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_decorated_classes_stay_plain() -> None:
    load_config([], ["ToyReader.layers = 7", "ToyNib.thickness = 2"])
    assert ToyReader(["a"]).layers == 2, "a plain call must not see the config"
    reader = build(ToyReader, vocabulary=["a"])
    assert type(reader) is ToyReader
    assert (reader.layers, reader.vocabulary) == (7, ["a"])
    nib = build(ToyNib)
    assert nib == ToyNib(2)
    assert pickle.loads(pickle.dumps(nib)) == nib
    assert ToyReader.__subclasses__() == []


def test_a_function_is_a_section_under_its_given_name() -> None:
    load_config([], ["toy_run.epochs = 3", 'toy_run.stages = ["one", "two"]'])
    assert build(run_toy, anything=torch.tensor([1]))["stages"] == ["one", "two"]


def test_references_and_macros(project: Path) -> None:
    text = "wide = 1600\nToyReader.scan = @ToyScan()\nnarrow/ToyScan.width = 400\nToyScan.width = %wide\n"
    load_text(project, text + "toy_run.scans = [@ToyScan(), @narrow/ToyScan()]\ntoy_run.epochs = 1")
    assert build(ToyReader, vocabulary=[]).scan.width == 1600
    assert [scan.width for scan in build(run_toy)["scans"]] == [1600, 400]
    assert check_consumed() == []


def test_order_files_then_bindings(project: Path) -> None:
    write(
        project,
        base__sizes="ToyReader.layers = 1\nToyReader.rate = 0.1\nToyReader.freeze = True\n",
        page="include 'config/base/sizes.gin'\nToyReader.layers = 2\n",
        overlay="ToyReader:\n  layers = 3\n  rate = 0.3\n",
    )
    load_config([project / "config/page.gin"])
    assert (query("ToyReader.layers"), query("ToyReader.rate")) == (2, 0.1)
    load_config([project / "config/page.gin", project / "config/overlay.gin"], ["ToyReader.rate = 0.5"])
    reader = build(ToyReader, vocabulary=[])
    assert (reader.layers, reader.rate, reader.freeze) == (3, 0.5, True)


def test_loading_again_starts_afresh() -> None:
    load_config([], ["ToyReader.layers = 7"])
    build(ToyReader, vocabulary=[])
    load_config([], ["ToyScan.width = 5"])
    assert query("ToyReader.layers") == 2
    assert "ToyReader" not in operative_config()


def test_includes_resolve_from_the_project_not_the_current_folder(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (project / "config/ablations").mkdir()
    write(
        project,
        base__sizes="ToyScan.width = 11",
        page="include 'config/base/sizes.gin'",
        ablations__one="include 'config/page.gin'\nToyReader.layers = 5",
    )
    monkeypatch.chdir(elsewhere)
    load_config([project / "config/ablations/one.gin"])
    assert (build(ToyScan).width, query("ToyReader.layers")) == (11, 5)
    assert Path.cwd() == elsewhere
    (elsewhere / "mine.gin").write_text("ToyScan.width = 3")
    load_config([Path("mine.gin")])
    assert build(ToyScan).width == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\nToyReeder.layers = 3", ["config/page.gin:2:", "'ToyReeder'", "did you mean ToyReader?"]),
        ("toyreader.layers = 3", ["'toyreader'", "did you mean ToyReader?"]),
        ("Xylophone.layers = 3", ["'Xylophone'", "known: ", "ToyScan"]),
        ("jazzmus.ToyReader.layers = 3", ["'jazzmus.ToyReader'", "ToyReader?"]),
        ("ToyReader:\n  layers = 1\n  layer = 3", ["config/page.gin:3:", "'layer'", "did you mean layers?"]),
        ("ToyReader.extra = 1", ["no parameter of ToyReader named 'extra'"]),
        ("ToyReader.dropout = 1", ["no parameter of ToyReader named 'dropout'", "known: "]),
        ("ToyReader.scan = @ToyScann()", ["config/page.gin:1:", "@ToyScann", "did you mean ToyScan?"]),
        ("ToyReader.scan = @ToyScan", ["must be written @ToyScan()"]),
        ("width = 3\nToyScan.width = %widht", ["config/page.gin:2:", "'widht'", "did you mean width?"]),
        ("a = %b\nb = [%a]\nToyScan.width = %a", ["config/page.gin", "defined by itself"]),
        ("import os", ["config/page.gin:1:", "cannot import"]),
        ("ToyScan.width = \n", ["config/page.gin:1:", "Unable to parse"]),
        ("\nToyScan.width = wide", ["config/page.gin:2:", "text needs quotes"]),
        ("ToyScan.width = true", ["config/page.gin:1:", "True, False"]),
        ("ToyScan.width 3", ["config/page.gin:1:", "expected"]),
        ("toy_run.sizes = (1,\n", ["config/page.gin:", "EOF"]),
        ("ToyScan.width = 3\ninclude 'config/base/x.gin'", ["config/page.gin:2:", "includes first"]),
        ("include 'config/page.gin'", ["circular include", "config/page.gin includes config/page.gin"]),
        ("include 'config/bass.gin'", ["config/page.gin:1:", "config/bass.gin", "no such file in"]),
        ("include 'config/pege.gin'", ["did you mean page.gin?"]),
    ],
)
def test_a_wrong_file_is_one_line_that_names_it(project: Path, text: str, words: list[str]) -> None:
    message = error_of(project, text)
    assert [word for word in words if word not in message] == [], message


@pytest.mark.parametrize(
    ("binding", "word"),
    [
        ("ToyReader.lyers = 3", "did you mean layers?"),
        ("ToyReader.layers = '3'", "must be int"),
        ("ToyReader.note = hello", "text needs quotes"),
        ("ToyReader.layers", "expected"),
        ("include 'config/page.gin'", "Section.parameter=value"),
        ("", "Section.parameter=value"),
        ("ToyReader.layers = 3\nToyReader.rate = 1", "Section.parameter=value"),
    ],
)
def test_a_wrong_binding_is_one_line_that_names_it(project: Path, binding: str, word: str) -> None:
    message = error_of(project, "", binding)
    assert f"binding {binding!r}" in message
    assert word in message


def test_an_error_leaves_what_was_loaded(project: Path) -> None:
    load_config([], ["ToyScan.width = 5"])
    error_of(project, "ToyScan.width = 6\nToyScan.hight = 7")
    assert build(ToyScan).width == 5


def test_missing_file_and_longer_circles(project: Path) -> None:
    write(project, one="include 'config/two.gin'", two="include 'config/one.gin'", other="include 'config/base/s.gin'")
    write(project, base__s="ToyScan.width = 1", page="include 'config/base/s.gin'\ninclude 'config/other.gin'")
    with pytest.raises(ConfigError, match=r"config/onne.gin: no such config file: did you mean one.gin"):
        load_config([Path("config/onne.gin")])
    with pytest.raises(ConfigError, match=r"one.gin includes config/two.gin includes config/one.gin"):
        load_config([Path("config/one.gin")])
    with pytest.raises(ConfigError, match=r"base/s.gin is read twice"):
        load_config([Path("config/page.gin")])
    Path("config/one.gin").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"config/one.gin cannot be read"):
        load_config([Path("config/one.gin")])


@pytest.mark.parametrize(
    ("binding", "fits"),
    [
        ("ToyReader.layers = 3", True),
        ("ToyReader.layers = 3.0", False),
        ("ToyReader.layers = True", False),
        ("ToyReader.layers = None", False),
        ("ToyReader.rate = 1", True),
        ("ToyReader.rate = True", False),
        ("ToyReader.rate = '1e-3'", False),
        ("ToyReader.freeze = 1", False),
        ("ToyReader.freeze = False", True),
        ("ToyReader.note = None", True),
        ("ToyReader.note = 3", False),
        ("ToyReader.scan = @ToyScan()", True),
        ("ToyReader.scan = @a/ToyScan()", True),
        ("ToyReader.scan = @ToyNib()", False),
        ("ToyReader.scan = @toy_run()", True),
        ("ToyReader.scan = 'ToyScan'", False),
        ("ToyReader.rate = @ToyScan()", False),
        ("toy_run.optimizer = 'sgd'", True),
        ("toy_run.optimizer = 'lion'", False),
        ("toy_run.betas = (0.9, 1)", True),
        ("toy_run.betas = (0.9, 1, 2)", False),
        ("toy_run.betas = [0.9, 1]", False),
        ("toy_run.sizes = (1, 2, 3)", True),
        ("toy_run.sizes = (1, 2.5)", False),
        ("toy_run.sizes = 1", False),
        ("toy_run.mix = {'real': 0.9, 'made': 1}", True),
        ("toy_run.mix = {'real': '0.9'}", False),
        ("toy_run.mix = {1: 0.9}", False),
        ("toy_run.mix = ['real']", False),
        ("toy_run.stages = ('a', 'b')", True),
        ("toy_run.stages = 'ab'", False),
        ("toy_run.scans = [@ToyScan(), @ToyNib()]", False),
        ("toy_run.anything = {'a': [1, (2, None)]}", True),
        ("ToyNib.thickness = 'bold'", False),
    ],
)
def test_types(binding: str, fits: bool) -> None:
    if fits:
        load_config([], [binding])
        return
    key, value = binding.split(" = ")
    with pytest.raises(ConfigError) as caught:
        load_config([], [binding])
    message = str(caught.value)
    assert key in message
    assert value in message
    assert "must be" in message


def test_the_type_of_a_macro_is_checked_where_it_is_used(project: Path) -> None:
    message = error_of(project, "size = 'big'\n\nToyScan.width = %size")
    assert message == "config/page.gin:3: ToyScan.width is 'big', a str, but must be int"


def test_shadowing_is_an_error() -> None:
    load_config([], ["ToyReader.layers = 3"])
    with pytest.raises(ConfigError, match=r"ToyReader.layers is bound in the config but the code passes .*layers = 3"):
        build(ToyReader, vocabulary=[], layers=3)
    assert build(ToyReader, vocabulary=[], rate=0.5).rate == 0.5


def test_a_missing_value_is_named() -> None:
    load_config([], [])
    with pytest.raises(ConfigError, match=r"toy_run.epochs has no value.*--gin 'toy_run.epochs="):
        build(run_toy)
    with pytest.raises(ConfigError, match=r"toy_run.epochs has no value"):
        query("toy_run.epochs")
    with pytest.raises(TypeError, match="colour"):
        build(ToyScan, colour=3)
    with pytest.raises(TypeError, match="not decorated"):
        build(dict)


def test_errors_of_a_section_come_out_unchanged() -> None:
    with pytest.raises(DataError) as caught:
        build(ToyFailure)
    assert type(caught.value) is DataError
    assert str(caught.value) == "rows 3 and 4 disagree"
    assert isinstance(caught.value.__cause__, KeyError)
    load_config([], ["ToyReader.scan = @toy_run()"])
    with pytest.raises(ConfigError, match=r"^toy_run.epochs has no value[^\n]*$"):
        build(ToyReader, vocabulary=[])


def test_unread_macros_are_errors(project: Path) -> None:
    load_text(project, "width = 3\nToyScan.width = %width\n", "widht = 5")
    build(ToyScan)
    with pytest.raises(ConfigError, match=r"binding 'widht = 5': nothing reads the macro widht: did you mean width\?"):
        check_consumed()


def test_a_macro_whose_reader_is_overridden_is_no_error(project: Path) -> None:
    load_text(project, "width = 3\nToyScan.width = %width\n", "ToyScan.width = 5")
    assert build(ToyScan).width == 5
    assert check_consumed() == []


def test_sections_that_were_not_built_are_reported(caplog: pytest.LogCaptureFixture) -> None:
    load_config([], ["ToyScan.width = 3", "ToyNib.thickness = 1", "a/ToyReader.layers = 1", "ToyReader.rate = 0.5"])
    build(ToyReader, vocabulary=[])
    build(ToyScan)
    with caplog.at_level(logging.INFO):
        assert check_consumed() == ["ToyNib", "a/ToyReader"]
    assert "ToyNib, a/ToyReader" in caplog.text


def test_query() -> None:
    load_config([], ["size = 12", "toy_run.sizes = (%size, 3)"])
    assert query("toy_run.sizes") == (12, 3)
    assert query("toy_run.optimizer") == "adam"
    with pytest.raises(ConfigError, match="did you mean sizes"):
        query("toy_run.size")


def test_operative_config_round_trip(project: Path) -> None:
    words = "a rather long text, with 'quotes' and \"double\" ones, " * 5
    load_text(
        project,
        f"rate = 0.25\nToyReader.rate = %rate\nToyReader.scan = @ToyScan()\nToyReader.note = {words!r}\n"
        f"toy_run.mix = { ({f'source {i}': i / 7 for i in range(20)})!r}\ntoy_run.epochs = 2\nToyNib.thickness = 9.0",
    )
    reader, run = build(ToyReader, vocabulary=["x"]), build(run_toy)
    text = operative_config()
    assert "ToyNib" not in text, "it was not built"
    assert "vocabulary" not in text, "a run-time fact"
    assert "ToyScan.width = 800" in text, "a default that was used"
    load_text(project, text)
    again = build(ToyReader, vocabulary=["x"])
    assert (again.rate, again.note, again.scan.width) == (reader.rate, words, 800)
    assert build(run_toy) == run
    assert check_consumed() == []
    assert operative_config() == text


def test_a_name_is_taken_once() -> None:
    with pytest.raises(ValueError, match="ToyScan"):
        configurable("ToyScan")(lambda: None)
    assert build(ToyScan).width == 800
