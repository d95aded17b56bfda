"""Tunes put together from training texts: systems of the same meter in one key, some with another melody or harmony.

Takes its texts from training splits only. Does not know how a tune is engraved or written.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace

from jazzmus.errors import ConfigError, DataError, KernError
from jazzmus.kern.chords import parse_chord
from jazzmus.kern.document import LINEBREAK_ROW, RowKind, row_kind, rows_to_text
from jazzmus.kern.normal_form import normalize
from jazzmus.kern.notes import NULL_CELL
from jazzmus.kern.systems import IN_FORCE, count_systems, system_range
from jazzmus.kern.transposition import draw_accidentals, semitones, signature_cell, signature_fifths, transpose
from jazzmus.synthesis.content.bars import MELODY_AND_CHORDS, Bar, Moment, System, read_systems
from jazzmus.synthesis.content.joints import sound_repeats, without_open_curves
from jazzmus.synthesis.content.repitching import repitched

log = logging.getLogger(__name__)

BARLINES = ("=", "=||", "=:|!", "=!|:", "=:|!|:")
FINAL_BARLINE = "=="
# Other keys than those of the training texts, as sharps: the most that leave most systems without double accidentals.
OTHER_KEYS = range(-5, 5)
TRIES = 12
_STAFF_MIDDLE = {"*clefG2": 34, "*clefF4": 22}  # heights, as `transposition.height` counts them


@dataclass(frozen=True)
class _Origin:
    """Where a system of the pool stands: its tune, and its number there."""

    tune: int
    number: int


class RecombinedTexts:
    """A source of tunes that are training texts, moved to another key or cut and put together anew.

    Args:
        texts: Training texts; those that are not well-formed, or not a melody with chords, are left out with a log
            line. Texts that are alike count once.
        as_is: Share of tunes that are a training text, or some of its systems, in its own key.
        transposed: Share of those in another key; the rest is recombined.
        repitched: Share of recombined runs of systems that get another melody in the same rhythm.
        other_chords: Share of recombined systems that take the chords of another.
        goes_on: Probability that the next system is the one that follows in the text.
        own_key: Probability of a key the training texts have, as often as they have it.

    Raises:
        ConfigError: If a share is not within 0 and 1.
        DataError: If no text can be used.
    """

    def __init__(
        self,
        texts: Sequence[str],
        as_is: float = 0.1,
        transposed: float = 0.2,
        repitched: float = 0.5,
        other_chords: float = 0.25,
        goes_on: float = 0.35,
        own_key: float = 0.6,
    ) -> None:
        shares = (as_is, transposed, repitched, other_chords, goes_on, own_key)
        if not all(0.0 <= share <= 1.0 for share in shares) or as_is + transposed > 1.0:
            raise ConfigError(f"RecombinedTexts: shares {shares} are to be within 0 and 1, the first two together too")
        self._as_is, self._transposed, self._repitched = as_is, transposed, repitched
        self._other_chords, self._goes_on, self._own_key = other_chords, goes_on, own_key
        usable, tunes = _usable(texts)
        if not usable:
            raise DataError(
                f"RecombinedTexts: none of {len(texts)} texts can be used; give pages with melody and chords"
            )
        self._hold(usable, tunes)

    def without(self, leaks: Callable[[str], bool]) -> RecombinedTexts:
        """Return the same source but for the training texts that leak as a whole; a log line counts them.

        Raises:
            DataError: If all leak.
        """
        kept = [number for number, text in enumerate(self._texts) if not leaks(text)]
        dropped = len(self._texts) - len(kept)
        if not kept:
            raise DataError(
                f"RecombinedTexts: all {dropped} training texts share a melody with an evaluation page; run "
                "data_prep.py with --protocol clean"
            )
        if not dropped:
            return self
        log.info(
            "%d of %d training texts share a melody with an evaluation page and are left out", dropped, len(self._texts)
        )
        source = copy(self)
        source._hold([self._texts[number] for number in kept], [self._tunes[number] for number in kept])
        return source

    def _hold(self, texts: list[str], tunes: list[list[System]]) -> None:
        self._texts, self._tunes = texts, tunes
        self._pool: dict[str, list[_Origin]] = {}
        for tune, systems in enumerate(self._tunes):
            for number, system in enumerate(systems):
                if _is_whole(system, may_begin_short=False):
                    self._pool.setdefault(system.in_force.get("meter", ""), []).append(_Origin(tune, number))
        self._signatures = [_signature(systems[0]) for systems in self._tunes]
        self._frames = [tune for tune, systems in enumerate(self._tunes) if self._pool.get(_meter(systems[0]))]
        log.info("%d training texts to recombine, %d systems", len(self._texts), sum(map(len, self._pool.values())))

    def tune(self, rng: random.Random, systems: int) -> str:
        """Return a tune in normal form.

        Args:
            rng: Source of chance; equal states give equal texts.
            systems: Number of systems, at least 1.

        Raises:
            ConfigError: If `systems` is less than 1.
            DataError: If no tune came out; ask for fewer systems.
        """
        if systems < 1:
            raise ConfigError(f"a tune of {systems} systems: ask for at least 1")
        kind = rng.random()
        long_enough = [tune for tune, read in enumerate(self._tunes) if len(read) >= systems]
        for _ in range(TRIES):
            try:
                if long_enough and (kind < self._as_is + self._transposed or not self._frames):
                    return self._part(rng, rng.choice(long_enough), systems, moves=kind >= self._as_is)
                if self._frames:
                    return self._recombined(rng, systems)
            except KernError:  # a double accidental in this key
                continue
        raise DataError(f"no tune of {systems} systems out of {len(self._texts)} training texts; ask for fewer systems")

    def _key(self, rng: random.Random) -> int:
        return rng.choice(self._signatures) if rng.random() < self._own_key else rng.choice(OTHER_KEYS)

    def _part(self, rng: random.Random, tune: int, systems: int, moves: bool) -> str:
        """Return systems of one text, beginning and ending between ties, in its key or another."""
        last_start = len(self._tunes[tune]) - systems
        first = rng.randint(0, last_start)
        text = system_range(self._texts[tune], first, first + systems)
        if last_start:
            text = _mended(text, is_whole=first == 0)
        return transpose(text, self._key(rng) - self._signatures[tune]) if moves else text

    def _recombined(self, rng: random.Random, systems: int) -> str:
        """Return a tune of systems out of several texts, with clef and meter of one of them."""
        frame = self._tunes[rng.choice(self._frames)][0]
        pool, key = self._pool[_meter(frame)], self._key(rng)
        bars: list[list[Bar]] = []
        refused = 0
        while len(bars) < systems:
            run = self._run(rng, pool, first=not bars, most=systems - len(bars))
            run = [self._with_other_chords(rng, system, pool) for system in run]
            try:
                moved = _moved(run, key, frame.in_force.get("clef", "*clefG2"))
            except KernError:  # a double accidental in this key
                refused += 1
                if refused > TRIES * systems:
                    raise
                continue
            if rng.random() < self._repitched:
                moved = _with_moments(moved, repitched(rng, _moments(moved), key))
            bars += moved
        header = {**frame.in_force, "signature": signature_cell(key)}
        return draw_accidentals(_text(header, bars))

    def _run(self, rng: random.Random, pool: list[_Origin], first: bool, most: int) -> list[System]:
        """Return neighbouring systems of one text; one that ends in a tie is followed by its own next."""
        origin = rng.choice(pool)
        systems = self._tunes[origin.tune]
        number = origin.number
        if first and rng.random() < self._goes_on and _is_whole(systems[0], may_begin_short=True):
            number = 0
        run = [systems[number]]
        while len(run) < most and number + 1 < len(systems):
            tied = "[" in run[-1].bars[-1].moments[-1].melody
            number += 1
            if not _is_whole(systems[number], False) or not _are_alike(systems[number], run[0]):
                break
            if not tied and rng.random() >= self._goes_on:
                break
            run.append(systems[number])
        return run

    def _with_other_chords(self, rng: random.Random, system: System, pool: list[_Origin]) -> System:
        """Return the system with another's chords where that has as many bars, and onsets for all its chords."""
        if rng.random() >= self._other_chords:
            return system
        for _ in range(TRIES):
            origin = rng.choice(pool)
            other = self._tunes[origin.tune][origin.number]
            if len(other.bars) == len(system.bars) and _are_alike(other, system, keys=True):
                pairs = list(zip(system.bars, other.bars, strict=True))
                if all(_fits(bar, chords) for bar, chords in pairs):
                    return replace(system, bars=tuple(_exchanged(bar, chords) for bar, chords in pairs))
        return system


def _usable(texts: Sequence[str]) -> tuple[list[str], list[list[System]]]:
    """Return the texts in normal form that can be read, and their systems."""
    usable: list[str] = []
    tunes: list[list[System]] = []
    for text in dict.fromkeys(texts):
        try:
            normal = normalize(text)
            systems = read_systems(normal)
            transpose(normal, 0)  # finds signatures that are out of order
        except KernError:
            continue
        if systems and all(system.bars for system in systems) and len(systems) == count_systems(normal):
            usable.append(normal)
            tunes.append(systems)
    skipped = len(dict.fromkeys(texts)) - len(usable)
    if skipped:
        log.warning(
            "%d of %d training texts are not recombined: not well-formed, or without chords", skipped, len(texts)
        )
    return usable, tunes


def _is_whole(system: System, may_begin_short: bool) -> bool:
    """Say whether a system is all full bars of one voice that any other may follow."""
    bars = system.bars[1:] if may_begin_short and len(system.bars) > 1 else system.bars
    barlines = [bar.barline for bar in (system.bars[1:] if may_begin_short else system.bars)]
    return (
        system.is_plain
        and all(bar.is_full for bar in bars)
        and all(barline in BARLINES for barline in barlines)
        and all(m.chord == NULL_CELL or parse_chord(m.chord) for bar in system.bars for m in bar.moments)
    )


def _are_alike(one: System, other: System, keys: bool = False) -> bool:
    """Say whether two systems have the same meter, and the same signature (and, unless only keys, the same clef)."""
    names = ("meter", "signature") if keys else ("meter", "signature", "clef")
    return all(one.in_force.get(name) == other.in_force.get(name) for name in names)


def _meter(system: System) -> str:
    return system.in_force.get("meter", "")


def _signature(system: System) -> int:
    return signature_fifths(system.in_force.get("signature", "*k[]")) or 0


def _fits(bar: Bar, chords: Bar) -> bool:
    """Say whether each chord of a bar finds an onset in another. A row without a note has no onset of its own."""
    if any(moment.melody == NULL_CELL for moment in (*bar.moments, *chords.moments)):
        return False
    begun = zip(chords.onsets, chords.moments, strict=False)
    return {onset for onset, moment in begun if moment.chord != NULL_CELL} <= set(bar.onsets[:-1])


def _exchanged(bar: Bar, chords: Bar) -> Bar:
    """Return the bar with the other's chords at their onsets."""
    begun = {onset: m.chord for onset, m in zip(chords.onsets, chords.moments, strict=False) if m.chord != NULL_CELL}
    moments = []
    for onset, moment in zip(bar.onsets, bar.moments, strict=False):
        moments.append(Moment(moment.melody, begun.pop(onset, NULL_CELL)))
    return replace(bar, moments=tuple(moments))


def _moments(bars: Sequence[Sequence[Bar]]) -> list[Moment]:
    return [moment for system in bars for bar in system for moment in bar.moments]


def _with_moments(bars: Sequence[Sequence[Bar]], moments: Sequence[Moment]) -> list[list[Bar]]:
    """Return the bars with their rows replaced in order."""
    rows = iter(moments)
    return [[replace(bar, moments=tuple(next(rows) for _ in bar.moments)) for bar in system] for system in bars]


def _moved(run: Sequence[System], key: int, clef: str) -> list[list[Bar]]:
    """Return the bars of a run in another key, in the octave that has them nearest to their old place on the staff."""
    fifths = key - _signature(run[0])
    bars = [list(system.bars) for system in run]
    middle, old_middle = (_STAFF_MIDDLE.get(name, 34) for name in (clef, run[0].in_force.get("clef", "*clefG2")))
    letters = (4 * fifths - 7 * ((7 * fifths - semitones(fifths)) // 12)) - (middle - old_middle)
    moved = transpose(rows_to_text(_moments(bars)), fifths, -round(letters / 7))
    return _with_moments(bars, [Moment(*line.split("\t")) for line in moved.splitlines()])


def _text(in_force: dict[str, str], systems: Sequence[Sequence[Bar]]) -> str:
    """Write a tune; repeats and ties are mended where the systems meet."""
    moments = _moments(systems)
    melody = iter(without_open_curves([moment.melody for moment in moments]))
    bars = [bar for system in systems for bar in system]
    signs = [bar.barline for bar in bars]
    is_open = next((sign.endswith("|:") for sign in reversed(signs) if ":" in sign), False)
    *signs, final = sound_repeats([*signs, "=:|!" if is_open else FINAL_BARLINE], is_whole=True)
    barlines = iter(signs)
    rows: list[tuple[str, ...]] = [MELODY_AND_CHORDS]
    rows += [(in_force[name], "*") for name in IN_FORCE if name in in_force]
    for number, system in enumerate(systems):
        if number:
            rows.append((LINEBREAK_ROW,))
        for bar in system:
            barline = next(barlines)
            rows += [(barline, barline)] if barline else []
            rows += [(next(melody), moment.chord) for moment in bar.moments]
    return rows_to_text([*rows, (final, final), ("*-", "*-")])


def _mended(text: str, is_whole: bool) -> str:
    """Return a part of a tune with its repeats mended, ties at its ends gone, and a final barline."""
    lines = text.splitlines()
    if not any(row_kind(line) is RowKind.MANIPULATION for line in lines):
        data = [index for index, line in enumerate(lines) if row_kind(line) is RowKind.DATA]
        cells = [lines[index].split("\t") for index in data]
        for index, melody, row in zip(data, without_open_curves([row[0] for row in cells]), cells, strict=True):
            lines[index] = "\t".join([melody, *row[1:]])
    bars = [index for index, line in enumerate(lines) if row_kind(line) is RowKind.BARLINE]
    columns = {index: lines[index].count("\t") + 1 for index in bars}
    for index, barline in zip(bars, sound_repeats([lines[i].split("\t")[0] for i in bars], is_whole), strict=True):
        lines[index] = "\t".join([barline] * columns[index])
    if row_kind(lines[-2]) is not RowKind.BARLINE:
        lines.insert(-1, "\t".join([FINAL_BARLINE] * (lines[-1].count("\t") + 1)))
    return draw_accidentals("\n".join([*lines, ""]))
