from __future__ import annotations

import pytest

from jazzmus.metrics.exactness import exact_page, exact_systems, system_texts

A, B, C = "**kern\n=\n4c\n", "=\n4d\n", "=\n4e\n*-\n"
BREAK = "!!linebreak:original\n"


def test_systems_are_cut_at_linebreaks_and_empty_ones_are_none() -> None:
    assert system_texts(A + BREAK + B + BREAK + BREAK + C + BREAK) == [A.strip(), B.strip(), C.strip()]
    assert system_texts("") == system_texts(BREAK) == []
    assert system_texts("4c !!linebreak") == ["4c !!linebreak"]


@pytest.mark.parametrize(
    ("prediction", "exact"),
    [
        ([A, B, C], 3),
        ([A, C], 2),
        ([A, A, B, C], 3),
        ([A, B.replace("4d", "4f"), C], 2),
        ([A, B + C], 1),
        ([C, B, A], 1),
        ([], 0),
    ],
)
def test_exact_systems(prediction: list[str], exact: int) -> None:
    assert exact_systems(BREAK.join(prediction), BREAK.join([A, B, C])) == (exact, 3)


def test_exact_page() -> None:
    assert exact_page(A, A) == (1, 1)
    assert exact_page(A, A + BREAK) == (0, 1)
    assert exact_page("", A) == (0, 1)
