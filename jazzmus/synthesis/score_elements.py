"""An engraved score as a list of elements for each system: what stands where, without any engraver's shapes.

Verovio decides where everything stands; the elements say it in staff spaces, so that a hand can draw them anew. Knows
systems, bars and voltas of the text. It neither draws nor knows how Verovio's SVG is built (see `svg_elements`).
"""

from __future__ import annotations

from typing import NamedTuple

from jazzmus.errors import KernError
from jazzmus.synthesis.elements import Element, SystemElements
from jazzmus.synthesis.engraving import EngravingStyle
from jazzmus.synthesis.score_drawing import draw_for_elements, far_lines
from jazzmus.synthesis.svg_elements import SvgSystem, read_systems
from jazzmus.synthesis.text_bars import TextBar, TextBars, drawn_accidentals, read_bars

SYSTEM_GAP = 12.0  # half staff spaces; wide enough to keep what belongs to neighbours apart
VOLTA_HEIGHT = 2.2  # staff spaces of a volta's line above what stands under it
LEAST_VOLTA_HEIGHT = 4.5  # staff spaces above the middle line


class _Part(NamedTuple):
    """The bars of one system over which an ending reaches; `last` is included."""

    system: int
    figure: str
    first: int
    last: int
    closed: bool


def score_elements(
    kern: str, staff_spaces: float, justify_last: bool = True, only: int | None = None
) -> tuple[SystemElements, ...]:
    """Engrave a text and return the elements of each of its systems.

    Args:
        kern: Text in the dialect, with one staff. Endings are taken from labels such as `*>A1` or `*>2`; they last to
            the next label, or to the next barline that is not a single line.
        staff_spaces: Width of the score in distances between two staff lines.
        justify_last: Whether a short last system is stretched to the full width.
        only: The only system (from 0) that is wanted, which takes less time; None: all.

    Returns:
        The systems, top to bottom.

    Raises:
        KernError: The text is not well-formed, holds no music, or Verovio does not load it or loses a system of it.
    """
    text = read_bars(kern)
    if not text.bars:
        raise KernError("line 1: the text holds no notes or rests, so there is nothing to engrave")
    style = EngravingStyle(staff_spaces=staff_spaces, system_gap=SYSTEM_GAP, justify_last=justify_last)
    left_out = far_lines(kern, text, only) if only is not None else frozenset()
    chords = {line: cell for bar in text.bars for line, cell in bar.chords}
    systems = read_systems(draw_for_elements(kern, style, left_out), style.music_font, chords)
    of_system = [[bar for bar in text.bars if bar.system == index] for index in range(text.bars[-1].system + 1)]
    shown = [[bar for bar in bars if bar.events[0].line not in left_out] for bars in of_system]
    kept = [index for index, bars in enumerate(shown) if bars]
    drawn, wanted = [len(system.bar_starts) for system in systems], [len(shown[index]) for index in kept]
    if drawn != wanted:
        raise KernError(
            f"line 1: Verovio draws systems of {drawn} bars for {wanted} in the text; "
            "check that its line breaks stand at barlines"
        )
    parts = _voltas(text)
    first = text.bars[0]
    first_number = 0 if first.duration < first.length and len(text.bars) > 1 else 1
    finished = []
    for index, system in zip(kept, systems, strict=True):
        if only not in (None, index):
            continue
        bars = of_system[index]
        following = of_system[index + 1][0] if index + 1 < len(of_system) else None
        stated = _stated_accidentals(bars)
        elements = [
            _with_sign(element, system, bars, following)
            for element in system.elements
            # Verovio adds a reminder after a tied-in accidental; where the text does not have it, nobody wrote it.
            if element.kind != "accidental" or (element.note, element.points[0][1], element.what) in stated
        ]
        start = sum(map(len, of_system[:index]))
        elements += [_volta(part, system, start) for part in parts if part.system == index]
        # A single system comes in its natural width.
        stretch = staff_spaces / system.width if len(of_system) == 1 and justify_last else 1.0
        elements = [_stretched(element, stretch) for element in elements]
        finished.append(SystemElements(_in_reading_order(elements), stretch * system.width, first_number + start))
    return tuple(finished)


def _in_reading_order(elements: list[Element]) -> tuple[Element, ...]:
    return tuple(sorted(elements, key=lambda element: (element.points[0][0], element)))


def _stated_accidentals(bars: list[TextBar]) -> set[tuple[int, float, str]]:
    """Return index of the note, y and sign of each accidental that the text of a system draws."""
    events = [event for bar in bars for event in bar.events if "yy" not in event.notes[0].marks]
    return {(index, y, sign) for index, event in enumerate(events) for y, sign in drawn_accidentals(event)}


def _stretched(element: Element, stretch: float) -> Element:
    return element._replace(points=tuple((x * stretch, y) for x, y in element.points)) if stretch != 1.0 else element


def _with_sign(element: Element, system: SvgSystem, bars: list[TextBar], following: TextBar | None) -> Element:
    """Return a meter with the sign that the text asks for; Verovio is asked for figures only."""
    if element.kind != "meter":
        return element
    x = element.points[0][0]
    number = sum(x > right for right in system.bar_ends)
    bar = bars[number] if number < len(bars) else following
    return element._replace(what=bar.meter) if bar is not None and bar.meter else element


def _voltas(text: TextBars) -> list[_Part]:
    """Return the endings that the text's labels name, cut at the ends of systems."""
    parts: list[_Part] = []
    figure = ""  # what is still to be written
    begin = None
    for index, bar in enumerate(text.bars):
        if bar.volta is not None:
            figure, begin = bar.volta, index if bar.volta else None
        if begin is None:
            continue
        after = text.bars[index + 1] if index + 1 < len(text.bars) else None
        barlines = after.barlines if after else text.closing
        closed = any(cell.rstrip("0123456789") != "=" for cell in barlines)
        ends = closed or after is None or after.volta is not None
        if ends or (after is not None and after.system != bar.system):
            parts.append(_Part(bar.system, figure, begin, index, closed))
            figure, begin = "", None if ends else index + 1
    return parts


def _volta(part: _Part, system: SvgSystem, start: int) -> Element:
    """Return the line of an ending on its system, whose first bar is bar `start` of the text, above all under it."""
    left, right = system.bar_starts[part.first - start], system.bar_ends[part.last - start]
    tops = [y for element in system.elements for x, y in element.points if left <= x <= right]
    y = min([-LEAST_VOLTA_HEIGHT, *(top - VOLTA_HEIGHT for top in tops)])
    return Element("volta", part.figure + ("|" if part.closed else ""), ((left, round(y, 4)), (right, round(y, 4))))
