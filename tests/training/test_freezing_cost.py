"""What freezing saves is measured on real steps, both ways on the same pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_runs import CONFIG, ROOT, TINY, build

from jazzmus.errors import ConfigError
from jazzmus.training.cost import machine
from jazzmus.training.freezing_cost import WARM_UP, Cost, main, measure, table


def test_a_frozen_part_has_no_state_and_is_not_counted(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    costs, runs = [], []
    for frozen in ("()", "('encoder.*',)"):
        run = build(small_data, f"FullPageTrainer.frozen = {frozen}", "FullPageTrainer.ctc_weight = 0.0")
        costs.append(measure(run, 2))
        assert run.module.trainer.global_step == WARM_UP + 2
        runs.append(run.module.model)
    trained, frozen = costs
    encoder = sum(parameter.numel() for parameter in runs[0].encoder.parameters())
    assert trained.trained - frozen.trained == encoder
    # Two moments of four bytes each, and a count of steps for each tensor.
    tensors = len(list(runs[0].encoder.parameters()))
    assert trained.state_bytes - frozen.state_bytes == 8 * encoder + 4 * tensors
    for cost in costs:
        assert cost.steps_a_second > 0
        assert cost.processor_seconds > 0
        assert cost.peak_bytes >= cost.start_bytes > 2**20
    assert not list(tmp_path.glob("weights*")), "no run is written"


def test_the_table_has_both_and_their_ratios() -> None:
    trained = Cost(2_000_000, 2.0, 2.5, 600 * 10**6, 1600 * 10**6, 16 * 10**6)
    frozen = Cost(1_000_000, 3.0, 5.0, 600 * 10**6, 1100 * 10**6, 8 * 10**6)
    lines = table(trained, frozen, ["encoder.*", "decoder.layers.0.*"]).splitlines()
    assert lines[2] == "| everything trained | 2.000 M | 2.000 | 2.500 | 1600 MB | 1000 MB | 16.00 MB |"
    assert lines[3].startswith("| `encoder.*`, `decoder.layers.0.*` frozen | 1.000 M | 3.000 | 5.000 |")
    assert lines[4] == "| frozen over trained | 0.50 | 1.50 | 2.00 | 0.69 | 0.50 | 0.50 |"


def test_each_way_is_a_process_of_its_own(
    small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "small.gin").write_text(TINY)
    words = ["--config", str(CONFIG), "small.gin", "--gin", f"FullPageDataModule.data_path={str(small_data)!r}"]
    assert main([*words, "--steps", "1"]) == 0
    printed = capfd.readouterr().out
    assert f"{machine()}. Memory is that of the main process" in printed
    lines = [line for line in printed.splitlines() if line.startswith("|")]
    assert len(lines) == 5
    assert "`encoder.*` frozen" in lines[3]


def test_nothing_is_measured_in_no_steps() -> None:
    with pytest.raises(ConfigError, match="--steps"):
        main(["--config", "x.gin", "--steps", "0"])
