"""Form of generated tunes: the sections a tune goes through, its repeats, and the bars of each system.

It does not know notes or chords.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

_FORMS = {"AABA": 38, "ABAC": 24, "AB": 10, "AABC": 8, "ABCD": 8, "AABB": 4, "ABA": 8}
_SECTION_BARS = {8: 76, 16: 10, 4: 8, 12: 6}
_USUAL_BARS = {3: 30, 4: 620, 5: 230, 6: 55, 7: 22, 8: 22}
_KEPT_SHARE = {3: 0.9, 4: 0.88, 5: 0.6, 8: 0.5}  # of the pages that keep to their usual number whatever the notes
BLUES_SHARE = 0.07
INTRO_SHARE = 0.12
_ROW_OF_BARLINE = 1.2  # a bar takes the room of its notes and of about one more


@dataclass(frozen=True)
class Section:
    """A section of a tune.

    Attributes:
        name: Sections of the same name have the same music.
        bars: Number of its bars.
        kind: Which progressions it takes: `major`, `minor`, `bridge`, `blues` or `simple`.
        opens_repeat: Whether it begins with a repeat sign.
        closes_repeat: Whether a repeat sign follows it.
        is_ending: Whether it is a second ending, a variation of the end of the section before.
    """

    name: str
    bars: int
    kind: str
    opens_repeat: bool = False
    closes_repeat: bool = False
    is_ending: bool = False


def plan_sections(rng: random.Random, bars: int, kind: str, repeats: bool, second_ending: bool) -> list[Section]:
    """Plan the sections of a tune.

    Args:
        rng: Source of chance.
        bars: Number of bars in all.
        kind: `major`, `minor` or `simple`: what the sections are but for bridges and blues.
        repeats: Whether a part is repeated by signs.
        second_ending: Whether a repeated part has another ending the second time.
    """
    length = rng.choices(list(_SECTION_BARS), list(_SECTION_BARS.values()))[0]
    form = rng.choices(list(_FORMS), list(_FORMS.values()))[0]
    if kind == "major" and rng.random() < BLUES_SHARE:
        kind, length, form = "blues", 12, "AAB"
    bridge = "bridge" if kind in ("major", "minor") and form in ("AABA", "AABC", "ABA") else kind
    sections = [Section(name, length, bridge if name == "B" else kind) for name in form]
    if repeats:
        sections = _with_repeat(rng, sections, second_ending)
    if kind != "simple" and rng.random() < INTRO_SHARE:
        sections.insert(0, Section("intro", 4, kind))
    while sum(section.bars for section in sections) < bars:
        sections += [Section(f"{name}'", length, kind) for name in form[-2:]]
    return _cut(sections, bars)


def _with_repeat(rng: random.Random, sections: list[Section], second_ending: bool) -> list[Section]:
    """Repeat the first section by a sign, or a later one by two; what the sign repeats is not written out."""
    place = 0 if rng.random() < 0.75 or len(sections) < 2 else rng.randrange(1, len(sections))
    repeated = replace(sections[place], opens_repeat=place > 0, closes_repeat=True)
    ending = [replace(sections[place], bars=rng.choice((1, 2, 2, 4)), is_ending=True)] if second_ending else []
    after = sections[place + 1 :]
    if after and after[0].name == repeated.name:
        after = after[1:]
    return [*sections[:place], repeated, *ending, *after]


def _cut(sections: list[Section], bars: int) -> list[Section]:
    """Return the first sections that have this number of bars, the last one shortened."""
    kept: list[Section] = []
    for section in sections:
        left = bars - sum(before.bars for before in kept)
        if left > 0:
            # A repeat that is cut off is none.
            whole = section.bars <= left
            opens, closes = section.opens_repeat and whole, section.closes_repeat and whole
            kept.append(replace(section, bars=min(section.bars, left), opens_repeat=opens, closes_repeat=closes))
    return kept


def draw_system_bars(rng: random.Random, systems: int, are_short: bool) -> tuple[list[int], bool]:
    """Draw how many bars the systems of a page have.

    Args:
        rng: Source of chance.
        systems: Number of systems.
        are_short: Whether the bars are shorter than four quarters.

    Returns:
        The number of bars of each system, and whether the page keeps to it: otherwise only the sum counts, and
        systems with many notes get fewer bars.
    """
    weights = [weight * (2 if are_short and count > 4 else 1) for count, weight in _USUAL_BARS.items()]
    usual = rng.choices(list(_USUAL_BARS), weights)[0]
    counts = [usual + rng.choices((-1, 0, 1, 2), (3, 84, 11, 2))[0] for _ in range(systems)]
    counts[-1] += rng.choices((-2, -1, 0, 1, 2), (6, 6, 60, 10, 18))[0]
    return [max(1, count) for count in counts], rng.random() < _KEPT_SHARE.get(usual, 0.0)


def balance_systems(rows: Sequence[int], systems: int) -> list[int]:
    """Share out bars so that each system has about the same number of notes.

    Args:
        rows: Number of notes of each bar; at least as many bars as systems.
        systems: Number of systems.
    """
    room = list(accumulate(count + _ROW_OF_BARLINE for count in rows))
    ends: list[int] = []
    for system in range(1, systems):
        first, last = (ends[-1] if ends else 0) + 1, len(rows) - (systems - system)
        target = room[-1] * system / systems
        ends.append(min(range(first, last + 1), key=lambda end: abs(room[end - 1] - target)))
    return [end - start for start, end in zip([0, *ends], [*ends, len(rows)], strict=True)]


def move_breaks(system_bars: Sequence[int], changes: Collection[int]) -> list[int]:
    """Let no system but the first begin with a change of key or meter, as far as systems are long enough.

    Such a change is drawn at the end of one system or the beginning of the next, or at both; a text says it once.

    Args:
        system_bars: Number of bars of each system.
        changes: Numbers of the bars that begin with a change.
    """
    moved = list(system_bars)
    for system in range(1, len(moved)):
        while sum(moved[:system]) in changes and moved[system] > 1:
            moved[system - 1] += 1
            moved[system] -= 1
    return moved
