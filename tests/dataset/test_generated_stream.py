"""The stream of generated pages: one order for any number of workers, ranks that share nothing, exact continuation."""

from __future__ import annotations

from itertools import islice

import pytest
from torch.utils.data import DataLoader

from jazzmus.dataset import generated_stream
from jazzmus.dataset.generated_stream import GeneratedPageStream
from jazzmus.errors import ConfigError
from jazzmus.synthesis.generated_pages import GeneratedPages
from jazzmus.synthesis.page_style import PageStyle

PAGES = GeneratedPages(PageStyle(systems=(1, 1)))
TWO_PAPERS = GeneratedPages(PageStyle(systems=(1, 1)), papers=2)


def seeds(
    count: int, workers: int = 0, batch_size: int = 2, pages: GeneratedPages = PAGES, **settings: int
) -> list[int]:
    stream = GeneratedPageStream(pages, batch_size, strips=True, **settings)
    loader = DataLoader(stream, batch_size=batch_size, num_workers=workers, collate_fn=list)
    return [page.seed for batch in islice(loader, count) for page in batch]


def test_the_order_does_not_depend_on_workers() -> None:
    assert seeds(3) == seeds(3, workers=2) == list(range(6))


def test_a_stream_goes_on_where_it_stopped() -> None:
    assert seeds(1) + seeds(2, workers=2, first=2) == seeds(3)


def test_ranks_share_no_page() -> None:
    by_rank = [seeds(2, rank=rank, ranks=3) for rank in range(3)]
    assert sorted(number for numbers in by_rank for number in numbers) == list(range(12))


@pytest.mark.parametrize("rank", [0, 1])
def test_a_block_of_pages_comes_back_on_new_paper(monkeypatch: pytest.MonkeyPatch, rank: int) -> None:
    monkeypatch.setattr(generated_stream, "BLOCK", 2)
    stream = GeneratedPageStream(TWO_PAPERS, 1, strips=True, rank=rank, ranks=2)
    pages = list(islice(stream, 6))
    places = [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (3, 0)]
    expected = [TWO_PAPERS.strip(2 * index + rank, paper) for index, paper in places]
    assert [page.seed for page in pages] == [page.seed for page in expected]
    assert [page.image.tobytes() for page in pages] == [page.image.tobytes() for page in expected]
    assert pages[0].image.tobytes() != pages[2].image.tobytes()
    assert pages[0].kern == pages[2].kern


def test_with_papers_the_order_is_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generated_stream, "BLOCK", 3)
    expected = [0, 1, 2, 0, 1, 2, 3, 4]
    assert seeds(4, pages=TWO_PAPERS) == seeds(4, workers=2, pages=TWO_PAPERS) == expected
    assert seeds(1, first=3, batch_size=3, pages=TWO_PAPERS) == expected[3:6]


@pytest.mark.parametrize("settings", [{"batch_size": 0}, {"first": -1}, {"rank": 2, "ranks": 2}])
def test_numbers_out_of_range_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(ConfigError):
        GeneratedPageStream(PAGES, **{"batch_size": 1, **settings})
