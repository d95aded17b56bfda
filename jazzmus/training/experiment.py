"""Wires an experiment: config sections to data, network and trainer, and a trainer's outcome to the files of a run.

The one place where everything meets; it knows no detail of any part.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from lightning.pytorch import Trainer, seed_everything

from jazzmus.config import build, check_consumed, configurable, operative_config
from jazzmus.config_text import config_bindings
from jazzmus.dataset.full_page_datamodule import FullPageDataModule
from jazzmus.errors import CheckpointError, ConfigError
from jazzmus.files import replace_file, write_text
from jazzmus.logs import quiet_lightning
from jazzmus.metrics.report import score_counts
from jazzmus.model.full_page_trainer import FullPageTrainer
from jazzmus.model.pretrained import read_weights
from jazzmus.model.smt.configuration_smt import SMTConfig
from jazzmus.model.transfer import check_same_network
from jazzmus.provenance import training_sources
from jazzmus.run_folder import CONFIG_FILE, RESULTS_FILE, SCORES_FILE, TRANSFER_FILE, VOCABULARY_FILE
from jazzmus.training.callbacks import run_callbacks
from jazzmus.training.checkpoints import BEST, LAST, AtomicCheckpointIO, resumed_step
from jazzmus.training.loggers import MetricsFile, WandbMode, run_loggers

logger = logging.getLogger(__name__)

WEIGHTS_FOLDER = Path("weights")

# A reading that has not ended by then has lost its way; the share above the longest training text is a margin.
DECODE_MARGIN = 1.2

# No fp16: its gradients are scaled, which clipping between backward and step would have to undo.
Precision = Literal["auto", "32-true", "bf16-mixed"]


@configurable("experiment")
@dataclass(frozen=True)
class Experiment:
    """What holds for a run as a whole.

    Attributes:
        name: Names the run's folder, `weights/<name>`.
        max_epochs: Epochs to train; 0 only evaluates.
        max_minutes: Wall time of training, validations apart, after which it stops with a checkpoint to resume; None:
            no limit.
        save_every_minutes: Wall time between checkpoints within an epoch; one is written after each epoch, too.
        ema_decay: Share of the old weights that their moving average keeps at a step; the average is what is validated
            and read. None: no average.
        validate_every: Epochs between validations.
        precision: Number format of training; `auto` is bf16 autocast where the device computes in it, else fp32.
        wandb: Log to wandb too.
        seed: Seed of weights, dropout and noise; what a step draws depends on it and the step's number alone.
    """

    name: str
    max_epochs: int = 100
    max_minutes: float | None = None
    save_every_minutes: float = 5.0
    ema_decay: float | None = None
    validate_every: int = 1
    precision: Precision = "auto"
    wandb: WandbMode = "off"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.name in ("", ".", "..") or any(mark in self.name for mark in "/\0"):
            raise ConfigError(f"experiment.name must be a folder name, not {self.name!r}")
        if self.max_epochs < 0 or self.seed < 0:
            raise ConfigError("experiment: max_epochs and seed must not be negative")
        if (
            self.validate_every < 1
            or self.save_every_minutes <= 0
            or (self.max_minutes is not None and self.max_minutes <= 0)
        ):
            raise ConfigError("experiment: validate_every, save_every_minutes and max_minutes must be positive")
        if self.ema_decay is not None and not 0 < self.ema_decay < 1:
            raise ConfigError(f"experiment.ema_decay must lie between 0 and 1, not be {self.ema_decay}")


@dataclass(frozen=True)
class Run:
    """An experiment whose parts are built."""

    experiment: Experiment
    datamodule: FullPageDataModule
    module: FullPageTrainer
    config_text: str


def build_run() -> Run:
    """Build data module and training module from the config that is loaded, and check that all of it was read.

    Raises:
        JazzmusError: If the config, the data or the pretrained weights are wrong.
    """
    experiment = build(Experiment)
    seed_everything(experiment.seed, workers=True, verbose=False)
    datamodule = build(FullPageDataModule)
    vocabulary = datamodule.vocabulary
    smt_config = build(
        SMTConfig,
        vocab_size=len(vocabulary),
        tokens=list(vocabulary.tokens),
        tokenizer=datamodule.tokenizer.name,
        text_form=datamodule.text_form.name,
        page_transform=datamodule.page_transform.to_dict(),
        unit=datamodule.unit,
        max_sequence_length=int(datamodule.longest_target * DECODE_MARGIN),
    )
    datamodule.stride = smt_config.stride
    module = build(FullPageTrainer, smt_config=smt_config)
    check_consumed()
    config_text = operative_config()
    module.provenance = {
        "split_fingerprint": datamodule.split_fingerprint,
        "operative_config": config_text,
        # Data and earlier weights may be others, or gone, when the weights are passed on.
        "sources": [source._asdict() for source in training_sources(config_bindings(config_text))],
    }
    if module.transfer_report is not None:
        module.provenance["transfer"] = module.transfer_report.summary()
    return Run(experiment, datamodule, module, config_text)


def train(run: Run, output_dir: Path | None, resume: str | None) -> dict[str, float]:
    """Train (or, with no epochs, only evaluate) and leave a complete folder behind.

    The folder gets the operative config, and what became of pretrained weights, before the first step, then metrics,
    checkpoints, what the run costs, results and scores; the best weights are copied to `weights/best.ckpt`. An earlier
    run of that folder is moved aside unless it is resumed.

    Args:
        run: What `build_run` gave.
        output_dir: The run's folder; `weights/<experiment.name>` when None.
        resume: `auto` for the folder's last checkpoint, if there is one; a path; or None to start anew.

    Returns:
        The scores of the best weights on the validation pages, in percent; empty without validation pages.

    Raises:
        CheckpointError: If the checkpoint to resume is missing or does not fit.
        ConfigError: If the folder cannot be used.
        DataError: If a page cannot be read.
    """
    folder = output_dir or WEIGHTS_FOLDER / run.experiment.name
    checkpoint = _checkpoint_to_resume(folder, resume)
    step = 0
    if checkpoint is not None:
        # Before anything is written: a checkpoint that does not fit must leave the run as it was.
        _load_state(run.module, checkpoint)
        averages = run.experiment.ema_decay is not None
        step = resumed_step(checkpoint, averages, run.config_text)
    _prepare_folder(folder, run, keep=checkpoint is not None and checkpoint.parent.resolve() == folder.resolve())
    quiet_lightning()
    trainer = _trainer(run, folder)
    if run.experiment.max_epochs > 0:
        MetricsFile(folder).drop_from(step)
        with _ctrl_c():
            trainer.fit(run.module, datamodule=run.datamodule, ckpt_path=checkpoint, weights_only=True)
        best = _best_checkpoint(folder)
        _load_state(run.module, best)
        replace_file(best, WEIGHTS_FOLDER / "best.ckpt")
    elif (folder / f"{BEST}.ckpt").is_file():
        # Results and scores of a folder are those of its best weights.
        _load_state(run.module, folder / f"{BEST}.ckpt")
    if run.datamodule.validation_pages:
        with _ctrl_c():
            trainer.validate(run.module, datamodule=run.datamodule, verbose=False)
    return _write_results(folder, run.module)


@contextmanager
def _ctrl_c() -> Iterator[None]:
    """Let Ctrl-C out as what it is: Lightning makes an exit of the process of it."""
    try:
        yield
    except SystemExit as error:
        raise KeyboardInterrupt from error


def _best_checkpoint(folder: Path) -> Path:
    """The best weights; the last ones where training ended before any validation."""
    best, last = folder / f"{BEST}.ckpt", folder / f"{LAST}.ckpt"
    if best.is_file():
        return best
    logger.info("no validation chose among the weights: the last ones are taken")
    return last


def _trainer(run: Run, folder: Path) -> Trainer:
    experiment = run.experiment
    validates = bool(run.datamodule.validation_pages)
    return Trainer(
        max_epochs=experiment.max_epochs,
        devices=1,
        precision=best_precision() if experiment.precision == "auto" else experiment.precision,
        callbacks=run_callbacks(
            folder,
            run.datamodule,
            seed=experiment.seed,
            max_minutes=experiment.max_minutes,
            save_every_minutes=experiment.save_every_minutes,
            ema_decay=experiment.ema_decay,
        ),
        plugins=[AtomicCheckpointIO()],
        logger=run_loggers(folder, experiment.name, experiment.wandb),
        check_val_every_n_epoch=experiment.validate_every,
        limit_val_batches=1.0 if validates else 0,
        num_sanity_val_steps=0,
        log_every_n_steps=1,
        default_root_dir=folder,
        enable_model_summary=False,
    )


def best_precision() -> Literal["bf16-mixed", "32-true"]:
    """The number format that is fastest here without loss of training: bf16 where the device computes in it."""
    if torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    # A CPU without these instructions emulates bf16, many times slower than fp32.
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return "bf16-mixed" if capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") else "32-true"


def _checkpoint_to_resume(folder: Path, resume: str | None) -> Path | None:
    if resume is None:
        return None
    if resume != "auto":
        if not Path(resume).is_file():
            raise CheckpointError(f"--resume {resume}: no such checkpoint")
        return Path(resume)
    last = folder / f"{LAST}.ckpt"
    if last.is_file():
        return last
    logger.info("%s is not there: starting anew", last)
    return None


def _prepare_folder(folder: Path, run: Run, keep: bool) -> None:
    try:
        for leftover in sorted(folder.glob(".*.[0-9]*.tmp")):  # what a killed run was writing
            leftover.unlink()
        if not keep:
            _move_aside(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name in (RESULTS_FILE, SCORES_FILE):  # of the weights that training now leaves behind
            (folder / name).unlink(missing_ok=True)
        write_text(folder / CONFIG_FILE, run.config_text)
        write_text(folder / VOCABULARY_FILE, run.datamodule.vocabulary.to_json())
        if run.module.transfer_report is not None:
            write_text(folder / TRANSFER_FILE, json.dumps(run.module.transfer_report.to_dict(), indent=1) + "\n")
    except OSError as error:
        raise ConfigError(
            f"{folder}: no run can be written there ({error.strerror}); give another --output_dir"
        ) from error


def _move_aside(folder: Path) -> None:
    """Keep an earlier run of the same name under a numbered one."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if not (folder / CONFIG_FILE).is_file():
        raise ConfigError(f"{folder} is not empty, and what it holds is no run; give another --output_dir")
    number = 1
    while (earlier := folder.with_name(f"{folder.name}.{number}")).exists():
        number += 1
    shutil.move(folder, earlier)
    logger.info("%s holds an earlier run: kept as %s (use --resume auto to go on with a run)", folder, earlier)


def _load_state(module: FullPageTrainer, checkpoint: Path) -> None:
    weights = read_weights(checkpoint)
    check_same_network(module.model, weights)
    module.model.load_state_dict(weights.tensors)


def _write_results(folder: Path, module: FullPageTrainer) -> dict[str, float]:
    # Texts stay out: pages may be research data that must not be passed on with a run's files.
    lines = [result.to_json(with_texts=False) + "\n" for result in module.page_results]
    write_text(folder / RESULTS_FILE, "".join(lines))
    counts = [result.counts for result in module.page_results]
    scores = score_counts(counts) | module.token_error_rates() if counts else {}
    write_text(folder / SCORES_FILE, json.dumps(scores, indent=1) + "\n")
    return scores
