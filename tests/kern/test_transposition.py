"""A text moved to another key and back is the same text; what is drawn and what it sums to stays."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from documents import kern_texts
from hypothesis import given
from hypothesis import strategies as st

from jazzmus.errors import KernError
from jazzmus.kern.chords import parse_chord
from jazzmus.kern.document import RowKind, parse_kern
from jazzmus.kern.normal_form import normalize
from jazzmus.kern.notes import parse_notes
from jazzmus.kern.transposition import (
    draw_accidentals,
    pitch_at,
    place_on_line,
    semitones,
    signature_cell,
    signature_fifths,
    transpose,
)
from jazzmus.kern.written import as_sounding, as_written, written_losses

TUNE = (
    "**kern\t**mxhm\n*clefG2\t*\n*k[b-]\t*\n*d:\t*\n*M3/4\t*\n=\t=\n4.ddL\tD:min7\n8cc#XJ\t.\n[4ee\tA:7(b9)/C#\n"
    "=\t=\n4ee]\t.\n4b-\tBb:maj\n4bn\tN.C.\n==\t==\n*-\t*-\n"
)
BASE = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
MARK = re.compile("(?<=[a-gA-G#-])[Xn]")
SHARPS = tuple(f"4{letter}{sign}" for letter in "cdfg" for sign in "#-")


def sounds(kern: str) -> list[int]:
    """Semitones above middle C of all notes in reading order."""
    heights = []
    for row in parse_kern(kern).rows:
        for cell in row.cells if row.kind is RowKind.DATA else ():
            for note in parse_notes(cell) if parse_chord(cell) is None else ():
                if not note.is_rest:
                    octave = len(note.pitch) - 1 if note.pitch[0].islower() else -len(note.pitch)
                    shift = note.alteration.count("#") - note.alteration.count("-")
                    heights.append(12 * octave + BASE[note.pitch[0].upper()] + shift)
    return heights


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Texts in normal form that begin with a signature, with accidentals that need not be marked as drawn."""
    header, rest = normalize(draw(kern_texts(SHARPS))).split("\n", 1)
    signature = draw(st.sampled_from(("*k[]", "*k[f#c#]", "*k[b-e-a-]")))
    return normalize(f"{header}\n{signature}{header.count(chr(9)) * chr(9)}{'*' * header.count(chr(9))}\n{rest}")


def moved(kern: str, fifths: int, octaves: int = 0) -> str | None:
    try:
        return transpose(kern, fifths, octaves)
    except KernError:
        return None


def test_a_tune_goes_up_a_tone() -> None:
    assert transpose(TUNE, 2) == (
        "**kern\t**mxhm\n*clefG2\t*\n*k[f#]\t*\n*e:\t*\n*M3/4\t*\n=\t=\n4.eeL\tE:min7\n8dd#XJ\t.\n[4ff#\tB:7(b9)/D#\n"
        "=\t=\n4ff#]\t.\n4cc\tC:maj\n4cc#X\tN.C.\n==\t==\n*-\t*-\n"
    )


def test_octaves_come_after_the_nearest_direction() -> None:
    assert transpose(TUNE, 0, -2).split()[12:14] == ["4.DL", "D:min7"]
    assert "4.dL\t" in transpose(TUNE, 0, -1)
    assert [semitones(fifths) for fifths in range(-6, 7)] == [-6, 1, -4, 3, -2, 5, 0, -5, 2, -3, 4, -1, 6]


@given(texts(), st.integers(-6, 6), st.integers(-1, 1))
def test_up_and_down_is_the_identity(kern: str, fifths: int, octaves: int) -> None:
    there = moved(kern, fifths, octaves)
    if there is not None:
        assert sounds(there) == [sound + semitones(fifths) + 12 * octaves for sound in sounds(kern)]
        back = transpose(there, -fifths, -octaves)
        # A chord that would stand on E sharp goes to F and stays one of the flat side.
        for one, other in zip(back.split(), kern.split(), strict=True):
            was, now = parse_chord(other), parse_chord(one)
            assert one == other or (was and now and (was.quality, was.extensions) == (now.quality, now.extensions))


@given(texts(), st.integers(-6, 6))
def test_what_is_drawn_and_implied_moves_along(kern: str, fifths: int) -> None:
    kern = draw_accidentals(kern)
    assert as_written(draw_accidentals(kern)) == as_written(kern)
    there = moved(kern, fifths)
    if there is not None:
        losses, before = written_losses(there), written_losses(kern)
        assert losses == before
        assert draw_accidentals(there) == there
        if not losses:
            assert as_sounding(as_written(there)) == there


@given(kern_texts(SHARPS))
def test_accidentals_are_drawn_where_they_are_needed(kern: str) -> None:
    drawn = draw_accidentals(MARK.sub("", normalize(kern)))
    assert sounds(drawn) == sounds(kern)
    assert written_losses(drawn) == Counter()
    for mark in MARK.finditer(drawn):
        assert written_losses(drawn[: mark.start()] + drawn[mark.end() :]) != Counter(), drawn[: mark.end()]


def test_a_courtesy_accidental_stays() -> None:
    tune = "**kern\n*k[f#]\n4f#\n4f#X\n=\n4fn\n4f\n*-\n"
    assert draw_accidentals(tune) == tune
    assert transpose(tune, -1).split()[1:4] == ["*k[]", "4b", "4bn"]


@pytest.mark.parametrize("fifths", range(-6, 7))
def test_signatures_and_places(fifths: int) -> None:
    assert signature_fifths(signature_cell(fifths)) == fifths
    assert place_on_line(*pitch_at(fifths)) == fifths


@pytest.mark.parametrize(
    ("body", "fifths", "line"),
    [
        ("*k[f#c#g#d#]\n4c\n", 3, 2),
        ("*k[b-e-a-d-]\n4c\n", -3, 2),
        ("*k[b-f#]\n4c\n", 1, 2),
        ("*k[]\n4c\n4b#\n", 1, 4),
        ("4f-\n", -1, 2),
        ("4c\n*F-:\n", -1, 3),
    ],
)
def test_what_cannot_be_spelled_is_refused_with_its_line(body: str, fifths: int, line: int) -> None:
    with pytest.raises(KernError, match=f"^line {line}: `"):
        transpose(f"**kern\n{body}*-\n", fifths)


def test_a_text_without_signature_gets_one() -> None:
    assert transpose("**kern\t**mxhm\n*clefF4\t*\n4f\tF:7\n*-\t*-\n", 1).split()[4:8] == ["*k[f#]", "*", "4c", "C:7"]
    assert transpose("**kern\n4f\n*-\n", 0) == "**kern\n4f\n*-\n"


def test_no_chord_stands_on_e_sharp_or_b_sharp() -> None:
    assert transpose("**mxhm\nE:7/B\nA#:dim\nCb:maj\n*-\n", 1).split() == ["**mxhm", "B:7/F#", "F:dim", "Gb:maj", "*-"]


def test_training_texts_come_back(real_texts: list[str], shared: Path) -> None:
    tokens = kept = 0
    for text in real_texts:
        there = moved(text, 2)
        if there is not None:
            pairs = list(zip(text.split(), transpose(there, -2).split(), strict=True))
            tokens, kept = tokens + len(pairs), kept + sum(one == other for one, other in pairs)
    assert kept / tokens > 0.999
