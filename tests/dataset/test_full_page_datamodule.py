from __future__ import annotations

import logging
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from small_pages import ENGRAVED, TRAINING, VALIDATION, SmallPage, write_pages

from jazzmus.dataset.augment import PageAugmentation
from jazzmus.dataset.batch import PageBatch, PageSample
from jazzmus.dataset.curriculum import Curriculum
from jazzmus.dataset.full_page_datamodule import FullPageDataModule
from jazzmus.dataset.manifest import read_manifest, write_manifest
from jazzmus.dataset.page_transform import PageTransform
from jazzmus.errors import ConfigError, DataError
from jazzmus.kern.codec import TextCodec
from jazzmus.kern.systems import count_systems, system_range
from jazzmus.kern.tokenizer import build_tokenizer
from jazzmus.synthesis.content.procedural import TuneStyle
from jazzmus.synthesis.generated_pages import GeneratedPages
from jazzmus.synthesis.page_style import PageStyle

TRANSFORM = PageTransform(width=240, max_height=1000)
STAGES: list[dict[str, Any]] = [{"epochs": 1, "systems": (1, 1)}, {"epochs": 1, "systems": (2, 2)}, {"epochs": 1}]
KERNS = {page.page_id: page.kern for page in (*TRAINING, *VALIDATION, *ENGRAVED)}


def datamodule(folder: Path | dict[str, str], **settings: Any) -> FullPageDataModule:
    data_path = folder if isinstance(folder, dict) else str(folder)
    module = FullPageDataModule(TRANSFORM, data_path=data_path, **{"num_workers": 0, "batch_size": 2, **settings})
    module.stride = 16
    return module


def samples_of(loader: Any) -> list[PageSample]:
    """Every page of an epoch without its padding."""
    samples = []
    for step in loader:
        for part in step:
            assert isinstance(part, PageBatch)
            for row, page_id in enumerate(part.page_ids):
                height, width = part.image_sizes[row].tolist()
                ids = part.decoder_input[row]
                samples.append(PageSample(page_id, part.images[row, :, :height, :width], ids, part.kerns[row]))
    return samples


def test_training_batches_hold_whole_pages_padded_to_the_stride(small_data: Path) -> None:
    steps = list(datamodule(small_data, sampling="page").train_dataloader())
    assert len(steps) == 3
    for step in steps:
        assert sum(len(part.page_ids) for part in step) == 2
        assert all(size % 16 == 0 for part in step for size in part.images.shape[2:])
    shown = Counter(page_id for step in steps for part in step for page_id in part.page_ids)
    assert shown == dict.fromkeys((page.page_id for page in TRAINING), 1)
    assert all(
        kern == KERNS[page_id]
        for step in steps
        for part in step
        for page_id, kern in zip(part.page_ids, part.kerns, strict=True)
    )


def test_a_step_over_the_pixel_budget_comes_in_parts(small_data: Path) -> None:
    budget = 160 * 240
    steps = list(datamodule(small_data, batch_size=6, pixel_budget=budget).train_dataloader())
    assert len(steps) == 1
    assert sum(len(part.page_ids) for part in steps[0]) == 6
    assert len(steps[0]) > 1
    assert all(part.images.numel() <= budget or len(part.page_ids) == 1 for part in steps[0])


def test_workers_only_carry_out_the_plan(small_data: Path) -> None:
    def epoch(num_workers: int) -> list[PageSample]:
        module = datamodule(small_data, augmentation=PageAugmentation(1.0), num_workers=num_workers, draws_per_epoch=8)
        return samples_of(module.train_dataloader())

    alone, with_two = epoch(0), epoch(2)
    assert len(alone) == 8
    for one, other in zip(alone, with_two, strict=True):
        assert one.page_id == other.page_id
        assert torch.equal(one.image, other.image)
        assert torch.equal(one.token_ids, other.token_ids)


def test_validation_reads_every_page_once_unchanged(small_data: Path) -> None:
    module = datamodule(small_data, augmentation=PageAugmentation(1.0), curriculum=Curriculum(STAGES))
    samples = samples_of(module.val_dataloader())
    assert sorted(sample.page_id for sample in samples) == ["e-1", "f-1"]
    again = samples_of(module.val_dataloader())
    assert all(torch.equal(a.image, b.image) for a, b in zip(samples, again, strict=True))
    training = datamodule(small_data, validation_split="train")
    assert len(samples_of(training.val_dataloader())) == len(TRAINING)


def test_set_stage_changes_what_the_next_epoch_shows(small_data: Path) -> None:
    module = datamodule(small_data, curriculum=Curriculum(STAGES), draws_per_epoch=12)
    loader = module.train_dataloader()
    for stage, systems in ((0, {1}), (1, {2}), (2, {1, 2, 3})):
        module.set_stage(stage)
        samples = samples_of(loader)
        assert {count_systems(sample.kern) for sample in samples} == systems
        for sample in samples:
            page_id, _, cut = sample.page_id.partition(":")
            kern = system_range(KERNS[page_id], 0, int(cut[2:])) if cut else KERNS[page_id]
            assert sample.kern == kern
            pages = {page.page_id: page for page in TRAINING}
            page = SmallPage("", "", "a", count_systems(kern))
            # A cut lies in the middle of the gap below the last system shown.
            assert sample.image.shape[1] == (page.height - 12 + 10 if cut else pages[page_id].height)
        assert not any(sample.page_id.startswith("d-1:") for sample in samples)


def test_a_stage_that_is_not_there(small_data: Path) -> None:
    with pytest.raises(ConfigError, match="stage 3"):
        datamodule(small_data, curriculum=Curriculum(STAGES)).set_stage(3)
    with pytest.raises(ConfigError, match="stage 0"):
        datamodule(small_data).set_stage(0)


def test_stages_are_checked_before_training(small_data: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(DataError, match=r"\(7, 8\)"):
        datamodule(small_data, curriculum=Curriculum([{"epochs": 1}, {"epochs": 1, "systems": (7, 8)}]))
    datamodule(small_data, curriculum=Curriculum(STAGES))
    assert "2 training pages cannot be shown in curriculum stage 2: c-1, d-1" in caplog.text


def test_unit_system_validates_every_system_once(small_data: Path, caplog: pytest.LogCaptureFixture) -> None:
    module = datamodule(small_data, unit="system", validation_split="train")
    ids = sorted(sample.page_id for sample in samples_of(module.val_dataloader()))
    expected = [f"{page.page_id}:{k}-{k + 1}" for page in TRAINING[:4] for k in range(page.systems)]
    assert ids == sorted([*expected, "c-1:0-1"])
    assert "1 validation pages cannot be cut into systems and are not read: d-1" in caplog.text
    assert {count_systems(sample.kern) for sample in samples_of(module.train_dataloader())} == {1}


def test_single_systems_beside_pages(small_data: Path) -> None:
    module = datamodule(small_data, strips=3)
    for step in module.train_dataloader():
        texts = {page_id: kern for part in step for page_id, kern in zip(part.page_ids, part.kerns, strict=True)}
        assert {count_systems(kern) for page_id, kern in texts.items() if ":" in page_id} == {1}
        assert sum(":" in page_id for part in step for page_id in part.page_ids) == 3
        assert sum(len(part.page_ids) for part in step) == 5
    assert {sample.page_id for sample in samples_of(module.val_dataloader())} == {page.page_id for page in VALIDATION}


def test_the_longest_target_is_that_of_what_is_shown(small_data: Path) -> None:
    tokenizer = build_tokenizer("medium")
    pages = datamodule(small_data)
    assert pages.longest_target == 2 + max(len(tokenizer.encode(page.kern)) for page in TRAINING)
    systems = datamodule(small_data, unit="system")
    assert systems.longest_target < 0.6 * pages.longest_target
    longest = max(sample.token_ids.numel() for sample in samples_of(systems.train_dataloader()))
    assert longest + 1 <= systems.longest_target
    assert systems.vocabulary == pages.vocabulary


def test_the_vocabulary_comes_from_training_pages_and_the_rest_is_reported(
    small_data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    module = datamodule(small_data, tokenizer="word")
    assert "D:dim" not in module.vocabulary
    assert "Bb:min7/F" in module.vocabulary
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "'D:dim' x1" in warnings[0]
    (ids,) = [sample.token_ids for sample in samples_of(module.val_dataloader()) if sample.page_id == "f-1"]
    length = len(module.codec.encode(KERNS["f-1"])) - 1
    assert (ids[:length] == module.vocabulary.unk_id).sum() >= 1
    assert (ids[:length] != module.vocabulary.pad_id).all()


def test_engraved_pages_train_and_mixes_name_sources(small_data: Path, small_engraved: Path) -> None:
    folders = {"h": str(small_data), "s": str(small_engraved)}
    module = datamodule(folders, mix={"h": 0.25, "s": 0.75}, draws_per_epoch=16)
    shown = Counter(sample.page_id[0] == "s" for sample in samples_of(module.train_dataloader()))
    assert shown == {True: 12, False: 4}
    for settings in ({"mix": {"x": 1.0}}, {"curriculum": Curriculum([{"epochs": 1, "mix": {"x": 1.0}}])}):
        with pytest.raises(ConfigError, match=r"source 'x'.*h, s"):
            datamodule(folders, **settings)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"draws_per_epoch": 0}, "draws_per_epoch"),
        ({"pixel_budget": 0}, "pixel_budget"),
        ({"num_workers": -1}, "num_workers"),
        ({"seed": -1}, "seed"),
        ({"strips": -1}, "strips"),
        ({"strips": 2, "unit": "system"}, "strips"),
        ({"mix": {"handwritten": -1.0}}, "mix"),
        ({"unit": "system", "curriculum": Curriculum(STAGES)}, "'systems'"),
    ],
)
def test_settings_that_do_not_fit_are_named(small_data: Path, settings: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        datamodule(small_data, **settings)


def test_folders_without_training_pages_or_boxes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no training page"):
        datamodule(write_pages(tmp_path / "a", VALIDATION))
    with pytest.raises(DataError, match="no page has boxes and a well-formed text"):
        datamodule(write_pages(tmp_path / "b", TRAINING[5:]), unit="system")
    with pytest.raises(DataError, match="no manifest"):
        datamodule(tmp_path / "c")


def copy_of_train(page: SmallPage, split: str) -> SmallPage:
    return SmallPage(f"copy-of-{page.page_id}", split, page.piece, page.systems)


def test_a_piece_that_trains_and_validates_is_refused(small_data: Path, tmp_path: Path) -> None:
    leaking = write_pages(tmp_path / "one", [*TRAINING, *VALIDATION, copy_of_train(TRAINING[0], "val")])
    with pytest.raises(DataError, match=r"1 validation pieces are trained on too: 'a'; .*--protocol clean"):
        datamodule(leaking)
    datamodule(leaking, validation_split="train")
    datamodule(leaking, validation_split="test")


def published(folder: Path) -> Path:
    write_manifest(folder, replace(read_manifest(folder), protocol="published"))
    return folder


def test_leaks_between_sources(small_data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    engraved = write_pages(tmp_path / "engraved", [*ENGRAVED, copy_of_train(VALIDATION[0], "synthetic")])
    with pytest.raises(DataError, match="trained on too: 'e'"):
        datamodule({"h": str(small_data), "s": str(engraved)})
    with pytest.raises(DataError, match="trained on too: 'e'"):
        datamodule({"h": str(small_data), "s": str(published(engraved))})
    handwritten = published(Path(shutil.copytree(small_data, tmp_path / "handwritten")))
    caplog.clear()
    datamodule({"h": str(handwritten), "s": str(engraved)})
    assert "1 validation pieces are trained on too: 'e'" in caplog.text
    # A clean source beside them has no part in it.
    third = write_pages(tmp_path / "third", [SmallPage("t-1", "train", "z", 1)])
    datamodule({"h": str(handwritten), "s": str(engraved), "t": str(third)})


def test_a_text_that_does_not_parse_is_shown_whole_or_left_out(
    small_data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = Path(shutil.copytree(small_data, tmp_path / "copy"))
    path = folder / "train" / "ground_truth" / "b-1.txt"
    path.write_text(path.read_text().replace("*-\t*-", "*-"))
    module = datamodule(folder, curriculum=Curriculum(STAGES), draws_per_epoch=12)
    assert "2 training pages cannot be shown in curriculum stage 1: b-1, d-1" in caplog.text
    for stage in range(3):
        module.set_stage(stage)
        ids = {sample.page_id for sample in samples_of(module.train_dataloader())}
        assert not any(page_id.startswith("b-1:") for page_id in ids)
        assert ("b-1" in ids) == (stage > 0)
    systems = datamodule(folder, unit="system")
    assert not any("b-1" in sample.page_id for sample in samples_of(systems.train_dataloader()))


def test_every_header_cell_of_a_system_has_an_id(tmp_path: Path) -> None:
    folder = write_pages(tmp_path / "changes", TRAINING[:1])
    path = folder / "train" / "ground_truth" / "a-1.txt"
    # In music this cell is read by character; the next systems state it in their headers, as a whole.
    path.write_text(path.read_text().replace("\n!!linebreak", "\n*k[f#]\t*\n!!linebreak", 1))
    assert "*k[f#]" not in build_tokenizer("medium").encode(path.read_text())
    module = datamodule(folder, unit="system", draws_per_epoch=30)
    samples = samples_of(module.train_dataloader())
    assert any("*k[f#]" in sample.kern for sample in samples)
    assert not any(module.vocabulary.unk_id in sample.token_ids for sample in samples)


def test_loaders_need_the_encoders_stride(small_data: Path) -> None:
    module = FullPageDataModule(TRANSFORM, data_path=str(small_data), num_workers=0)
    for loader in (module.train_dataloader, module.val_dataloader):
        with pytest.raises(ValueError, match=r"FullPageDataModule\.stride"):
            loader()


def test_a_missing_image_stops_only_its_own_page(small_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(small_data, folder)
    missing = folder / "val" / "images" / "e-1.jpg"
    missing.unlink()
    module = datamodule(folder, batch_size=1)
    assert len(samples_of(module.train_dataloader())) == len(TRAINING)
    with pytest.raises(DataError) as caught:
        samples_of(module.val_dataloader())
    assert str(missing) in str(caught.value)


def test_the_state_holds_stage_and_split(small_data: Path, tmp_path: Path) -> None:
    module = datamodule(small_data, curriculum=Curriculum(STAGES))
    module.set_stage(2)
    state = module.state_dict()
    resumed = datamodule(small_data, curriculum=Curriculum(STAGES))
    resumed.load_state_dict(state)
    assert resumed.stage_index == 2
    other_split = write_pages(tmp_path / small_data.name, [*TRAINING[:-1], *VALIDATION])
    with pytest.raises(DataError, match="another split"):
        datamodule(other_split, curriculum=Curriculum(STAGES)).load_state_dict(state)


class _Recorder(LightningModule):
    """Notes the pages of each epoch instead of learning from them; moves on a stage with every epoch."""

    def __init__(self, datamodule: FullPageDataModule) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.automatic_optimization = False
        self.data = datamodule
        self.shown: dict[int, list[str]] = {}

    def training_step(self, batch: list[PageBatch], batch_index: int) -> None:
        ids = [page_id for part in batch for page_id in part.page_ids]
        self.shown.setdefault(self.current_epoch, []).extend(ids)
        # Without a step there is nothing new to save.
        self.optimizers().step()  # type: ignore[union-attr]

    def on_train_epoch_end(self) -> None:
        self.data.set_stage(min(self.current_epoch + 1, len(STAGES) - 1))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def pages_by_epoch(data: Path, folder: Path, epochs: int, checkpoint: Path | None = None) -> dict[int, list[str]]:
    module = datamodule(data, curriculum=Curriculum(STAGES))
    recorder = _Recorder(module)
    trainer = Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        callbacks=[ModelCheckpoint(folder, filename="last", save_on_train_epoch_end=True)],
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_val_batches=0,
    )
    trainer.fit(recorder, datamodule=module, ckpt_path=checkpoint, weights_only=True)
    return recorder.shown


def test_a_resumed_run_shows_what_the_uninterrupted_one_would_have(small_data: Path, tmp_path: Path) -> None:
    whole = pages_by_epoch(small_data, tmp_path / "whole", epochs=4)
    assert len({tuple(ids) for ids in whole.values()}) == 4
    begun = pages_by_epoch(small_data, tmp_path / "begun", epochs=2)
    resumed = pages_by_epoch(small_data, tmp_path / "resumed", epochs=4, checkpoint=tmp_path / "begun" / "last.ckpt")
    assert begun == {epoch: whole[epoch] for epoch in (0, 1)}
    assert resumed == {epoch: whole[epoch] for epoch in (2, 3)}


@pytest.mark.parametrize("form", ["normal", "written"])
@pytest.mark.parametrize("tokenizer", ["compact", "byte_pair"])
def test_targets_are_in_the_form_and_tokens_that_are_bound(small_data: Path, form: str, tokenizer: str) -> None:
    module = datamodule(small_data, text_form=form, tokenizer=tokenizer, validation_split="train")
    for sample in samples_of(module.val_dataloader()):
        ids = sample.token_ids.tolist()
        assert module.vocabulary.unk_id not in ids
        text = module.tokenizer.decode(module.vocabulary.decode(module.codec.body(ids)))
        assert text == module.text_form.apply(sample.kern)
        again = TextCodec.from_names(tokenizer, module.vocabulary.tokens, form)
        assert again.encode(sample.kern) == module.codec.encode(sample.kern)
        assert again.decode(ids) == module.codec.decode(ids)


GENERATED_PAGES = GeneratedPages(PageStyle(systems=(1, 2)), procedural=TuneStyle(plain=True))


@pytest.mark.parametrize("unit", ["page", "system"])
def test_generated_pages_are_mixed_in_and_can_be_read(small_data: Path, unit: str) -> None:
    settings = {"generated": GENERATED_PAGES, "mix": {"handwritten": 0.5, "generated": 0.5}, "draws_per_epoch": 8}
    modules = [
        datamodule(small_data, augmentation=PageAugmentation(1.0), unit=unit, num_workers=workers, **settings)
        for workers in (0, 2)
    ]
    first, again = (samples_of(module.train_dataloader()) for module in modules)
    drawn = [sample for sample in first if sample.page_id.startswith("generated-")]
    assert (len(first), len(drawn)) == (8, 4)
    for sample in drawn:
        ids = sample.token_ids[sample.token_ids != modules[0].vocabulary.pad_id]
        assert ids.numel() <= modules[0].longest_target
        assert count_systems(sample.kern) in ((1,) if unit == "system" else (1, 2))
    assert [sample.page_id for sample in first] == [sample.page_id for sample in again]
    assert all(torch.equal(one.image, other.image) for one, other in zip(first, again, strict=True))


def test_generated_pages_alone_need_no_training_pages_of_a_share(small_data: Path) -> None:
    module = datamodule(small_data, generated=GENERATED_PAGES, mix={"generated": 1.0}, draws_per_epoch=4)
    assert all(sample.page_id.startswith("generated-") for sample in samples_of(module.train_dataloader()))
    assert {sample.page_id for sample in samples_of(module.val_dataloader())} == {page.page_id for page in VALIDATION}


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"mix": {"generated": 1.0}}, "generated"),
        ({"generated": GENERATED_PAGES}, "no mix names"),
        ({"generated": GENERATED_PAGES, "mix": {"handwritten": 1.0}}, "no mix names"),
    ],
)
def test_a_source_of_generated_pages_needs_a_share(small_data: Path, settings: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        datamodule(small_data, **settings)


def test_no_folder_may_take_the_name_of_generated_pages(small_data: Path) -> None:
    with pytest.raises(ConfigError, match="drawn on demand"):
        datamodule({"generated": str(small_data)}, generated=GENERATED_PAGES, mix={"generated": 1.0})
