"""Composes the bars of a generated tune along its form: chords, rhythm and melody of each section.

It does not know systems, nor articulation and other details that come on top.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence

from jazzmus.synthesis.content.melody import Bar, Singer
from jazzmus.synthesis.content.progressions import Chord, Harmony, Key, draw_phrase
from jazzmus.synthesis.content.rhythm import METER_TICKS, TICKS, Leaning, Rhythm, RhythmSource, onsets
from jazzmus.synthesis.content.tune_form import Section

PHRASE_BARS = 4
RHYTHM_AGAIN = 0.4  # probability that a bar has the rhythm of one two or four bars before
BAR_REST_RATE = 0.05
CENTRES = {"G2": 32.6, "F4": 24.0}  # usual middle of a melody, in steps from C0
_OTHER_METER = {"4/4": ("3/4", "2/4"), "2/2": ("3/4",), "3/4": ("4/4",), "2/4": ("4/4",), "5/4": ("4/4",)}


class Composer:
    """Composes one tune.

    Args:
        rng: Source of chance.
        fifths: Sharps of the signature, negative for flats.
        meter: What the header states of the meter, such as `*M4/4 *met(c)`.
        leaning: What rhythms the tune prefers.
        features: What the tune has, out of the names of `procedural.FEATURE_RATES`.
        chromatic: Probability of passing notes outside key and chord.
        slash: Probability of a slash chord.
        plain: Whether chords have one quality for each family.
    """

    def __init__(
        self,
        rng: random.Random,
        fifths: int,
        meter: str,
        leaning: Leaning,
        features: Collection[str],
        chromatic: float,
        slash: float,
        plain: bool,
    ) -> None:
        self.clef = "F4" if "bass clef" in features else "G2"
        self._rng = rng
        self._features = features
        self._key = Key(fifths, "minor" in features)
        self._meter = meter
        self._leaning = leaning
        self._harmony = Harmony(rng, slash, plain)
        span = rng.choices((6, 7, 8, 9, 10, 12), (4, 22, 42, 20, 8, 4))[0]
        lowest = round(CENTRES[self.clef] + rng.gauss(0.0, 0.9) - span / 2)
        self._singer = Singer(lowest, lowest + span, chromatic, lowest + span // 2)
        self._rhythms: dict[str, RhythmSource] = {}
        self._known: dict[tuple[str, int, str], list[Bar]] = {}
        self._chord = self._harmony.chord(rng, self._key, "1t" if self._key.is_minor else "1T")
        other = [near for near in (fifths - 3, fifths - 1, fifths + 1, fifths + 2, fifths + 3) if -6 <= near <= 3]
        self._changed_key = Key(rng.choice(other), self._key.is_minor)
        self._changed_meter = "*M" + rng.choice(_OTHER_METER[_signature_of_time(meter)])

    def compose(self, sections: Sequence[Section]) -> list[Bar]:
        """Return the bars of all sections; the first one states signature and meter."""
        changed = self._rng.randrange(1, len(sections)) if len(sections) > 1 else 0
        bars: list[Bar] = []
        key, meter = self._key, ""
        for number, section in enumerate(sections):
            section_key, section_meter = self._key, self._meter
            if changed and number >= changed and "key change" in self._features:
                section_key = self._changed_key
            if changed and number == changed and "meter change" in self._features:
                section_meter = self._changed_meter
            music = self._section(section, section_key, _signature_of_time(section_meter))
            if not bars or section_key.fifths != key.fifths:
                music[0].signature = section_key.signature
            if section_meter != meter:
                music[0].meter = section_meter
            key, meter = section_key, section_meter
            self._open_section(music[0], section, sections[number - 1] if number else None)
            bars += music
        if not self._leaning.plain:
            self._end(bars[-1], _signature_of_time(meter))
        if "pickup" in self._features:
            self._begin_with_pickup(bars)
        return bars

    def _open_section(self, first: Bar, section: Section, before: Section | None) -> None:
        """Choose the barline that begins a section."""
        if before is None:
            return
        if before.closes_repeat:
            first.barline = "=:|!|:" if section.opens_repeat else "=:|!"
        elif section.opens_repeat:
            first.barline = "=!|:"
        elif "double bars" in self._features:
            first.barline = "=||"

    def _section(self, section: Section, key: Key, meter: str) -> list[Bar]:
        """Return the bars of a section: those of its name that came before, sometimes varied, or new ones."""
        known = self._known.get((section.name, key.fifths, meter))
        if known is None:
            bars = self._new_bars(section, key, meter)
            if not section.is_ending:
                self._known[section.name, key.fifths, meter] = bars
            return [bar.copy() for bar in bars]
        bars = [bar.copy() for bar in (known[-section.bars :] if section.is_ending else known[: section.bars])]
        varied = len(bars) if section.is_ending else self._rng.choice((0, 0, 1, 2, 2, 4))
        for bar in bars[len(bars) - varied :]:
            self._sing(bar, tuple(note.figure for note in bar.notes))
        return bars

    def _new_bars(self, section: Section, key: Key, meter: str) -> list[Bar]:
        """Compose the bars of a section."""
        chords: list[list[Chord | None]] = []
        harmony_key = Key(key.fifths) if section.kind == "bridge" else key
        while len(chords) < section.bars:
            phrase = draw_phrase(self._rng, section.kind, ends=section.bars - len(chords) <= PHRASE_BARS)
            chords += self._harmony.bars(self._rng, harmony_key, phrase)
        bars: list[Bar] = []
        for planned in chords[: section.bars]:
            rhythm, model = self._rhythm(bars, len(planned), meter)
            bar = Bar([], self._placed(planned, rhythm, METER_TICKS[meter]), key)
            self._sing(bar, rhythm, model)
            bars.append(bar)
        return bars

    def _rhythm(self, bars: Sequence[Bar], chords: int, meter: str) -> tuple[Rhythm, Bar | None]:
        """Draw a rhythm, or take that of an earlier bar, whose line may come back with it."""
        source = self._rhythms.setdefault(meter, RhythmSource(meter, self._leaning))
        if "bar rests" in self._features and self._rng.random() < BAR_REST_RATE:
            return source.bar_rest(), None
        back = self._rng.choice((2, 2, 4, 1))
        if len(bars) >= back and self._rng.random() < RHYTHM_AGAIN and chords <= max(1, len(bars[-back].chords)):
            model = bars[-back]
            return tuple(note.figure for note in model.notes), model if self._rng.random() < 0.7 else None
        return source.bar(self._rng, chords), None

    def _placed(self, chords: Sequence[Chord | None], rhythm: Rhythm, bar_ticks: int) -> list[tuple[int, Chord]]:
        """Place the chords of a bar; one that falls into a note may be heard with that note, an eighth too early."""
        quarter = TICKS // 4
        starts = onsets(rhythm)
        places = [0, {120: 72, 96: 48, 72: 48, 48: 24}[bar_ticks]]
        if len(chords) == 2 and bar_ticks == TICKS and 3 * quarter in starts and self._rng.random() < 0.2:
            places[1] = 3 * quarter
        elif len(chords) > 2:
            places = [0, 2 * quarter, 3 * quarter] if bar_ticks >= TICKS and len(chords) == 3 else [0, 24, 48, 72]
        placed: dict[int, Chord] = {}
        for place, chord in zip(places, chords, strict=False):
            if chord is None or place >= bar_ticks:
                continue
            earlier = max(start for start in starts if start <= place)
            if place and bar_ticks < TICKS and self._rng.random() < (0.85 if place > earlier else 0.4):
                continue  # short bars mostly keep their chord, the more so within a note
            is_near = 0 < place - earlier <= quarter // 2
            if is_near and earlier not in placed and self._rng.random() < 0.7:
                place = earlier
            placed[place] = chord
        return sorted(placed.items(), key=lambda item: item[0])

    def _sing(self, bar: Bar, rhythm: Rhythm, model: Bar | None = None) -> None:
        """Give a bar its notes, and remember the chord it ends with."""
        bar.notes = self._singer.bar(self._rng, rhythm, bar.chords, self._chord, bar.key, model)
        if bar.chords:
            self._chord = bar.chords[-1][1]

    def _end(self, last: Bar, meter: str) -> None:
        """Let the tune come to rest in its last bar."""
        tonic = self._harmony.chord(self._rng, last.key, "1t" if last.key.is_minor else "1T")
        if self._rng.random() < 0.7:
            last.chords = [(0, tonic)]
        if self._rng.random() < 0.85:
            rhythm = self._rhythms[meter].last_bar(self._rng)
            last.chords = last.chords[:1]
            self._sing(last, rhythm)

    def _begin_with_pickup(self, bars: list[Bar]) -> None:
        """Put an incomplete bar before the first one. No barline opens it."""
        rhythm = self._rhythms[_signature_of_time(self._meter)].pickup(self._rng)
        first = bars[0]
        pickup = Bar([], [], self._key, first.signature, first.meter, barline="")
        first.signature = first.meter = ""
        self._sing(pickup, rhythm)
        bars.insert(0, pickup)


def _signature_of_time(meter: str) -> str:
    """Return `4/4` of `*M4/4 *met(c)`."""
    return meter.split(" ")[0].removeprefix("*M")
