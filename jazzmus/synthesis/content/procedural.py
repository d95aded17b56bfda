"""Procedural tunes: lead sheets in the JAZZMUS dialect that are made up from nothing, as varied as the real ones.

Brings form, harmony, rhythm and melody together. The rates of what may occur were measured on the training texts. It
does not know what a page looks like.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from jazzmus.config import configurable
from jazzmus.errors import ConfigError
from jazzmus.synthesis.content.progressions import SIGNATURE_WEIGHTS
from jazzmus.synthesis.content.rhythm import METER_TICKS, Leaning
from jazzmus.synthesis.content.tune_composer import Composer
from jazzmus.synthesis.content.tune_details import add_details
from jazzmus.synthesis.content.tune_form import balance_systems, draw_system_bars, move_breaks, plan_sections
from jazzmus.synthesis.content.tune_text import write_tune

# What the header states of the meter -> weight.
METER_WEIGHTS: Mapping[str, int] = {
    "*M4/4": 710, "*M4/4 *met(c)": 140, "*M3/4": 85, "*M2/2 *met(c|)": 50, "*M5/4": 8, "*M2/4": 7,
}  # fmt: skip

# Probability that a tune has any of it: as in the training texts, but for the bass clef, which one page in a hundred
# has. From so few it is not learned that all notes are others then.
FEATURE_RATES: Mapping[str, float] = {
    "minor": 0.11,
    "bass clef": 0.15,
    "pickup": 0.1,
    "repeat": 0.7,
    "second ending": 0.5,
    "double bars": 0.22,
    "bar rests": 0.2,
    "key change": 0.02,
    "meter change": 0.02,
    "ties": 1.0,
    "staccato": 0.06,
    "accents": 0.03,
    "slurs": 0.04,
    "fermata": 0.03,
    "courtesy accidentals": 0.5,
    "double stops": 0.012,
    "two voices": 0.02,
}
COURTESY = 0.6  # of the notes whose letter the bar before altered, in tunes with courtesy accidentals


@configurable
@dataclass(frozen=True)
class TuneStyle:
    """What a procedural tune may contain. The defaults are the full variety of this generator.

    Attributes:
        signatures: Sharps of the key signature (negative for flats) and their weights.
        meters: What the header states of the meter, as in `METER_WEIGHTS`, and the weights.
        bars_per_system: Fewest and most bars on a system; None for what real pages have.
        plain: Only quarter, half and whole notes, one quality for each kind of chord, and few progressions; what is
            said below does not count.
        chromatic: Probability that a short passing note leaves key and chord.
        slash: Probability that a chord has another bass than its root, besides those that a progression asks for.
        features: Probability that a tune has any of a thing, by its name in `FEATURE_RATES`; 0 for those not named.
    """

    signatures: Mapping[int, int] = field(default_factory=lambda: dict(SIGNATURE_WEIGHTS))
    meters: Mapping[str, int] = field(default_factory=lambda: dict(METER_WEIGHTS))
    bars_per_system: tuple[int, int] | None = None
    plain: bool = False
    chromatic: float = 0.1
    slash: float = 0.015
    features: Mapping[str, float] = field(default_factory=lambda: dict(FEATURE_RATES))

    def __post_init__(self) -> None:
        meters = {text.split(" ")[0].removeprefix("*M") for text in self.meters}
        unknown = sorted((set(self.features) - set(FEATURE_RATES)) | (meters - set(METER_TICKS)))
        if unknown or not self.meters:
            raise ConfigError(
                f"TuneStyle: unknown or no features or meters {unknown}; use {list(FEATURE_RATES)}, {list(METER_TICKS)}"
            )
        if not self.signatures or any(abs(fifths) > 6 for fifths in self.signatures):
            raise ConfigError(f"TuneStyle.signatures={dict(self.signatures)}: give -6 (flats) to 6 (sharps)")
        if self.bars_per_system is not None and not 1 <= self.bars_per_system[0] <= self.bars_per_system[1]:
            raise ConfigError(f"TuneStyle.bars_per_system={self.bars_per_system}: give fewest and most, at least 1")


def procedural_tune(rng: random.Random, systems: int, style: TuneStyle) -> str:
    """Make up a tune.

    Args:
        rng: Source of chance; equal states give equal texts.
        systems: Number of systems, at least 1.
        style: What the tune may contain.

    Returns:
        A kern text in normal form with the columns `**kern` and `**mxhm`, ending in a newline.

    Raises:
        ConfigError: `systems` is less than 1.
    """
    if systems < 1:
        raise ConfigError(f"a tune of {systems} systems: ask for at least 1")
    # In the order of the table, whatever the order of the style's.
    rates = {} if style.plain else style.features
    features = {name for name in FEATURE_RATES if rng.random() < rates.get(name, 0.0)}
    meter = rng.choices(list(style.meters), list(style.meters.values()))[0]
    fifths = rng.choices(list(style.signatures), list(style.signatures.values()))[0]
    if style.bars_per_system is not None:
        system_bars, is_fixed = [rng.randint(*style.bars_per_system) for _ in range(systems)], True
    else:
        is_short = METER_TICKS[meter.split(" ")[0].removeprefix("*M")] < METER_TICKS["4/4"]
        system_bars, is_fixed = draw_system_bars(rng, systems, is_short)
    leaning = Leaning(plain=True) if style.plain else Leaning.draw(rng, sum(system_bars) / systems)
    kind = "simple" if style.plain else "minor" if "minor" in features else "major"
    sections = plan_sections(rng, sum(system_bars), kind, "repeat" in features, "second ending" in features)
    chromatic, slash = (0.0, 0.0) if style.plain else (style.chromatic, style.slash)
    composer = Composer(rng, fifths, meter, leaning, features, chromatic, slash, style.plain)
    bars = composer.compose(sections)
    system_bars[0] += "pickup" in features
    add_details(rng, bars, features)
    if not is_fixed:
        system_bars = balance_systems([len(bar.notes) for bar in bars], systems)
    system_bars = move_breaks(system_bars, {number for number, bar in enumerate(bars) if bar.signature or bar.meter})
    final = "=:|!" if sections[-1].closes_repeat else "=="
    return write_tune(rng, bars, system_bars, composer.clef, final, COURTESY * ("courtesy accidentals" in features))


class ProceduralTunes:
    """Made-up tunes as a source; see `procedural_tune`."""

    def __init__(self, style: TuneStyle) -> None:
        self.style = style

    def tune(self, rng: random.Random, systems: int) -> str:
        """Return a tune of exactly so many systems; equal states of `rng` give equal texts."""
        return procedural_tune(rng, systems, self.style)
