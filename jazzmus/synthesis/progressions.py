"""Chord progressions for generated tunes: four-bar phrases in scale degrees, spelled in a key.

Knows harmony in major keys only. It does not know bars, rhythms or melodies, nor how a chord is drawn.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

LETTERS = "CDEFGAB"
NATURAL_SEMITONES = (0, 2, 4, 5, 7, 9, 11)
SHARP_ORDER = "FCGDAEB"

# Fifths above C of the tonic: negative counts flats.
KEYS: Mapping[str, int] = {"A-": -4, "E-": -3, "B-": -2, "F": -1, "C": 0, "G": 1, "D": 2}

# Roots nobody writes in a lead sheet, and what is written instead.
RESPELLED = {"Cb": "B", "Fb": "E", "E#": "F", "B#": "C"}

# A family is what a chord does; a style says which qualities it may take.
CHORD_FAMILIES: Mapping[str, tuple[str, ...]] = {
    "T": ("maj7", "maj", "maj6", "maj6(9)"),
    "m": ("min7", "min", "min9"),
    "D": ("7", "9", "7(b9)", "13", "sus4(7)"),
    "h": ("hdim7",),
    "o": ("dim", "dim7"),
    "s": ("min6", "min"),
    "a": ("aug7", "7(#5)"),
}

# One bar a word, two chords joined by "+"; "-" holds the chord before. `[#b]degree family [/bass degree]`.
PHRASES: tuple[str, ...] = (
    "1T 6m 2m 5D",
    "2m 5D 1T -",
    "1T - 2m 5D",
    "1T+6D 2m+5D 1T+6m 2m+5D",
    "2m+5D 1T 2m+5D 1T",
    "1D 4D 1D -",
    "4D - 1D 6D",
    "2m 5D 1D+4D 1T+5D",
    "1T 1D 4T 4s",
    "4T 4s 3m 6D",
    "2D - 2m 5D",
    "7h 3D 6m -",
    "1T #1o 2m 5D",
    "3m #2o 2m 5D",
    "1T b7D 6D -",
    "6m 2D 5D 5a",
    "1T/3 #4o 2m/5 5D",
    "4T 1T/3 2m 5D",
    "2h 5D 1s -",
    "1T+1D 4T+#4o 1T/5+6D 2m+5D",
)


@dataclass(frozen=True)
class Key:
    """A major key. `name` in kern spelling, such as `B-`; `fifths` counts sharps (positive) or flats (negative)."""

    name: str

    @property
    def fifths(self) -> int:
        """Number of sharps of the signature, negative for flats."""
        return KEYS[self.name]

    @property
    def tonic(self) -> int:
        """Index of the tonic's letter in `LETTERS`."""
        return LETTERS.index(self.name[0])

    def alteration(self, letter: int) -> int:
        """What the signature does to a letter (index into `LETTERS`): -1 flat, 0, +1 sharp."""
        name = LETTERS[letter % 7]
        if self.fifths >= 0:
            return int(name in SHARP_ORDER[: self.fifths])
        return -int(name in SHARP_ORDER[self.fifths :])

    @property
    def signature(self) -> str:
        """The kern key signature, such as `*k[b-e-]`."""
        names = SHARP_ORDER[: self.fifths] if self.fifths >= 0 else SHARP_ORDER[::-1][: -self.fifths]
        sign = "#" if self.fifths > 0 else "-"
        return "*k[" + "".join(name.lower() + sign for name in names) + "]"


@dataclass(frozen=True)
class PlannedChord:
    """A chord of a phrase: the letter of its root (for the melody), and its cell in the `**mxhm` column."""

    root_letter: int
    cell: str


def spell_root(key: Key, degree: int, shift: int) -> tuple[int, str]:
    """Return the letter index and the written name of a scale degree (1 to 7) moved by `shift` semitones."""
    letter = (key.tonic + degree - 1) % 7
    alteration = key.alteration(letter) + shift
    if abs(alteration) > 1:  # a double accidental: the neighbouring natural or single one sounds the same
        pitch = (NATURAL_SEMITONES[letter] + alteration) % 12
        letter = next(index for index, semitone in enumerate(NATURAL_SEMITONES) if (pitch - semitone) % 12 <= 1)
        alteration = (pitch - NATURAL_SEMITONES[letter]) % 12
    name = LETTERS[letter] + {-1: "b", 0: "", 1: "#"}[alteration]
    return letter, RESPELLED.get(name, name)


def plan_chord(rng: random.Random, key: Key, symbol: str, qualities: Mapping[str, int]) -> PlannedChord:
    """Spell one chord of a phrase in a key.

    Args:
        rng: Source of chance, for the quality.
        key: The key.
        symbol: Such as `2m`, `#1o` or `1T/3`.
        qualities: Allowed qualities and their weights; a family with none of them takes its first one.
    """
    chord, _, bass = symbol.partition("/")
    shift = {"#": 1, "b": -1}.get(chord[0], 0)
    degree, family = int(chord[-2]), chord[-1]
    letter, root = spell_root(key, degree, shift)
    family_qualities = CHORD_FAMILIES[family]
    weights = [qualities.get(name, 0) for name in family_qualities]
    quality = rng.choices(family_qualities, weights)[0] if any(weights) else family_qualities[0]
    cell = f"{root}:{quality}"
    if bass:
        cell += "/" + spell_root(key, int(bass), 0)[1]
    return PlannedChord(letter, cell)


def plan_progression(
    rng: random.Random, key: Key, bars: int, qualities: Mapping[str, int], phrases: tuple[str, ...]
) -> list[list[PlannedChord]]:
    """Plan the chords of `bars` bars: for each bar none (held), one, or two of them. The first bar has one."""
    planned: list[list[PlannedChord]] = []
    while len(planned) < bars:
        for bar in rng.choice(phrases).split(" "):
            symbols = [] if bar == "-" else bar.split("+")
            planned.append([plan_chord(rng, key, symbol, qualities) for symbol in symbols])
    return planned[:bars]
