"""One picture, one text: each rule, and what must never change."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from documents import ODD_NOTES, kern_texts
from hypothesis import example, given, settings

from jazzmus.errors import KernError
from jazzmus.kern.accidentals import COURTESY_MARK, DRAWN_MARK, accidental_is_drawn
from jazzmus.kern.completion import complete
from jazzmus.kern.document import MELODY_SPINE, RowKind, parse_kern
from jazzmus.kern.normal_form import NormalForm, normalize, normalize_with_ledger
from jazzmus.kern.note_order import STEMS
from jazzmus.kern.notes import Note, parse_notes
from jazzmus.kern.systems import count_systems, system_range
from jazzmus.kern.tokenizer import published_form

HEAD = "**kern\t**mxhm\n*clefG2\t*\n*M4/4\t*\n"
TAIL = "==\t==\n*-\t*-\n"


DRAWN = re.compile(r"\*(clef|k\[|M\d|met)")


def visible_music(text: str) -> list[tuple[object, ...]]:
    """Return what each barline and data row shows, and the clefs, signatures and meters drawn before it, by spine."""
    document = parse_kern(text)
    music: list[tuple[object, ...]] = []
    changes: set[tuple[int, str]] = set()
    for row in document.rows:
        melody = [
            (spine, cell)
            for spine, cell in zip(row.spines, row.cells, strict=False)  # linebreaks have no spines
            if document.spine_types[spine] == MELODY_SPINE
        ]
        if row.kind is RowKind.INTERPRETATION:
            changes |= {(spine, cell) for spine, cell in melody if DRAWN.match(cell)}
        elif row.kind is RowKind.BARLINE:
            music.append((sorted(changes), re.sub(r"\d", "", row.cells[0])))
            changes = set()
        elif row.kind is RowKind.DATA:
            notes = sorted((spine, *visible_note(note)) for spine, cell in melody for note in parse_notes(cell))
            music.append((sorted(changes), notes))
            changes = set()
    return music


def visible_note(note: Note) -> tuple[object, ...]:
    marks = sorted(mark for mark in note.opening + note.marks if mark not in DRAWN_MARK + COURTESY_MARK + STEMS)
    return note.duration, note.pitch, note.alteration, accidental_is_drawn(note), marks


def chords_of(text: str) -> list[str]:
    document = parse_kern(text)
    rows = [row for row in document.rows if row.kind is RowKind.DATA]
    return [
        cell for row in rows for cell, name in zip(row.cells, document.cell_types(row), strict=True) if "mxhm" in name
    ]


def assert_normal(text: str) -> None:
    """Hold a text's normal form against everything it must keep."""
    result = normalize_with_ledger(text)
    normal = result.text
    assert bool(result.ledger) == (normal != text)
    assert normalize_with_ledger(normal) == NormalForm(normal, Counter(), (), ())
    assert visible_music(normal) == visible_music(text)
    changed = [
        (before, after) for before, after in zip(chords_of(text), chords_of(normal), strict=True) if before != after
    ]
    assert changed == [(".", found.chord) for found in result.lifted]
    assert count_systems(normal) == count_systems(text)
    completed = complete(normal)
    assert complete(completed) == completed
    assert normalize(completed) == normal


@settings(deadline=None, max_examples=100)
@given(kern_texts(ODD_NOTES))
@example("**kern\n*-\n")
@example("**kern\t**kern\t**kern\n4c\t4e\t4g\n*^\t*\t*^\n4d\t.\t.\t.\t4a\n*v\t*v\t*\t*v\t*v\n=\t=\t=\n*-\t*-\t*-\n")
def test_what_is_visible_stays(text: str) -> None:
    assert_normal(text)


RULES = {
    "line ends": (HEAD.replace("\n", "\r\n") + "4c\t.\n" + TAIL, HEAD + "4c\t.\n" + TAIL),
    "global comment dropped": ("!!!COM: Nobody\n" + HEAD + "4c\t.\n" + TAIL, HEAD + "4c\t.\n" + TAIL),
    "words on the page dropped": (HEAD + "!LO:TX:a:t=Fine\t!\n4c\t.\n" + TAIL, HEAD + "4c\t.\n" + TAIL),
    "local comment dropped": (HEAD + "!LO:N:vis=1\t!\n4c\t.\n" + TAIL, HEAD + "4c\t.\n" + TAIL),
    "spelling of linebreak": (
        HEAD + "4c\t.\n!!linebreak\n=\t=\n4c\t.\n" + TAIL,
        HEAD + "4c\t.\n!!linebreak:original\n=\t=\n4c\t.\n" + TAIL,
    ),
    "linebreak that ends no system": (HEAD + "!!linebreak:original\n4c\t.\n" + TAIL, HEAD + "4c\t.\n" + TAIL),
    "key designation dropped": (HEAD + "*c:\t*\n4c\t.\n" + TAIL, HEAD + "4c\t.\n" + TAIL),
    "interpretation that is not drawn dropped": (
        HEAD + '*I"Flute\t*\n*MM120\t*\n*Trd1c2\t*\n4c\t.\n' + TAIL,
        HEAD + "4c\t.\n" + TAIL,
    ),
    "row of null interpretations dropped": (HEAD + "*\t*\n4c\t.\n" + TAIL, HEAD + "4c\t.\n" + TAIL),
    "order of header rows": (
        "**kern\t**mxhm\n*met(c)\t*\n*M4/4\t*\n*k[b-]\t*\n*clefG2\t*\n4c\t.\n" + TAIL,
        "**kern\t**mxhm\n*clefG2\t*\n*k[b-]\t*\n*M4/4\t*\n*met(c)\t*\n4c\t.\n" + TAIL,
    ),
    "spelling of barline": (HEAD + "=1\t=1\n4c\t.\n=2:|!\t=2:|!\n" + TAIL, HEAD + "=\t=\n4c\t.\n=:|!\t=:|!\n" + TAIL),
    "barline that differs between spines": (HEAD + "4c\t.\n=||\t=\n" + TAIL, HEAD + "4c\t.\n=||\t=||\n" + TAIL),
    "chord lifted from a comment": (
        HEAD + "!LO:TX:a:t=Bmi7\t!\n4c\t.\n" + TAIL,
        HEAD + "4c\tB:min7\n" + TAIL,
    ),
    "place of splits and joins": (
        HEAD + "4c\t.\n*^\t*\n4d\t4B\t.\n*v\t*v\t*\n4e\t.\n" + TAIL,
        HEAD + "*^\t*\n4c\t.\t.\n4d\t4B\t.\n4e\t.\t.\n*v\t*v\t*\n" + TAIL,
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_rules(rule: str) -> None:
    text, expected = RULES[rule]
    result = normalize_with_ledger(text)
    assert result.text == expected
    assert result.ledger[rule] >= 1
    assert normalize_with_ledger(expected).ledger == Counter()


def test_rows_that_state_different_spines_become_one() -> None:
    text = "**kern\t**kern\n*clefG2\t*\n*k[]\t*\n*\t*clefF4\n*\t*k[]\n4c\t4C\n*-\t*-\n"
    assert normalize(text) == "**kern\t**kern\n*clefG2\t*clefF4\n*k[]\t*k[]\n4c\t4C\n*-\t*-\n"


@pytest.mark.parametrize("rows", ["*clefG2\n*clefF4\n", "*8va\n", "=-\n", "=:|!|:\n"])
def test_what_is_not_understood_stays(rows: str) -> None:
    text = f"**kern\n4c\n{rows}4d\n*-\n"
    assert normalize(text) == text


def test_chords_go_only_where_a_cell_is_empty() -> None:
    rows = [
        "!LO:TX:a:t=G7\t!",  # line 4
        "4c\tC:maj",
        "!LO:TX:a:t=N.C.\t!",  # line 6
        "4d\t.",
        "!LO:TX:b:t=Dm7\t!",  # line 8
        "4e\t.",
        "!LO:TX:a:t=Am\t!",  # line 10
        "!LO:TX:a:t=Dm\t!",  # line 11
        "4f\t.",
        "!LO:TX:a:t=E7\t!",  # line 13
    ]
    result = normalize_with_ledger(HEAD + "\n".join(rows) + "\n" + TAIL)
    assert [tuple(found) for found in result.lifted] == [(10, "Am", "A:min")]
    assert [(found.line, found.text) for found in result.not_lifted] == [
        (4, "G7"),
        (6, "N.C."),
        (8, "Dm7"),
        (11, "Dm"),
        (13, "E7"),
    ]
    assert result.text == HEAD + "4c\tC:maj\n4d\t.\n4e\t.\n4f\tA:min\n" + TAIL


def test_a_text_without_chord_spine_lifts_nothing() -> None:
    result = normalize_with_ledger("**kern\n!LO:TX:a:t=G7\n4c\n*-\n")
    assert result.text == "**kern\n4c\n*-\n"
    assert (result.lifted, len(result.not_lifted)) == ((), 1)


def test_malformed_texts_are_refused_with_the_line() -> None:
    with pytest.raises(KernError, match=r"^line 2: "):
        normalize("**kern\n4c\t4d\n*-\n")


def test_real_pages(real_texts: list[str]) -> None:
    for text in real_texts:
        assert_normal(text)


def test_systems_of_real_pages(real_texts: list[str]) -> None:
    for text in real_texts[::6]:
        normal = normalize(text)
        for system in range(count_systems(text)):
            part = system_range(text, system, system + 1)
            assert_normal(part)
            assert normalize(part) == system_range(normal, system, system + 1)


def test_real_pages_hardly_change_in_the_published_form(real_texts: list[str]) -> None:
    changed, lines = 0, 0
    for text in real_texts:
        before = Counter(published_form(text).split("\n"))
        after = Counter(published_form(complete(normalize(text))).split("\n"))
        changed += max((before - after).total(), (after - before).total())
        lines += before.total()
    assert changed / lines < 0.002
