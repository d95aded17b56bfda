"""How one writer spells chord symbols: the cell `F#:hdim7` as `F#m7b5`, `F♯-7(b5)` or `F#ø`.

Knows spellings only, not letters or places. No spelling stands for two chords, whichever hands wrote them, except
`C:maj(#5)` beside `C:aug` and the like, which the dialect tells apart and musicians do not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from jazzmus.errors import ConfigError
from jazzmus.kern.chords import Chord, parse_chord

# What each field of `ChordHand` may be, with weights by how often it was seen on handwritten lead sheets.
VARIANTS: dict[str, dict[str, float]] = {
    "minor": {"m": 0.76, "-": 0.15, "min": 0.06, "mi": 0.03},
    "major_seventh": {"maj7": 0.36, "Maj7": 0.38, "Δ7": 0.09, "Δ": 0.08, "M7": 0.03, "ma7": 0.04, "j7": 0.02},
    "plain_major": {"": 0.98, "maj": 0.02},
    "half_diminished": {"7b5": 0.78, "7(b5)": 0.07, "ø": 0.08, "ø7": 0.07},
    "diminished": {"dim": 0.6, "°": 0.22, "o": 0.18},
    "augmented": {"+": 0.66, "aug": 0.34},
    "augmented_seventh": {"{}7": 0.7, "7{}": 0.3},
    "suspended": {"sus4": 0.78, "sus": 0.22},
    "six_nine": {"6/9": 0.35, "69": 0.35, "6(9)": 0.3},
    "flat": {"b": 0.72, "♭": 0.28},
    "sharp": {"#": 0.72, "♯": 0.28},
    "parentheses": {"no": 0.8, "yes": 0.2},
    "raised": {"none": 0.66, "alterations": 0.1, "all": 0.24},
    "raised_accidental": {"no": 0.85, "yes": 0.15},
    "bass": {"level": 0.82, "lowered": 0.18},
}


@dataclass(frozen=True)
class ChordHand:
    """The spellings one writer keeps to. Each field but the last is a key of its entry in `VARIANTS`.

    Attributes:
        minor: Sign after the root of a minor chord.
        major_seventh: Sign of a major seventh; the `7` in it gives way to `9` and the like.
        plain_major: What follows the root of a major triad.
        half_diminished: The sign, or what follows the minor sign.
        diminished: Sign of diminished chords.
        augmented: Sign of augmented chords.
        augmented_seventh: Where that sign stands beside the 7.
        suspended: Sign of suspended fourths.
        six_nine: What a sixth chord with a ninth is.
        flat: Sign of flats.
        sharp: Sign of sharps.
        parentheses: Whether alterations stand in parentheses.
        raised: What stands higher and smaller: nothing, alterations, or all from the first figure on.
        raised_accidental: Whether the root's accidental does.
        bass: Whether the bass note stands lower.
        slip: Chance that a chord is spelt with one other variant.
    """

    minor: str = "m"
    major_seventh: str = "maj7"
    plain_major: str = ""
    half_diminished: str = "7b5"
    diminished: str = "dim"
    augmented: str = "+"
    augmented_seventh: str = "{}7"
    suspended: str = "sus4"
    six_nine: str = "6/9"
    flat: str = "b"
    sharp: str = "#"
    parentheses: str = "no"
    raised: str = "none"
    raised_accidental: str = "no"
    bass: str = "level"
    slip: float = 0.02

    def __post_init__(self) -> None:
        for name, variants in VARIANTS.items():
            if getattr(self, name) not in variants:
                raise ConfigError(f"ChordHand.{name} must be one of {', '.join(map(repr, variants))}")
        if not 0 <= self.slip <= 1:
            raise ConfigError(f"ChordHand.slip must be from 0 to 1, not {self.slip}")


class Run(NamedTuple):
    """A piece of a chord symbol on one height.

    Attributes:
        text: Letters and signs.
        lift: How much higher than the root it stands, in heights of a capital; below 0: lower.
        scale: Its size beside the root's.
    """

    text: str
    lift: float = 0.0
    scale: float = 1.0


def _choice(name: str, rng: np.random.Generator) -> str:
    variants = VARIANTS[name]
    weights = np.cumsum(list(variants.values()))
    return list(variants)[int(np.searchsorted(weights, rng.random() * weights[-1], side="right"))]


def draw_chord_hand(rng: np.random.Generator) -> ChordHand:
    """Return the spellings of one writer, drawn at random."""
    return ChordHand(**{name: _choice(name, rng) for name in VARIANTS})  # type: ignore[arg-type]


def _kind(chord: Chord, hand: ChordHand) -> tuple[str, tuple[str, ...]]:
    """What follows the root, and the extensions that are not in it yet; flats and sharps are still `b` and `#`."""
    quality, extensions = chord.quality, chord.extensions
    match = re.fullmatch(r"(maj|min)(\d*)", quality)
    if quality == "hdim7":
        sign = hand.half_diminished
        return (sign if sign.startswith("ø") else hand.minor + sign), extensions
    if quality in ("dim", "dim7"):
        return hand.diminished + quality[3:], extensions
    if quality == "aug":
        return hand.augmented, extensions
    if quality == "aug7":
        return hand.augmented_seventh.format(hand.augmented), extensions
    if quality == "sus4":
        natural = [figure for figure in extensions if figure.isdigit()]
        rest = tuple(figure for figure in extensions if not figure.isdigit())
        return max(natural, key=int, default="") + hand.suspended, rest
    if quality == "minmaj7":
        seventh = hand.major_seventh
        return hand.minor + (seventh if seventh.startswith("Δ") else f"({seventh})"), extensions
    if match is None:
        return quality, extensions
    mode, figure = match.groups()
    if figure == "6" and extensions[:1] == ("9",):
        return (hand.minor if mode == "min" else "") + hand.six_nine, extensions[1:]
    if mode == "min":
        return hand.minor + figure, extensions
    if figure == "":
        return hand.plain_major, extensions
    if figure == "6":
        return figure, extensions
    return hand.major_seventh if figure == "7" else hand.major_seventh.rstrip("7") + figure, extensions


def _alterations(extensions: tuple[str, ...], kind: str, hand: ChordHand) -> str:
    """Extensions as they follow the kind; a figure without sign, or with none before it, needs its parentheses."""
    if not extensions:
        return ""
    bare = hand.parentheses == "no" and not any(figure.isdigit() for figure in extensions)
    if bare and any(char.isdigit() or char == "Δ" for char in kind):
        return "".join(extensions)
    return f"({','.join(extensions)})"


def _pitch_runs(pitch: str, hand: ChordHand, lift: float = 0.0) -> list[Run]:
    accidental = pitch[1:].replace("-", "b").replace("b", hand.flat).replace("#", hand.sharp)
    if not accidental:
        return [Run(pitch, lift)]
    if hand.raised_accidental == "yes":
        return [Run(pitch[0], lift), Run(accidental, lift + 0.45, 0.72)]
    return [Run(pitch[0] + accidental, lift)]


def spell_chord(cell: str, hand: ChordHand) -> list[Run]:
    """Return how a writer spells a cell of the chord spine; a cell that is no chord is written as it stands.

    Args:
        cell: Such as `Bb:min7/F`.
        hand: The writer.
    """
    chord = parse_chord(cell)
    if chord is None:
        return [Run(cell)]
    kind, extensions = _kind(chord, hand)
    alterations = _alterations(extensions, kind, hand)
    first = re.search(r"[\d(]", kind)
    start = first.start() if first else len(kind)
    pieces = [(kind[:start], False), (kind[start:], hand.raised == "all"), (alterations, hand.raised != "none")]
    if hand.raised == "alterations" and chord.quality == "hdim7" and "5" in kind:
        pieces[1:2] = [(kind[start], False), (kind[start + 1 :], True)]
    runs = _pitch_runs(chord.root, hand)
    for text, high in pieces:
        if text:
            signs = re.sub("b(?=[0-9])", hand.flat, text.replace("#", hand.sharp))
            runs.append(Run(signs, 0.4, 0.72) if high else Run(signs))
    if chord.bass is not None:
        lift = -0.45 if hand.bass == "lowered" else 0.0
        runs += [Run("/", lift / 2), *_pitch_runs(chord.bass, hand, lift)]
    return runs


def with_slip(hand: ChordHand, rng: np.random.Generator) -> ChordHand:
    """Return the spellings of a writer for one chord: the usual ones, or seldom (`hand.slip`) one drawn anew."""
    if rng.random() >= hand.slip:
        return hand
    name = list(VARIANTS)[int(rng.integers(len(VARIANTS)))]
    return replace(hand, **{name: _choice(name, rng)})  # type: ignore[arg-type]
