"""Real pages from weights in the shapes of `jazzmus-model` and `smt-grandstaff`: config, data, transfer, two steps."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from model.networks import tiny_config
from model.public_checkpoints import GRAND_STAFF_TOKENS, SWITCHES, padded, write_folder

from jazzmus.config import clear_config, load_config
from jazzmus.dataset.manifest import read_manifest, write_manifest
from jazzmus.dataset.page_image import read_image
from jazzmus.dataset.page_transform import crop_systems
from jazzmus.dataset.prepare import PrepareOptions, prepare
from jazzmus.kern.tokenizer import build_tokenizer
from jazzmus.model.smt.modeling_smt import SheetMusicTransformer
from jazzmus.training.experiment import build_run, train
from jazzmus.utils.inference_utils import load_recognizer

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = [ROOT / "config" / name for name in ("full_page_pretrained.gin", "base/public_v1.gin")]
GRAND_STAFF_ROWS = 20578
TWO_STEPS = (
    "FullPageDataModule.num_workers = 0",
    "FullPageDataModule.batch_size = 1",
    "FullPageDataModule.draws_per_epoch = 2",
    "experiment.max_epochs = 1",
    "experiment.precision = '32-true'",
    "Optimization.warmup_steps = 0",
)
PAGES_OF_ONE_SYSTEM = (
    "FullPageDataModule.curriculum = @Curriculum()",
    "Curriculum.stages = [{'epochs': 1, 'systems': (1, 1)}]",
)
SIZES = {
    "encoder_hidden_sizes": (64, 128, 256), "encoder_depths": (3, 3, 9), "d_model": 256, "d_ff": 256, "num_heads": 4,
    "num_decoder_layers": 8,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh_config() -> Iterator[None]:
    yield
    clear_config()


@pytest.fixture(scope="module")
def pages(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two handwritten training pages and no others, prepared as a user would."""
    root = tmp_path_factory.mktemp("data")
    prepare(PrepareOptions(str(shared / "jazzmus" / "handwritten"), "two", root, max_images=2))
    manifest = read_manifest(root / "two")
    training = tuple(page for page in manifest.pages if page.split == "train")
    write_manifest(root / "two", replace(manifest, pages=training))
    return root / "two"


@pytest.fixture(scope="module")
def sources(pages: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Random weights in the published shapes and names, with the vocabularies' sizes."""
    texts = [file.read_text(encoding="utf-8") for file in sorted((pages / "train" / "ground_truth").iterdir())]
    lead_sheets = padded(
        [token for token in build_tokenizer("medium").vocabulary(texts).tokens if token != "<unk>"], 154
    )
    folder, made = tmp_path_factory.mktemp("public"), {}
    for name, tokens in (
        ("jazzmus-model", lead_sheets),
        ("smt-grandstaff", padded(GRAND_STAFF_TOKENS, GRAND_STAFF_ROWS)),
    ):
        torch.manual_seed(0)
        config = tiny_config(
            **SIZES, **SWITCHES["v1"], tokens=None, vocab_size=GRAND_STAFF_ROWS, num_outputs=len(tokens)
        )
        made[name] = write_folder(folder / name, SheetMusicTransformer(config), "v1", tokens)
    return made


@pytest.fixture
def fine_tuned(
    pages: Path, sources: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Path]:
    """Fine-tunes from a source and gives the run's folder."""
    monkeypatch.chdir(tmp_path)

    def run_from(name: str, *bindings: str) -> Path:
        data = f"FullPageDataModule.data_path = {str(pages)!r}"
        load_config(CONFIGS, [data, f"FullPageTrainer.pretrained = {str(sources[name])!r}", *TWO_STEPS, *bindings])
        run = build_run()
        before = {key: tensor.clone() for key, tensor in run.module.model.state_dict().items()}
        train(run, tmp_path / "run", None)
        assert run.module.global_step == 2
        after = run.module.model.state_dict()
        assert all(tensor.isfinite().all() for tensor in after.values())
        for part in ("encoder.embeddings", "decoder.layers.0", "decoder.layers.7", "decoder.vocab_projection"):
            assert any(not torch.equal(before[key], after[key]) for key in before if key.startswith(part)), part
        return tmp_path / "run"

    return run_from


def read_one_system(run: Path, pages: Path) -> str:
    page = read_manifest(pages).pages[0]
    assert page.systems
    image = crop_systems(read_image(pages / page.image), page.systems, 0, 1)
    recognizer = load_recognizer(run / "last.ckpt", strategy="page", max_length=40)
    return recognizer.read(image).kern


def test_lead_sheet_weights_are_fine_tuned(
    fine_tuned: Callable[..., Path], pages: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    run = fine_tuned("jazzmus-model", "FullPageDataModule.unit = 'system'", "PageTransform.height = 128")
    report = json.loads((run / "transfer.json").read_text())
    assert report["family"] == "v1"
    assert len(report["loaded"]) > 300
    # Almost everything is written by tokens of the source; the rest are <unk>, and chords lifted out of comments.
    assert "<unk>" in report["new_tokens"]
    assert len(report["new_tokens"]) < 5
    assert report["composed_tokens"]["\t.\n"] == ["<t>", ".", "<n>"]
    assert "not shown as it saw them" not in caplog.text
    assert read_one_system(run, pages)


def test_grand_staff_weights_are_fine_tuned(
    fine_tuned: Callable[..., Path], pages: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = fine_tuned("smt-grandstaff", *PAGES_OF_ONE_SYSTEM, "PageTransform.width = 960")
    report = json.loads((run / "transfer.json").read_text())
    assert report["composed_tokens"]["\t.\n"] == ["<t>", ".", "<b>"]
    assert {"8", "<unk>"} <= set(report["new_tokens"])
    assert len(report["dropped_tokens"]) > 20_000
    assert "bind PageTransform.width = 1860" in caplog.text
    assert read_one_system(run, pages)
