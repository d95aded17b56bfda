"""Where tunes come from: the interface of a source, and a mix of sources that checks what they give.

Does not know how any source makes its tunes, nor how a tune is drawn.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

from jazzmus.errors import ConfigError, DataError, KernError
from jazzmus.kern.chords import parse_chord
from jazzmus.kern.document import RowKind, parse_kern
from jazzmus.kern.notes import NULL_CELL
from jazzmus.kern.systems import count_systems
from jazzmus.kern.written import LOST_SPELLING, written_losses
from jazzmus.synthesis.content.bars import MELODY_AND_CHORDS, full_bar_share, read_systems
from jazzmus.synthesis.content.leaks import LeakCheck

MOST_DRAWS = 20
# Of the training texts all but one have all their bars full, that one 93 in 100.
LEAST_FULL_BARS = 0.8

MALFORMED = "not well-formed"
OTHER_COLUMNS = "other columns than melody and chords"
OTHER_SYSTEMS = "another number of systems"
UNREAD_CHORD = "a chord that cannot be read"
UNFILLED_BARS = "bars that do not add up"
LOST_ACCIDENTAL = "an accidental that no page could show"
LEAK = "a passage of an evaluation page"


class TuneSource(Protocol):
    """Something that gives kern texts of tunes."""

    def tune(self, rng: random.Random, systems: int) -> str:
        """Return a tune of exactly so many systems; equal states of `rng` give equal texts."""
        ...


@dataclass(frozen=True)
class Tune:
    """A kern text, and the name of the source it came from."""

    kern: str
    source: str


def flaw_of_tune(kern: str, systems: int) -> str:
    """Return why a text cannot be drawn and learnt from as a tune of so many systems; empty if it can."""
    try:
        document = parse_kern(kern)
        full_bars = full_bar_share(read_systems(kern))
    except KernError:
        return MALFORMED
    if document.spine_types != MELODY_AND_CHORDS:
        return OTHER_COLUMNS
    if count_systems(kern) != systems:
        return OTHER_SYSTEMS
    for row in document.rows:
        # The chords stand last, also beside a split staff.
        if row.kind is RowKind.DATA and row.cells[-1] != NULL_CELL and parse_chord(row.cells[-1]) is None:
            return UNREAD_CHORD
    if full_bars < LEAST_FULL_BARS:
        return UNFILLED_BARS
    losses = written_losses(kern)
    return LOST_ACCIDENTAL if losses.total() > losses[LOST_SPELLING] else ""


class ContentMix:
    """Draws tunes from several sources, and draws again where a tune has a flaw or leaks.

    Args:
        sources: Sources by name.
        shares: How often each is drawn, in any unit; a source without a share is never drawn.
        leak_check: Knows the evaluation pages; None: nothing is checked.

    Attributes:
        refusals: Count of refused tunes by source and reason.

    Raises:
        ConfigError: If a share belongs to no source, is negative or not finite, or if all are zero.
    """

    def __init__(
        self, sources: Mapping[str, TuneSource], shares: Mapping[str, float], leak_check: LeakCheck | None
    ) -> None:
        unknown = sorted(set(shares) - set(sources))
        if unknown:
            raise ConfigError(f"ContentMix.shares: no source is called {unknown}; use {sorted(sources)}")
        if not all(math.isfinite(share) and share >= 0 for share in shares.values()) or not any(shares.values()):
            raise ConfigError(f"ContentMix.shares={dict(shares)}: give shares of at least 0, one of them above 0")
        self._sources = dict(sources)
        self._names = sorted(name for name, share in shares.items() if share)
        self._weights = list(accumulate(shares[name] for name in self._names))
        self._leak_check = leak_check
        self.refusals: Counter[tuple[str, str]] = Counter()

    def tune(self, rng: random.Random, systems: int) -> Tune:
        """Return a tune of exactly so many systems that passed all checks.

        Raises:
            DataError: If 20 tunes in a row were refused.
        """
        reasons: Counter[tuple[str, str]] = Counter()
        for _ in range(MOST_DRAWS):
            name = rng.choices(self._names, cum_weights=self._weights)[0]
            try:
                kern = self._sources[name].tune(rng, systems)
                reason = flaw_of_tune(kern, systems)
            except DataError as error:
                # Such as a folder whose tunes are all too short: another source may have a longer one.
                kern, reason = "", str(error)
            if not reason and self._leak_check is not None and self._leak_check.leaks(kern):
                reason = LEAK
            if not reason:
                return Tune(kern, name)
            reasons[name, reason] += 1
            self.refusals[name, reason] += 1
        worst = "; ".join(f"{name}: {reason} ({count})" for (name, reason), count in reasons.most_common(3))
        raise DataError(f"no tune of {systems} systems in {MOST_DRAWS} draws: {worst}; change the sources or shares")
