"""A comparison as one HTML file that needs nothing beside it. Knows tables and charts; computes nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from jazzmus.compare.comparison import Comparison
from jazzmus.compare.curves import charts_of
from jazzmus.compare.svg_chart import legend, svg_chart
from jazzmus.compare.tables import Table, source_line, tables_of

# Told apart by people who see few colours (Okabe and Ito), dark enough for both grounds; the next round is dashed.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a8a8a", "#7b4fb5")
_ROUNDS = ("none", "6 3", "2 3")
_STYLE = """
:root { color-scheme: light dark; --ground: #f6f5f2; --text: #1d1d1f; --faint: #6a6a70; --card: #fff; --line: #d9d7d1; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #18191b; --text: #e6e5e2; --faint: #a0a0a6; --card: #222326; --line: #3a3b3f; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem; max-width: 110rem; background: var(--ground); color: var(--text);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.35rem; margin: 0 0 .3rem; }
h2 { font-size: 1rem; margin: 0 0 .3rem; }
p { color: var(--faint); margin: 0 0 .6rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .9rem;
  margin: 0 0 1rem; overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .7rem .15rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
td { white-space: nowrap; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: .8rem; }
.chart line { stroke: var(--line); }
.chart text { fill: var(--faint); font: 11px system-ui, sans-serif; }
.chart .title { fill: var(--text); font-weight: 600; }
.chart polyline { fill: none; stroke-width: 1.6; }
.legend span { display: inline-block; margin-right: 1.2em; }
.legend i { display: inline-block; width: 1.6em; margin-right: .4em; vertical-align: middle;
  border-top: 3px solid var(--own); }
"""


def html_report(comparison: Comparison) -> str:
    """The whole page."""
    names = [run.name for run in comparison.runs]
    title = f"{' / '.join(names[:4])}{' / …' if len(names) > 4 else ''}"
    notes = "".join(f"<li>{_marked(note)}</li>" for note in comparison.notes)
    tables = tables_of(comparison)
    scores = [table for table in tables if "scores" in table.title]
    parts = [
        f"<h1>Runs compared: {escape(title)}</h1>",
        f"<p>{_marked(source_line(comparison))}</p>",
        f"<ul>{notes}</ul>" if notes else "",
        *map(_section, scores),
        _curves(comparison),
        *(_section(table) for table in tables if table not in scores),
    ]
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    style = f"<style>{_STYLE}{_colour_rules()}</style>"
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}<title>Runs compared</title>{style}</head><body>\n' + (
        "\n".join(part for part in parts if part) + "\n</body></html>\n"
    )


def _curves(comparison: Comparison) -> str:
    charts = charts_of(comparison.runs)
    if not charts:
        return ""
    colours = {run.name: index % (len(_COLOURS) * len(_ROUNDS)) for index, run in enumerate(comparison.runs)}
    drawn = {curve.run for chart in charts for curve in chart.curves}
    names = [run.name for run in comparison.runs if run.name in drawn]
    text = (
        "Training loss is the mean of neighbouring steps; minutes are of training, validation apart. Losses that fall "
        "far have a logarithmic axis."
    )
    pictures = "".join(svg_chart(chart, colours) for chart in charts)
    return (
        f"<section><h2>Learning curves</h2><p>{text}</p>{legend(colours, names)}"
        f'<div class="charts">{pictures}</div></section>'
    )


def _colour_rules() -> str:
    rules = []
    for turn, dashes in enumerate(_ROUNDS):
        for place, colour in enumerate(_COLOURS):
            name = f".c{turn * len(_COLOURS) + place}"
            line = "solid" if dashes == "none" else "dashed"
            rules.append(f"{name} {{ --own: {colour}; stroke: {colour}; stroke-dasharray: {dashes}; }}")
            rules.append(f".legend {name} {{ border-top-style: {line}; }} circle{name} {{ fill: {colour}; }}")
    return "\n".join(rules)


def _section(table: Table) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    rows = "".join(f"<tr>{_cells(row)}</tr>" for row in table.rows)
    return (
        f"<section><h2>{escape(table.title)}</h2><p>{_marked(table.text)}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></section>"
    )


def _cells(row: Sequence[str]) -> str:
    return "".join(f"<td>{_marked(cell)}</td>" for cell in row)


def _marked(text: str) -> str:
    """Text with the two marks that tables use, bold and code."""
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(text))
    return re.sub(r"`(.+?)`", r"<code>\1</code>", text)
