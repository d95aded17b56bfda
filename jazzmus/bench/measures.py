"""What is measured, each as rows of plain values: name of a column -> value. Knows no report."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from jazzmus.bench.naive import naive_read, naive_step
from jazzmus.bench.networks import Subject, page
from jazzmus.bench.timing import in_turns, memory_reader, timed
from jazzmus.model.constraint import TokenGrammar
from jazzmus.model.decoding import CacheDtype, DecodingOptions
from jazzmus.model.smt.cache import DecodingCache
from jazzmus.training.memory import VOCABULARY

Row = dict[str, str | int | float]
TOKENS = 600
_WINDOW = 16  # tokens that are timed together


def _options(tokens: int, cache_dtype: CacheDtype | None = None) -> DecodingOptions:
    return DecodingOptions(max_length=tokens + 1, stop_loops=False, cache_dtype=cache_dtype)


def training_and_encoding(subject: Subject, repeats: int) -> list[Row]:
    """A training step of one page, and its encoding."""
    model = subject.model
    ids = torch.randint(4, VOCABULARY, (1, TOKENS), device=model.device)

    def train() -> None:
        logits = model.train()(subject.page, ids).logits
        F.cross_entropy(logits.flatten(0, 1), ids.flatten()).backward()

    train()
    step = in_turns([train], repeats)[0]
    model.eval().zero_grad()
    with torch.inference_mode():
        encode = in_turns([lambda: model.encode(subject.page)], repeats)[0]
    return [{"size": subject.size, "page": subject.page_size, "tokens": TOKENS,
             "training step s": step, "encoding s": encode}]  # fmt: skip


def against_published(subject: Subject, quick: bool) -> list[Row]:
    """One page read the published way and ours, encoding included; quick: the former from samples of its steps."""
    model = subject.model
    found: dict[str, Tensor] = {}
    read = {"float32": None, "bfloat16": "bfloat16"}
    model.read(subject.page, None, _options(2))
    times = {}
    for name, dtype in read.items():
        options = _options(TOKENS, cast("CacheDtype | None", dtype))
        reading, times[name] = timed(partial(model.read, subject.page, None, options))
        found[name] = reading.ids
    if quick:
        naive = _sampled(subject, found["float32"])
    else:
        found["naive"], naive = timed(lambda: naive_read(model, subject.page, TOKENS))
    rows: list[Row] = []
    for name, ids in found.items():
        if name == "naive":
            continue
        row: Row = {"size": subject.size, "page": subject.page_size, "caches": name, "tokens": TOKENS,
                    "published s": naive, "ours s": times[name], "ratio": naive / times[name],
                    "right after its own ids %": _agreement(subject, ids)}  # fmt: skip
        if not quick:
            same = (ids == found["naive"]).long().cumprod(1).sum() - 1
            row["same from the start"] = int(same)
        rows.append(row)
    return rows


def _sampled(subject: Subject, ids: Tensor) -> float:
    """Seconds of the published way, from its steps after some lengths and straight lines between them."""
    model = subject.model
    lengths = [1, TOKENS // 4, TOKENS // 2, TOKENS]
    with torch.inference_mode():
        features = model.encode(subject.page)
        _, encoding = timed(lambda: model.encode(subject.page))
    steps = in_turns([partial(naive_step, model, features, ids[:, :length]) for length in lengths], 2)
    points = list(zip(lengths, steps, strict=True))
    return encoding + sum((b - a) * (x + y) / 2 for (a, x), (b, y) in pairwise(points))


@torch.inference_mode()
def _agreement(subject: Subject, ids: Tensor) -> float:
    """Percent of ids that the pass over whole sequences chooses after the same ids.

    A network that was not trained may hang on a tie, after which two texts have nothing in common; this they have.
    """
    wanted = subject.model(subject.page, ids[:, :-1]).logits.argmax(-1)
    return 100 * float((wanted == ids[:, 1:]).float().mean())


def cost_of_a_token(subject: Subject, lengths: list[int]) -> list[Row]:
    """Time of a token against the length of the text and the size of the page, and what of memory's speed it uses.

    Bytes are the keys and values that a token attends to and the weights it passes, each once; the embedding, of which
    it reads a row, and the projections of the page, which are made before the first token, do not count.
    """
    rows: list[Row] = []
    model = subject.model
    height, width = subject.page.shape[2:]
    for scale in (0.5, 1.0, 1.41):
        pixels = page(round(height * scale), round(width * scale), model)
        with torch.inference_mode():
            cache = DecodingCache(model.decoder, model.encode(pixels), None)
        rows += [
            {"size": subject.size, "page": f"{pixels.shape[2]}x{pixels.shape[3]}", **_token(cache, length)}
            for length in lengths
        ]
    return rows


def _token(cache: DecodingCache, length: int) -> Row:
    """Time of a token at a length, in turns with reading memory."""
    ids = torch.full((1, 1), 5, device=cache.device)

    def steps() -> None:
        for _ in range(_WINDOW):
            cache.step(ids)

    while cache.length < length - 2 * _WINDOW:
        cache.step(ids)
    read_memory, memory_bytes = memory_reader(cache.device)
    steps()
    token, memory = in_turns([steps, read_memory], 3)
    used_otherwise = ("embedding.", "cross_attn.k_proj.", "cross_attn.v_proj.")  # a row of it; once a page
    weights = sum(
        parameter.nbytes
        for name, parameter in cache.decoder.named_parameters()
        if not any(part in name for part in used_otherwise)
    )
    page_bytes = sum(layer.page_keys.nbytes + layer.page_values.nbytes for layer in cache.layers)
    text_bytes = sum(2 * layer.keys[:, : cache.length].numel() * layer.keys.itemsize for layer in cache.layers)
    total = weights + page_bytes + text_bytes
    speed, memory_speed = total * _WINDOW / token, memory_bytes / memory
    return {"length": cache.length, "ms a token": 1e3 * token / _WINDOW, "MB a token": total / 1e6,
            "GB/s": speed / 1e9, "memory GB/s": memory_speed / 1e9, "share": speed / memory_speed}  # fmt: skip


def batches(subject: Subject, tokens: int, repeats: int) -> list[Row]:
    """Eight pages at once against one after the other: whole pages, and single systems of a sixth of the height."""
    rows: list[Row] = []
    model = subject.model
    height, width = subject.page.shape[2:]
    for name, rows_of_pixels, length in (("page", height, tokens), ("system", height // 6, tokens // 4)):
        pixels = page(rows_of_pixels, width, model, count=8)
        options = _options(length)
        with torch.inference_mode():
            features = model.encode(pixels)
        one, eight, encoded_one, encoded_eight = in_turns(
            [
                partial(model.read_features, features[:1], None, options),
                partial(model.read_features, features, None, options),
                partial(model.read, pixels[:1], None, options),
                partial(model.read, pixels, None, options),
            ],
            repeats,
        )
        rows.append({"size": subject.size, "picture": f"{name} {pixels.shape[2]}x{pixels.shape[3]}", "tokens": length,
                     "one s": encoded_one, "eight s": encoded_eight, "ratio": 8 * encoded_one / encoded_eight,
                     "ratio without encoding": 8 * one / eight})  # fmt: skip
    return rows


def beams_and_grammar(subject: Subject, grammar: TokenGrammar, tokens: int, repeats: int) -> list[Row]:
    """What a grammar, half precision and beams cost beside greedy decoding, on a page; encoding left out."""
    model = subject.model
    with torch.inference_mode():
        features = model.encode(subject.page)
    free, beams = _options(tokens), DecodingOptions(max_length=tokens + 1, stop_loops=False, num_beams=4)
    _, first = timed(lambda: model.read_features(features, None, free, grammar))
    plain, held, wide = in_turns(
        [
            lambda: model.read_features(features, None, free),
            lambda: model.read_features(features, None, free, grammar),
            lambda: model.read_features(features, None, beams),
        ],
        repeats,
    )
    return [{"size": subject.size, "page": subject.page_size, "tokens": tokens, "greedy s": plain,
             "with grammar s": held, "its first page s": first, "grammar %": 100 * (held / plain - 1),
             "4 beams s": wide}]  # fmt: skip
