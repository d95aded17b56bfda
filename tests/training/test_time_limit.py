from __future__ import annotations

from types import SimpleNamespace

import pytest

from jazzmus.training.callbacks import TimeLimit


def test_validations_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("jazzmus.training.callbacks.time.monotonic", lambda: now[0])
    limit, trainer = TimeLimit(1.0), SimpleNamespace(should_stop=False, check_val_every_n_epoch=5)

    def at(second: float, hook: str) -> bool:
        now[0] = second
        getattr(limit, hook)(trainer, None)
        return trainer.should_stop

    at(1000, "on_train_start")
    at(1010, "on_validation_start")
    at(1100, "on_validation_end")
    assert not at(1149, "on_train_batch_end")
    assert at(1151, "on_train_batch_end")
    assert trainer.check_val_every_n_epoch == 1
