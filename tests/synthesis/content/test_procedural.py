"""Procedural tunes: well-formed texts in normal form, full bars, spelled accidentals, and everything they may hold."""

from __future__ import annotations

import hashlib
import os
import random
import re
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from jazzmus.errors import ConfigError
from jazzmus.kern.accidentals import begins_tie, ends_tie
from jazzmus.kern.chords import parse_chord
from jazzmus.kern.compact import CompactTokenizer
from jazzmus.kern.document import RowKind, parse_kern
from jazzmus.kern.forms import build_form
from jazzmus.kern.normal_form import normalize_with_ledger
from jazzmus.kern.notes import LETTERS, NULL_CELL, Note, parse_notes
from jazzmus.kern.systems import count_systems
from jazzmus.kern.written import as_sounding, as_written, written_losses
from jazzmus.synthesis.content.procedural import FEATURE_RATES, TuneStyle, procedural_tune
from jazzmus.synthesis.content.progressions import QUALITY_WEIGHTS, Harmony, Key, chord_tones
from jazzmus.synthesis.content.tune_form import balance_systems, move_breaks
from jazzmus.synthesis.content.tune_phrases import PHRASES
from jazzmus.synthesis.engraving import EngravingStyle, engrave

ROOT = Path(__file__).resolve().parents[3]
EVERYTHING = TuneStyle(features=dict.fromkeys(FEATURE_RATES, 1.0))
PLAIN = TuneStyle(signatures={-1: 1, 0: 1}, meters={"*M4/4": 1}, bars_per_system=(2, 2), plain=True)
STYLES = {"full": TuneStyle(), "plain": PLAIN, "everything": EVERYTHING}


@cache
def tunes(style: str, count: int) -> list[str]:
    return [procedural_tune(random.Random(seed), 1 + seed % 12, STYLES[style]) for seed in range(count)]


def bars_of(kern: str) -> list[tuple[Fraction, list[tuple[str, ...]]]]:
    """Each bar with the meter in force and the cells of its data rows."""
    bars: list[tuple[Fraction, list[tuple[str, ...]]]] = []
    meter = Fraction(0)
    for row in parse_kern(kern).rows:
        if row.kind is RowKind.BARLINE or (row.kind is RowKind.DATA and not bars):
            bars.append((meter, []))
        if row.kind is RowKind.DATA:
            bars[-1][1].append(row.cells)
        meters = [Fraction(cell[2:]) for cell in row.cells if re.fullmatch(r"\*M\d+/\d+", cell)]
        if meters:
            meter = meters[0]
            bars[-1:] = [(meter, bars[-1][1])] if bars else []
    return [bar for bar in bars if bar[1]]


def voices_of(rows: list[tuple[str, ...]]) -> list[list[Note]]:
    columns = list(zip(*rows, strict=True))[:-1]
    return [[parse_notes(cell)[-1] for cell in column if cell != NULL_CELL] for column in columns]


@pytest.mark.parametrize("style", STYLES)
def test_texts_are_in_normal_form_with_the_systems_asked_for(style: str) -> None:
    for seed, kern in enumerate(tunes(style, 60)):
        assert count_systems(kern) == 1 + seed % 12
        normal = normalize_with_ledger(kern)
        assert not normal.ledger, (seed, normal.ledger)
        assert normal.text == kern


@pytest.mark.parametrize("style", STYLES)
def test_every_bar_but_a_pickup_is_full_in_every_voice(style: str) -> None:
    for seed, kern in enumerate(tunes(style, 60)):
        has_pickup = re.search(r"^[=\d(\[]", kern, re.MULTILINE)[0] != "="
        for number, (meter, rows) in enumerate(bars_of(kern)):
            for voice in voices_of(rows):
                length = sum(note.duration for note in voice)
                if number == 0 and has_pickup:
                    assert 0 < length < meter, (seed, rows)
                else:
                    assert length == meter, (seed, number, rows)


@pytest.mark.parametrize("style", STYLES)
def test_written_accidentals_bring_back_the_text(style: str) -> None:
    for seed, kern in enumerate(tunes(style, 60)):
        assert as_sounding(as_written(kern)) == kern, seed
        assert not written_losses(kern), seed


def test_chords_parse_and_ties_slurs_and_beams_close() -> None:
    for seed, kern in enumerate(tunes("everything", 60)):
        tied, slurs = None, 0
        for _, rows in bars_of(kern):
            assert all(row[-1] == NULL_CELL or parse_chord(row[-1]) for row in rows), seed
            beams = 0
            for note in voices_of(rows)[0]:
                beams += note.marks.count("L") - note.marks.count("J")
                slurs += note.opening.count("(") - note.marks.count(")")
                assert beams in (0, 1, 2, 3), (seed, rows)
                assert slurs in (0, 1), (seed, rows)
                sounding = (note.pitch, note.alteration)
                assert ends_tie(note) == (tied is not None), (seed, rows)
                assert tied in (None, sounding), (seed, rows)
                tied = sounding if begins_tie(note) else None
            assert (beams, slurs) == (0, 0), (seed, rows)
        assert tied is None, seed


def test_repeats_open_only_what_they_close() -> None:
    for kern in tunes("everything", 60):
        signs = "".join(re.findall(r"^(=:\|!\|:|=!\|:|=:\|!)", kern, re.MULTILINE))
        signs = signs.replace("=:|!|:", ")(").replace("=!|:", "(").replace("=:|!", ")")
        assert re.fullmatch(r"\)?(\(\))*", signs), signs


def test_no_system_begins_with_a_change() -> None:
    for seed in range(100):
        kern = procedural_tune(random.Random(seed), 6, EVERYTHING)
        assert not re.search(r"!!linebreak:original\n(=.*\n)?\*[kM]", kern), seed


@pytest.mark.parametrize("style", ["full", "everything"])
def test_verovio_draws_the_systems(style: str) -> None:
    for seed in range(12):
        systems = 2 + seed % 7
        kern = procedural_tune(random.Random(seed), systems, STYLES[style])
        assert len(engrave(kern, EngravingStyle()).systems) == systems, seed


FEATURES = {
    "minor third in flats": r"^\*k\[b-e-a-d-g-\]\t",
    "sharps": r"^\*k\[f#c#",
    "common time": r"^\*M4/4\t\*\n\*met\(c\)",
    "cut time": r"^\*M2/2\t\*\n\*met\(c\|\)",
    "waltz": r"^\*M3/4\t",
    "five": r"^\*M5/4\t",
    "two": r"^\*M2/4\t",
    "bass clef": r"^\*clefF4\t",
    "pickup": r"^\*M.*\n(\*met.*\n)?[\d(\[]",
    "key change": r"^=.*\n\*k\[",
    "meter change": r"^=.*\n(\*k.*\n)?\*M",
    "repeat": r"^=:\|!\t",
    "repeat from a sign": r"^=!\|:\t",
    "double barline": r"^=\|\|\t",
    "bar rest": r"^1r\t.*\n=",
    "quarter triplet": r"^6\D.*\n6\D.*\n6\D",
    "eighth triplet": r"^12[a-gA-G]+[-#nX]*L",
    "sixteenths": r"^16[a-gA-G]+[-#nX]*LL",
    "dotted eighth": r"^8\.[a-gA-G]+[-#nX]*L.*\n16[a-gA-G]+[-#nX]*Jk",
    "syncopation": r"^8[a-gA-G]+[-#nX]*\t.*\n4[a-gA-G]+[-#nX]*\t.*\n8[a-gA-G]",
    "tie over a barline": r"^\[.*\n=.*\n.*\]\t",
    "tie over a system break": r"^\[.*\n!!linebreak:original\n=.*\n.*\]\t",
    "long tie": r"^\d.*_\t",
    "slash chord": r"\t[A-G].*:.*/[A-G]",
    "altered chord": r":7\((b9|#9|b5|#5)\)",
    "half-diminished": ":hdim7$",
    "diminished": ":dim$",
    "augmented": ":aug",
    "suspended": r":sus4\(7\)$",
    "thirteenth": r":13",
    "chord within a note": r"^1[a-gA-G].*\n\.\t[A-G]",
    "chord after none": r"^=.*\n.*\t\.\n.*\t[A-G]",
    "sharp drawn": "#X",
    "flat drawn": "-X",
    "natural drawn": r"[a-gA-G]n",
    "double stop": r"^\d\S* \d\S*\t",
    "two voices": r"^\*\^\t\*\n(.*\n)+?\*v\t\*v\t\*\n=",
    "staccato": "'",
    "accent": r"\^[LJ]?\t",
    "slur": r"^\(.*\n(.*\n)*?.*\)\t",
    "fermata": ";",
}


def test_everything_appears_within_three_hundred_tunes() -> None:
    texts = [procedural_tune(random.Random(seed), 7, TuneStyle()) for seed in range(300)]
    assert [name for name, sign in FEATURES.items() if not any(re.search(sign, t, re.MULTILINE) for t in texts)] == []
    qualities = {cell for text in texts for cell in re.findall(r":([^/\t\n]+)", text)}
    common = {q for family in QUALITY_WEIGHTS.values() for q, weight in family.items() if weight >= 8}
    assert common <= qualities


def test_statistics_are_those_of_handwritten_pages() -> None:
    """The bounds lie around the figures of the training texts: 70 tokens a system, 1.27 chords and 3.6 notes a bar."""
    tokenizer, form = CompactTokenizer(), build_form("written")
    texts = [procedural_tune(random.Random(seed), 7, TuneStyle()) for seed in range(80)]
    tokens = sum(len(tokenizer.encode(form.apply(text))) for text in texts) / (7 * len(texts))
    bars = [rows for text in texts for _, rows in bars_of(text)]
    notes = [note for rows in bars for note in voices_of(rows)[0]]
    assert 64 < tokens < 78
    assert 4.2 < len(bars) / (7 * len(texts)) < 5.0
    assert 3.3 < len(notes) / len(bars) < 3.9
    assert 1.1 < sum(row[-1] != NULL_CELL for rows in bars for row in rows) / len(bars) < 1.4
    assert 0.07 < sum(note.is_rest for note in notes) / len(notes) < 0.13
    assert 0.07 < sum(ends_tie(note) for note in notes) / len(notes) < 0.13
    drawn = sum("X" in note.marks or note.accidental == "n" for note in notes)
    assert 0.08 < drawn / len(notes) < 0.15


def test_tokens_are_those_of_the_training_texts(shared: Path) -> None:
    tokenizer, form = CompactTokenizer(), build_form("written")
    folders = [ROOT / "data/handwritten/train/ground_truth", ROOT / "data/synthetic/synthetic/ground_truth"]
    files = [path for folder in folders for path in sorted(folder.glob("*.txt"))]
    if not files:
        pytest.skip(f"no prepared data under {ROOT / 'data'}")
    known = {token for path in files for token in tokenizer.encode(form.apply(path.read_text(encoding="utf-8")))}
    tokens = Counter(token for kern in tunes("full", 60) for token in tokenizer.encode(form.apply(kern)))
    unknown = sum(count for token, count in tokens.items() if token not in known)
    assert unknown < 0.005 * tokens.total()


def test_equal_seeds_give_equal_texts_in_any_process() -> None:
    program = (
        "import hashlib, random; from jazzmus.synthesis.content.procedural import TuneStyle, procedural_tune; "
        "texts = [procedural_tune(random.Random(seed), 7, TuneStyle()) for seed in range(20)]; "
        "print(hashlib.sha256(''.join(texts).encode()).hexdigest())"
    )
    texts = [procedural_tune(random.Random(seed), 7, TuneStyle()) for seed in range(20)]
    assert len(set(texts)) == 20
    digests = {hashlib.sha256("".join(texts).encode()).hexdigest()}
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        run = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, check=True, text=True
        )
        digests.add(run.stdout.strip())
    assert len(digests) == 1


def test_the_simple_style_has_a_small_vocabulary() -> None:
    cells = {
        cell for seed in range(200) for cell in re.split(r"[\t\n]", procedural_tune(random.Random(seed), 3, PLAIN))
    }
    assert len(cells) < 130
    texts = [procedural_tune(random.Random(seed), 3, PLAIN) for seed in range(30)]
    assert all(len(bars_of(text)) == 6 for text in texts)


@pytest.mark.parametrize(
    ("fifths", "is_minor", "symbol", "cell"),
    [
        (-2, False, "2m", "C:min7"),
        (-4, False, "4T", "Db:maj7"),
        (-4, False, "b7D", "Gb:7"),
        (2, False, "3D", "F#:7"),
        (-3, False, "#1o", "E:dim"),
        (0, True, "5D", "E:7"),
        (0, True, "b6T", "F:maj7"),
        (0, False, "1T/3", "C:maj7/E"),
        (-6, False, "b3T", "A:maj7"),
    ],
)
def test_chords_are_spelled_in_the_key(fifths: int, is_minor: bool, symbol: str, cell: str) -> None:
    harmony = Harmony(random.Random(0), slash=0.0, plain=True)
    assert harmony.chord(random.Random(0), Key(fifths, is_minor), symbol).cell == cell


@pytest.mark.parametrize(
    ("symbol", "alterations"),
    [
        ("5D", {"G": 0, "B": 0, "D": 0, "F": 0}),
        ("6D", {"A": 0, "C": 1, "E": 0, "G": 0}),
        ("7h", {"B": 0, "D": 0, "F": 0, "A": 0}),
        ("b2T", {"D": -1, "F": 0, "A": -1, "C": 0}),
    ],
)
def test_chords_know_their_notes(symbol: str, alterations: dict[str, int]) -> None:
    harmony = Harmony(random.Random(0), slash=0.0, plain=True)
    assert harmony.chord(random.Random(0), Key(0), symbol).alterations == alterations


def test_every_phrase_and_quality_can_be_spelled_in_every_key() -> None:
    for fifths in range(-6, 7):
        for is_minor in (False, True):
            harmony = Harmony(random.Random(0), slash=0.2, plain=False)
            for phrase in [phrase for phrases in PHRASES.values() for phrase in phrases]:
                bars = harmony.bars(random.Random(1), Key(fifths, is_minor), phrase)
                assert len(bars) == len(phrase.split())
                for chord in filter(None, chain.from_iterable(bars)):
                    assert parse_chord(chord.cell), (phrase, chord)
                    assert set(chord.alterations) <= set(LETTERS)
    assert chord_tones("7(b9)") == (0, 4, 1, -2, -5)
    assert chord_tones("hdim7") == (0, -3, -6, -2)
    assert chord_tones("maj6(9)") == (0, 4, 1, 3, 2)


def test_signatures_are_those_of_the_dialect() -> None:
    assert [Key(fifths).signature for fifths in (0, -4, 2)] == ["*k[]", "*k[b-e-a-d-]", "*k[f#c#]"]
    assert Key(-3, is_minor=True).tonic == 0


def test_systems_share_the_notes_and_leave_changes_inside() -> None:
    assert balance_systems([8, 8, *[1] * 7], 2) == [2, 7]
    assert balance_systems([1, 1, 1], 3) == [1, 1, 1]
    assert move_breaks([4, 4, 4], {4, 9}) == [5, 3, 4]
    assert move_breaks([1, 1], {1}) == [1, 1]


def test_wrong_styles_are_refused() -> None:
    with pytest.raises(ConfigError, match="yodel"):
        TuneStyle(features={"yodel": 1.0})
    with pytest.raises(ConfigError, match="7/8"):
        TuneStyle(meters={"*M7/8": 1})
    with pytest.raises(ConfigError, match="signatures"):
        TuneStyle(signatures={9: 1})
    with pytest.raises(ConfigError, match="bars_per_system"):
        TuneStyle(bars_per_system=(4, 3))
    with pytest.raises(ConfigError, match="at least 1"):
        procedural_tune(random.Random(0), 0, TuneStyle())
