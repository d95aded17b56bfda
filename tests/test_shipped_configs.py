"""Every config that is shipped loads, builds all it names on a small data folder, and obeys the command line."""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from jazzmus.cli import FLAG_BINDINGS, flag_bindings, training_parser
from jazzmus.config import build as build_section
from jazzmus.config import check_consumed, clear_config, load_config, query
from jazzmus.dataset.curriculum import Curriculum
from jazzmus.kern.systems import count_systems
from jazzmus.logs import run_script
from jazzmus.synthesis.generate import configured_pages
from jazzmus.training.experiment import Run, build_run

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "config"
TINY = CONFIG / "base" / "tiny.gin"
EQUAL_MINUTES = CONFIG / "base" / "equal_minutes.gin"
PUBLIC = sorted((CONFIG / "base").glob("public_*.gin"))
FROM_SCRATCH = CONFIG / "full_page_no_pretrained.gin"
PRETRAINED = CONFIG / "full_page_pretrained.gin"
REVEAL = CONFIG / "full_page_reveal.gin"
EXPERIMENTS = sorted(CONFIG.glob("*.gin"))
ABLATIONS = sorted((CONFIG / "ablations").glob("*.gin"))
PAGES = sorted((CONFIG / "pages").glob("*.gin"))
STAGES = sorted((CONFIG / "recipe").rglob("[0-9]_*.gin"))
# What an ablation is given after, where it is not training from scratch.
ABLATION_OF = {
    "replay_0": REVEAL,
    "replay_50": REVEAL,
    "frozen_encoder": PRETRAINED,
    "unfrozen_later": PRETRAINED,
    "slow_encoder": PRETRAINED,
}
# The baseline is the other runs' beginning: as it is, and after a few epochs.
COMPARED = [file for file in EXPERIMENTS if file.stem.startswith("full_page_") and file.stem != "full_page_baseline"]
SHIPPED = [
    *([file] for file in EXPERIMENTS),
    *([file, TINY] for file in EXPERIMENTS),
    *([ABLATION_OF.get(file.stem, FROM_SCRATCH), TINY, file] for file in ABLATIONS),
    *([file, TINY, EQUAL_MINUTES] for file in COMPARED),
    *([PRETRAINED, file] for file in PUBLIC),
    *([file] for file in STAGES),
]


@pytest.fixture(autouse=True)
def _fresh_config() -> Iterator[None]:
    yield
    clear_config()


@pytest.fixture(scope="module")
def redirected(small_data: Path, small_engraved: Path) -> Callable[[], list[str]]:
    """Gives the bindings that lead the config that is loaded to the small folders."""

    def bindings() -> list[str]:
        path: str | dict[str, str] = str(small_data)
        if isinstance(query("FullPageDataModule.data_path"), dict):
            path = {"synthetic": str(small_engraved), "handwritten": str(small_data)}
        redirected = [f"FullPageDataModule.data_path = {path!r}", "FullPageDataModule.num_workers = 0"]
        if query("GeneratedPages.texts"):
            redirected += [f"GeneratedPages.{name} = ({str(small_data)!r},)" for name in ("texts", "held_out")]
            redirected += ["GeneratedPages.content = {'procedural': 0.5, 'recombined': 0.5}"]
        return redirected

    return bindings


@pytest.fixture(scope="module")
def weights(
    redirected: Callable[[], list[str]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[list[Path]], Path]:
    """Random weights in folder form, of the network that some files describe."""
    made: dict[tuple[Path, ...], Path] = {}

    def folder(files: list[Path]) -> Path:
        networks = tuple(file for file in files if file in (TINY, *PUBLIC)) or tuple({TINY} & included(files))
        if networks not in made:
            run = build([FROM_SCRATCH, *networks], redirected)
            made[networks] = tmp_path_factory.mktemp("weights")
            run.module.model.save_pretrained(made[networks])
        return made[networks]

    return folder


def included(files: list[Path]) -> set[Path]:
    """All that the files include."""
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    direct = [ROOT / line.split('"')[1] for line in lines if line.startswith("include ")]
    return {*direct, *(included(direct) if direct else ())}


def build(files: list[Path], redirected: Callable[[], list[str]], *bindings: str) -> Run:
    load_config(files, bindings)
    load_config(files, [*redirected(), *bindings])
    return build_run()


def values_of(config_text: str) -> dict[str, str]:
    """Bindings of an operative config; a value may go on in indented lines."""
    lines = [line for line in config_text.splitlines() if line.strip() and not line.startswith("#")]
    values: dict[str, str] = {}
    for line in lines:
        if line[0] not in " ])}":
            key, _, value = line.partition(" = ")
            values[key] = value
        else:
            values[key] += line.strip()
    return values


def test_every_file_of_the_folder_is_looked_at() -> None:
    looked_at = {file for files in SHIPPED for file in files} | {CONFIG / "base" / "full_page.gin", *PAGES}
    looked_at |= included(STAGES)
    assert looked_at == set(CONFIG.rglob("*.gin"))
    assert FROM_SCRATCH in EXPERIMENTS


@pytest.mark.parametrize("files", SHIPPED, ids=lambda files: "+".join(file.stem for file in files))
def test_a_shipped_config_builds_every_section_it_binds(
    files: list[Path], redirected: Callable[[], list[str]], weights: Callable[[list[Path]], Path]
) -> None:
    load_config(files)
    needs_weights = query("FullPageTrainer.load_pretrained")
    bindings = [f"FullPageTrainer.pretrained = {str(weights(files))!r}"] if needs_weights else []
    run = build(files, redirected, *bindings)
    assert check_consumed() == []
    assert run.datamodule.stride == run.module.model.config.stride
    assert (run.module.transfer_report is not None) == needs_weights
    if run.datamodule.curriculum is not None:
        # The last stage goes on where time ends the run.
        by_time = run.experiment.max_minutes is not None
        assert run.datamodule.curriculum.epochs <= run.experiment.max_epochs
        assert by_time or run.datamodule.curriculum.epochs == run.experiment.max_epochs
    # A cosine that time cuts off would be another schedule on each machine.
    if EQUAL_MINUTES in files:
        assert run.module.optimization.schedule == "constant"


@pytest.mark.parametrize("file", ABLATIONS, ids=lambda file: file.stem)
def test_an_ablation_says_which_experiment_it_is_of_and_has_its_own_name(file: Path) -> None:
    base = ABLATION_OF.get(file.stem, FROM_SCRATCH)
    load_config([base])
    assert query("experiment.name") != file.stem
    load_config([base, file])
    assert query("experiment.name") == file.stem
    text = file.read_text(encoding="utf-8")
    assert "include" not in text
    if base in (REVEAL, PRETRAINED):
        assert f"After config/{base.name}" in text.splitlines()[0]


def test_the_reveal_curriculum_ends_on_whole_pages_and_replay_is_one_line() -> None:
    curricula = []
    for files in ([REVEAL], *([REVEAL, CONFIG / "ablations" / f"replay_{name}.gin"] for name in ("50", "0"))):
        load_config(files)
        curricula.append(build_section(Curriculum).stages)
    for stages, replay in zip(curricula, (1.0, 0.5, 0.0), strict=True):
        assert [stage.systems and stage.systems[1] for stage in stages] == [1, 2, 3, 4, 6, 8, 12, None]
        assert {stage.systems[0] for stage in stages if stage.systems} == {1}
        assert {stage.replay for stage in stages if stage.systems} == {replay}


def test_the_minutes_that_are_equal_are_the_same_bindings_everywhere() -> None:
    for file in COMPARED:
        load_config([file, TINY, EQUAL_MINUTES])
        assert query("experiment.max_minutes") == 20


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_a_config_of_pages_makes_pages(file: Path, small_data: Path, tmp_path: Path) -> None:
    load_config([file])
    bindings = []
    if query("GeneratedPages.tunes") is not None:
        tune = (small_data / "train" / "ground_truth").iterdir().__next__().read_text(encoding="utf-8")
        (tmp_path / "tune.krn").write_text(tune, encoding="utf-8")
        bindings = [f"GeneratedPages.tunes = {str(tmp_path)!r}", f"GeneratedPages.texts = ({str(small_data)!r},)"]
        bindings += [f"GeneratedPages.held_out = ({str(small_data)!r},)"]
    pages = configured_pages([file], bindings)
    assert count_systems(pages.page(0, 1).kern) == 1


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_an_experiment_is_one_include_and_the_lines_that_differ(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert re.fullmatch(r'include "config/[\w/]+\.gin"', lines[0])
    assert sum(line.startswith("include") for line in lines) == 1
    assert len(lines) - 1 <= 15
    assert text.startswith("# ")


def test_every_experiment_has_a_name_of_its_own_and_that_of_its_file() -> None:
    names = []
    for file in EXPERIMENTS:
        load_config([file])
        names.append(query("experiment.name"))
    assert names == [file.stem for file in EXPERIMENTS]


def test_an_operative_config_describes_the_run_again(redirected: Callable[[], list[str]], tmp_path: Path) -> None:
    files = [CONFIG / "full_page_curriculum.gin", TINY]
    text = build(files, redirected, "FullPageTrainer.load_pretrained = False").config_text
    (tmp_path / "operative.gin").write_text(text, encoding="utf-8")
    load_config([tmp_path / "operative.gin"])
    assert build_run().config_text == text


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        (["--load_pretrained", "True"], FLAG_BINDINGS["load_pretrained"], "True"),
        (["--freeze_encoder", "True"], FLAG_BINDINGS["freeze_encoder"], "True"),
        (["--epochs", "7"], FLAG_BINDINGS["epochs"], "7"),
        (["--batch_size", "5"], FLAG_BINDINGS["batch_size"], "5"),
        (["--gin", "SMTConfig.norm_first=False"], "SMTConfig.norm_first", "False"),
        (["--gin", "FullPageDataModule.tokenizer='character'"], "FullPageDataModule.tokenizer", "'character'"),
        (["--gin", "Optimization.clip_norm=None"], "Optimization.clip_norm", "None"),
        (["--gin", "FullPageTrainer.frozen=('encoder.*',)"], "FullPageTrainer.frozen", "('encoder.*',)"),
        (["--gin", "Optimization.lr_factors={'encoder.*': 0.3}"], "Optimization.lr_factors", "{'encoder.*': 0.3}"),
    ],
)
def test_a_flag_or_a_one_line_ablation_changes_exactly_its_line(
    redirected: Callable[[], list[str]],
    weights: Callable[[list[Path]], Path],
    words: list[str],
    key: str,
    value: str,
) -> None:
    files = [FROM_SCRATCH, TINY]
    source = f"FullPageTrainer.pretrained = {str(weights(files))!r}"
    before = values_of(build(files, redirected, source).config_text)
    args = training_parser().parse_args(["--config", *map(str, files), *words])
    after = values_of(build(files, redirected, source, *flag_bindings(args)).config_text)
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == [key]
    assert after[key] == value


def test_no_flag_of_the_table_is_forgotten_above() -> None:
    assert set(FLAG_BINDINGS) == {"load_pretrained", "freeze_encoder", "epochs", "batch_size"}


@pytest.fixture
def train_script() -> Iterator[ModuleType]:
    """`train_full_page.py` as a module; the handlers of the root logger are put back afterwards."""
    spec = importlib.util.spec_from_file_location("train_full_page", ROOT / "train_full_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield module
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize(
    ("binding", "named"),
    [
        ("SMTConfig.dropuot=0.2", ["SMTConfig", "'dropuot'", "dropout"]),
        ("SMTConfg.dropout=0.2", ["'SMTConfg'", "SMTConfig"]),
        ("SMTConfig.vocab_size=5", ["SMTConfig.vocab_size", "explicitly"]),
        ("Optimization.lr='fast'", ["Optimization.lr", "'fast'", "float"]),
        ("Optimization.lr_factors={'encodr.*': 0.3}", ["Optimization.lr_factors", "'encodr.*'", "encoder.*"]),
        ("FullPageTrainer.frozen=('decoder.layer.0.*',)", ["FullPageTrainer.frozen", "decoder.layers.0.*"]),
        ("FullPageTrainer.unfreeze_step=100", ["FullPageTrainer.unfreeze_step", "freeze_encoder"]),
        ("FullPageDataModule.batch_size=2.5", ["FullPageDataModule.batch_size", "2.5", "int"]),
        ("sead=3", ["sead", "seed"]),
        ("FullPageTrainer.load_pretrained=True", ["weights/system_level/best.ckpt", "no such"]),
        ("FullPageDataModule.mix={'x': 1.0}", ["'x'", "FullPageDataModule.data_path"]),
        ("Curriculum.stages=[{'epochs': 0}]", ["Curriculum.stages", "{'epochs': 0}"]),
    ],
)
def test_a_wrong_binding_is_one_line_and_exit_code_2(
    train_script: ModuleType,
    small_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    binding: str,
    named: list[str],
) -> None:
    words = ["--config", str(FROM_SCRATCH), str(TINY), "--gin", f"FullPageDataModule.data_path={str(small_data)!r}"]
    if binding.startswith("Curriculum"):
        words += ["--gin", "FullPageDataModule.curriculum=@Curriculum()"]
    monkeypatch.setattr(sys, "argv", ["train_full_page.py", *words, "--gin", binding, "--dry_run"])
    monkeypatch.chdir(tmp_path)
    assert run_script(train_script.main) == 2
    printed = capsys.readouterr()
    errors = [line for line in printed.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert printed.err.endswith(f"{errors[0]}\n")
    assert "Traceback" not in printed.err
    assert printed.out == ""
    assert [name for name in named if name not in errors[0]] == [], errors[0]


def test_a_dry_run_prints_the_operative_config_and_trains_nothing(small_data: Path, tmp_path: Path) -> None:
    words = ["--config", str(FROM_SCRATCH), str(TINY), "--epochs", "3", "--dry_run"]
    words += ["--gin", f"FullPageDataModule.data_path={str(small_data)!r}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(ROOT / "train_full_page.py"), *words],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert values_of(done.stdout)["experiment.max_epochs"] == "3"
    assert list(tmp_path.iterdir()) == []
