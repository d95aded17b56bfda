"""A chart of curves as SVG of a few lines. Knows points and axes; colours are the page's."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

from jazzmus.compare.curves import Chart

WIDTH, HEIGHT = 460, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 10, 26, 34
# Rates of a network that has learnt nothing yet would press all others to the ground.
_HIGHEST_RATE = 150.0
_TICKS = 5
_STEPS = (1, 2, 5, 10)


def svg_chart(chart: Chart, colours: Mapping[str, int]) -> str:
    """Draw a chart; a run's curve has the class `c<number>` of its colour and its name as a tooltip.

    Args:
        chart: At least one curve with at least one point.
        colours: Number of the colour of each run.
    """
    values = [value if chart.is_loss else min(value, _HIGHEST_RATE) for c in chart.curves for _, value in c.points]
    is_log = chart.is_loss and min(values) > 0 and max(values) > 5 * min(values)
    low, high = (min(values), max(values)) if is_log else (min(0.0, *values), max(values))
    last = max(x for curve in chart.curves for x, _ in curve.points)
    across = _scale(0.0, last, _LEFT, WIDTH - _RIGHT)
    upwards = _scale(low, high, HEIGHT - _BOTTOM, _TOP, is_log)
    parts = [_text(WIDTH / 2, 15, f"{chart.title}, against {chart.unit}", "middle", "title")]
    for tick in log_ticks(low, high) if is_log else ticks(low, high):
        y = upwards(tick)
        parts.append(f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(_text(_LEFT - 6, y + 4, f"{tick:g}", "end"))
    parts += [_text(across(tick), HEIGHT - _BOTTOM + 16, f"{tick:g}", "middle") for tick in ticks(0.0, last)]
    for curve in chart.curves:
        places = " ".join(f"{across(x):.1f},{upwards(min(max(y, low), high)):.1f}" for x, y in curve.points)
        title = f"<title>{escape(curve.run)}</title>"
        name = f"c{colours[curve.run]}"
        if len(curve.points) == 1:
            left, top = places.split(",")
            parts.append(f'<circle class="{name}" cx="{left}" cy="{top}" r="3">{title}</circle>')
        else:
            parts.append(f'<polyline class="{name}" points="{places}">{title}</polyline>')
    return f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>'


def ticks(low: float, high: float) -> list[float]:
    """Return round numbers between two values, about five."""
    if high <= low:
        return [low]
    raw = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor for factor in _STEPS if factor * power >= raw * (1 - 1e-9)) * power
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 of each power of ten between two values above 0."""
    powers = range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1)
    marks = [factor * 10.0**power for power in powers for factor in _STEPS[:3]]
    return [mark for mark in marks if low <= mark <= high]


def _scale(low: float, high: float, begin: float, end: float, is_log: bool = False) -> Callable[[float], float]:
    """From values to pixels."""

    def place(value: float) -> float:
        return math.log(value) if is_log else value

    span = place(high) - place(low) or 1.0
    return lambda value: begin + (place(value) - place(low)) / span * (end - begin)


def _text(x: float, y: float, text: str, anchor: str, name: str = "") -> str:
    kind = f' class="{name}"' if name else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind}>{escape(text)}</text>'


def legend(colours: Mapping[str, int], names: Sequence[str]) -> str:
    """The names of runs beside their colours, as HTML."""
    items = [f'<span><i class="c{colours[name]}"></i>{escape(name)}</span>' for name in names]
    return f'<p class="legend">{"".join(items)}</p>'
