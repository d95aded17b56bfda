"""Which pages an optimizer step shows: sources by ratio, pieces evenly, systems by stage, similar sizes together.

A pure function of seed, epoch and stage: the plan of an epoch is the same in any process, and workers only carry it
out. Knows no images, no tensors and no trainer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, TypeVar

import numpy as np
from torch.utils.data import Sampler

from jazzmus.dataset.curriculum import Stage
from jazzmus.dataset.full_page_dataset import GENERATED, GeneratedRequest, Page, PageRequest
from jazzmus.dataset.page_transform import PageTransform, strip_area, system_rows
from jazzmus.errors import DataError

Unit = Literal["page", "system"]
Sampling = Literal["piece", "page"]
Item = TypeVar("Item")
Request = PageRequest | GeneratedRequest

# Batches are cut from a pool of this many, sorted by height: little padding, and still a mix of pieces.
BATCHES_A_POOL = 8

# Generated pages of one epoch, and epochs of one seed: what keeps the numbers of all of them apart.
NUMBERS = 1_000_000
# Height over width of a generated strip, of a page, and of a page that is cut: its head, and each of its systems.
# All of them roughly: batches are planned before pages are drawn.
STRIP_ASPECT, PAGE_ASPECT, HEAD_ASPECT, CUT_ASPECT = 0.16, 1.414, 0.12, 0.12


class PagePlanner:
    """Draws what one epoch shows.

    Args:
        pages: Training pages of all sources.
        unit: `page` shows pages (cut by the stage), `system` one system at a time, cut by its box.
        sampling: `piece` draws a piece first and then one of its copies; `page` shows each page equally often.
        mix: Share of each source; None draws from all pages as if they were one source. A stage's mix goes before.
        draws: Pages (or systems) an epoch; the number there is when None.
        seed: Seed of every draw.
        generated: Fewest and most systems of pages that are drawn on demand, where no stage says otherwise; None:
            there is no such source.
        papers: For how many epochs a drawn page comes back, each time on new paper.
    """

    def __init__(
        self,
        pages: Sequence[Page],
        unit: Unit,
        sampling: Sampling,
        mix: Mapping[str, float] | None,
        draws: int | None,
        seed: int,
        generated: tuple[int, int] | None = None,
        papers: int = 1,
    ) -> None:
        self.pages = pages
        self.unit = unit
        self.sampling = sampling
        self.mix = mix
        self.seed = seed
        self.generated = generated
        self.papers = papers
        self.draws = draws if draws is not None else len(all_requests(pages, unit))

    def plan(self, epoch: int, stage: Stage | None) -> list[Request]:
        """The requests of an epoch, each with a seed for its augmentation, in the order they were drawn.

        Raises:
            DataError: If a source of the mix has no page that the stage can show.
        """
        generator = np.random.default_rng([self.seed, epoch])
        return self._requests(epoch, stage, range(self.draws), self.unit == "system", generator)

    def plan_strips(self, epoch: int, stage: Stage | None, count: int) -> list[Request]:
        """As many requests for single systems, to be shown in an epoch beside its pages; see `plan`."""
        generator = np.random.default_rng([self.seed, epoch, 2])
        return self._requests(epoch, stage, range(self.draws, self.draws + count), True, generator)

    def _requests(
        self, epoch: int, stage: Stage | None, places: range, strip: bool, generator: np.random.Generator
    ) -> list[Request]:
        """Requests for the places of an epoch, in random order; the places tell generated pages apart."""
        mix = self._mix(stage)
        pools = self.pools(stage, strip)
        names = sorted({*pools, GENERATED} if self._generates(stage) else pools)
        shares = np.array([1.0 if mix is None else mix[name] for name in names])
        counts = _apportion(shares, len(places))
        requests: list[Request] = []
        for name, count in zip(names, counts, strict=True):
            if name == GENERATED and self.generated is not None:
                requests += self._generated_requests(epoch, places[:count], stage, strip, self.generated)
                continue
            for page in _drawn(pools[name], self.pages, count, self.sampling, generator):
                first, last = self._range(self.pages[page], stage, strip, generator)
                seed = int(generator.integers(2**31))
                requests.append(PageRequest(page, first, last, seed, strip))
        generator.shuffle(requests)  # type: ignore[arg-type]
        return requests

    def pools(self, stage: Stage | None, strip: bool) -> dict[str, list[int]]:
        """Indices of the pages that a stage may show, by source (all under "" where there is no mix).

        Args:
            stage: The stage.
            strip: Single systems of the pages are shown.

        Raises:
            DataError: If a source of the mix has no page that the stage can show.
        """
        mix, systems = self._mix(stage), stage.systems if stage is not None else None
        pools: dict[str, list[int]] = {}
        for index, page in self._of_mix(mix):
            if self._fits(page, systems, strip):
                pools.setdefault(page.source if mix is not None else "", []).append(index)
        wanted = {name for name, share in mix.items() if share > 0} if mix is not None else {""}
        if self.generated is not None:
            wanted.discard(GENERATED)
        if empty := sorted(wanted - pools.keys()):
            raise DataError(
                f"no training page of source {empty[0] or 'any'!r} can be shown in systems {systems or 'all'}; "
                "check Curriculum.stages, FullPageDataModule.mix and the names in FullPageDataModule.data_path"
            )
        return pools

    def _generates(self, stage: Stage | None) -> bool:
        mix = self._mix(stage)
        return self.generated is not None and mix is not None and mix.get(GENERATED, 0.0) > 0

    def _generated_requests(
        self, epoch: int, places: range, stage: Stage | None, strip: bool, usual: tuple[int, int]
    ) -> list[Request]:
        """Requests for some places. The music of an epoch comes back in the next ones, as often as papers say."""
        systems = (stage.systems if stage is not None else None) or usual
        replay = stage.replay if stage is not None else 1.0
        cut = stage is not None and stage.systems is not None and not strip
        music_of, paper = divmod(epoch, self.papers)
        requests: list[Request] = []
        for index in places:
            # From NUMBERS squared on: lower numbers are those of pages written to folders.
            number = ((self.seed + 1) * NUMBERS + music_of) * NUMBERS + index
            generator = np.random.default_rng([self.seed, music_of, index])
            length = 1 if strip else _number_of_systems(*systems, replay, generator)
            seed = int(generator.integers(2**31, size=paper + 1)[paper])
            requests.append(GeneratedRequest(number, length, seed, strip, cut))
        return requests

    def height(self, request: Request, transform: PageTransform) -> int:
        """Height in pixels of the tensor a request gives; for pages not yet drawn, what it may well be."""
        if isinstance(request, PageRequest):
            return request_height(self.pages[request.page], request, transform)
        aspect = STRIP_ASPECT if request.strip else PAGE_ASPECT
        if request.cut:
            aspect = min(PAGE_ASPECT, HEAD_ASPECT + CUT_ASPECT * request.systems)
        return transform.output_size(transform.width, round(aspect * transform.width))[1]

    def left_out(self, stage: Stage | None) -> list[str]:
        """Ids of the pages of a stage's sources that it cannot show: too few systems, or no boxes to cut by."""
        systems, strip = stage.systems if stage is not None else None, self.unit == "system"
        pages = (page for _, page in self._of_mix(self._mix(stage)))
        return [page.record.page_id for page in pages if not self._fits(page, systems, strip)]

    def _mix(self, stage: Stage | None) -> Mapping[str, float] | None:
        return stage.mix if stage is not None and stage.mix is not None else self.mix

    def _of_mix(self, mix: Mapping[str, float] | None) -> Iterator[tuple[int, Page]]:
        """The pages, with their indices, of the sources that have a share."""
        for index, page in enumerate(self.pages):
            if mix is None or mix.get(page.source, 0.0) > 0:
                yield index, page

    def _fits(self, page: Page, systems: tuple[int, int] | None, strip: bool) -> bool:
        if strip:
            return page.can_be_cut
        if systems is None:
            return True
        fewest, most = systems
        return page.num_systems >= fewest and (page.can_be_cut or page.num_systems <= most)

    def _range(self, page: Page, stage: Stage | None, strip: bool, generator: np.random.Generator) -> tuple[int, int]:
        if strip:
            first = int(generator.integers(page.num_systems))
            return first, first + 1
        if stage is None or stage.systems is None or not page.can_be_cut:
            return 0, page.num_systems
        fewest, most = stage.systems
        return 0, _number_of_systems(fewest, min(most, page.num_systems), stage.replay, generator)


def all_requests(pages: Sequence[Page], unit: Unit) -> list[PageRequest]:
    """Every page, or every system that can be cut out of one, once and without augmentation."""
    if unit == "page":
        return [PageRequest(index, 0, page.num_systems) for index, page in enumerate(pages)]
    return [
        PageRequest(index, system, system + 1, strip=True)
        for index, page in enumerate(pages)
        if page.can_be_cut
        for system in range(page.num_systems)
    ]


def request_height(page: Page, request: PageRequest, transform: PageTransform) -> int:
    """Height in pixels of the tensor a request gives, told from the manifest alone."""
    width, height = page.record.width, page.record.height
    boxes = page.record.systems or ()
    if request.strip:
        left, top, right, bottom = strip_area((width, height), boxes, request.first)
        width, height = right - left, bottom - top
    elif page.can_be_cut:
        top, bottom = system_rows(height, boxes, request.first, request.last)
        height = bottom - top
    return transform.output_size(width, height)[1]


def batches_of_similar_size(
    requests: Sequence[Item], heights: Sequence[int], batch_size: int, generator: np.random.Generator | None
) -> list[list[Item]]:
    """Cut requests into batches whose pages are about equally high.

    Args:
        requests: In the order drawn.
        heights: Height of each.
        batch_size: Requests a batch; the last batch may have fewer.
        generator: Shuffles the batches; None keeps them sorted by height over all requests.
    """
    order = np.arange(len(requests))
    pool = batch_size * BATCHES_A_POOL if generator is not None else len(requests)
    batches = []
    for start in range(0, len(order), max(pool, 1)):
        members = sorted(order[start : start + pool], key=lambda index: (heights[index], index))
        batches += [[requests[i] for i in members[at : at + batch_size]] for at in range(0, len(members), batch_size)]
    if generator is not None:
        generator.shuffle(batches)  # type: ignore[arg-type]
    return batches


class EpochBatchSampler(Sampler[list[Request]]):
    """Batches of the epoch and stage that are current when iteration begins.

    Args:
        planner: Draws the epochs.
        transform: Tells sizes.
        batch_size: Pages an optimizer step.
        current: Gives the epoch and the stage when called.
        strips: Single systems that each batch holds beside its pages.
        trained: Gives the number of the epoch's batches that a resumed run has behind it; they are not loaded again.
    """

    def __init__(
        self,
        planner: PagePlanner,
        transform: PageTransform,
        batch_size: int,
        current: Callable[[], tuple[int, Stage | None]],
        strips: int = 0,
        trained: Callable[[], int] = lambda: 0,
    ) -> None:
        self.planner = planner
        self.transform = transform
        self.batch_size = batch_size
        self.current = current
        self.strips = strips
        self.trained = trained

    def __len__(self) -> int:
        return -(-self.planner.draws // self.batch_size)

    def __iter__(self) -> Iterator[list[Request]]:
        epoch, stage = self.current()
        generator = np.random.default_rng([self.planner.seed, epoch, 1])
        batches = self._batches(self.planner.plan(epoch, stage), self.batch_size, generator)
        if self.strips:
            singles = self.planner.plan_strips(epoch, stage, self.strips * len(batches))
            strips = self._batches(singles, self.strips, generator)
            batches = [pages + beside for pages, beside in zip(batches, strips, strict=True)]
        yield from batches[self.trained() :]

    def _batches(
        self, requests: Sequence[Request], batch_size: int, generator: np.random.Generator
    ) -> list[list[Request]]:
        heights = [self.planner.height(request, self.transform) for request in requests]
        return batches_of_similar_size(requests, heights, batch_size, generator)


def _number_of_systems(fewest: int, most: int, replay: float, generator: np.random.Generator) -> int:
    """Any number from fewest to most with probability `replay`, else the most."""
    if replay < 1 and generator.random() >= replay:
        return most
    return int(generator.integers(fewest, most + 1))


def _apportion(shares: np.ndarray, total: int) -> list[int]:
    """Whole numbers that add up to `total` and lie nearest to the shares (largest remainders)."""
    exact = shares / shares.sum() * total
    counts = np.floor(exact).astype(int)
    for index in np.argsort(-(exact - counts), kind="stable")[: total - counts.sum()]:
        counts[index] += 1
    return [int(count) for count in counts]


def _drawn(
    pool: Sequence[int], pages: Sequence[Page], count: int, sampling: Sampling, generator: np.random.Generator
) -> list[int]:
    """`count` pages of a pool; what may repeat does so only after everything else has come."""
    if sampling == "page":
        return _cycled(list(pool), count, generator)
    copies: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index in pool:
        copies[pages[index].source, pages[index].record.piece].append(index)
    pieces = _cycled(sorted(copies), count, generator)
    return [copies[piece][int(generator.integers(len(copies[piece])))] for piece in pieces]


def _cycled(items: list[Item], count: int, generator: np.random.Generator) -> list[Item]:
    drawn: list[Item] = []
    while len(drawn) < count:
        drawn += [items[int(index)] for index in generator.permutation(len(items))]
    return drawn[:count]
