"""Generated pages as an endless stream for any PyTorch DataLoader.

The data module of this project plans whole epochs instead, so that generated and real pages mix; this is for other
trainers. Knows numbers of pages, not how they are made.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch.utils.data import IterableDataset, get_worker_info

from jazzmus.errors import ConfigError
from jazzmus.synthesis.generated_pages import GeneratedPages
from jazzmus.synthesis.page import SyntheticPage

BLOCK = 1000  # pages of a rank between two papers of one of them


class GeneratedPageStream(IterableDataset[SyntheticPage]):
    """Pages 0, 1, ... in this order, whatever the number of workers; each is made by one of them.

    Where `GeneratedPages.papers` is more than one, each block of 1000 pages is passed over as many times, every time on
    the next paper, before the next block begins: `GeneratedPages.cache` then saves most of the drawing.

    To go on where a run stopped, make it again with `first` moved on by the pages that were consumed on this rank.

    Args:
        pages: Makes pages.
        batch_size: That of the DataLoader, whose workers each make whole batches.
        first: Place in the stream of the first page.
        strips: Single systems instead of pages.
        rank: Of this process among `ranks`; no two make the same page.
        ranks: Number of processes that train together.

    Raises:
        ConfigError: A number is out of range.
    """

    def __init__(
        self,
        pages: GeneratedPages,
        batch_size: int,
        first: int = 0,
        strips: bool = False,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        if batch_size < 1 or first < 0 or not 0 <= rank < ranks:
            raise ConfigError(f"a stream of batches of {batch_size} from {first}, rank {rank} of {ranks}: too small")
        self.pages = pages
        self.batch_size = batch_size
        self.first = first
        self.strips = strips
        self.rank = rank
        self.ranks = ranks

    def __iter__(self) -> Iterator[SyntheticPage]:
        worker = get_worker_info()
        batch, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        while True:
            for place in range(self.first + batch * self.batch_size, self.first + (batch + 1) * self.batch_size):
                yield self._page(place)
            batch += workers

    def _page(self, place: int) -> SyntheticPage:
        blocks, place_in_block = divmod(place, BLOCK * self.pages.papers)
        paper, index = divmod(place_in_block, BLOCK)
        number = (blocks * BLOCK + index) * self.ranks + self.rank
        return self.pages.strip(number, paper) if self.strips else self.pages.page(number, paper=paper)
