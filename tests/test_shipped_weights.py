"""The weights that come with the repository: complete, small, and able to read."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from jazzmus.config import build, clear_config, load_config
from jazzmus.kern.document import parse_kern
from jazzmus.kern.systems import count_systems
from jazzmus.metrics.report import page_result, score_counts
from jazzmus.synthesis.generated_pages import GeneratedPages
from jazzmus.utils.inference_utils import SHIPPED_WEIGHTS, load_recognizer

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES, LARGEST_FILE = 12_000_000, 16_000_000


@pytest.fixture(scope="module")
def pages() -> GeneratedPages:
    load_config([ROOT / "config" / "pages" / "procedural.gin"])
    try:
        return build(GeneratedPages)
    finally:
        clear_config()


def test_the_folder_is_complete_and_small() -> None:
    sums = (SHIPPED_WEIGHTS / "SHA256SUMS").read_text().split()
    files = dict(zip(sums[1::2], sums[::2], strict=True))
    assert {"README.md", "config.json", "model.safetensors"} <= files.keys()
    for name, digest in files.items():
        assert hashlib.sha256((SHIPPED_WEIGHTS / name).read_bytes()).hexdigest() == digest
    sizes = [(SHIPPED_WEIGHTS / name).stat().st_size for name in files]
    assert sum(sizes) < MOST_BYTES
    assert max(sizes) < LARGEST_FILE


def test_the_card_says_what_they_are_and_whose_pages_they_have_seen() -> None:
    card = (SHIPPED_WEIGHTS / "README.md").read_text()
    assert card.startswith("---\nlicense: cc-by-nc-4.0\n")
    for part in ("pages of JAZZMUS", "protocol `clean`", "95 % interval", "of the split `val`"):
        assert part in card


def test_generated_pages_are_read_far_better_than_by_chance(pages: GeneratedPages) -> None:
    reader = load_recognizer(SHIPPED_WEIGHTS)
    drawn = [pages.page(number, systems=3) for number in (11, 12, 13)]
    readings = reader.read_batch([page.image.convert("L") for page in drawn])
    results = [
        page_result("", page.kern, reading.kern, reading.stop_reason, 0.0)
        for page, reading in zip(drawn, readings, strict=True)
    ]
    assert score_counts([result.counts for result in results])["ser"] < 35


def test_a_page_is_read_by_one_command_without_anything_else(pages: GeneratedPages, tmp_path: Path) -> None:
    page = pages.page(14, systems=2)
    page.image.save(tmp_path / "page.png")
    command = [sys.executable, ROOT / "inference.py", "--image", "page.png", "--output", "page.krn"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=300)
    kern = (tmp_path / "page.krn").read_text()
    parse_kern(kern)
    assert count_systems(kern) == 2
