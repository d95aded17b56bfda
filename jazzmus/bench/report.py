"""Rows of measurements as a Markdown page. Takes no measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jazzmus.bench.measures import Row

TEXTS = {
    "published": (
        "One page, read the published way and ours",
        "The published way sends the whole prefix through the decoder for each token and projects the page's keys and "
        "values again; both ways have the same network and the same kernels, encoding is included. Weights are random, "
        "so that greedy choices may hang on a tie: `right after its own ids` is the share of ids that the pass over "
        "the whole sequence chooses after the same ids.",
    ),
    "token": (
        "A token, against the length of the text and the size of the page",
        "Bytes are keys, values and weights that a token needs, each once; memory's speed is that of adding up 256 MB, "
        "in turns with decoding.",
    ),
    "batch": ("Eight pictures at once against one after the other", "Greedy; all texts of the same length."),
    "ways": (
        "Grammar and beams",
        "On one page, without encoding. The network is not trained, so that the grammar forbids nearly each first "
        "choice and every text is new to it: a trained network costs it less.",
    ),
    "training": ("Training step and encoding", "One page, fp32, teacher forcing."),
}


def markdown(measurements: Mapping[str, Sequence[Row]], machine: str) -> str:
    """The whole page."""
    lines = ["# Benchmarks", "", "Written by `python -m jazzmus.bench --output docs/benchmarks.md`; nothing is typed.",
             "Seconds are medians of wall time; figures of one run compare with each other.", "", machine]  # fmt: skip
    for name, rows in measurements.items():
        title, text = TEXTS[name]
        lines += ["", f"## {title}", "", text, "", *_table(rows)]
    return "\n".join(lines) + "\n"


def _table(rows: Sequence[Row]) -> list[str]:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return [
        f"| {' | '.join(columns)} |",
        "|" + "---|" * len(columns),
        *(f"| {' | '.join(_cell(row.get(column, '')) for column in columns)} |" for row in rows),
    ]


def _cell(value: str | int | float) -> str:
    return (
        f"{value:.3g}"
        if isinstance(value, float) and abs(value) < 100
        else (f"{value:.0f}" if isinstance(value, float) else str(value))
    )
