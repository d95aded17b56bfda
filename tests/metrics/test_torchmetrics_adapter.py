from __future__ import annotations

import pytest
import torch

from jazzmus.metrics import score_pages
from jazzmus.metrics.report import METRICS
from jazzmus.metrics.torchmetrics_adapter import TranscriptionErrorRates

PAGE = "**kern\t**mxhm\n=\t=\n4c\tC:7\n4d\t.\n*-\t*-\n"
PREDICTIONS = [PAGE * 5, "", PAGE.replace("4c", "4cc").replace("C:7", "D:7")]
REFERENCES = [PAGE, PAGE * 2, PAGE * 3]


def rates(metric: TranscriptionErrorRates) -> dict[str, float]:
    return {name: value.item() for name, value in metric.compute().items()}


def test_batches_add_up_to_the_score_of_all_pages() -> None:
    metric = TranscriptionErrorRates()
    metric.update(PREDICTIONS[:1], REFERENCES[:1])
    metric.update(PREDICTIONS[1:], REFERENCES[1:])
    assert rates(metric) == score_pages(PREDICTIONS, REFERENCES)
    assert all(value.dtype == torch.float64 for value in metric.compute().values())
    assert metric.edits.dtype == metric.lengths.dtype == torch.int64


def test_processes_with_unequal_shares_add_up_to_the_score_of_all_pages() -> None:
    here, there = TranscriptionErrorRates(), TranscriptionErrorRates()
    here.update(PREDICTIONS[:1], REFERENCES[:1])
    there.update(PREDICTIONS[1:], REFERENCES[1:])
    states = iter((there.edits, there.lengths))
    here.distributed_available_fn = lambda: True
    here.dist_sync_fn = lambda state, group=None: [state, next(states)]
    assert rates(here) == score_pages(PREDICTIONS, REFERENCES)
    average = {name: (score_pages(PREDICTIONS[:1], REFERENCES[:1])[name] + rates(there)[name]) / 2 for name in METRICS}
    assert average != score_pages(PREDICTIONS, REFERENCES)


def test_a_rate_over_100_is_not_capped_and_reset_forgets() -> None:
    metric = TranscriptionErrorRates()
    metric.update(PREDICTIONS[:1], REFERENCES[:1])
    assert rates(metric)["cer"] == pytest.approx(400.0)
    metric.reset()
    metric.update([PAGE], [PAGE])
    assert rates(metric) == dict.fromkeys(METRICS, 0.0)


def test_lists_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="1 predictions for 0 references"):
        TranscriptionErrorRates().update([""], [])
