"""Engraving: chords above the staff, one system per line of the text, and accidentals as the dialect marks them."""

from __future__ import annotations

import random
import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import numpy as np
import pytest

from jazzmus.errors import KernError
from jazzmus.synthesis.chord_text import chord_text
from jazzmus.synthesis.content.procedural import TuneStyle, procedural_tune
from jazzmus.synthesis.engraving import MUSIC_FONTS, SVG, EngravingStyle, drawable_rows, engrave, rasterise

HEAD = "**kern\t**mxhm\n*clefG2\t*\n*k[]\t*\n*C:\t*\n*M4/4\t*\n"
TAIL = "==\t==\n*-\t*-\n"


@pytest.mark.parametrize(
    ("cell", "printed"),
    [
        ("Bb:maj7", "Bbmaj7"), ("F#:hdim7", "F#m7b5"), ("C:7(b9)", "C7(b9)"), ("G:maj/B", "G/B"), ("A:min7/G", "Am7/G"),
        ("D:sus4(7)", "D7sus4"), ("N.C.", "N.C."), (".", "."),
    ],
)  # fmt: skip
def test_chords_are_printed_as_a_lead_sheet_has_them(cell: str, printed: str) -> None:
    assert chord_text(cell) == printed


def test_labels_and_tempo_are_not_drawn() -> None:
    rows = drawable_rows(
        '**kern\t**mxhm\n*I"Voice\t*\n*MM120\t*\n!LO:TX:a:t=x\t!\n=\t=\n1c\tC:min\n!!linebreak:original\n*-\t*-\n'
    )
    assert (
        "".join(f"{row}\n" for _, row in rows)
        == "**kern\t**cdata\n*\t*above\n=\t=\n1c\tCm\n!!linebreak:original\n*-\t*-\n"
    )


def test_a_chord_adds_ink_above_the_staff_and_inside_the_box() -> None:
    with_chord, without = (engrave(f"{HEAD}=\t=\n1b\t{chord}\n{TAIL}", EngravingStyle()) for chord in ("C:7", "."))
    assert with_chord.systems[0][2] < without.systems[0][2] - 100
    image, (box,) = rasterise(with_chord, 800)
    rows = np.flatnonzero((np.asarray(image) < 128).any(axis=1))
    assert box.from_y <= rows[0] + 1
    assert rows[-1] <= box.to_y
    assert rows[0] > 0


def test_marked_accidentals_are_those_that_the_engraver_draws_by_itself() -> None:
    for seed in range(6):
        kern = procedural_tune(random.Random(seed), 3, TuneStyle(chromatic=0.5, features={"ties": 1.0}))
        unmarked = re.sub(r"^(\[?\d+\.?[a-gA-G]+[#-]?)[Xn]", r"\1", kern, flags=re.MULTILINE)
        assert unmarked != kern
        images = [rasterise(engrave(text, EngravingStyle()), 600)[0].tobytes() for text in (kern, unmarked)]
        assert images[0] == images[1], seed


@pytest.mark.parametrize("font", MUSIC_FONTS)
def test_a_tie_over_a_system_break_leaves_the_boxes_apart(font: str) -> None:
    kern = f"{HEAD}=\t=\n[1b\tC:7\n!!linebreak:original\n=\t=\n[1b_\t.\n!!linebreak:original\n=\t=\n1b]\tF:7\n{TAIL}"
    systems = engrave(kern.replace("[1b_", "1b_"), EngravingStyle(music_font=font)).systems
    assert len(systems) == 3
    for above, below in pairwise(systems):
        assert above[3] < below[2]


def test_bars_of_rest_keep_their_system_breaks() -> None:
    bars = "=\t=\n1r\t.\n=\t=\n1r\tC:7\n"
    score = engrave(f"{HEAD}{bars}!!linebreak:original\n{bars}{TAIL}", EngravingStyle())
    assert len(score.systems) == 2
    assert score.svg.count('class="mRest"') == 4


def test_a_text_without_music_is_refused() -> None:
    with pytest.raises(KernError):
        engrave("", EngravingStyle())


@pytest.mark.parametrize("sign", ["c", "c|"])
def test_meter_signs_are_drawn(sign: str) -> None:
    bar = f"=\t=\n1b\t.\n{TAIL}"
    plain = engrave(HEAD.replace("*M4/4\t*\n", "") + bar, EngravingStyle())
    signed = engrave(f"{HEAD}*met({sign})\t*\n{bar}", EngravingStyle())
    hidden = 'class="meterSig" visibility="hidden"'
    assert 'class="meterSig"' in signed.svg
    assert hidden not in signed.svg
    assert 'class="meterSig"' not in plain.svg


def test_reminders_that_the_text_does_not_mark_are_not_printed_on_generated_pages() -> None:
    tied = f"{HEAD}=\t=\n2cc\tA:7\n[2cc#X\t.\n=\t=\n2cc#]\tC:9\n4cc\t.\n4b\t.\n{TAIL}"

    def accidentals(as_marked: bool) -> int:
        svg = ElementTree.fromstring(engrave(tied, EngravingStyle(), as_marked=as_marked).svg)
        groups = [group for group in svg.iter(f"{SVG}g") if group.get("class", "").split(" ")[0] == "accid"]
        return sum(next(group.iter(f"{SVG}use"), None) is not None for group in groups)

    assert (accidentals(as_marked=False), accidentals(as_marked=True)) == (2, 1)
