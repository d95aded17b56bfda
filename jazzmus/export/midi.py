"""A text as a MIDI file: the melody, and its chord symbols played along with it.

The text is played once from beginning to end: repeats are not, as kern does not say which bars are endings. Does not
know how a chord is spread over a keyboard (see `voicing`).

Where two voices hold one key, each has a channel: within a channel the first release of a key ends whatever holds it,
and one note for both would be one note less than the text has. Where no channel is left, a key is not struck again, and
held until the last of its notes ends.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import mido

from jazzmus.export.note_values import pitch_of
from jazzmus.export.score import Bar, build_bars
from jazzmus.export.signatures import Key
from jazzmus.export.voicing import Voicing, voice
from jazzmus.kern.accidentals import begins_tie, ends_tie
from jazzmus.kern.chords import parse_chord

TICKS = 960  # in a quarter note
_TEMPO = 120.0
_CHORDS = (1,)  # channels
_MELODY = (0, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15)  # 9 is for drums
_LOUDNESS = {_MELODY: 96, _CHORDS: 56}
_GRACE = Fraction(1, 32)  # length of a grace note, taken from the time before its note
_MAJOR = ["Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"]
_MINOR = ["Abm", "Ebm", "Bbm", "Fm", "Cm", "Gm", "Dm", "Am", "Em", "Bm", "F#m", "C#m", "G#m", "D#m", "A#m"]


class Sound(NamedTuple):
    """A key held down: its number, and from when to when in whole notes from the beginning of the text."""

    key: int
    begin: Fraction
    end: Fraction


def to_midi(kern: str, tempo: float = _TEMPO) -> bytes:
    """Return a text as a MIDI file of three tracks: meter, key and tempo; the melody; the chords.

    Args:
        kern: any text that `parse_kern` accepts.
        tempo: quarter notes a minute.

    Raises:
        KernError: if the text cannot be parsed. The message begins with the line number.
    """
    bars = build_bars(kern)
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS)
    file.tracks.append(_track(_signatures(bars, tempo)))
    file.tracks.append(_track(_messages("Melody", melody_sounds(bars), _MELODY)))
    file.tracks.append(_track(_messages("Chords", chord_sounds(bars), _CHORDS)))
    content = io.BytesIO()
    file.save(file=content)
    return content.getvalue()


def melody_sounds(bars: Sequence[Bar]) -> list[Sound]:
    """Return the notes of all voices, tied ones joined where they follow each other, in the order they begin."""
    sounds: list[Sound] = []
    tied: dict[int, int] = {}  # key number -> index of the sound that goes on
    for start, bar in zip(_starts(bars), bars, strict=False):
        for event in bar.events:
            begin, end = start + event.onset, start + event.end
            for note in event.notes:
                if note.is_rest:
                    continue
                key = pitch_of(note).midi
                before = tied.pop(key, None) if ends_tie(note) else None
                if not event.length:
                    grace_begin = max(begin - _GRACE, Fraction(0))
                    sounds.append(Sound(key, grace_begin, grace_begin + _GRACE))
                elif before is not None and sounds[before].end == begin:
                    sounds[before] = sounds[before]._replace(end=end)
                else:
                    before = len(sounds)
                    sounds.append(Sound(key, begin, end))
                if begins_tie(note) and before is not None:
                    tied[key] = before
    return sorted(sounds, key=lambda sound: (sound.begin, sound.key))


def chord_sounds(bars: Sequence[Bar]) -> list[Sound]:
    """Return the notes of the chords: each sounds until the next cell of the chord spine.

    A cell that is no chord symbol, such as `N.C.`, is silence.
    """
    starts = _starts(bars)
    cells = [(start + cell.onset, cell.text) for start, bar in zip(starts, bars, strict=False) for cell in bar.chords]
    ends = [begin for begin, _ in cells[1:]] + [starts[-1]]
    sounds: list[Sound] = []
    voicing: Voicing | None = None
    for (begin, text), end in zip(cells, ends, strict=False):
        chord = parse_chord(text)
        if chord is not None and end > begin:
            voicing = voice(chord, voicing)
            sounds += [Sound(key, begin, end) for key in sorted({voicing.bass, *voicing.tones})]
    return sounds


def _starts(bars: Sequence[Bar]) -> list[Fraction]:
    """Return where each bar begins, and where the last one ends, in whole notes."""
    starts = [Fraction(0)]
    for bar in bars:
        starts.append(starts[-1] + bar.length)
    return starts


def _ticks(time: Fraction) -> int:
    return round(4 * time * TICKS)


def _signatures(bars: Sequence[Bar], tempo: float) -> list[tuple[int, mido.MetaMessage]]:
    messages = [(0, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo)))]
    for start, bar in zip(_starts(bars), bars, strict=False):
        for change in bar.changes:
            time = _ticks(start + change.onset)
            _, key, meter = change.signatures
            if meter is not None:
                values = {"numerator": meter.beats, "denominator": meter.unit}
                messages.append((time, mido.MetaMessage("time_signature", **values)))
            if key is not None:
                messages.append((time, mido.MetaMessage("key_signature", key=_key_name(key))))
    return messages


def _key_name(key: Key) -> str:
    return (_MINOR if key.is_minor else _MAJOR)[key.fifths + 7]


def _messages(name: str, sounds: Sequence[Sound], channels: tuple[int, ...]) -> list[tuple[int, mido.Message]]:
    """Return the messages of sounds in the order they begin, each in the first channel in which its key is free.

    Where it is free in none, the note that is held longest is held until the sound ends, if it ends later.
    """
    messages: list[tuple[int, mido.Message]] = [(0, mido.MetaMessage("track_name", name=name))]
    releases: dict[tuple[int, int], int] = {}  # by channel and key: index of the message that ends the last note
    for key, begin, end in sounds:
        on_at, off_at = _ticks(begin), _ticks(end)
        held_until = {channel: messages[releases.get((channel, key), 0)][0] for channel in channels}
        channel = next((channel for channel in channels if held_until[channel] <= on_at), None)
        if channel is None:
            longest = max(channels, key=held_until.__getitem__)
            index = releases[longest, key]
            messages[index] = max(off_at, held_until[longest]), messages[index][1]
            continue
        on = mido.Message("note_on", note=key, velocity=_LOUDNESS[channels], channel=channel)
        messages += [(on_at, on), (off_at, mido.Message("note_off", note=key, channel=channel))]
        releases[channel, key] = len(messages) - 1
    return messages


def _track(messages: Sequence[tuple[int, mido.Message]]) -> mido.MidiTrack:
    """Return messages at their ticks as a track; at one tick, what ends goes before what begins."""
    track = mido.MidiTrack()
    now = 0
    for time, message in sorted(messages, key=lambda pair: (pair[0], pair[1].type == "note_on")):
        track.append(message.copy(time=time - now))
        now = time
    return track
