"""A writer: one hand for music, letters and chord symbols. Knows nothing of pages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jazzmus.synthesis.handwriting.chord_spelling import ChordHand, draw_chord_hand
from jazzmus.synthesis.handwriting.lettering import LetterHand, draw_letter_hand
from jazzmus.synthesis.handwriting.music_hand import MusicHand, draw_music_hand


@dataclass(frozen=True)
class Writer:
    """How one writer makes notes, letters and chord symbols, all with one pen."""

    music: MusicHand
    letters: LetterHand
    chords: ChordHand


def draw_writer(rng: np.random.Generator) -> Writer:
    """Draw a writer."""
    music = draw_music_hand(rng)
    return Writer(music, draw_letter_hand(rng, music.pen), draw_chord_hand(rng))
