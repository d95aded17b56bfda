"""What comes on top of a composed melody: ties, articulation, slurs, double stops and second voices.

It does not know form or harmony, nor how a note is spelled in a cell.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence

from jazzmus.kern.notes import LETTERS
from jazzmus.synthesis.content.melody import Bar, Note, add_ties
from jazzmus.synthesis.content.rhythm import TICKS, rhythm_of

_ARTICULATIONS = {"staccato": ("'", 0.12), "accents": ("^", 0.04)}
_LOWER_RHYTHMS = {120: ("2. 2",), 96: ("1", "2 2", "4r 2."), 72: ("2.", "2 4"), 48: ("2",)}


def add_details(rng: random.Random, bars: Sequence[Bar], features: Collection[str]) -> None:
    """Add to the bars of a tune what its features ask for, out of the names of `procedural.FEATURE_RATES`."""
    if "ties" in features:
        add_ties(rng, bars, scale=rng.choice((0.6, 1.1, 1.2, 1.6)))
    for name, (sign, rate) in _ARTICULATIONS.items():
        if name in features:
            _add_articulation(rng, bars, sign, rate)
    if "slurs" in features:
        _add_slurs(rng, bars)
    if "fermata" in features:
        sung = [note for note in bars[-1].notes if note.step is not None]
        for note in sung[-1:]:
            note.articulation += ";"
    if "double stops" in features:
        _add_double_stops(rng, bars)
    if "two voices" in features:
        _add_lower_voice(rng, bars)


def _add_articulation(rng: random.Random, bars: Sequence[Bar], sign: str, rate: float) -> None:
    for bar in bars:
        for note in bar.notes:
            is_short = note.figure.ticks <= TICKS // 4
            if note.step is not None and is_short and not note.tied_in and rng.random() < rate:
                note.articulation = sign


def _add_slurs(rng: random.Random, bars: Sequence[Bar]) -> None:
    """Slur a few neighbouring notes within a bar."""
    for bar in bars:
        sung = [index for index, note in enumerate(bar.notes) if note.step is not None]
        if len(sung) < 2 or rng.random() > 0.12:
            continue
        first = rng.randrange(len(sung) - 1)
        last = rng.randint(first + 1, min(first + 3, len(sung) - 1))
        bar.notes[sung[first]].slur, bar.notes[sung[last]].slur = "(", ")"


def _add_double_stops(rng: random.Random, bars: Sequence[Bar]) -> None:
    """Strike a lower note together with some notes; those with ties, slurs or beams stay alone."""
    for bar in bars:
        for note in bar.notes:
            is_marked = note.tied_in or note.tied_out or note.slur or note.figure.beams
            if note.step is not None and not is_marked and rng.random() < 0.09:
                note.second = note.step - rng.choice((2, 2, 3, 4, 5, 7))


def _add_lower_voice(rng: random.Random, bars: Sequence[Bar]) -> None:
    """Give one to three bars in a row a second voice of long notes below the melody."""
    first = rng.randrange(len(bars))
    for bar in bars[first : first + rng.randint(1, 3)]:
        sung = [note.step for note in bar.notes if note.step is not None]
        length = sum(note.figure.ticks for note in bar.notes)
        if len(sung) < 2 or length not in _LOWER_RHYTHMS or any(note.second is not None for note in bar.notes):
            continue
        step = min(sung) - rng.randint(2, 4)
        for figure in rhythm_of(rng.choice(_LOWER_RHYTHMS[length])):
            alteration = bar.key.alteration(LETTERS[step % 7])
            bar.lower.append(Note(figure, None) if figure.is_rest else Note(figure, step, alteration))
            step -= rng.choice((0, 1, 1))
