"""`python -m jazzmus.bench`: seconds to train on, encode and decode one page, for both shipped sizes.

Times networks with random weights on a page without music, which cost what trained ones cost. Figures of one run
compare with each other; between machines only their ratios do.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F

from jazzmus.config import load_config, query
from jazzmus.logs import run_script
from jazzmus.training.memory import VOCABULARY, untrained_network

logger = logging.getLogger(__name__)

CONFIG = Path("config/full_page_no_pretrained.gin")
SIZES = {"base": [CONFIG], "tiny": [CONFIG, Path("config/base/tiny.gin")]}
TOKENS = 600


def seconds(action: Callable[[], object], repeats: int) -> float:
    """Median wall time of `action` in seconds, after one call that does not count."""
    action()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return sorted(times)[len(times) // 2]


def bench_size(size: str) -> dict[str, float | str]:
    """Times of one size, on the best device there is, in fp32."""
    load_config(SIZES[size])
    width = query("PageTransform.width")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = untrained_network().to(device)
    page = torch.rand(1, 1, round(width * 1.42) // 16 * 16, width // 16 * 16, device=device)
    ids = torch.randint(4, VOCABULARY, (1, TOKENS), device=device)

    def train() -> None:
        logits = model(page, ids).logits
        F.cross_entropy(logits.flatten(0, 1), ids.flatten()).backward()
        _wait()

    def encode() -> None:
        with torch.inference_mode():
            model.encode(page)
        _wait()

    def decode() -> None:
        model.read(page, max_length=TOKENS)
        _wait()

    times = {"train_step": seconds(train, 3)}
    model.eval()
    times |= {"encode": seconds(encode, 3), "encode_and_decode": seconds(decode, 1)}
    return {"size": size, "page": f"{page.shape[2]}x{page.shape[3]}", "tokens": str(TOKENS),
            **{name: round(value, 3) for name, value in times.items()}}  # fmt: skip


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def main() -> int:
    """Print one JSON object a size."""
    torch.manual_seed(0)
    for size in SIZES:
        sys.stdout.write(json.dumps(bench_size(size)) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(run_script(main))
