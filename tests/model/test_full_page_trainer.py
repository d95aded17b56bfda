from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from lightning.pytorch import Callback, LightningModule, Trainer
from networks import TOKENS, random_page, tiny_config
from torch import Tensor
from torch.utils.data import DataLoader

from jazzmus.dataset.batch import IGNORED_LABEL, PageBatch, PageSample, SystemTarget, make_batch
from jazzmus.errors import ConfigError
from jazzmus.kern.codec import TextCodec
from jazzmus.kern.vocabulary import Vocabulary
from jazzmus.model.full_page_trainer import FullPageTrainer
from jazzmus.model.optim import Optimization

PLAIN = {"warmup_steps": 0, "schedule": "constant", "clip_norm": None, "weight_decay": 0.0}


def module_of(config: dict[str, Any] | None = None, lr: float = 1e-3, **arguments: Any) -> FullPageTrainer:
    torch.manual_seed(0)
    values: dict[str, Any] = {"teacher_forcing_noise": 0.0}
    return FullPageTrainer(tiny_config(**(config or {})), Optimization(lr=lr, **PLAIN), **(values | arguments))


def sample(number: int, height: int = 32, length: int = 5) -> PageSample:
    generator = torch.Generator().manual_seed(number)
    body = torch.randint(4, len(TOKENS), (length,), generator=generator)
    ids = torch.cat((torch.tensor([1]), body, torch.tensor([2])))
    systems = (SystemTarget(0, height, tuple(body.tolist())),)
    return PageSample(f"page{number}", random_page(height, 48, number), ids, "**kern\n4c\n*-\n", systems)


def page_of_two(number: int, height: int = 64) -> PageSample:
    """A page of two systems, one above the other."""
    body, half = sample(number, height, length=6), height // 2
    ids = body.systems[0].ids
    kern = "**kern\n=\n4c\n!!linebreak:original\n=\n4d\n=\n*-\n"
    return body._replace(kern=kern, systems=(SystemTarget(0, half, ids[:3]), SystemTarget(half, height, ids[3:])))


class Steps(Callback):
    """Keeps the gradients of each optimizer step."""

    def __init__(self) -> None:
        self.gradients: list[dict[str, Tensor | None]] = []

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: object) -> None:
        self.gradients.append(
            {name: None if p.grad is None else p.grad.clone() for name, p in pl_module.model.named_parameters()}
        )


def fit(module: FullPageTrainer, batch: Sequence[PageBatch], steps: int = 1) -> list[dict[str, Tensor | None]]:
    recorded = Steps()
    trainer = Trainer(
        max_epochs=1, logger=False, enable_checkpointing=False, enable_progress_bar=False, accelerator="cpu",
        callbacks=[recorded], enable_model_summary=False,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer.fit(module, DataLoader([list(batch)] * steps, batch_size=None))
    return recorded.gradients


@pytest.mark.parametrize("ctc_weight", [0.0, 0.3])
def test_micro_batches_give_the_gradient_of_one_batch(ctc_weight: float) -> None:
    samples = [sample(1, 64, 9), sample(2, 32, 3), page_of_two(3, 48)]
    config, arguments = {"ctc_outputs": 6 if ctc_weight else 0}, {"ctc_weight": ctc_weight}
    whole = fit(module_of(config, **arguments), [make_batch(samples, 0, 16)])
    parts = fit(module_of(config, **arguments), [make_batch(samples[:1], 0, 16), make_batch(samples[1:], 0, 16)])
    assert len(whole) == len(parts) == 1
    for name, gradient in whole[0].items():
        torch.testing.assert_close(gradient, parts[0][name], atol=1e-6, rtol=1e-4, msg=name)


def test_gradients_are_clipped_over_all_parts() -> None:
    module = module_of()
    module.optimization.clip_norm = 1e-3
    (gradients,) = fit(module, [make_batch([sample(1)], 0, 16), make_batch([sample(2)], 0, 16)])
    norm = torch.stack([g.norm() for g in gradients.values() if g is not None]).norm()
    assert float(norm) == pytest.approx(1e-3, rel=1e-3)


def test_an_encoder_that_is_not_frozen_learns() -> None:
    (gradients,) = fit(module_of(), [make_batch([sample(1)], 0, 16)])
    assert all(gradient is not None for gradient in gradients.values())


def test_noise_replaces_ordinary_ids_by_ordinary_ids() -> None:
    module = module_of(teacher_forcing_noise=0.5)
    ids = torch.arange(len(TOKENS)).repeat(400, 1)
    noisy = module._with_noise(ids)
    assert torch.equal(noisy[:, :4], ids[:, :4]), "<pad>, <bos>, <eos> and <unk> stay"
    assert int(noisy[:, 4:].min()) >= 4
    changed = (noisy != ids)[:, 4:].float().mean()
    ordinary = len(TOKENS) - 4
    assert float(changed) == pytest.approx(0.5 * (ordinary - 1) / ordinary, abs=0.05)
    assert module_of(teacher_forcing_noise=0.0)._with_noise(ids) is ids


def test_noise_is_for_training_only(monkeypatch: pytest.MonkeyPatch) -> None:
    module = module_of(teacher_forcing_noise=0.9)
    calls: list[Tensor] = []
    monkeypatch.setattr(module, "_with_noise", lambda ids: calls.append(ids) or ids)
    monkeypatch.setattr(module, "log", lambda *args, **kwargs: None)
    module.eval()
    with torch.inference_mode():
        module.validation_step([make_batch([sample(1)], 0, 16)], 0)
    assert not calls
    fit(module.train(), [make_batch([sample(1)], 0, 16)])
    assert len(calls) == 1


def test_loss_ignores_padding() -> None:
    module = module_of().eval()
    short, long = sample(1, length=3), sample(2, length=12)
    together = make_batch([short, long], 0, 16)
    assert int((together.labels == IGNORED_LABEL).sum()) == 9
    with torch.no_grad():
        both = module._loss_sum(module._features(together), together, together.decoder_input)
        alone = sum(
            module._loss_sum(module._features(batch), batch, batch.decoder_input)
            for batch in (make_batch([short], 0, 16), make_batch([long], 0, 16))
        )
    torch.testing.assert_close(both, alone, atol=1e-4, rtol=0)


def test_label_smoothing_spreads_over_all_tokens() -> None:
    module = module_of().eval()
    batch = make_batch([sample(1)], 0, 16)
    with torch.no_grad():
        log_probs = module(batch)[0].log_softmax(-1)
        plain, smooth = (
            module._loss_sum(module._features(batch), batch, batch.decoder_input, share) for share in (0.0, 0.2)
        )
    labels = batch.labels[0]
    torch.testing.assert_close(plain, F.nll_loss(log_probs, labels, reduction="sum"))
    torch.testing.assert_close(smooth, 0.8 * plain - 0.2 * log_probs.mean(-1).sum(), atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"label_smoothing": 1.0}, "label_smoothing"),
        ({"teacher_forcing_noise": -0.1}, "teacher_forcing_noise"),
        ({"load_pretrained": True}, "FullPageTrainer.pretrained names no weights"),
        ({"config": {"tokenizer": None}}, "tokenizer"),
        ({"ctc_weight": 0.3}, "needs SMTConfig.ctc_outputs above 0"),
        ({"ctc_weight": -1.0, "config": {"ctc_outputs": 2}}, "ctc_weight must not be negative"),
    ],
)
def test_values_that_do_not_fit(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        module_of(**arguments)


def test_one_page_is_learnt_by_heart() -> None:
    kern = "**kern\n*clefG2\n=1\n4c\n8d\n8e\n4cc#\n=2\n2r\n4B-\n==\n*-\n"
    tokenizer = TextCodec.from_names("medium", TOKENS, "source").tokenizer
    vocabulary = Vocabulary.build([tokenizer.encode(kern)])
    codec = TextCodec(tokenizer, vocabulary)
    page = random_page(48, 64, 5)
    ids = torch.tensor(codec.encode(kern))
    batch = make_batch([PageSample("page", page, ids, kern)], vocabulary.pad_id, 16)
    config = {"tokens": list(vocabulary.tokens), "vocab_size": len(vocabulary), "max_sequence_length": 80}
    module = module_of(config, lr=3e-3)
    fit(module, [batch], steps=200)
    module.eval()
    with torch.no_grad():
        assert float(module._loss_sum(module._features(batch), batch, batch.decoder_input)) / len(ids) < 0.02
    reading = module.model.read(batch.images, batch.image_sizes)
    assert reading.stop_reasons == ("eos",)
    assert codec.decode(reading.ids[0].tolist()) == codec.decode(ids.tolist())


def test_ctc_learns_from_systems_that_are_known(caplog: pytest.LogCaptureFixture) -> None:
    system, page, unknown = sample(1), page_of_two(2), sample(4)._replace(systems=())
    head = "ctc_head.output.weight"

    def gradient(*samples: PageSample, **arguments: Any) -> Tensor | None:
        module = module_of({"ctc_outputs": 4}, ctc_weight=0.3, **arguments)
        return fit(module, [make_batch(samples, 0, 16)])[0][head]

    for known in (system, page):
        found = gradient(known, unknown)
        assert found is not None
        assert float(found.norm()) > 0
    assert gradient(unknown) is None
    assert gradient(page, ctc_on_pages=False) is None
    assert gradient(page, system, ctc_on_pages=False) is not None
    assert "systems had more tokens" not in caplog.text
    gradient(sample(3, length=40), page)
    assert "1 systems had more tokens than CTC has places for" in caplog.text


@pytest.mark.parametrize("page", [sample(1, length=6), page_of_two(1)], ids=["one system", "two systems"])
def test_systems_are_read_by_ctc_once_they_are_learnt(page: PageSample) -> None:
    batch = make_batch([page], 0, 16)
    module = module_of({"ctc_outputs": 4, "encoder": "resnet"}, lr=3e-3, ctc_weight=1.0)
    fit(module, [batch], steps=60)
    trainer = Trainer(logger=False, enable_checkpointing=False, enable_progress_bar=False, accelerator="cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (figures,) = trainer.validate(module, DataLoader([[batch]], batch_size=None), verbose=False)
    assert figures["val/token_error_ctc"] == 0.0
    assert figures["val/token_error"] == 0.0
