"""Melody and chord units by spine, of our own `ser_melody_voices` and `ser_chord_spine`.

Where no spine is split they are the units of the published `ser_melody` and `ser_chord`, whose fixed column is wrong
after a split. Knows the cells of rows only.
"""

from __future__ import annotations

from collections.abc import Sequence

from jazzmus.metrics.spine_walk import WalkedRow
from jazzmus.metrics.transcription import symbol_units


def melody_voice_units(rows: Sequence[WalkedRow]) -> list[str]:
    """Return the symbols of the melody spine with all its voices, tab and newline between cells and rows included.

    Rows of no spine, such as linebreaks, are among them, as they are among the published units. There are no empty
    units, so that nothing is right in an empty prediction.
    """
    return [unit for unit in symbol_units("\n".join(["\t".join(row.melody) for row in rows])) if unit]


def chord_spine_units(rows: Sequence[WalkedRow]) -> list[str]:
    """Return the chord symbols of the chord spine in order."""
    return [chord for row in rows for chord in row.chords]
