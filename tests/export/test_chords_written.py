from __future__ import annotations

from collections import Counter

import pytest
from lxml import etree

from jazzmus.export.musicxml_chords import chord_element
from jazzmus.export.voicing import Voicing, voice
from jazzmus.kern.chord_kinds import KINDS, printed_suffix
from jazzmus.kern.chords import Chord, parse_chord
from jazzmus.synthesis.content.musicxml_chords import EXTENSIONS, chord_cell

SUFFIXES = [(quality, inner) for quality, inners in EXTENSIONS.items() for inner in ("", *inners)]


def chord(text: str) -> Chord:
    parsed = parse_chord(text)
    assert parsed is not None
    return parsed


def test_every_quality_of_the_dialect_has_its_own_kind() -> None:
    assert KINDS.keys() == EXTENSIONS.keys()
    assert len({kind.musicxml for kind in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize(("quality", "inner"), SUFFIXES)
def test_every_symbol_of_the_dialect_comes_back(quality: str, inner: str) -> None:
    cell = f"Bb:{quality}{f'({inner})' if inner else ''}/F#"
    repairs: Counter[str] = Counter()
    assert chord_cell(chord_element(cell, 0), repairs) == cell
    assert not repairs


def test_printed_symbols_differ() -> None:
    texts = [
        printed_suffix(Chord("C", quality, tuple(inner.split(",")) if inner else ())) for quality, inner in SUFFIXES
    ]
    assert len(set(texts)) == len(texts)


def test_a_degree_that_the_kind_has_is_changed_and_another_one_added() -> None:
    element = chord_element("C:13(b9,#15)", 3)
    found = [tuple(part.text for part in degree) for degree in element.iterfind("degree")]
    assert found == [("9", "-1", "alter"), ("15", "1", "add")]
    assert element.findtext("offset") == "3"


def test_an_unknown_quality_keeps_its_text() -> None:
    kind = chord_element("E:mystery7(b9)", 0).find("kind")
    assert (kind.text, kind.get("text")) == ("other", "mystery7(b9)")


def test_other_cells_are_no_chord_or_words() -> None:
    assert chord_element("N.C.", 0).findtext("kind") == "none"
    assert chord_element("a <b>\x00", 0).findtext("direction-type/words") == "a <b>"
    assert b"&lt;b&gt;" in etree.tostring(chord_element("a <b>", 0))


def test_voices_move_little_and_stay_in_the_middle() -> None:
    before: Voicing | None = None
    for text in ("D:min7", "G:7", "C:maj7", "A:7(b9)", "D:min9", "G:13", "C:maj6(9)", "F#:hdim7/E", "B:11"):
        now = voice(chord(text), before)
        assert 36 <= now.bass < 48 < min(now.tones)
        assert max(now.tones) <= 72
        if before is not None:
            assert all(min(abs(tone - other) for other in before.tones) <= 5 for tone in now.tones)
        before = now


def test_the_bass_is_the_note_under_the_slash_and_the_root_then_stays() -> None:
    voicing = voice(chord("C:7/E"), None)
    assert voicing.bass % 12 == 4
    assert 0 in {tone % 12 for tone in voicing.tones}
    assert 0 not in {tone % 12 for tone in voice(chord("C:7"), None).tones}
