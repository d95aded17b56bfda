"""How fast generated pages come, and how much memory they leave behind. Knows clocks and counters."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Mapping

from jazzmus.errors import ConfigError
from jazzmus.synthesis.generated_pages import GeneratedPages

WARM_UP = 20  # pages before the clock starts: fonts and libraries are loaded by the first ones


def measure(pages: GeneratedPages, count: int, seed: int = 0) -> Mapping[str, float]:
    """Make pages, strips and new papers in this process.

    Args:
        pages: Makes them.
        count: Of each kind, at least 1.
        seed: Number of the first page.

    Returns:
        `pages_per_second` and `strips_per_second`, music to paper, `papers_per_second` for new paper on one drawn page
        after another (all in seconds of processor time of one core), `megapixels` of the mean page, and
        `memory_growth_mb` of the process from the first tenth of the pages to the last.

    Raises:
        ConfigError: `count` is below 1.
    """
    if count < 1:
        raise ConfigError(f"--benchmark {count}: make at least 1 page")
    for number in range(seed + count, seed + count + WARM_UP):  # pages that are not measured: a cache keeps them
        pages.page(number)
        pages.strip(number)
    sizes, early = [], 0.0
    start = time.process_time()
    for number in range(count):
        image = pages.page(seed + number).image
        sizes.append(image.width * image.height)
        if number == count // 10:
            early = _peak_memory()
    page_seconds = time.process_time() - start
    growth = _peak_memory() - early
    strip_seconds = _seconds(lambda number: pages.strip(seed + number), count)
    papers = min(count, 100)
    drawn = [pages.drawn(seed + number) for number in range(papers)]
    paper_seconds = _seconds(lambda number: pages.on_paper(drawn[number], seed + number, paper=1), papers)
    return {
        "pages_per_second": round(count / page_seconds, 2),
        "strips_per_second": round(count / strip_seconds, 2),
        "papers_per_second": round(papers / paper_seconds, 2),
        "megapixels": round(sum(sizes) / count / 1e6, 3),
        "memory_growth_mb": round(growth, 1),
    }


def _seconds(make: Callable[[int], object], count: int) -> float:
    start = time.process_time()
    for number in range(count):
        make(number)
    return time.process_time() - start


def _peak_memory() -> float:
    """Largest size of the process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
