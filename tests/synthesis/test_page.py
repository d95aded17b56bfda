"""Whole pages: exact boxes, and one page for one seed in every process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from jazzmus.errors import ConfigError
from jazzmus.kern.document import parse_kern
from jazzmus.kern.systems import count_systems
from jazzmus.synthesis.page import PageStyle, make_page

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("systems", range(1, 9))
def test_boxes_hold_all_ink_and_do_not_overlap(systems: int) -> None:
    style = PageStyle(
        systems=(systems, systems), width=(700, 700), ink=(0, 0), paper=(255, 255), blur=(0.0, 0.0), noise=(0.0, 0.0)
    )
    page = make_page(100 + systems, style)
    parse_kern(page.kern)
    assert len(page.system_boxes) == systems == count_systems(page.kern)
    ink = np.asarray(page.image) < 230
    assert page.image.mode == "L"
    for box in page.system_boxes:
        assert 0 <= box.from_x < box.to_x <= page.image.width
        assert 0 <= box.from_y < box.to_y <= page.image.height
        inside = ink[box.from_y : box.to_y, box.from_x : box.to_x]
        # A staff runs from side to side, and something stands at both ends of the box's height.
        assert inside.any(axis=0).mean() > 0.9
        assert inside[: len(inside) // 5].any()
        assert inside[-len(inside) // 5 :].any()
        ink[box.from_y - 1 : box.to_y + 1, box.from_x - 1 : box.to_x + 1] = False
    assert not ink.any()
    for above, below in pairwise(page.system_boxes):
        assert above.to_y <= below.from_y


def test_one_seed_gives_one_page_in_any_process() -> None:
    program = (
        "import hashlib; from jazzmus.synthesis.page import PageStyle, make_page; "
        "pages = [make_page(seed, PageStyle.simple()) for seed in (5, 6)]; "
        "print(hashlib.sha256(pages[1].image.tobytes() + pages[1].kern.encode()).hexdigest())"
    )
    digests = set()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        run = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, check=True, text=True
        )
        digests.add(run.stdout.strip())
    page = make_page(6, PageStyle.simple())
    digests.add(hashlib.sha256(page.image.tobytes() + page.kern.encode()).hexdigest())
    assert len(digests) == 1
    assert page.image.tobytes() != make_page(7, PageStyle.simple()).image.tobytes()


def test_the_paper_covers_tall_and_short_pages() -> None:
    short = make_page(1, PageStyle(systems=(1, 1), aspect=(1.4, 1.4), width=(500, 500)))
    assert short.image.size == (500, 700)
    tall = make_page(1, PageStyle(systems=(8, 8), aspect=(0.1, 0.1), width=(500, 500)))
    assert tall.image.height > tall.system_boxes[-1].to_y


def test_wrong_styles_are_refused() -> None:
    with pytest.raises(ConfigError, match="systems"):
        PageStyle(systems=(0, 3))
    with pytest.raises(ConfigError, match="systems"):
        PageStyle(systems=(1, 41))
    with pytest.raises(ConfigError, match="Comic"):
        PageStyle(music_fonts=("Comic",))
