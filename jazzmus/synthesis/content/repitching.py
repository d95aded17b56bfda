"""New pitches for a melody that keeps its rhythm, beams, ties and marks: a walk over the notes of key and chord.

Does not know meters or bars; the accidentals that are to be drawn must be settled afterwards.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from jazzmus.kern.accidentals import COURTESY_MARK, DRAWN_MARK, begins_tie, ends_tie
from jazzmus.kern.chords import Chord, parse_chord
from jazzmus.kern.notes import LETTERS, Note, height, notes_to_text, parse_notes, pitch_letters
from jazzmus.kern.transposition import pitch_at, place_on_line
from jazzmus.synthesis.content.bars import Moment

# Per cent of the melodic steps, in letters, of the training texts; up and down are alike.
STEPS = {0: 20, 1: 21, 2: 10, 3: 3, 4: 3, 5: 1}
CHORD_TONE, CHROMATIC = 0.55, 0.08
# Of a letter's three notes these are never written in the training texts unless the key has them.
LOWEST_PLACE, HIGHEST_PLACE = -6, 10
_MOVES = [move for step, weight in STEPS.items() for move in (step, -step) for _ in range(weight)]
_THIRDS = {"min": (-3, 1), "dim": (-3, -6), "hdi": (-3, -6), "aug": (4, 8), "sus": (-1, 1)}
_SEVENTHS = {"maj7": 5, "maj9": 5, "minmaj7": 5, "dim7": -9, "maj6": 3, "min6": 3, "maj": None, "min": None}
_NO_SEVENTH = ("dim", "aug", "sus4", "sus2")
_FIFTHS = {"b5": -6, "#5": 8}


def repitched(rng: random.Random, moments: Sequence[Moment], signature: int) -> list[Moment]:
    """Return the rows with the melody on other pitches, within about the range it has.

    Chords of several notes, and rests, stay as they are.

    Args:
        rng: Source of chance.
        moments: rows in order.
        signature: sharps of the key signature, flats negative.
    """
    heights = [height(note) for moment in moments for note in parse_notes(moment.melody) if not note.is_rest]
    if not heights:
        return list(moments)
    lowest, highest = min(heights) - 1, max(max(heights) + 1, min(heights) + 6)
    now, tones, before = heights[0], [0], None
    changed: list[Moment] = []
    wants_tone = False
    for melody, cell in moments:
        chord = parse_chord(cell)
        if chord is not None:
            tones, wants_tone = chord_tones(chord), True
        notes = parse_notes(melody)
        if len(notes) != 1 or notes[0].is_rest:
            changed.append(Moment(melody, cell))
            before = None if notes else before
            continue
        if before is None or not (ends_tie(notes[0]) and begins_tie(before)):
            move = rng.choice(_MOVES)
            target = now + move if lowest <= now + move <= highest else now - move
            use_tone = wants_tone and rng.random() < CHORD_TONE
            now, alteration = _nearest(tones, target) if use_tone else (target, _in_key(target, signature))
            if not use_tone and rng.random() < CHROMATIC:
                alteration = _chromatic(rng, now, alteration)
            before = _with_pitch(notes[0], now, alteration)
            wants_tone = False
        else:
            before = replace(notes[0], pitch=before.pitch, accidental=before.alteration, marks=_undrawn(notes[0]))
        changed.append(Moment(notes_to_text((before,)), cell))
    return changed


def chord_tones(chord: Chord) -> list[int]:
    """Return root, third, fifth and seventh on the line of fifths, without double accidentals and their likes."""
    root = place_on_line(chord.root[0], chord.root[1:])
    third, fifth = _THIRDS.get(chord.quality[:3], (4, 1))
    fifth = next((_FIFTHS[extension] for extension in chord.extensions if extension in _FIFTHS), fifth)
    seventh = None if chord.quality in _NO_SEVENTH else _SEVENTHS.get(chord.quality, -2)
    tones = [root, root + third, root + fifth] + ([] if seventh is None else [root + seventh])
    return [tone for tone in tones if LOWEST_PLACE <= tone <= HIGHEST_PLACE] or [0]


def _nearest(tones: Sequence[int], target: int) -> tuple[int, int]:
    """Return height and alteration of the chord tone nearest to a height."""
    candidates = [(target + (4 * tone - target + 3) % 7 - 3, (tone + 1) // 7) for tone in tones]
    return min(candidates, key=lambda candidate: abs(candidate[0] - target))


def _place(letter_height: int, alteration: int) -> int:
    """Return where a note is on the line of fifths."""
    return place_on_line(LETTERS[letter_height % 7], "") + 7 * alteration


def _in_key(letter_height: int, signature: int) -> int:
    """Return the alteration a key signature gives to a height: -1, 0 or 1."""
    # The seven notes of a key are neighbours on the line of fifths, from a fifth below its major tonic.
    return next(sign for sign in (-1, 0, 1) if signature - 1 <= _place(letter_height, sign) <= signature + 5)


def _chromatic(rng: random.Random, letter_height: int, alteration: int) -> int:
    """Return the alteration a semitone up or down from one, if it is usual, else the same."""
    other = alteration + rng.choice((-1, 1))
    return other if LOWEST_PLACE <= _place(letter_height, other) <= HIGHEST_PLACE else alteration


def _with_pitch(note: Note, letter_height: int, alteration: int) -> Note:
    accidental = pitch_at(_place(letter_height, alteration))[1]
    return replace(note, pitch=pitch_letters(letter_height), accidental=accidental, marks=_undrawn(note))


def _undrawn(note: Note) -> str:
    return note.marks.replace(DRAWN_MARK, "").replace(COURTESY_MARK, "")
