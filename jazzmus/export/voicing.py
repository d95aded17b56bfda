"""Chord symbols as notes for two hands: the bass low, the other tones around middle C, close to the chord before.

Knows one chord and the one before it, not how long they sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from jazzmus.kern.chord_kinds import chord_tones
from jazzmus.kern.chords import Chord
from jazzmus.kern.notes import HALF_TONES, LETTERS

LOWEST_BASS = 36  # C, two octaves below middle C
_MIDDLE = 60
_LOWEST_TONES = range(50, 65)  # of the lowest tone of the upper hand
_FEWEST_WITHOUT_ROOT, _MOST_TONES = 3, 5
_PERFECT_FIFTH = 7
_FROM_MIDDLE = 0.5  # cost of a half tone between the middle of the hand and middle C, against one of movement


class Voicing(NamedTuple):
    """Key numbers of a chord: its bass, and the tones above it from low to high."""

    bass: int
    tones: tuple[int, ...]


def voice(chord: Chord, before: Voicing | None) -> Voicing:
    """Return the notes of a chord; of one with an unknown quality only the bass and the root.

    Args:
        chord: the chord symbol.
        before: the chord before it, from which the tones move as little as possible.
    """
    root = _pitch_class(chord.root)
    bass = LOWEST_BASS + (_pitch_class(chord.bass or chord.root) - LOWEST_BASS) % 12
    classes = _upper_classes(chord, root)
    candidates = [_above(lowest, classes) for lowest in _LOWEST_TONES if lowest % 12 in classes]
    return Voicing(bass, min(candidates, key=lambda tones: (_cost(tones, before), tones)))


def _pitch_class(name: str) -> int:
    alter = name.count("#") - name[1:].count("b") - name.count("-")
    return (HALF_TONES[LETTERS.index(name[0])] + alter) % 12


def _upper_classes(chord: Chord, root: int) -> set[int]:
    """Return the pitch classes of the upper hand: the root where the bass has it, and the fifth, give way to others."""
    tones = chord_tones(chord) or {1: 0}
    if tones.get(3) == 4 and tones.get(11) == 17:
        # A natural eleventh does not stand beside a major third: in a thirteenth it is left out, else the third is.
        tones.pop(11 if 13 in tones else 3)
    if len(tones) > _FEWEST_WITHOUT_ROOT and chord.bass in (None, chord.root):
        tones.pop(1)
    if len(tones) >= _MOST_TONES and tones.get(5) == _PERFECT_FIFTH:
        tones.pop(5)
    return {(root + tone) % 12 for tone in tones.values()}


def _above(lowest: int, classes: set[int]) -> tuple[int, ...]:
    """Return the tones of some pitch classes in close position above the lowest one."""
    return tuple(sorted(lowest + (pitch_class - lowest) % 12 for pitch_class in classes))


def _cost(tones: Sequence[int], before: Voicing | None) -> float:
    centre = abs(sum(tones) / len(tones) - _MIDDLE)
    if before is None:
        return centre
    moves = [min(abs(tone - other) for other in before.tones) for tone in tones]
    moves += [min(abs(tone - other) for tone in tones) for other in before.tones]
    return sum(moves) / 2 + _FROM_MIDDLE * centre
