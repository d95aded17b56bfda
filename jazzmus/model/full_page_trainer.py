"""The Lightning module: losses, optimizer steps, validation readings and self-sufficient checkpoints.

Knows batches and the network; does not know where pages come from, which stage of a curriculum is on, or where
checkpoints are written.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from jazzmus.config import configurable
from jazzmus.dataset.batch import IGNORED_LABEL, PageBatch
from jazzmus.errors import CheckpointError, ConfigError, KernError
from jazzmus.kern.codec import TextCodec
from jazzmus.kern.token_grammar import build_token_grammar
from jazzmus.kern.token_mapping import nearest_tokens
from jazzmus.metrics.report import PageResult, page_result
from jazzmus.metrics.torchmetrics_adapter import TokenErrorRate, TranscriptionErrorRates
from jazzmus.model.constraint import TokenGrammar
from jazzmus.model.ctc_targets import CtcTargets, ctc_targets
from jazzmus.model.freezing import ENCODER, Freezing
from jazzmus.model.optim import Optimization, rates, set_rates
from jazzmus.model.pretrained import CHECKPOINT_KEY, Weights, read_weights
from jazzmus.model.smt.configuration_smt import SMTConfig
from jazzmus.model.smt.ctc import CtcHead, features_of_systems
from jazzmus.model.smt.modeling_smt import SheetMusicTransformer
from jazzmus.model.transfer import TransferReport, transfer

logger = logging.getLogger(__name__)


@configurable
class FullPageTrainer(LightningModule):
    """Trains a Sheet Music Transformer by teacher forcing and validates it by reading pages.

    Args:
        smt_config: The network, with its vocabulary, tokenizer and page transform.
        optimization: Optimizer and schedule.
        load_pretrained: Start from `pretrained` instead of from random weights.
        pretrained: Hub id, folder or checkpoint.
        freeze_encoder: Keep the encoder as it is: no gradients, no optimizer state, evaluation mode. The same as
            "encoder.*" in `frozen`.
        frozen: Patterns of the names of parameters to keep as they are, such as "decoder.layers.0.*". A norm keeps its
            running averages only where all parameters of its module are frozen.
        unfreeze_step: Optimizer step from which what is frozen trains after all; None: there is none.
        label_smoothing: Share of the target probability spread over all tokens.
        teacher_forcing_noise: Share of the decoder's input ids replaced by random ones, in training only.
        ctc_weight: What the CTC loss of systems counts beside the decoder's; 0 leaves the head out of training.
        ctc_on_pages: Read by CTC every system of a page through its box; else only systems that stand alone.
        max_decode_length: Ids at which a validation reading stops; where any other reading does when None.

    Raises:
        ConfigError: If values do not fit together.
        CheckpointError: If pretrained weights are wanted and cannot be taken over.
    """

    def __init__(
        self,
        smt_config: SMTConfig,
        optimization: Optimization,
        load_pretrained: bool = False,
        pretrained: str | None = None,
        freeze_encoder: bool = False,
        frozen: tuple[str, ...] = (),
        unfreeze_step: int | None = None,
        label_smoothing: float = 0.0,
        teacher_forcing_noise: float = 0.1,
        ctc_weight: float = 0.0,
        ctc_on_pages: bool = True,
        max_decode_length: int | None = None,
    ) -> None:
        super().__init__()
        for name, share in (("label_smoothing", label_smoothing), ("teacher_forcing_noise", teacher_forcing_noise)):
            if not 0 <= share < 1:
                raise ConfigError(f"FullPageTrainer.{name} must lie in [0, 1), not {share}")
        if ctc_weight < 0 or (ctc_weight > 0 and not smt_config.ctc_outputs):
            raise ConfigError(
                "FullPageTrainer.ctc_weight must not be negative, and needs SMTConfig.ctc_outputs above 0"
            )
        if load_pretrained and pretrained is None:
            raise ConfigError(
                "FullPageTrainer.load_pretrained is True, but FullPageTrainer.pretrained names no weights"
            )
        if smt_config.tokens is None or smt_config.tokenizer is None:
            raise ConfigError("FullPageTrainer needs a configuration with tokens and a tokenizer")
        # Steps are taken by hand: a batch over the pixel budget arrives in parts that share one step.
        self.automatic_optimization = False
        self.model = SheetMusicTransformer(smt_config)
        self.codec = TextCodec.from_names(smt_config.tokenizer, smt_config.tokens, smt_config.text_form)
        self.optimization = optimization
        # Plain values a checkpoint carries beside the network, such as the operative config; set by the experiment.
        self.provenance: dict[str, Any] = {}
        self.label_smoothing = label_smoothing
        self.teacher_forcing_noise = teacher_forcing_noise
        self.ctc_weight = ctc_weight
        self.ctc_on_pages = ctc_on_pages
        self.max_decode_length = max_decode_length
        self.transfer_report: TransferReport | None = None
        if load_pretrained and pretrained is not None:
            self.transfer_report = transfer(self.model, _pretrained_weights(pretrained), nearest_tokens)
            logger.info("%s: %s", pretrained, self.transfer_report.summary())
        self.freezing = Freezing(self.model, (*((ENCODER,) if freeze_encoder else ()), *frozen), unfreeze_step)
        if self.freezing.count and not load_pretrained:
            logger.warning("without FullPageTrainer.load_pretrained, what is frozen stays random")
        optimization.groups(self.model.named_parameters())  # a pattern that matches nothing is told now
        self.error_rates = TranscriptionErrorRates()
        self.token_errors = TokenErrorRate()
        self.ctc_token_errors = TokenErrorRate()
        self.ctc_too_long = 0
        self.page_results: list[PageResult] = []
        self.grammar: TokenGrammar | None = None

    def train(self, mode: bool = True) -> FullPageTrainer:
        """Set training mode; what is frozen stays in evaluation mode."""
        super().train(mode)
        self.freezing.keep_evaluating()
        return self

    def on_train_batch_start(self, batch: Sequence[PageBatch], batch_index: int) -> None:
        """Unfreeze at the step for it, which a resumed run may have behind it."""
        self.freezing.unfreeze(self.trainer.global_step)

    def forward(self, batch: PageBatch) -> Tensor:
        """Teacher-forced logits (B, T, V) of a batch."""
        return self._logits(self._features(batch), batch, batch.decoder_input)

    def _features(self, batch: PageBatch) -> Tensor:
        trains = any(parameter.requires_grad for parameter in self.model.encoder.parameters())
        with torch.set_grad_enabled(torch.is_grad_enabled() and trains):
            return self.model.encode(batch.images, batch.image_sizes)

    def _logits(self, features: Tensor, batch: PageBatch, decoder_input: Tensor) -> Tensor:
        return self.model(
            decoder_input_ids=decoder_input, encoder_output=features, image_sizes=batch.image_sizes
        ).logits

    def _loss_sum(
        self, features: Tensor, batch: PageBatch, decoder_input: Tensor, label_smoothing: float = 0.0
    ) -> Tensor:
        logits = self._logits(features, batch, decoder_input)
        return F.cross_entropy(
            logits.flatten(0, 1).float(),
            batch.labels.flatten(),
            ignore_index=IGNORED_LABEL,
            label_smoothing=label_smoothing,
            reduction="sum",
        )

    def _with_noise(self, ids: Tensor) -> Tensor:
        """Replace a share of the ids by random ordinary ones; special tokens stay, and nothing becomes special."""
        vocabulary = self.codec.vocabulary
        ordinary = vocabulary.unk_id + 1
        if self.teacher_forcing_noise == 0 or len(vocabulary) <= ordinary:
            return ids
        hit = (torch.rand(ids.shape, device=ids.device) < self.teacher_forcing_noise) & (ids >= ordinary)
        return torch.where(hit, torch.randint_like(ids, ordinary, len(vocabulary)), ids)

    def training_step(self, batch: Sequence[PageBatch], batch_index: int) -> None:
        """One optimizer step over the micro-batches of a batch; the loss is the mean over all their tokens."""
        optimizer = self.optimizers()
        tokens = sum(int((part.labels != IGNORED_LABEL).sum()) for part in batch)
        systems = [self._ctc_targets(part) for part in batch]
        ctc_tokens = sum(targets.num_tokens for targets in systems)
        total, ctc_total = 0.0, 0.0
        optimizer.zero_grad()  # type: ignore[union-attr]
        for part, targets in zip(batch, systems, strict=True):
            features = self._features(part)
            noisy_input = self._with_noise(part.decoder_input)
            loss = self._loss_sum(features, part, noisy_input, self.label_smoothing) / tokens
            total += float(loss.detach())
            if targets.rows:
                ctc_loss = self._ctc_loss_sum(features, part, targets) / ctc_tokens
                ctc_total += float(ctc_loss.detach())
                loss = loss + self.ctc_weight * ctc_loss
            self.manual_backward(loss)
        if self.optimization.clip_norm is not None:
            self.clip_gradients(optimizer, self.optimization.clip_norm, "norm")  # type: ignore[arg-type]
        optimizer.step()  # type: ignore[union-attr]
        scheduler = self.lr_schedulers()
        scheduler.step()  # type: ignore[union-attr, call-arg]
        pages = sum(len(part.page_ids) for part in batch)
        self.log("train/loss", total, prog_bar=True, on_step=True, batch_size=pages)
        self.ctc_too_long += sum(targets.too_long for targets in systems)
        if ctc_tokens:
            # Not by `log`, which would repeat it at the steps that have no system.
            for step_logger in self.loggers:
                step_logger.log_metrics({"train/loss_ctc": ctc_total}, step=self.trainer.global_step - 1)
        for name, rate in rates(optimizer).items():  # type: ignore[arg-type]
            self.log(f"train/{name}", rate, on_step=True)

    def _ctc_targets(self, batch: PageBatch, fitting: bool = True) -> CtcTargets:
        """What the CTC head reads of a batch; nothing where it is not trained."""
        if not self.ctc_weight:
            return CtcTargets((), (), 0)
        return ctc_targets(batch, self.model.config, self.ctc_on_pages, fitting)

    def _ctc_places(self, features: Tensor, batch: PageBatch, targets: CtcTargets) -> tuple[Tensor, Tensor]:
        """Log-probabilities and lengths of the CTC head for systems of a batch."""
        valid = self.model.valid_features(features, batch.image_sizes)
        return self.ctc_head(*features_of_systems(features, valid, targets.rows))

    def _ctc_loss_sum(self, features: Tensor, batch: PageBatch, targets: CtcTargets) -> Tensor:
        log_probabilities, lengths = self._ctc_places(features, batch, targets)
        return self.ctc_head.loss(log_probabilities, lengths, targets.targets).sum()

    @property
    def ctc_head(self) -> CtcHead:
        """The network's CTC head; only where `ctc_weight` is above 0."""
        assert self.model.ctc_head is not None
        return self.model.ctc_head

    def on_train_epoch_end(self) -> None:
        """Report the systems that CTC could not learn from."""
        if self.ctc_too_long:
            logger.warning("%d systems had more tokens than CTC has places for, in this epoch", self.ctc_too_long)
        self.ctc_too_long = 0

    def on_validation_epoch_start(self) -> None:
        """Forget the readings of the last validation."""
        self.error_rates.reset()
        self.token_errors.reset()
        self.ctc_token_errors.reset()
        self.page_results = []
        if self.grammar is None:
            self.grammar = self._build_grammar()

    def _build_grammar(self) -> TokenGrammar | None:
        """What readings may be, as inference has it; None where the vocabulary can write no text."""
        try:
            return build_token_grammar(self.codec)
        except KernError as error:
            logger.warning("pages are read without a grammar: %s", error)
            return None

    def validation_step(self, batch: Sequence[PageBatch], batch_index: int) -> None:
        """Teacher-forced loss, greedy readings of every page, and CTC readings of its systems."""
        # As inference reads, outside the number format of training: scores are those of the checkpoint.
        with torch.autocast(self.device.type, enabled=False):
            for part in batch:
                started = time.perf_counter()
                features = self.model.encode(part.images, part.image_sizes)
                encoding_seconds = time.perf_counter() - started
                tokens = int((part.labels != IGNORED_LABEL).sum())
                loss = self._loss_sum(features, part, part.decoder_input) / tokens
                self.log("val/loss", loss, on_epoch=True, batch_size=tokens, sync_dist=True)
                self._read(features, part, encoding_seconds)
                self._read_columns(features, part)

    def _read(self, features: Tensor, batch: PageBatch, encoding_seconds: float) -> None:
        started = time.perf_counter()
        reading = self.model.read_features(features, batch.image_sizes, self.max_decode_length, self.grammar)
        seconds = (encoding_seconds + time.perf_counter() - started) / len(batch.page_ids)
        ids = reading.ids.tolist()
        results = [
            page_result(page_id, kern, self.codec.decode(row), stop_reason, seconds)
            for page_id, kern, row, stop_reason in zip(
                batch.page_ids, batch.kerns, ids, reading.stop_reasons, strict=True
            )
        ]
        self.error_rates.update(result.counts for result in results)
        self.token_errors.update(
            [self.codec.body(row) for row in ids], [self.codec.body(row) for row in batch.labels.tolist()]
        )
        self.page_results += results

    def _read_columns(self, features: Tensor, batch: PageBatch) -> None:
        """Read systems by CTC alone; one whose text is too long for its columns counts as well."""
        targets = self._ctc_targets(batch, fitting=False)
        if not targets.rows:
            return
        paths = self.ctc_head.best_paths(*self._ctc_places(features, batch, targets))
        self.ctc_token_errors.update(paths, [target.tolist() for target in targets.targets])

    def on_validation_epoch_end(self) -> None:
        """Log every error rate over all pages."""
        for name, rate in self.error_rates.compute().items():
            # The adapter has added up over processes already.
            self.log(f"val/{name}", rate.float(), prog_bar=name == "ser", rank_zero_only=True)
        for name, percent in self.token_error_rates().items():
            self.log(f"val/{name}", percent, rank_zero_only=True)

    def token_error_rates(self) -> dict[str, float]:
        """Token errors of the last validation in percent: by the decoder, and of systems by CTC."""
        rates = {"token_error": float(self.token_errors.compute())}
        if self.ctc_token_errors.length:
            rates["token_error_ctc"] = float(self.ctc_token_errors.compute())
        return rates

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """AdamW, with its schedule over the whole run."""
        optimizer = self.optimization.optimizer(self.model.named_parameters())
        total_steps = int(self.trainer.estimated_stepping_batches)
        return {"optimizer": optimizer, "lr_scheduler": self.optimization.scheduler(optimizer, total_steps)}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Let a resumed optimizer take up this run's rates and decays.

        Raises:
            CheckpointError: If its groups of parameters are others.
        """
        if "optimizer_states" in checkpoint:  # not where it holds weights alone
            set_rates(checkpoint, self.optimization.groups(self.model.named_parameters()))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what inference needs, as plain values: no gin file and no class is needed to read it."""
        checkpoint[CHECKPOINT_KEY] = {"config": self.model.config.to_dict(), **self.provenance}


def _pretrained_weights(source: str) -> Weights:
    try:
        return read_weights(source)
    except CheckpointError as error:
        raise CheckpointError(
            f"FullPageTrainer.pretrained: {error}; train the weights first (config/system_level.gin), bind others, or "
            "give --load_pretrained False"
        ) from error
