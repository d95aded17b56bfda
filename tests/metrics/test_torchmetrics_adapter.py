from __future__ import annotations

import pytest
import torch

from jazzmus.metrics import score_pages
from jazzmus.metrics.report import METRICS, count_edits
from jazzmus.metrics.torchmetrics_adapter import TokenErrorRate, TranscriptionErrorRates
from jazzmus.metrics.transcription import EditCount

PAGE = "**kern\t**mxhm\n=\t=\n4c\tC:7\n4d\t.\n*-\t*-\n"
PREDICTIONS = [PAGE * 5, "", PAGE.replace("4c", "4cc").replace("C:7", "D:7")]
REFERENCES = [PAGE, PAGE * 2, PAGE * 3]


def counts(predictions: list[str], references: list[str]) -> list[dict[str, EditCount]]:
    return [count_edits(*pair) for pair in zip(predictions, references, strict=True)]


def rates(metric: TranscriptionErrorRates) -> dict[str, float]:
    return {name: value.item() for name, value in metric.compute().items()}


def test_batches_add_up_to_the_score_of_all_pages() -> None:
    metric = TranscriptionErrorRates()
    metric.update(counts(PREDICTIONS[:1], REFERENCES[:1]))
    metric.update(counts(PREDICTIONS[1:], REFERENCES[1:]))
    assert rates(metric) == score_pages(PREDICTIONS, REFERENCES)
    assert all(value.dtype == torch.float64 for value in metric.compute().values())
    assert metric.edits.dtype == metric.lengths.dtype == torch.int64


def test_processes_with_unequal_shares_add_up_to_the_score_of_all_pages() -> None:
    here, there = TranscriptionErrorRates(), TranscriptionErrorRates()
    here.update(counts(PREDICTIONS[:1], REFERENCES[:1]))
    there.update(counts(PREDICTIONS[1:], REFERENCES[1:]))
    states = iter((there.edits, there.lengths))
    here.distributed_available_fn = lambda: True
    here.dist_sync_fn = lambda state, group=None: [state, next(states)]
    assert rates(here) == score_pages(PREDICTIONS, REFERENCES)
    average = {name: (score_pages(PREDICTIONS[:1], REFERENCES[:1])[name] + rates(there)[name]) / 2 for name in METRICS}
    assert average != score_pages(PREDICTIONS, REFERENCES)


def test_a_rate_over_100_is_not_capped_and_reset_forgets() -> None:
    metric = TranscriptionErrorRates()
    metric.update(counts(PREDICTIONS[:1], REFERENCES[:1]))
    assert rates(metric)["cer"] == pytest.approx(400.0)
    metric.reset()
    metric.update(counts([PAGE], [PAGE]))
    assert rates(metric) == score_pages([PAGE], [PAGE])


def test_token_errors_are_edits_over_the_length_of_all_texts() -> None:
    rate = TokenErrorRate()
    rate.update([[5, 6, 7], []], [[5, 7], [8, 9]])
    rate.update([[4] * 6], [[4]])
    assert float(rate.compute()) == pytest.approx(100 * (1 + 2 + 5) / (2 + 2 + 1))
    rate.reset()
    rate.update([[4]], [[4]])
    assert float(rate.compute()) == 0.0
