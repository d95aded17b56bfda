"""Full pages for Lightning: prepared folders in, micro-batches out. Knows no model.

Full pages are loaded as they are. Two things may be cut from a page, both by the boxes of its systems: what lies below
the k-th system (the curriculum), and single systems (system-level training with the same code).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader

from jazzmus.config import configurable
from jazzmus.dataset.augment import PageAugmentation
from jazzmus.dataset.batch import MicroBatchCollator, PageBatch
from jazzmus.dataset.curriculum import Curriculum, Stage, check_mix
from jazzmus.dataset.full_page_dataset import (
    GENERATED,
    FullPageDataset,
    Page,
    check_leaks,
    formed_text,
    read_pages,
    shown_text,
)
from jazzmus.dataset.manifest import TRAINING_SPLITS, read_manifest
from jazzmus.dataset.page_transform import PageTransform
from jazzmus.dataset.sampling import (
    EpochBatchSampler,
    PagePlanner,
    Unit,
    all_requests,
    batches_of_similar_size,
    request_height,
)
from jazzmus.errors import ConfigError, DataError, in_brief
from jazzmus.kern.codec import TextCodec
from jazzmus.kern.forms import build_form
from jazzmus.kern.tokenizer import build_tokenizer
from jazzmus.synthesis.generated_pages import GeneratedPages

logger = logging.getLogger(__name__)


@configurable
class FullPageDataModule(LightningDataModule):
    """Prepared folders as training and validation batches.

    Args:
        page_transform: Gray page to tensor (a section of its own in the config).
        augmentation: Changes training pages; None leaves them as they are.
        curriculum: Stages by number of systems and mix; None shows whole pages throughout.
        generated: Draws pages on demand, a source that a mix names "generated"; None: there is no such source.
        data_path: A prepared folder, or folders by source name; relative paths count from the current folder.
        mix: Share of each source while no stage says otherwise; None draws from all pages alike.
        tokenizer: Name for `build_tokenizer`.
        text_form: Name for `build_form`: the form of the texts that the network learns to write.
        unit: `page`, or `system` for single systems cut by their boxes.
        sampling: `piece` draws pieces evenly, whatever the number of their copies; `page` draws pages evenly.
        batch_size: Pages an optimizer step.
        strips: Single systems, cut out by their boxes, that each step shows beside its pages: the weights then read
            either.
        draws_per_epoch: Pages an epoch; as many as there are when None.
        pixel_budget: Most pixels of a micro-batch, padding included; a larger batch is split within its step.
        validation_split: Split that validation reads; `train` validates on the training pages (to overfit them).
        num_workers: Processes that decode images, as far as there are cores.
        seed: Seed of the order and of augmentation.

    Raises:
        ConfigError: If values do not fit together.
    """

    def __init__(
        self,
        page_transform: PageTransform,
        augmentation: PageAugmentation | None = None,
        curriculum: Curriculum | None = None,
        generated: GeneratedPages | None = None,
        data_path: str | dict[str, str] = "data/handwritten",
        mix: dict[str, float] | None = None,
        tokenizer: str = "medium",
        text_form: str = "source",
        unit: Unit = "page",
        sampling: Literal["piece", "page"] = "piece",
        batch_size: int = 1,
        strips: int = 0,
        draws_per_epoch: int | None = None,
        pixel_budget: int = 3_000_000,
        validation_split: Literal["val", "train", "test"] = "val",
        num_workers: int = 2,
        seed: int = 0,
    ) -> None:
        super().__init__()
        for name, value in (
            ("batch_size", batch_size),
            ("draws_per_epoch", draws_per_epoch),
            ("pixel_budget", pixel_budget),
        ):
            if value is not None and value < 1:
                raise ConfigError(f"FullPageDataModule.{name} must be at least 1, not {value}")
        if num_workers < 0 or seed < 0 or strips < 0:
            raise ConfigError("FullPageDataModule.num_workers, .seed and .strips must not be negative")
        if strips and unit == "system":
            raise ConfigError("FullPageDataModule.strips goes beside pages; with .unit 'system' .batch_size is enough")
        if unit == "system" and any(stage.systems is not None for stage in (curriculum.stages if curriculum else ())):
            raise ConfigError("Curriculum.stages must not name 'systems' where FullPageDataModule.unit is 'system'")
        self.page_transform = page_transform
        self.augmentation = augmentation
        self.curriculum = curriculum
        self.generated = generated
        self.folders = _folders(data_path)
        self.mix = mix
        self.tokenizer = build_tokenizer(tokenizer)
        self.text_form = build_form(text_form)
        self.unit = unit
        self.batch_size = batch_size
        self.strips = strips
        self.pixel_budget = pixel_budget
        self.validation_split = validation_split
        self.num_workers = num_workers
        self.stage_index = 0
        self.stride: int | None = None  # set by the one who knows the encoder, before loaders are asked for
        check_mix(mix, "FullPageDataModule.mix")
        self._check_sources([mix, *(stage.mix for stage in (curriculum.stages if curriculum else ()))])
        self._read()
        self.planner = PagePlanner(
            self.training_pages,
            unit,
            sampling,
            mix,
            draws_per_epoch,
            seed,
            generated.systems if generated else None,
            generated.papers if generated else 1,
        )
        self._report_left_out()

    def _check_sources(self, mixes: Sequence[Mapping[str, float] | None]) -> None:
        """Hold the names in all mixes against the sources there are."""
        sources = [*sorted(self.folders), *([GENERATED] if self.generated else [])]
        for shares in mixes:
            if unknown := sorted(set(shares or ()) - set(sources)):
                raise ConfigError(
                    f"a mix names the source {unknown[0]!r}, but the sources are {', '.join(sources)} "
                    "(FullPageDataModule.data_path and .generated)"
                )
        if self.generated and GENERATED in self.folders:
            raise ConfigError(f"FullPageDataModule.data_path: the name {GENERATED!r} is that of pages drawn on demand")
        if self.generated and not any((shares or {}).get(GENERATED) for shares in mixes):
            raise ConfigError(
                f"FullPageDataModule.generated is set, but no mix names {GENERATED!r}: bind FullPageDataModule.mix "
                "or the mixes of Curriculum.stages"
            )

    def _read(self) -> None:
        """Read texts and manifests (not images), and build the vocabulary from training pages only."""
        manifests = {name: read_manifest(folder) for name, folder in self.folders.items()}
        self.split_fingerprints = {name: manifest.fingerprint for name, manifest in manifests.items()}

        def pages_of(splits: Sequence[str]) -> list[Page]:
            return [
                page
                for name, manifest in manifests.items()
                for split in splits
                for page in read_pages(name, self.folders[name], manifest, split)
            ]

        self.training_pages = pages_of(TRAINING_SPLITS)
        if not self.training_pages:
            raise DataError(f"{', '.join(map(str, self.folders.values()))}: no training page; run data_prep.py again")
        if (self.unit == "system" or self.strips) and not any(page.can_be_cut for page in self.training_pages):
            raise DataError(
                f"{', '.join(map(str, self.folders.values()))}: no page has boxes and a well-formed text, so none can "
                "be cut into systems"
            )
        if self.validation_split == "train":
            self.validation_pages = self.training_pages
        else:
            self.validation_pages = pages_of([self.validation_split])
            clean = {name for name, manifest in manifests.items() if manifest.protocol == "clean"}
            check_leaks(self.training_pages, self.validation_pages, clean)
        if self.unit == "system":
            if uncut := [page.record.page_id for page in self.validation_pages if not page.can_be_cut]:
                logger.warning(
                    "%d validation pages cannot be cut into systems and are not read: %s", len(uncut), in_brief(uncut)
                )
            self.validation_pages = [page for page in self.validation_pages if page.can_be_cut]
        shown = self._formed_texts(self.training_pages, self.unit)
        shown += self._formed_texts(self.training_pages, "system") if self.strips else []
        # Whole pages count too where systems are shown: weights go on from systems to pages.
        whole = self._formed_texts(self.training_pages, "page") if self.unit == "system" else []
        if self.generated:
            # Test pages too, where they are there; the pages trained on are no secret, even when validation reads them.
            self.generated = self.generated.kept_from(page.kern for page in pages_of(["val", "test"]))
            if self.unit == "system":
                whole += self._generated_texts(self.generated, "page")
            shown += self._generated_texts(self.generated, self.unit)
        self.vocabulary = self.tokenizer.vocabulary(dict.fromkeys([*whole, *shown]))
        # As a checkpoint makes it again: a learned tokenizer cuts texts by these tokens.
        self.tokenizer = build_tokenizer(self.tokenizer.name, self.vocabulary.tokens)
        self.codec = TextCodec(self.tokenizer, self.vocabulary, self.text_form)
        self.longest_target = max(len(self.codec.encode_formed(text)) for text in shown)
        if self.generated:
            limit = f"{self.longest_target} {self.vocabulary.fingerprint}"
            self.generated = self.generated.limited_to(partial(self.codec.fits, longest=self.longest_target), limit)
        if unseen := self.codec.unseen_summary(self._formed_texts(self.validation_pages, self.unit)):
            logger.warning("validation texts hold what no training text does and cannot be read right: %s", unseen)
        logger.info(
            "%d training pages of %d pieces, %d validation pages, %d tokens (%s, %s form), longest text %d",
            len(self.training_pages),
            len({(page.source, page.record.piece) for page in self.training_pages}),
            len(self.validation_pages),
            len(self.vocabulary),
            self.tokenizer.name,
            self.text_form.name,
            self.longest_target,
        )

    def _generated_texts(self, generated: GeneratedPages, unit: Unit) -> list[str]:
        """What the network is to write for a sample of generated pages as short and as long as stages ask for."""
        stages = self.curriculum.stages if self.curriculum else ()
        spans = [stage.systems or generated.systems for stage in stages] or [generated.systems]
        span = (min(fewest for fewest, _ in spans), max(most for _, most in spans))
        return [self.text_form.apply(text) for text in generated.texts(unit, systems=span)]

    def _formed_texts(self, pages: Sequence[Page], unit: Unit) -> list[str]:
        """What the network is to write for the pages, or for all systems that can be cut out of them."""
        return [
            formed_text(self.text_form, pages[shown.page], shown_text(pages[shown.page], shown.first, shown.last))
            for shown in all_requests(pages, unit)
        ]

    def _report_left_out(self) -> None:
        """Say which training pages cannot be shown, in every stage: a stage without pages is an error now."""
        for number, stage in enumerate(self.curriculum.stages if self.curriculum else (None,)):
            self.planner.pools(stage, self.unit == "system")
            if self.strips:
                self.planner.pools(stage, strip=True)
            if left_out := self.planner.left_out(stage):
                where = f" in curriculum stage {number + 1}" if stage is not None else ""
                logger.warning("%d training pages cannot be shown%s: %s", len(left_out), where, in_brief(left_out))

    @property
    def split_fingerprint(self) -> str:
        """Names the split of every source, for checkpoints."""
        return " ".join(f"{name}:{value}" for name, value in sorted(self.split_fingerprints.items()))

    @property
    def stage(self) -> Stage | None:
        """The curriculum stage in force; None without a curriculum."""
        return self.curriculum.stages[self.stage_index] if self.curriculum else None

    def set_stage(self, k: int) -> None:
        """Go to stage `k` (0-based); it holds from the next epoch's first batch.

        Raises:
            ConfigError: If there is no such stage.
        """
        stages = self.curriculum.stages if self.curriculum else ()
        if not 0 <= k < len(stages):
            raise ConfigError(f"there is no curriculum stage {k}; Curriculum.stages has {len(stages)}")
        self.stage_index = k

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must hold to go on: the stage and the split it was trained on."""
        generated = self.generated.fingerprint if self.generated else None
        return {"stage": self.stage_index, "split_fingerprint": self.split_fingerprint, "generated": generated}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take up the stage of a checkpoint.

        Raises:
            DataError: If the checkpoint was trained on another split, or generated pages would be others.
        """
        if state_dict["split_fingerprint"] != self.split_fingerprint:
            raise DataError(
                "the checkpoint to resume was trained on another split of the data; prepare the same data again, "
                "or start a new run with FullPageTrainer.pretrained set to that checkpoint"
            )
        if self.generated and state_dict.get("generated", self.generated.fingerprint) != self.generated.fingerprint:
            raise DataError(
                "the checkpoint to resume was trained on other generated pages (other settings, tunes or versions of "
                "libraries); restore them, or start a new run with FullPageTrainer.pretrained set to that checkpoint"
            )
        if self.curriculum:
            self.set_stage(state_dict["stage"])

    def train_dataloader(self) -> DataLoader[list[PageBatch]]:
        """Micro-batches of each optimizer step, by the stage and epoch current when the first one is asked for."""
        sampler = EpochBatchSampler(
            self.planner, self.page_transform, self.batch_size, self._current, self.strips, self._trained
        )
        dataset = FullPageDataset(
            self.training_pages, self.page_transform, self.codec, self.augmentation, self.generated
        )
        return self._loader(dataset, sampler)

    def val_dataloader(self) -> DataLoader[list[PageBatch]]:
        """All validation pages (or systems), whole and unaugmented, similar sizes together."""
        requests = all_requests(self.validation_pages, self.unit)
        heights = [request_height(self.validation_pages[r.page], r, self.page_transform) for r in requests]
        batches = batches_of_similar_size(requests, heights, self.batch_size, generator=None)
        return self._loader(FullPageDataset(self.validation_pages, self.page_transform, self.codec), batches)

    def _loader(self, dataset: FullPageDataset, batch_sampler: Any) -> DataLoader[list[PageBatch]]:
        if self.stride is None:
            raise ValueError("set FullPageDataModule.stride to the encoder's before asking for a loader")
        # Workers change no sample, so that a config made for many cores may run on few.
        workers = min(self.num_workers, os.cpu_count() or 1)
        return _LateLoader(
            dataset,  # type: ignore[arg-type]  # the collator makes lists of batches out of samples
            batch_sampler=batch_sampler,
            num_workers=workers,
            collate_fn=MicroBatchCollator(self.vocabulary.pad_id, self.stride, self.pixel_budget),
            persistent_workers=workers > 0,
        )

    def _current(self) -> tuple[int, Stage | None]:
        # `processed` already counts the epoch that just ended, also right after a resumed checkpoint is loaded.
        epoch = self.trainer.fit_loop.epoch_progress.current.processed if self.trainer is not None else 0  # type: ignore[attr-defined]
        return epoch, self.stage

    def _trained(self) -> int:
        """Batches of the current epoch that are behind; not 0 only where training resumes within an epoch."""
        if self.trainer is None:
            return 0
        progress: Any = self.trainer.fit_loop.epoch_loop.batch_progress  # type: ignore[attr-defined]
        return 0 if progress.is_last_batch else progress.current.processed


class _LateLoader(DataLoader[list[PageBatch]]):
    """Plans an epoch, and sends its workers off, when the first batch is asked for.

    The trainer asks for an iterator before it knows where a resumed run stands; workers would fetch another epoch.
    """

    def __iter__(self) -> Iterator[list[PageBatch]]:  # type: ignore[override]
        yield from super().__iter__()


def _folders(data_path: str | dict[str, str]) -> dict[str, Path]:
    paths = {Path(data_path).name: data_path} if isinstance(data_path, str) else data_path
    return {name: Path(path) for name, path in paths.items()}
