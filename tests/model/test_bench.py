from __future__ import annotations

import pytest
import torch
from networks import random_page, tiny_model
from toy_grammars import Brackets

from jazzmus.bench import measures, timing
from jazzmus.bench.naive import naive_read
from jazzmus.bench.networks import Subject
from jazzmus.bench.report import TEXTS, markdown
from jazzmus.model.decoding import DecodingOptions


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Subject:
    """A network that never ends a text, and limits that make every measurement short."""
    monkeypatch.setattr(measures, "TOKENS", 8)
    monkeypatch.setattr(measures, "VOCABULARY", 11)
    monkeypatch.setattr(timing, "_BANDWIDTH_BYTES", 2**16)
    model = tiny_model()
    with torch.no_grad():
        model.decoder.vocab_projection.bias[model.config.eos_token_id] = -1e4
    return Subject("small", model, random_page(96, 64)[None])


def test_the_published_way_reads_the_same(small: Subject) -> None:
    ids = naive_read(small.model, small.page, 20)
    options = DecodingOptions(max_length=21, stop_loops=False)
    assert ids.tolist() == small.model.read(small.page, None, options).ids.tolist()


@pytest.mark.parametrize("quick", [True, False])
def test_both_ways_are_compared(small: Subject, quick: bool) -> None:
    full, half = measures.against_published(small, quick)
    assert full["right after its own ids %"] == 100
    assert float(full["ratio"]) > 0
    assert half["caches"] == "bfloat16"
    assert quick or full["same from the start"] == 8


def test_a_token_has_a_cost(small: Subject) -> None:
    rows = measures.cost_of_a_token(small, [40])
    assert len(rows) == 3
    assert rows[0]["MB a token"] < rows[2]["MB a token"]  # type: ignore[operator]
    assert all(float(row["share"]) > 0 and row["length"] >= 40 for row in rows)  # type: ignore[operator]


def test_every_measurement_has_a_place_in_the_report(small: Subject) -> None:
    found = {
        "published": measures.against_published(small, quick=True),
        "token": measures.cost_of_a_token(small, [33]),
        "batch": measures.batches(small, 8, 1),
        "ways": measures.beams_and_grammar(small, Brackets(), 8, 1),
        "training": measures.training_and_encoding(small, 1),
    }
    assert found.keys() == TEXTS.keys()
    text = markdown(found, "a machine")
    assert all(title in text for title, _ in TEXTS.values())
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert len(tables) == 2 * len(found) + sum(map(len, found.values()))
