"""First and second endings for the drawing of a text: the dialect's texts have none, the pages do.

Knows rows and barlines only.
"""

from __future__ import annotations

import numpy as np

from jazzmus.kern.document import RowKind, row_kind, split_lines

REPEAT_END = "=:|!"
LENGTHS = ((1, 1), (1, 2), (2, 2))  # bars of the first and the second ending
LEAST_BARS = 2  # of the repeated part before a first ending


def with_endings(kern: str, rng: np.random.Generator, chance: float) -> str:
    """Label endings around the ends of repeats as `score_elements` reads them: `*>1`, `*>2`, and `*>` where one ends.

    Args:
        kern: A text without such labels.
        rng: Source of chance.
        chance: Probability of endings at each repeat that music follows.

    Returns:
        A text for drawing only; what is to be read from the page has no endings.
    """
    lines = split_lines(kern)
    barlines = [index for index, line in enumerate(lines) if row_kind(line) is RowKind.BARLINE]
    labels: dict[int, str] = {}
    for at, index in enumerate(barlines):
        if not lines[index].startswith(REPEAT_END) or rng.random() >= chance:
            continue
        first, second = LENGTHS[int(rng.integers(len(LENGTHS)))]
        following = barlines[at : at + second + 1]
        before = barlines[max(0, at - first - LEAST_BARS) : at]
        plain = all(lines[line].split("\t")[0] == "=" for line in [*before, *following[1:]])
        if len(before) < first + LEAST_BARS or len(following) <= second or not plain:
            continue
        labels |= {barlines[at - first]: "*>1", index: "*>2", following[second]: "*>end"}
    rows = []
    for index, line in enumerate(lines):
        rows.append(line)
        if index in labels:
            rows.append("\t".join([labels[index]] * len(line.split("\t"))))
    return "\n".join([*rows, ""])
