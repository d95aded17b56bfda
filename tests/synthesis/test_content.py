"""Procedural tunes: bars that fill their meter, chords that parse, reproducible texts."""

from __future__ import annotations

import random
import re
from fractions import Fraction
from itertools import pairwise

import pytest

from jazzmus.errors import ConfigError
from jazzmus.kern.chords import parse_chord
from jazzmus.kern.document import parse_kern
from jazzmus.kern.systems import count_systems
from jazzmus.synthesis.content import TuneStyle, procedural_tune
from jazzmus.synthesis.progressions import KEYS, Key, spell_root

NOTE = re.compile(r"\[?(?P<number>\d+)(?P<dot>\.?)(?P<pitch>r|[a-g]+|[A-G]+)(?P<sign>#|-|)(?P<drawn>[Xn]?)[LJ]?[\]_]?")


def bars_of(kern: str) -> list[list[tuple[str, str]]]:
    bars: list[list[tuple[str, str]]] = []
    for row in kern.splitlines():
        if row.startswith("="):
            bars.append([])
        elif row[0] not in "*!":
            note, chord = row.split("\t")
            bars[-1].append((note, chord))
    return [bar for bar in bars if bar]


def length(note: str) -> Fraction:
    match = NOTE.fullmatch(note)
    assert match, note
    return Fraction(1, int(match["number"])) * (Fraction(3, 2) if match["dot"] else 1)


@pytest.mark.parametrize("style", [TuneStyle(), TuneStyle.simple()], ids=["full", "simple"])
def test_bars_fill_the_meter_and_texts_parse(style: TuneStyle) -> None:
    for seed in range(100):
        systems = 1 + seed % 8
        kern = procedural_tune(random.Random(seed), systems, style)
        parse_kern(kern)
        assert count_systems(kern) == systems
        meter = Fraction(re.search(r"^\*M(\d/\d)\t", kern, re.MULTILINE)[1])
        for bar in bars_of(kern):
            assert sum(length(note) for note, _ in bar) == meter, (seed, bar)
            assert all(chord == "." or parse_chord(chord) for _, chord in bar), (seed, bar)


def test_ties_close_what_they_open_and_beams_alternate() -> None:
    for seed in range(100):
        tied: str | None = None
        for bar in bars_of(procedural_tune(random.Random(seed), 5, TuneStyle(tie=0.8))):
            beams = "".join(mark for note, _ in bar for mark in note if mark in "LJ")
            assert re.fullmatch("(LJ)*", beams), (seed, bar)
            for note, _ in bar:
                pitch = NOTE.fullmatch(note)["pitch"] + NOTE.fullmatch(note)["sign"]
                assert (tied is not None) == note.endswith(("]", "_")), (seed, note)
                assert tied in (None, pitch), (seed, note)
                tied = pitch if note.startswith("[") or note.endswith("_") else None
        assert tied is None


def test_no_two_empty_bars_follow_each_other() -> None:
    for seed in range(40):
        bars = bars_of(procedural_tune(random.Random(seed), 8, TuneStyle(empty_bar=0.9)))
        empty = [len(bar) == 1 and "r" in bar[0][0] for bar in bars]
        assert any(empty)
        assert not any(first and second for first, second in pairwise(empty)), seed


def test_repeats_close_what_they_open() -> None:
    found = 0
    for seed in range(60):
        kern = procedural_tune(random.Random(seed), 6, TuneStyle(repeat=1.0))
        opened, closed = kern.index("=!|:"), kern.index("=:|!")
        assert opened < closed
        found += 1
    assert found == 60


def test_equal_seeds_give_equal_texts_and_others_differ() -> None:
    texts = [procedural_tune(random.Random(seed), 4, TuneStyle()) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_the_simple_style_has_a_small_vocabulary() -> None:
    cells = set()
    for seed in range(200):
        cells.update(re.split(r"[\t\n]", procedural_tune(random.Random(seed), 3, TuneStyle.simple())))
    assert len(cells) < 130


@pytest.mark.parametrize(
    ("key", "degree", "shift", "written"),
    [
        ("B-", 2, 0, "C"),
        ("A-", 4, 0, "Db"),
        ("A-", 7, -1, "Gb"),
        ("D", 3, 0, "F#"),
        ("E-", 1, 1, "E"),
        ("D", 3, 1, "G"),
    ],
)
def test_roots_are_spelled_in_the_key(key: str, degree: int, shift: int, written: str) -> None:
    assert spell_root(Key(key), degree, shift)[1] == written


def test_signatures_are_those_of_the_dialect() -> None:
    signatures = {key: Key(key).signature for key in KEYS}
    assert signatures["C"] == "*k[]"
    assert signatures["A-"] == "*k[b-e-a-d-]"
    assert signatures["D"] == "*k[f#c#]"


def test_wrong_styles_are_refused() -> None:
    with pytest.raises(ConfigError, match="H"):
        TuneStyle(keys=("H",))
    with pytest.raises(ConfigError, match="bars_per_system"):
        TuneStyle(bars_per_system=(4, 3))
    with pytest.raises(ConfigError, match="at least 1"):
        procedural_tune(random.Random(0), 0, TuneStyle())
