from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree
from pieces import HOSTILE, PIECE, STRANGE
from reread import bars_of_musicxml, bars_of_text
from schema import flaws
from test_score import kern_texts

from jazzmus.errors import KernError
from jazzmus.export.musicxml import to_musicxml

ODD_CELLS = ("qgg", "qqa", "6cL", "12eJ", "40cKk", "0c", "17c", "4c 8e", "4r 4c", "3001c", "4ccccccccc", "what")


def measures(kern: str) -> list[etree._Element]:
    return etree.fromstring(to_musicxml(kern).encode()).findall("part/measure")


def texts(element: etree._Element, path: str) -> list[str]:
    return [found.text for found in element.findall(path)]


def test_the_schema_can_find_a_flaw() -> None:
    assert flaws(to_musicxml(PIECE).replace("<step>", "<stop>").replace("</step>", "</stop>"))


@pytest.mark.parametrize("kern", [PIECE, *STRANGE])
def test_documents_are_valid(kern: str) -> None:
    assert flaws(to_musicxml(kern, "Tune & <sketch>\x02")) == []


@given(kern_texts(ODD_CELLS))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_text_that_parses_becomes_a_valid_document(kern: str) -> None:
    assert flaws(to_musicxml(kern)) == []


def test_another_program_reads_the_same_notes() -> None:
    plain = PIECE.replace("soon <over>", "D:7").replace("4gg 4b- 4dd", "4gg 4b- 4dd'")
    expected, read = bars_of_text(plain), bars_of_musicxml(to_musicxml(plain))
    assert [bar.notes for bar in read[:4]] == [bar.notes for bar in expected[:4]]
    assert [bar.chords for bar in read] == [bar.chords for bar in expected]


def test_ties_tuplets_beams_and_slurs() -> None:
    bars = measures(PIECE)
    notes = bars[1].findall("note")
    assert texts(bars[1], "note/beam[@number='1']") == ["begin", "continue", "end", "begin", "end"]
    assert texts(bars[1], "note/beam[@number='2']") == ["backward hook"]
    assert [slur.get("type") for slur in bars[1].iter("slur")] == ["start", "stop"]
    assert [mark.get("type") for mark in bars[1].iter("tuplet")] == ["start", "stop"]
    assert texts(notes[0], "time-modification/*") == ["3", "2"]
    assert [tie.get("type") for tie in (*notes[-1].iter("tie", "tied"), *bars[2].iter("tie", "tied"))] == [
        "start", "start", "stop", "stop",
    ]  # fmt: skip
    assert texts(bars[5], "note/beam[@number='2']") == ["begin", "end"]


def test_accidentals_are_shown_where_drawn_or_needed() -> None:
    bars = measures(PIECE)
    assert texts(bars[1], "note/accidental") == ["sharp", "flat"]
    # A grace note's sharp is needed, though the text does not say so; the natural is a courtesy mark.
    assert texts(bars[4], "note/accidental") == ["sharp", "natural"]
    assert bars[4].find("note/accidental[@cautionary]").text == "natural"


def test_marks_chords_grace_notes_and_what_is_not_drawn() -> None:
    bars = measures(PIECE)
    assert [mark.tag for mark in bars[1].iterfind("note/notations/articulations/*")] == ["staccato", "accent"]
    assert bars[2].find("note/notations/fermata") is not None
    assert len(bars[4].findall("note/chord")) == 2
    assert bars[4].find("note/grace").get("slash") == "yes"
    assert bars[4].find("note/grace/../duration") is None
    assert [note.get("print-object") for note in bars[5].findall("note")] == [None] * 4 + ["no"]
    assert bars[3].find("note/rest").get("measure") == "yes"


def test_voices_go_back_to_the_beginning_of_the_bar() -> None:
    bar = measures(PIECE)[2]
    assert texts(bar, "note/voice") == ["1"] * 4 + ["2"] * 3
    assert len(bar.findall("backup")) == 1
    assert [chord.getnext().tag for chord in bar.findall("harmony")] == ["note"] * 4


def test_pickup_systems_repeats_and_signatures() -> None:
    bars = measures(PIECE)
    assert [bar.get("number") for bar in bars] == ["0", "1", "2", "3", "4", "5"]
    assert [bar.get("implicit") for bar in bars] == ["yes"] + [None] * 5
    assert [bar.find("print") is not None for bar in bars] == [False, False, False, True, False, True]
    assert [repeat.get("direction") for bar in bars for repeat in bar.iter("repeat")] == ["backward", "forward"]
    assert [style.text for style in bars[4].iter("bar-style")] == ["light-light"]
    assert [style.text for style in bars[5].iter("bar-style")] == ["light-heavy"]
    assert texts(bars[0], "attributes/key/*") == ["-2", "minor"]
    assert bars[0].find("attributes/time").get("symbol") == "common"
    assert texts(bars[5], "attributes/*/*") == ["1", "3", "4", "F", "4"]


def test_bars_that_do_not_add_up_are_written_as_they_are() -> None:
    (bar,) = measures("**kern\n*M4/4\n*^\n4c\t8e\n4d\t.\n2.f\t8g\n*v\t*v\n=\n*-\n")
    assert texts(bar, "note/type") == ["quarter", "quarter", "half", "eighth", "eighth"]
    assert flaws(to_musicxml("**kern\n*M4/4\n*^\n4c\t8e\n4d\t.\n2.f\t8g\n*v\t*v\n=\n*-\n")) == []


@pytest.mark.parametrize("kern", HOSTILE)
def test_hostile_texts_are_one_line_of_error(kern: str) -> None:
    with pytest.raises(KernError, match=r"^line \d+: [^\n]+$"):
        to_musicxml(kern)
