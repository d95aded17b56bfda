"""The health check of the whole path: a few real handwritten pages are learnt by heart."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MINUTES = 36.0


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_four_handwritten_pages_are_learnt_by_heart(shared: Path, tmp_path: Path) -> None:
    prepare = [sys.executable, ROOT / "data_prep.py", "--dataset_name", shared / "jazzmus" / "handwritten"]
    subprocess.run([*prepare, "--output_name", "four", "--data_root", tmp_path, "--max_images", "4"], check=True)
    configs = [f"config/{name}.gin" for name in ("full_page_no_pretrained", "base/tiny", "ablations/overfit")]
    bindings = {
        "FullPageDataModule.data_path": repr(str(tmp_path / "four")),
        "experiment.max_minutes": repr(MINUTES),
    }
    subprocess.run(
        [
            *(sys.executable, ROOT / "train_full_page.py", "--config", *(ROOT / config for config in configs)),
            *("--output_dir", tmp_path / "overfit"),
            *(part for key, value in bindings.items() for part in ("--gin", f"{key}={value}")),
        ],
        check=True,
        cwd=tmp_path,
    )
    scores = json.loads((tmp_path / "overfit" / "scores.json").read_text())
    assert scores["ser"] < 2.0
