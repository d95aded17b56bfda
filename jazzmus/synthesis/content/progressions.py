"""Harmony of generated tunes: keys, progressions in scale degrees, chords spelled with their quality and notes.

Pitch names are counted along the line of fifths (C is 0, G 1, F -1, F# 6), which keeps their spelling. It does not
know bars' rhythms or melodies, nor how a chord is drawn.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from jazzmus.kern.transposition import SHARP_ORDER, pitch_at, signature_cell
from jazzmus.synthesis.content.tune_phrases import PHRASES

LINE_OF_FIFTHS = SHARP_ORDER.upper()
_DEGREE_FIFTHS = {1: 0, 2: 2, 3: 4, 4: -1, 5: 1, 6: 3, 7: 5}
_FLATTEST_ROOT, _SHARPEST_ROOT = -6, 8  # Gb and G#: roots beyond have another name

# Sharps (positive) or flats of the signature, and how often a tune has it.
SIGNATURE_WEIGHTS: Mapping[int, int] = {
    -6: 10, -5: 40, -4: 85, -3: 135, -2: 155, -1: 140, 0: 205, 1: 190, 2: 25, 3: 10, 4: 5,
}  # fmt: skip

# Intervals above the root on the line of fifths, for the first tones of a quality and for its extensions.
_TRIADS: Mapping[str, tuple[int, ...]] = {
    "min": (0, -3, 1), "hdim": (0, -3, -6, -2), "dim": (0, -3, -6), "aug": (0, 4, 8), "sus4": (0, -1, 1),
}  # fmt: skip
_EXTENSIONS: Mapping[str, int] = {
    "b5": -6, "#5": 8, "b6": -4, "6": 3, "7": -2, "b9": -5, "9": 2, "#9": 9, "11": -1, "#11": 6, "13": 3,
}  # fmt: skip

# A bar of one chord -> what may stand before or after that chord in the bar.
_PREPARING: Mapping[str, str] = {"5D": "2m", "2D": "6m", "6D": "3m", "1D": "5m", "3D": "7h", "4D": "1m", "b7D": "4t"}
_DOMINANTS: Mapping[str, str] = {"2m": "2D", "3m": "1T/3", "6m": "6D", "7m": "7D", "5m": "5D", "7h": "7D"}
_LEADING_ON: Mapping[str, str] = {
    "1T": "#1o", "4T": "#4o", "3m": "b3o", "1t": "7o", "6m": "2D", "2m": "#2o", "1D": "4D", "5m": "1D",
}  # fmt: skip

# What a chord does in a phrase -> qualities and how often they stand for it.
QUALITY_WEIGHTS: Mapping[str, Mapping[str, int]] = {
    "T": {
        "maj": 1500, "maj7": 435, "maj6": 165, "maj6(9)": 9, "maj9": 5, "maj7(#11)": 3, "maj(#11)": 2, "maj6(#11)": 1,
        "maj(b6)": 1, "maj7(#5)": 4,
    },
    "m": {"min7": 960, "min": 330, "min9": 21, "min11": 10, "min(#5)": 3, "min6": 35},
    "t": {"min": 250, "min6": 60, "min7": 60, "minmaj7": 5, "min(#5)": 5},
    "D": {
        "7": 2140, "9": 187, "7(b9)": 143, "7(b5)": 75, "7(#9)": 48, "13": 45, "sus4(7)": 54, "7(#5)": 14, "9(b5)": 12,
        "7(#11)": 8, "13(b9)": 10, "7(b5,#9)": 4, "13(#11)": 4, "11": 4, "7(#5,b9)": 4, "sus4": 3, "sus4(7,9)": 3,
        "aug7": 55, "aug7(#9)": 2, "aug(6,9)": 2, "9(#11)": 1, "sus4(7,13)": 1, "7(13)": 1,
    },
    "s": {"7(b5)": 30, "7": 160, "9": 15, "7(#11)": 8, "13": 5, "maj": 6},
    "h": {"hdim7": 65, "min7": 25},
    "o": {"dim": 280, "dim7": 55},
    "a": {"aug": 80, "aug7": 35},
}  # fmt: skip


@dataclass(frozen=True)
class Key:
    """A key.

    Attributes:
        fifths: Sharps of the signature, negative for flats.
        is_minor: Whether the tonic is that of the minor key.
    """

    fifths: int
    is_minor: bool = False

    @property
    def tonic(self) -> int:
        """The tonic on the line of fifths."""
        return self.fifths + 3 * self.is_minor

    @property
    def signature(self) -> str:
        """The kern key signature, such as `*k[b-e-]`."""
        return signature_cell(self.fifths)

    def alteration(self, letter: str) -> int:
        """Return what the signature does to a letter: -1 flat, 0, +1 sharp."""
        index = LINE_OF_FIFTHS.index(letter)
        return int(index < self.fifths) - int(index - 7 >= self.fifths)


def letter_and_alteration(fifths: int) -> tuple[str, int]:
    """Return letter and alteration (-1 for a flat) of a place on the line of fifths."""
    return LINE_OF_FIFTHS[(fifths + 1) % 7], (fifths + 1) // 7


def _root_name(fifths: int) -> str:
    """Return a root or bass as chord symbols have it, such as `Bb`."""
    return "".join(pitch_at(_usual_root(fifths), "b"))


def _usual_root(fifths: int) -> int:
    if fifths > _SHARPEST_ROOT:
        return fifths - 12
    return fifths + 12 if fifths < _FLATTEST_ROOT else fifths


@dataclass(frozen=True)
class Chord:
    """A chord of a tune.

    Attributes:
        cell: As the chord spine has it, such as `Bb:maj7/D`.
        alterations: Letter of each of its notes -> alteration; notes nobody writes in this key are left out.
    """

    cell: str
    alterations: Mapping[str, int]


def chord_tones(quality: str) -> tuple[int, ...]:
    """Return the notes of a quality such as `min7` or `7(b9)`, as intervals above the root along the line of fifths."""
    name, _, rest = quality.partition("(")
    stem = next((stem for stem in _TRIADS if name.startswith(stem)), "")
    tones = list(_TRIADS.get(stem, (0, 4, 1)))
    if "maj7" in name or "maj9" in name:
        tones.append(5)
    elif name[len(stem) :].endswith(("7", "9", "11", "13")) and stem != "hdim":
        tones.append(3 if stem == "dim" else -2)
    if name.endswith("6"):
        tones.append(3)
    if name.endswith(("9", "13")):
        tones.append(2)
    if name.endswith("13"):
        tones.append(3)
    extensions = [extension for extension in rest.rstrip(")").split(",") if extension]
    if "b5" in extensions or "#5" in extensions:
        tones.remove(1)
    return tuple(dict.fromkeys([*tones, *(_EXTENSIONS[extension] for extension in extensions)]))


def _alterations(root: int, quality: str, key: Key) -> dict[str, int]:
    notes: dict[str, int] = {}
    for tone in chord_tones(quality):
        letter, alteration = letter_and_alteration(root + tone)
        far = (letter, alteration) in {("C", -1), ("F", -1), ("E", 1), ("B", 1)} and key.alteration(letter) == 0
        if abs(alteration) <= 1 and not (far and abs(key.fifths) < 4):
            notes.setdefault(letter, alteration)
    return notes


class Harmony:
    """Spells the chords of one tune. A tune has its own taste: it prefers some qualities to others throughout.

    Args:
        rng: Source of chance.
        slash: Probability that a chord has another bass than its root where the phrase does not ask for one.
        plain: Whether each family has its usual quality only.
    """

    def __init__(self, rng: random.Random, slash: float, plain: bool) -> None:
        self._slash = slash
        self._is_plain = plain
        self._families = {
            family: (
                list(weights),
                [
                    float(plain and place == 0) if plain else weight * rng.lognormvariate(-0.25, 0.7)
                    for place, weight in enumerate(weights.values())
                ],
            )
            for family, weights in QUALITY_WEIGHTS.items()
        }
        if plain:
            self._families["T"] = (["maj7"], [1.0])

    def chord(self, rng: random.Random, key: Key, symbol: str) -> Chord:
        """Spell a chord of a phrase, such as `2m`, `#1o` or `1T/3`, in a key."""
        head, _, bass_degree = symbol.partition("/")
        family = head[-1]
        qualities, weights = self._families[family]
        quality = rng.choices(qualities, weights)[0]
        root = _usual_root(key.tonic + _fifths_of(head[:-1]))
        bass = key.tonic + _fifths_of(bass_degree) if bass_degree else root
        if bass == root and family in "TmtD" and rng.random() < self._slash:
            bass = root + rng.choice(chord_tones(quality)[1:])
        cell = f"{_root_name(root)}:{quality}"
        if _usual_root(bass) != root:
            cell += f"/{_root_name(bass)}"
        return Chord(cell, _alterations(root, quality, key))

    def bars(self, rng: random.Random, key: Key, phrase: str) -> list[list[Chord | None]]:
        """Spell a phrase of `tune_phrases`: for each bar its chords in order, None where the one before goes on."""
        spelled = []
        for bar in phrase.split():
            symbols = (bar if self._is_plain else _elaborated(rng, bar)).split("+")
            spelled.append([None if symbol == "-" else self.chord(rng, key, symbol) for symbol in symbols])
        return spelled


def _elaborated(rng: random.Random, bar: str) -> str:
    """Return a bar of a phrase, some with a chord more: a preparing one, or one that leads on."""
    bar = "+".join(
        _DOMINANTS[symbol] if symbol in _DOMINANTS and rng.random() < 0.25 else symbol for symbol in bar.split("+")
    )
    leads_on = _LEADING_ON.get(bar)
    if leads_on and rng.random() < 0.22:
        return f"{bar}+{leads_on}"
    prepares = _PREPARING.get(bar)
    if prepares and rng.random() < 0.2:
        return f"{prepares}+{bar}"
    if bar == "-" and rng.random() < 0.36:
        return f"-+{rng.choice(('5D', '5D', '1D', '6D', '2D'))}"
    if bar.count("+") == 1 and rng.random() < 0.15:
        first = bar.split("+")[0]
        return f"{first}+{rng.choice(('2m+5D', '6D+2m', 'b3o+2m', '6m+2m+5D'))}"
    return bar


def _fifths_of(degree: str) -> int:
    """Return the place of a degree such as `5` or `b3` above the tonic, along the line of fifths."""
    return _DEGREE_FIFTHS[int(degree[-1])] + 7 * (degree.count("#") - degree.count("b"))


def draw_phrase(rng: random.Random, kind: str, ends: bool) -> str:
    """Draw a phrase of `PHRASES`; one that comes to rest, if there are any, where it `ends` a part of the tune."""
    return rng.choice(PHRASES[f"{kind} close" if ends and f"{kind} close" in PHRASES else kind])
