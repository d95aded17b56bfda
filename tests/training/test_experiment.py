from __future__ import annotations

import contextlib
import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from small_pages import TRAINING, write_pages
from tiny_runs import CONFIG, CURRICULUM, ROOT, TINY, build, interrupted

from jazzmus import evaluate
from jazzmus.config import load_config
from jazzmus.dataset.page_image import read_image
from jazzmus.dataset.sampling import PagePlanner
from jazzmus.errors import CheckpointError, ConfigError, DataError
from jazzmus.kern.tokenizer import published_form
from jazzmus.kern.vocabulary import Vocabulary
from jazzmus.logs import run_script
from jazzmus.metrics.report import METRICS, PUBLISHED_METRICS, PageResult
from jazzmus.model.pretrained import CHECKPOINT_KEY, load_smt
from jazzmus.provenance import recorded_sources
from jazzmus.training.experiment import Run, build_run, train
from jazzmus.utils.inference_utils import load_recognizer


def metrics(folder: Path) -> list[tuple[int, str]]:
    with (folder / "metrics.csv").open() as file:
        return [(int(row["step"]), row["name"]) for row in csv.DictReader(file)]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, Any]]:
    """The epochs and systems that training asks for."""
    seen: list[tuple[int, Any]] = []
    plan = PagePlanner.plan

    def recorded(self: PagePlanner, epoch: int, stage: Any) -> Any:
        seen.append((epoch, stage.systems if stage else None))
        return plan(self, epoch, stage)

    monkeypatch.setattr(PagePlanner, "plan", recorded)
    return seen


class Trained(NamedTuple):
    root: Path
    data: Path
    run: Run
    scores: dict[str, float]

    @property
    def folder(self) -> Path:
        return self.root / "weights" / "small"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, small_data: Path) -> Iterator[Trained]:
    """A run of two steps. Its folder must not be changed; copy it."""
    root = tmp_path_factory.mktemp("trained")
    with contextlib.chdir(root):
        run = build(small_data)
        scores = train(run, None, None)
        yield Trained(root, small_data, run, scores)


@pytest.fixture
def copied(trained: Trained, here: Path) -> Path:
    """The folder of the run, to go on with."""
    return Path(shutil.copytree(trained.folder, here / "weights" / "small"))


def test_a_run_leaves_a_complete_folder(trained: Trained) -> None:
    names = {"best.ckpt", "last.ckpt", "metrics.csv", "operative_config.gin", "results.jsonl", "scores.json"}
    assert {path.name for path in trained.folder.iterdir()} == names | {"vocabulary.json", "cost.json"}
    vocabulary = Vocabulary.from_json((trained.folder / "vocabulary.json").read_text())
    assert vocabulary == trained.run.datamodule.vocabulary
    assert (trained.root / "weights" / "best.ckpt").read_bytes() == (trained.folder / "best.ckpt").read_bytes()
    assert json.loads((trained.folder / "scores.json").read_text()) == trained.scores
    assert set(PUBLISHED_METRICS) < trained.scores.keys()
    steps = metrics(trained.folder)
    assert (0, "train/loss") in steps
    assert (1, "train/loss") in steps
    assert {"val/ser", "val/loss", "train/lr"} <= {name for _, name in steps}


def test_results_hold_counts_and_no_texts(trained: Trained) -> None:
    text = (trained.folder / "results.jsonl").read_text()
    assert "kern" not in text
    results = [PageResult.from_json(line) for line in text.splitlines()]
    assert {result.page_id for result in results} == {"e-1", "f-1"}
    assert all(result.prediction is None and result.reference is None for result in results)


def test_the_operative_config_builds_the_same_run(trained: Trained, here: Path) -> None:
    load_config([trained.folder / "operative_config.gin"])
    assert build_run().config_text == trained.run.config_text


def test_a_checkpoint_is_self_sufficient_and_safe(trained: Trained) -> None:
    checkpoint = torch.load(trained.folder / "best.ckpt", weights_only=True)
    held = checkpoint[CHECKPOINT_KEY]
    assert held["split_fingerprint"] == trained.run.datamodule.split_fingerprint
    assert held["operative_config"] == (trained.folder / "operative_config.gin").read_text()
    assert "SMTConfig.d_model = 32" in held["operative_config"]
    config = held["config"]
    assert config["tokens"] == list(trained.run.datamodule.vocabulary.tokens)
    assert config["tokenizer"] == trained.run.datamodule.tokenizer.name
    assert config["page_transform"] == {"width": 96, "max_height": 128, "trim_dark_border": False}
    # A reading later stops where validation does, whatever the length of the training texts.
    assert config["max_sequence_length"] == int(trained.run.datamodule.longest_target * 1.2)


def test_inference_gives_the_text_of_validation(trained: Trained) -> None:
    """The whole way: `inference.py` in another process, the recognizer here, and validation read the same."""
    page = trained.data / "val" / "images" / "e-1.jpg"
    command = [sys.executable, str(ROOT / "inference.py"), "--checkpoint", "weights/best.ckpt", "--image", str(page)]
    done = subprocess.run(command, capture_output=True, check=True, cwd=trained.root)
    text = load_recognizer(trained.folder / "best.ckpt", "cpu").read(read_image(page)).kern
    assert done.stdout.decode() == text
    validated = {result.page_id: result.prediction for result in trained.run.module.page_results}
    assert validated["e-1"] == published_form(text)


def test_evaluation_agrees_with_the_scores_of_the_run(
    trained: Trained, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = f"evaluate --checkpoint {trained.folder / 'best.ckpt'} --data {trained.data} --output out.jsonl"
    monkeypatch.setattr(sys, "argv", command.split())
    assert evaluate.main() == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures == pytest.approx({name: trained.scores[name] for name in METRICS})
    assert trained.scores.keys() - set(METRICS) == {"token_error", "token_error_ctc"}  # which need the ids
    lines = Path("out.jsonl").read_text().splitlines()
    assert {PageResult.from_json(line).page_id for line in lines} == {"e-1", "f-1"}
    assert "reference" not in json.loads(lines[0])


@pytest.mark.parametrize(
    ("arguments", "named"), [("--output no/such/out.jsonl", "no/such"), ("--split test", "no page of split 'test'")]
)
def test_evaluation_refuses_before_it_reads(
    trained: Trained, here: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, named: str
) -> None:
    command = f"evaluate --checkpoint {trained.folder / 'best.ckpt'} --data {trained.data} {arguments}"
    monkeypatch.setattr(sys, "argv", command.split())
    with pytest.raises(DataError, match=named):
        evaluate.main()


def test_an_unreadable_page_scores_its_full_distance(trained: Trained, small_data: Path, here: Path) -> None:
    data = Path(shutil.copytree(small_data, here / "data"))
    (data / "val" / "images" / "e-1.jpg").write_bytes(b"no image")
    pages = evaluate.pages_of(data, "val")
    results = {r.page_id: r for r in evaluate.evaluate(load_recognizer(trained.folder / "best.ckpt"), pages, 2)}
    assert results["e-1"].stop_reason == "unreadable"
    assert results["e-1"].counts["ler"].edits >= results["e-1"].counts["ler"].length - 1
    assert results["f-1"].stop_reason in {"eos", "length"}


def test_no_epochs_only_evaluate(trained: Trained, copied: Path) -> None:
    before = (copied / "last.ckpt").read_bytes()
    scores = train(build(trained.data, "experiment.max_epochs = 0"), None, "auto")
    assert scores == pytest.approx(trained.scores)
    assert (copied / "last.ckpt").read_bytes() == before
    assert not Path("weights/best.ckpt").exists()


def test_no_epochs_evaluate_the_best_weights(trained: Trained, copied: Path) -> None:
    """Results and scores of a folder are those of best.ckpt, wherever training ended."""
    path = copied / "last.ckpt"
    last = torch.load(path, weights_only=True)
    last["state_dict"] = {name: torch.zeros_like(tensor) for name, tensor in last["state_dict"].items()}
    torch.save(last, path)
    run = build(trained.data, "experiment.max_epochs = 0")
    assert train(run, None, "auto") == pytest.approx(trained.scores)
    best = load_smt(copied / "best.ckpt").state_dict()
    assert all(torch.equal(tensor, best[name]) for name, tensor in run.module.model.state_dict().items())


def test_a_checkpoint_tells_what_was_trained_on(trained: Trained, here: Path) -> None:
    """Also when the data, and the weights that it started from, are no longer there."""
    shutil.copy(trained.folder / "best.ckpt", "start.ckpt")
    start = ("FullPageTrainer.load_pretrained = True", "FullPageTrainer.pretrained = 'start.ckpt'")
    train(build(trained.data, *start), None, None)
    Path("start.ckpt").unlink()
    held = torch.load("weights/small/best.ckpt", weights_only=True)[CHECKPOINT_KEY]
    own = f"`{trained.data.name}`: 6 pages of prepared data, protocol `clean`"
    sources = recorded_sources(held)
    assert [source.text for source in sources] == [own], "what is trained on again is named once"
    assert {source.licence for source in sources} == {"cc-by-nc-4.0"}


def test_an_earlier_run_is_moved_aside(trained: Trained, copied: Path) -> None:
    run = build(trained.data, "experiment.max_epochs = 0")
    for number in (1, 2):
        train(run, None, None)
        assert (copied.with_name(f"small.{number}") / "scores.json").is_file()
    assert (copied.with_name("small.1") / "best.ckpt").is_file()
    assert not (copied / "best.ckpt").exists()


def test_a_folder_that_holds_something_else_is_left_alone(small_data: Path, here: Path) -> None:
    (here / "thesis").mkdir()
    (here / "thesis" / "chapter.tex").write_text("text")
    with pytest.raises(ConfigError, match="what it holds is no run"):
        train(build(small_data), here / "thesis", None)
    assert [path.name for path in (here / "thesis").iterdir()] == ["chapter.tex"]
    with pytest.raises(ConfigError, match=r"chapter\.tex: no run can be written there"):
        train(build(small_data), here / "thesis" / "chapter.tex", None)


def test_resuming_goes_on_at_the_next_epoch_and_stage(small_data: Path, here: Path, plans: list[Any]) -> None:
    folder = here / "weights" / "small"
    train(build(small_data, *CURRICULUM), None, "auto")
    assert plans == [(0, (1, 1))]
    lines = (folder / "metrics.csv").read_text().partition("\n2,")[0]  # the final validation stands at step 2
    run = build(small_data, *CURRICULUM, "experiment.max_epochs = 3")
    train(run, None, "auto")
    assert plans == [(0, (1, 1)), (1, (1, 3)), (2, (1, 3))]
    assert run.module.trainer.global_step == 6
    assert (folder / "metrics.csv").read_text().startswith(lines)
    assert max(step for step, name in metrics(folder) if name == "train/loss") == 5
    assert not (here / "weights" / "small.1").exists()


def test_an_unbroken_run_shows_the_same_stages(small_data: Path, here: Path, plans: list[Any]) -> None:
    train(build(small_data, *CURRICULUM, "experiment.max_epochs = 3"), here / "out", None)
    assert plans == [(0, (1, 1)), (1, (1, 3)), (2, (1, 3))]
    stages = [float(line.split(",")[2]) for line in (here / "out" / "metrics.csv").open() if "train/stage" in line]
    assert stages == [1, 1, 1]


@pytest.mark.parametrize(
    ("binding", "named"),
    [
        ("SMTConfig.num_heads = 4", "SMTConfig.num_heads is 2 there and 4 here"),
        ("SMTConfig.num_decoder_layers = 2", "missing decoder.layers.1"),
        ("FullPageDataModule.tokenizer = 'word'", "another vocabulary, tokenizer"),
    ],
)
def test_resuming_another_network_changes_nothing(trained: Trained, copied: Path, binding: str, named: str) -> None:
    before = (copied / "operative_config.gin").read_text()
    with pytest.raises(CheckpointError, match=named) as error:
        train(build(trained.data, binding, "experiment.max_epochs = 2"), None, "auto")
    assert "\n" not in str(error.value)
    assert (copied / "operative_config.gin").read_text() == before


@pytest.mark.parametrize("content", [None, b"", b"text"])
def test_a_checkpoint_to_resume_that_is_none(small_data: Path, here: Path, content: bytes | None) -> None:
    if content is not None:
        Path("gone.ckpt").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"gone\.ckpt"):
        train(build(small_data), None, "gone.ckpt")
    assert not Path("weights").exists()


def test_resuming_on_another_split_is_refused(copied: Path, here: Path) -> None:
    data = write_pages(here / "handwritten", TRAINING)
    with pytest.raises(DataError, match="another split"):
        train(build(data, "experiment.max_epochs = 2"), None, "auto")


def test_the_time_limit_stops_and_resuming_has_its_own(small_data: Path, here: Path) -> None:
    limit = "experiment.max_minutes = 1e-9"
    run = build(small_data, limit, "experiment.max_epochs = 5")
    scores = train(run, None, None)
    assert run.module.trainer.global_step == 1
    assert set(PUBLISHED_METRICS) < scores.keys()
    run = build(small_data, limit, "experiment.max_epochs = 5")
    train(run, None, "auto")
    assert run.module.trainer.global_step == 2, "the earlier run's time must not count"
    run = build(small_data, "experiment.max_epochs = 3")
    train(run, None, "auto")
    assert run.module.trainer.current_epoch == 3


@pytest.mark.parametrize("limit", ["experiment.max_minutes = None", "experiment.max_minutes = 1e-9"])
def test_the_last_epoch_is_validated_whenever_it_comes(small_data: Path, here: Path, limit: str) -> None:
    scores = train(build(small_data, "experiment.validate_every = 5", limit), None, None)
    assert set(PUBLISHED_METRICS) < scores.keys()
    best, last = (load_smt(f"weights/small/{name}.ckpt").state_dict() for name in ("best", "last"))
    assert all(torch.equal(best[name], last[name]) for name in last)


def test_the_best_weights_are_for_reading_and_not_to_resume(small_data: Path, here: Path) -> None:
    train(build(small_data), None, None)
    assert "optimizer_states" not in torch.load("weights/small/best.ckpt", weights_only=True)
    with pytest.raises(CheckpointError, match=r"weights only.*last\.ckpt"):
        train(build(small_data), None, "weights/small/best.ckpt")


def test_resuming_another_runs_checkpoint_moves_the_folder_aside(small_data: Path, here: Path) -> None:
    train(build(small_data), None, None)
    Path("weights/small/last.ckpt").rename("other.ckpt")
    train(build(small_data, "experiment.max_epochs = 2"), None, "other.ckpt")
    assert Path("weights/small.1/metrics.csv").is_file()


def test_validation_reads_in_fp32_whatever_training_computes_in(small_data: Path, here: Path) -> None:
    run = build(small_data, "experiment.precision = 'bf16-mixed'")
    seen: list[torch.dtype] = []
    run.module.model.decoder.vocab_projection.register_forward_hook(
        lambda module, inputs, output: seen.append(output.dtype) if not torch.is_grad_enabled() else None
    )
    train(run, None, None)
    assert torch.float32 in seen


def test_a_run_without_validation_pages(here: Path) -> None:
    data = write_pages(here / "data", TRAINING)
    assert train(build(data), None, None) == {}
    assert Path("weights/best.ckpt").read_bytes() == Path("weights/small/last.ckpt").read_bytes()
    assert json.loads(Path("weights/small/scores.json").read_text()) == {}
    load_smt("weights/best.ckpt")


def test_ctrl_c_leaves_the_last_epoch_to_resume(small_data: Path, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with interrupted(monkeypatch, lambda trainer: trainer.current_epoch == 1):
        train(build(small_data, "experiment.max_epochs = 2"), None, None)
    run = build(small_data, "experiment.max_epochs = 2")
    train(run, None, "auto")
    assert run.module.trainer.global_step == 4


@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_page_stops_training_with_one_line(
    small_data: Path, here: Path, capsys: pytest.CaptureFixture[str], workers: int
) -> None:
    data = Path(shutil.copytree(small_data, here / "data"))
    for page in sorted((data / "train" / "images").iterdir()):
        page.write_bytes(b"no image")
    run = build(data, f"FullPageDataModule.num_workers = {workers}")
    assert run_script(lambda: len(train(run, None, None))) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith(f"error: {data / 'train' / 'images'}")
    assert "Traceback" not in last
    assert "DataError" not in last


def test_every_message_appears_once(small_data: Path, here: Path) -> None:
    config = here / "tiny.gin"
    config.write_text(TINY)
    command = [sys.executable, str(ROOT / "train_full_page.py"), "--config", str(CONFIG), str(config)]
    command += ["--gin", f"FullPageDataModule.data_path={str(small_data)!r}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=here)
    assert set(PUBLISHED_METRICS) < json.loads(done.stdout).keys(), "the scores, and nothing else, on standard output"
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert not [line for line in lines if "site-packages" in line or line.startswith("INFO:")], lines
    logged = [line.split(" ", 1)[1] for line in lines if " INFO " in line or " WARNING " in line]
    assert logged
    assert len(logged) == len(set(logged)), logged


@pytest.mark.slow
def test_wandb_offline_needs_no_account(small_data: Path, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(here))
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    train(build(small_data, "experiment.wandb = 'offline'"), None, None)
    runs = list(Path("weights/small/wandb").glob("offline-run-*/*.wandb"))
    assert len(runs) == 1
    assert (Path("weights/small") / "metrics.csv").is_file()


@pytest.mark.parametrize(
    "binding",
    [
        "experiment.name = 'a/b'",
        "experiment.name = ''",
        "experiment.validate_every = 0",
        "experiment.max_minutes = 0.0",
        "experiment.save_every_minutes = 0.0",
        "experiment.ema_decay = 1.0",
        "experiment.seed = -1",
        "experiment.precision = '16-mixed'",
        "SMTConfig.max_sequence_length = 100",
    ],
)
def test_bindings_that_cannot_be(small_data: Path, here: Path, binding: str) -> None:
    with pytest.raises(ConfigError, match=r"experiment|SMTConfig\.max_sequence_length"):
        build(small_data, binding)
