"""The stream of generated pages: one order for any number of workers, ranks that share nothing, exact continuation."""

from __future__ import annotations

from itertools import islice

import pytest
from torch.utils.data import DataLoader

from jazzmus.dataset.generated_stream import GeneratedPageStream
from jazzmus.errors import ConfigError
from jazzmus.synthesis.generated_pages import GeneratedPages
from jazzmus.synthesis.page_style import PageStyle

PAGES = GeneratedPages(PageStyle(systems=(1, 1)))


def seeds(count: int, workers: int = 0, batch_size: int = 2, **settings: int) -> list[int]:
    stream = GeneratedPageStream(PAGES, batch_size, strips=True, **settings)
    loader = DataLoader(stream, batch_size=batch_size, num_workers=workers, collate_fn=list)
    return [page.seed for batch in islice(loader, count) for page in batch]


def test_the_order_does_not_depend_on_workers() -> None:
    assert seeds(3) == seeds(3, workers=2) == list(range(6))


def test_a_stream_goes_on_where_it_stopped() -> None:
    assert seeds(1) + seeds(2, workers=2, first=2) == seeds(3)


def test_ranks_share_no_page() -> None:
    by_rank = [seeds(2, rank=rank, ranks=3) for rank in range(3)]
    assert sorted(number for numbers in by_rank for number in numbers) == list(range(12))


@pytest.mark.parametrize("settings", [{"batch_size": 0}, {"first": -1}, {"rank": 2, "ranks": 2}])
def test_numbers_out_of_range_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(ConfigError):
        GeneratedPageStream(PAGES, **{"batch_size": 1, **settings})
