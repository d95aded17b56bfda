"""Endings are drawn where repeats allow them, and change nothing of what is to be read."""

from __future__ import annotations

import numpy as np

from jazzmus.synthesis.element_check import check_elements
from jazzmus.synthesis.endings import with_endings
from jazzmus.synthesis.score_elements import score_elements

BARS = ["=!|:", "=", "=", "=", "=:|!", "=", "=", "="]
TUNE = "\n".join(
    ["**kern\t**mxhm", "*clefG2\t*", "*k[]\t*", "*M4/4\t*"]
    + [f"{bar}\t{bar}\n1{note}\t{note.upper()}:7" for bar, note in zip(BARS, "cdefgabc", strict=True)]
    + ["==\t==", "*-\t*-", ""]
)  # fmt: skip


def voltas(kern: str) -> list[str]:
    elements = [element for system in score_elements(kern, 80.0) for element in system.elements]
    return [element.what for element in elements if element.kind == "volta"]


def test_a_repeat_gets_both_endings_and_the_text_stays() -> None:
    drawn = with_endings(TUNE, np.random.default_rng(0), 1.0)
    assert [what.strip("|") for what in voltas(drawn)] == ["1", "2"]
    assert [line for line in drawn.splitlines() if not line.startswith("*>")] == TUNE.splitlines()
    check_elements(TUNE, score_elements(drawn, 80.0))


def test_no_endings_without_chance_repeat_or_room() -> None:
    rng = np.random.default_rng(0)
    assert with_endings(TUNE, rng, 0.0) == TUNE
    assert with_endings(TUNE.replace("=:|!", "="), rng, 1.0).count("*>") == 0
    short = TUNE.replace("=!|:\t=!|:\n1c\tC:7\n=\t=\n1d\tD:7\n", "=!|:\t=!|:\n")
    assert with_endings(short, rng, 1.0) == short
