"""What is drawn on a lead sheet but not in its text: title, composer, tempo, bar numbers, rehearsal letters, notes.

Everything is put where nothing else is, or left out. Knows boxes of what is already drawn, not notes or chords. Nothing
that begins like a chord symbol stands above a staff, unless it is boxed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from jazzmus.config import configurable
from jazzmus.errors import ConfigError
from jazzmus.synthesis.handwriting import invented_words as words
from jazzmus.synthesis.handwriting.lettering import LetterHand, letter_shapes, text_width
from jazzmus.synthesis.handwriting.occupied import Box
from jazzmus.synthesis.handwriting.strokes import Mark, Stroke, extent, moved, smooth, wobble

PAGE_WIDE = ("bar_numbers", "lyrics")


@configurable
@dataclass(frozen=True)
class RemarkStyle:
    """How often each kind of remark is drawn, as probabilities.

    Attributes:
        title: A page has a title.
        underlined: A title is underlined.
        capitals: A title is in capitals.
        composer: A page names a composer.
        tempo: A page has a metronome mark.
        style_word: A page has a word such as `Medium Swing`.
        date: A page has a date.
        page_number: A page has a number.
        bar_numbers: A page's systems begin with the number of their first bar.
        lyrics: A page's systems have words below.
        rehearsal: A system has a boxed or circled letter.
        section: A system has a word such as `Fine`.
        dynamic: A system has a dynamic below.
        fingering: A system has a few small figures below.
        pencil: A system has a note to the player.
    """

    title: float = 0.88
    underlined: float = 0.1
    capitals: float = 0.15
    composer: float = 0.15
    tempo: float = 0.08
    style_word: float = 0.07
    date: float = 0.04
    page_number: float = 0.05
    bar_numbers: float = 0.5
    lyrics: float = 0.02
    rehearsal: float = 0.03
    section: float = 0.02
    dynamic: float = 0.02
    fingering: float = 0.01
    pencil: float = 0.02

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 <= value <= 1:
                raise ConfigError(f"RemarkStyle.{field.name} is a probability, from 0 to 1, not {value}")


class PageRoom(NamedTuple):
    """Where the music of a page is, in pixels.

    Attributes:
        width: Of the page.
        height: Of the page.
        left: End of the staves.
        right: End of the staves.
        top: What is above is blank.
        bottom: What is below is blank.
        space: A staff space.
    """

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    space: float


class SystemRoom(NamedTuple):
    """One system, in staff spaces from the left end of the staff's middle line.

    Attributes:
        width: Of the staff.
        bar_number: Of its first bar.
        occupied: What is drawn already: clefs, notes, chords; the staff itself need not be among it.
        top: Nothing may be drawn above.
        bottom: Nothing may be drawn below.
    """

    width: float
    bar_number: int
    occupied: Sequence[Box]
    top: float
    bottom: float


def settled(style: RemarkStyle, rng: np.random.Generator) -> RemarkStyle:
    """Return a style in which it is decided what all systems of a page share (`PAGE_WIDE`): 0.0 or 1.0."""
    decisions = {name: float(rng.random() < getattr(style, name)) for name in PAGE_WIDE}
    return replace(style, **decisions)


class _Sheet:
    """What is taken, and the area that may be drawn on."""

    def __init__(self, bounds: Box, occupied: Iterable[Box], margin: float) -> None:
        self._bounds, self._taken, self._margin = bounds, list(occupied), margin

    def place(self, marks: list[Mark], spots: Iterable[tuple[float, float]]) -> list[Mark]:
        """Put marks with the left top of their box at the first spot that is free; no marks where none is."""
        if not marks:
            return []
        left, top, right, bottom = extent(marks)
        width, height, gap = right - left, bottom - top, self._margin
        for x, y in spots:
            box = (x, y, x + width, y + height)
            inside = box[0] >= self._bounds[0] and box[1] >= self._bounds[1]
            inside = inside and box[2] <= self._bounds[2] and box[3] <= self._bounds[3]
            if inside and not any(
                box[0] - gap < other[2]
                and other[0] < box[2] + gap
                and box[1] - gap < other[3]
                and other[1] < box[3] + gap
                for other in self._taken
            ):
                self._taken.append(box)
                return [moved(mark, x - left, y - top) for mark in marks]
        return []


def _write(text: str, size: float, hand: LetterHand, rng: np.random.Generator) -> list[Mark]:
    return letter_shapes(text, 0.0, 0.0, size, hand, rng)[0]


def _framed(marks: list[Mark], gap: float, rng: np.random.Generator) -> list[Mark]:
    """Marks with a box or a ring around them."""
    left, top, right, bottom = extent(marks)
    left, top, right, bottom = left - gap, top - gap, right + gap, bottom + gap
    if rng.random() < 0.6:
        corners = np.array(((left, top), (right, top), (right, bottom), (left, bottom), (left, top)))
        corners = wobble(corners, 0.12 * gap, rng)
        return [*marks, *(Stroke(corners[i : i + 2]) for i in range(4))]
    angles = np.linspace(-2.0, 4.6, 12)
    ring = np.stack(
        [
            0.5 * (left + right + 1.3 * (right - left) * np.cos(angles)),
            0.5 * (top + bottom + 1.3 * (bottom - top) * np.sin(angles)),
        ],
        axis=1,
    )
    return [*marks, Stroke(smooth(wobble(ring, 0.1 * gap, rng)))]


def _spread(
    rng: np.random.Generator, x: tuple[float, float], y: tuple[float, float], count: int = 6
) -> list[tuple[float, float]]:
    """Random spots in a rectangle."""
    xs, ys = rng.uniform(min(x), max(x), count), rng.uniform(min(y), max(y), count)
    return list(zip(xs.tolist(), ys.tolist(), strict=True))


def system_remarks(room: SystemRoom, style: RemarkStyle, hand: LetterHand, rng: np.random.Generator) -> list[Mark]:
    """Draw the remarks of one system.

    Args:
        room: The system and what is on it.
        style: How often remarks are drawn, `settled` once for a page.
        hand: The writer's letters, its pen in staff spaces.
        rng: What everything is drawn from.

    Returns:
        Marks in staff spaces, all within the room.
    """
    staff = (0.0, -2.0, room.width, 2.0)
    sheet = _Sheet((-5.0, room.top, room.width + 2.0, room.bottom), [staff, *room.occupied], 0.3)
    marks: list[Mark] = []

    def wanted(name: str) -> bool:
        return bool(rng.random() < getattr(style, name))

    if wanted("bar_numbers") and (room.bar_number > 1 or rng.random() < 0.3):
        number = _write(str(room.bar_number), float(rng.uniform(0.9, 1.5)), hand, rng)
        near = [(x, y) for y in (-3.6, -4.4, -5.2) for x in (-1.0, -1.8, 0.2)]
        marks += sheet.place(number, [*near, (-3.0, -3.0), (-3.4, -1.0), (-0.6, 2.8), (-0.6, 3.8)])
    if wanted("rehearsal"):
        letter = _framed(_write("ABCDEF"[room.bar_number // 8 % 6], float(rng.uniform(1.3, 1.9)), hand, rng), 0.5, rng)
        marks += sheet.place(letter, _spread(rng, (-4.0, 2.0), (room.top, -4.5), 12))
    if wanted("section"):
        above = rng.random() < 0.5
        text = words.one_of(words.SECTIONS_ABOVE if above else words.SECTIONS_BELOW, rng)
        word = _write(text, float(rng.uniform(1.2, 1.8)), hand, rng)
        x = (-2.0, 0.2 * room.width) if above else (0.6 * room.width, room.width)
        marks += sheet.place(word, _spread(rng, x, (room.top, -4.0) if above else (2.5, room.bottom), 12))
    if wanted("dynamic"):
        sign = _write(words.one_of(words.DYNAMICS, rng), 1.6, replace(hand, slant=hand.slant + 0.25), rng)
        marks += sheet.place(sign, _spread(rng, (0.0, room.width), (2.6, room.bottom)))
    if wanted("fingering"):
        for _ in range(int(rng.integers(1, 5))):
            figure = _write(str(rng.integers(1, 5)), 0.8, hand, rng)
            marks += sheet.place(figure, _spread(rng, (4.0, room.width), (2.4, 5.0)))
    if wanted("pencil"):
        tilted = replace(hand, slope=float(rng.normal(0.0, 0.08)))
        note = _write(words.one_of(words.PENCIL_NOTES, rng), float(rng.uniform(1.0, 1.6)), tilted, rng)
        y = (room.top, -4.0) if rng.random() < 0.5 else (2.5, room.bottom)
        marks += sheet.place(note, _spread(rng, (0.0, room.width), y))
    if wanted("lyrics"):
        marks += _lyrics(room, sheet, hand, rng)
    return marks


def _lyrics(room: SystemRoom, sheet: _Sheet, hand: LetterHand, rng: np.random.Generator) -> list[Mark]:
    """A line of syllables under everything else of a system."""
    size = float(rng.uniform(0.9, 1.2))
    y = max([2.2, *(box[3] for box in room.occupied)]) + 0.7
    marks: list[Mark] = []
    x, index = float(rng.uniform(3.0, 6.0)), int(rng.integers(len(words.LYRICS)))
    while x < room.width - 2:
        parts = words.LYRICS[index % len(words.LYRICS)].split("-")
        for at, part in enumerate(parts):
            syllable = part + (" -" if at + 1 < len(parts) else "")
            written, width = letter_shapes(syllable, 0.0, 0.0, size, hand, rng)
            # All stand on one line, whatever their heights.
            marks += sheet.place(written, [(x, y + size + extent(written)[1])])
            x += width + float(rng.uniform(0.3, 2.0))
        index += 1
    return marks


def _title(room: PageRoom, style: RemarkStyle, sheet: _Sheet, hand: LetterHand, rng: np.random.Generator) -> list[Mark]:
    """The title, in the middle of what is free above the music, as large as fits; nothing where there is no room."""
    text = words.invented_title(rng)
    if rng.random() < style.capitals:
        text = text.upper()
    elif rng.random() < 0.08:
        text = text.lower()
    size = room.space * float(rng.uniform(1.9, 3.6))
    widest = 0.8 * (room.right - room.left)
    size *= min(1.0, widest / text_width(text, size, hand), 0.45 * room.top / size)
    if size < 1.1 * room.space:
        return []
    marks = _write(text, size, hand, rng)
    if rng.random() < style.underlined:
        left, _, right, _ = extent(marks)
        for line in range(1 + int(rng.random() < 0.3)):
            y = size * (0.28 + 0.18 * line)
            ends = wobble(np.array(((left, y), (0.5 * (left + right), y), (right, y))), 0.05 * size, rng)
            marks.append(Stroke(smooth(ends)))
    left, top, right, bottom = extent(marks)
    middle = 0.5 * (room.left + room.right) + float(rng.normal(0.0, 0.05)) * (room.right - room.left)
    x = middle - 0.5 * (right - left) if rng.random() < 0.9 else room.left + room.space
    free = max(0.0, room.top - (bottom - top))
    return sheet.place(marks, [(x, free * float(share)) for share in (*rng.uniform(0.15, 0.85, 4), 0.5)])


def page_remarks(room: PageRoom, style: RemarkStyle, hand: LetterHand, rng: np.random.Generator) -> list[Mark]:
    """Draw the remarks of a page that belong to no system.

    Args:
        room: The page and where its music is.
        style: How often remarks are drawn.
        hand: The writer's letters, its pen in staff spaces.
        rng: What everything is drawn from.

    Returns:
        Marks in pixels of the page, none of them on the music.
    """
    space = room.space
    large = replace(hand, pen=hand.pen * space)
    edge = 0.01 * room.width
    music = (0.0, room.top, room.width, room.bottom)
    sheet = _Sheet((edge, edge, room.width - edge, room.height - edge), [music], 0.3 * space)
    marks: list[Mark] = []

    def wanted(name: str) -> bool:
        return bool(rng.random() < getattr(style, name))

    if wanted("title"):
        marks += _title(room, style, sheet, large, rng)

    def note(text: str, size: float, x: tuple[float, float], y: tuple[float, float]) -> list[Mark]:
        """A text whose box begins in a rectangle; its right end is kept within the staves."""
        written = _write(text, size * space, large, rng)
        left, _, right, _ = extent(written)
        spots = _spread(rng, x, y, 12)
        return sheet.place(written, [(min(at, room.right - (right - left)), height) for at, height in spots])

    right_half = (room.left + 0.65 * (room.right - room.left), room.right)
    left_end = (room.left - 2 * space, room.left + 6 * space)
    just_above = (room.top - 4.5 * space, room.top - 2 * space)
    if wanted("composer"):
        marks += note(
            words.invented_composer(rng), float(rng.uniform(1.3, 2.2)), right_half, (0.3 * room.top, room.top)
        )
    if wanted("tempo"):
        marks += note(f"♩={int(rng.integers(12, 60)) * 5}", 1.6, left_end, just_above)
    if wanted("style_word"):
        marks += note(words.one_of(words.STYLES, rng), 1.6, left_end, (room.top - 7 * space, room.top - 2 * space))
    if wanted("date"):
        lower = bool(rng.random() < 0.5)
        marks += note(words.invented_date(rng), 1.4, right_half, (room.bottom, room.height) if lower else (0, room.top))
    if wanted("page_number"):
        lower = bool(rng.random() < 0.5)
        y = (max(room.bottom, room.height - 6 * space), room.height) if lower else (0.0, 4 * space)
        marks += note(str(rng.integers(1, 300)), 1.4, (0.45 * room.width, room.width), y)
    return marks
