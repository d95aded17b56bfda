"""Elements of engraved systems: what the text says is there, once, in its place; nothing else is."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet
import pytest

from jazzmus.errors import DataError, KernError
from jazzmus.synthesis.element_check import check_elements
from jazzmus.synthesis.elements import KINDS, Element, SystemElements
from jazzmus.synthesis.engraving import EngravingStyle, engrave
from jazzmus.synthesis.score_elements import score_elements

BREAK = "!!linebreak:original"


def text_of(*rows: str, key: str = "*k[]", meter: str = "*M4/4", clef: str = "*clefG2") -> str:
    """A page: rows are note cells, or note and chord; barlines and interpretations are written once."""
    lines = ["**kern\t**mxhm", f"{clef}\t*", f"{key}\t*", f"{meter}\t*"]
    for row in rows:
        if row.startswith("!!") or "\t" in row:
            lines.append(row)
        else:
            lines.append(row + {"=": f"\t{row}", "*": "\t*"}.get(row[0], "\t."))
    return "\n".join([*lines, "==\t==", "*-\t*-", ""])


def elements_of(kern: str, justify_last: bool = True) -> list[SystemElements]:
    systems = list(score_elements(kern, 80.0, justify_last=justify_last))
    check_elements(kern, systems)
    return systems


def whats(system: SystemElements, *kinds: str) -> list[str]:
    return [element.what for element in system.elements if element.kind in kinds]


def places(system: SystemElements, kind: str) -> list[tuple[tuple[float, float], ...]]:
    return [element.points for element in system.elements if element.kind == kind]


def heights(system: SystemElements) -> list[float]:
    return [y for ((_, y),) in places(system, "head")]


def training_texts(folder: Path, every: int) -> list[str]:
    texts = []
    for file in sorted(folder.glob("*.parquet")):
        for row in pyarrow.parquet.read_table(file, columns=["annotation", "split_clean"]).to_pylist():
            if row["split_clean"] == "train":
                texts.append(json.loads(row["annotation"])["encodings"]["**kern"])
    return texts[::every]


def test_real_texts_are_drawn_as_they_are_labelled(shared: Path) -> None:
    texts = training_texts(shared / "jazzmus" / "handwritten" / "data", 9)
    assert len(texts) >= 25
    kinds: Counter[str] = Counter()
    for kern in texts:
        for system in elements_of(kern):
            kinds.update(element.kind for element in system.elements)
            assert all(0 <= x <= system.width + 0.1 for element in system.elements for x, _ in element.points)
    assert kinds["head"] > 2000
    assert kinds["beam"] > 200
    assert {kind for kind in kinds if kind not in KINDS} <= {"other:artic"}


PLAIN = text_of("=", "4cc#X\tA:7", "8r", "8.a", "16b-X", "8dd", "[4g", "=", "8g]", "4.ee", "2f", "=:|!", "1a")


def without(system: SystemElements, kind: str) -> SystemElements:
    victim = next(element for element in system.elements if element.kind == kind)
    return replace(system, elements=tuple(element for element in system.elements if element is not victim))


@pytest.mark.parametrize(
    "kind", ["head", "rest", "accidental", "dot", "flag", "tie", "chord", "barline", "clef", "meter"]
)
def test_a_missing_element_is_told(kind: str) -> None:
    systems = score_elements(PLAIN, 80.0)
    check_elements(PLAIN, systems)
    with pytest.raises(DataError, match="system 1"):
        check_elements(PLAIN, [without(systems[0], kind)])


@pytest.mark.parametrize(
    ("drawn", "label"),
    [
        ("4cc#X", "4dd#X"),
        ("4cc#X", "4ccn"),
        ("2f", "2fn"),
        ("8r", "8b"),
        ("A:7", "A:min7"),
        ("=:|!", "=||"),
        ("1a", "1r"),
    ],
)
def test_another_text_is_told(drawn: str, label: str) -> None:
    systems = score_elements(PLAIN, 80.0)
    check_elements(PLAIN, systems)
    with pytest.raises(DataError, match="system 1"):
        check_elements(PLAIN.replace(drawn, label), systems)


def test_ids_and_other_drawings_do_not_matter() -> None:
    first = score_elements(PLAIN, 80.0)
    engrave(PLAIN, EngravingStyle(music_font="Petaluma", staff_spaces=50.0))
    assert score_elements(PLAIN, 80.0) == first


def test_values_are_in_staff_spaces_and_reading_order() -> None:
    (system,) = elements_of(PLAIN)
    assert system.width == pytest.approx(80.0, abs=0.1)
    firsts = [element.points[0][0] for element in system.elements]
    assert firsts == sorted(firsts)
    assert places(system, "barline")[0][0][1] == -2.0
    assert places(system, "barline")[0][1][1] == 2.0
    assert [element.note for element in system.elements if element.kind in ("head", "rest")] == list(range(10))


@pytest.mark.parametrize(
    ("clef", "cells", "expected"),
    [
        ("*clefG2", ("4b", "4e", "4ff", "4A"), [0.0, 2.0, -2.0, 4.0]),
        ("*clefF4", ("4D", "4GG", "4A", "4c"), [0.0, 2.0, -2.0, -3.0]),
        ("*clefC3", ("4c", "4F", "4g", "4d"), [0.0, 2.0, -2.0, -0.5]),
    ],
)
def test_heads_stand_at_their_pitch(clef: str, cells: Sequence[str], expected: list[float]) -> None:
    (system,) = elements_of(text_of("=", *cells, clef=clef))
    assert heights(system) == expected
    assert whats(system, "clef") == [clef[5]]


def test_ledgers_belong_to_their_notes() -> None:
    (system,) = elements_of(text_of("=", "4ccc", "4c", "4dd", "4A"))
    ledgers = sorted((element.note, element.points[0][1]) for element in system.elements if element.kind == "ledger")
    assert ledgers == [(0, -4.0), (0, -3.0), (1, 3.0), (3, 3.0), (3, 4.0)]


def test_bars_of_rest_keep_breaks_and_stand_in_the_middle() -> None:
    bar = ("=", "2.r")
    systems = elements_of(text_of(*bar, *bar, BREAK, *bar, "=", "2.ryy", *bar, meter="*M3/4"))
    assert [whats(system, "rest") for system in systems] == [["bar", "bar"], ["bar", "bar"]]
    left, right = (x for ((x, _), _) in places(systems[0], "barline"))
    ((x, y),) = places(systems[0], "rest")[1]
    assert x == pytest.approx((left + right) / 2, abs=1.0)
    ((_, alone),) = places(elements_of(text_of("=", "1r", "=", "1a"))[0], "rest")[0]
    assert y == alone


def test_two_voices_have_stems_up_and_down() -> None:
    rows = ("=", "*^\t*", "4cc\t4f\tF:maj", "4dd\t4g\t.", "2ryy\t2a\t.", "*v\t*v\t*")
    (system,) = elements_of(text_of(*rows))
    stems = {element.note: element.points for element in system.elements if element.kind == "stem"}
    assert {note: tip[1] < foot[1] for note, (foot, tip) in stems.items() if note < 4} == {
        0: True, 1: False, 2: True, 3: False,
    }  # fmt: skip
    assert whats(system, "rest") == []


def test_double_stops_are_one_note() -> None:
    (system,) = elements_of(text_of("=", "2.f 2.a", "4g"))
    assert sorted((e.note, e.what) for e in system.elements if e.kind == "head") == [
        (0, "half"), (0, "half"), (1, "black"),
    ]  # fmt: skip
    assert [element.note for element in system.elements if element.kind == "stem"] == [0, 1]
    assert [element.note for element in system.elements if element.kind == "dot"] == [0, 0]


def test_beams_stubs_flags_and_tuplets() -> None:
    (system,) = elements_of(text_of("=", "8.aL", "16aJk", "8b", "16cc", "16e", "6aL", "6a", "6aJ"), justify_last=False)
    assert len(whats(system, "beam")) == 3  # of the first two notes, its stub, and of the triplet
    stub = min(places(system, "beam"), key=lambda beam: beam[1][0] - beam[0][0])
    assert 0.5 < stub[1][0] - stub[0][0] < 2.0
    assert whats(system, "flag") == ["8d", "16d", "16u"]
    assert whats(system, "tuplet") == ["3"]


def test_a_beam_may_reach_over_a_barline() -> None:
    (system,) = elements_of(text_of("=", "2.a", "8a", "8bL", "=", "8bJ", "8a", "2.a"))
    assert len(whats(system, "beam")) == 1
    assert whats(system, "flag") == ["8u", "8u"]


def test_a_triplet_without_beam_has_a_bracket() -> None:
    (system,) = elements_of(text_of("=", "6a", "6b", "6cc", "2a"))
    (figure, left, right) = places(system, "tuplet")[0]
    assert left[0] < figure[0] < right[0]


def test_grace_notes_are_small_and_belong_to_themselves() -> None:
    (system,) = elements_of(text_of("=", "8qg#X", "4a", "2.b"))
    assert whats(system, "head") == ["grace", "black", "half"]
    assert [element.note for element in system.elements if element.kind in ("accidental", "flag")] == [0, 0]


def test_ties_and_slurs_over_a_break_have_two_halves() -> None:
    systems = elements_of(text_of("=", "2a", "[2b", BREAK, "=", "4b]", "4g", "(2a", BREAK, "=", "1b)"))
    assert [whats(system, "tie", "slur") for system in systems] == [[""], ["", ""], [""]]
    assert [element.note for system in systems for element in system.elements if element.kind == "tie"] == [1, 0]
    start, apex, end = places(systems[0], "tie")[0]
    assert start[0] < apex[0] < end[0]
    assert end[0] == pytest.approx(systems[0].width, abs=1.0)


def test_a_clef_change_moves_the_heads_after_it() -> None:
    (system,) = elements_of(text_of("=", "2b", "*clefF4", "2D", "=", "*clefG2", "1b"))
    assert whats(system, "clef") == ["G", "F", "G"]
    assert heights(system) == [0.0, 0.0, 0.0]


def test_signatures_change_and_naturals_are_kept() -> None:
    first, second = elements_of(text_of("=", "1a", "=", "*k[]", "1a", BREAK, "=", "*k[f#]", "1a", key="*k[b-e-]"))
    assert whats(first, "key_accidental") == ["-", "-", "n", "n", "#"]  # the last one announces the next system
    assert whats(second, "key_accidental") == ["#"]


@pytest.mark.parametrize(
    ("sign", "drawn"), [("*met(c)", "C"), ("*met(c|)", "C|"), ("*M6/8", "6/8"), ("*M12/8", "12/8")]
)
def test_meters(sign: str, drawn: str) -> None:
    bar = ("=", "1r")
    systems = elements_of(text_of("=", "2.r", BREAK, "=", sign, *bar[1:], meter="*M3/4"))
    assert [whats(system, "meter") for system in systems] == [["3/4", drawn], [drawn]]
    assert places(systems[1], "meter")[0][0][1] == 0.0


def test_a_sign_beside_figures_is_drawn_instead_of_them() -> None:
    (system,) = elements_of(text_of("*met(c)", "=", "1b"))
    assert whats(system, "meter") == ["C"]


def test_barlines_at_breaks_and_within() -> None:
    note = "1b"
    rows = ("=!|:", note, "=:|!|:", note, "=||", note, "=:|!|:", BREAK, note, "=!|:", note, BREAK, "=:|!|:", note)
    systems = elements_of(text_of(*rows))
    assert whats(systems[0], "barline")[-1] == "repeat-end"
    assert whats(systems[0], "barline")[0] == "repeat-start"
    assert whats(systems[1], "barline") == ["repeat-start", "repeat-start", "repeat-end"]
    assert whats(systems[2], "barline") == ["repeat-start", "final"]


@pytest.mark.parametrize(("sign", "first"), [("=!|:", "single"), ("=:|!|:", "repeat-end")])
@pytest.mark.parametrize(("change", "kind"), [("*k[b-]", "key_accidental"), ("*M3/4", "meter"), ("*clefF4", "clef")])
def test_what_changes_at_a_repeat_stands_before_its_sign(sign: str, first: str, change: str, kind: str) -> None:
    (system,) = elements_of(text_of("=", "1b", sign, change, "2.b", "=", "2.b"))
    assert whats(system, "barline") == [first, "repeat-start", "single", "final"]
    left, right = (place[0][0] for place in places(system, "barline")[:2])
    assert sum(left < place[0][0] < right for place in places(system, kind)) == 1


def test_bar_numbers_with_and_without_pickup() -> None:
    bars = ("=", "1b", "=", "1b", BREAK, "=", "1b")
    assert [system.bar_number for system in elements_of(text_of(*bars))] == [1, 3]
    assert [system.bar_number for system in elements_of(text_of("4b", *bars))] == [0, 3]


def test_endings_go_on_over_a_break_and_close_at_repeats() -> None:
    rows = ("=", "1a", "*>1", "=", "1b", BREAK, "=", "1b", "=:|!", "*>2", "1ccc", "=", "1a")
    first, second = elements_of(text_of(*rows))
    assert whats(first, "volta") == ["1"]
    assert whats(second, "volta") == ["|", "2|"]
    (_, (right, _)) = places(first, "volta")[0]
    assert right == pytest.approx(first.width, abs=1.0)
    for system in (first, second):
        for (left, y), (end, _) in places(system, "volta"):
            under = [p for e in system.elements if e.kind != "volta" for p in e.points if left < p[0] < end]
            assert y < min(top for _, top in under) - 1


def test_chords_keep_their_cells_and_stand_over_their_notes() -> None:
    rows = ("=", "4r\tBb:maj7/D", "4a", "2b\tN.C.", "=", "1a\tF#:7(b5,#9)", "!LO:TX:a:t=x\t!")
    (system,) = elements_of(text_of(*rows), justify_last=False)
    assert whats(system, "chord") == ["Bb:maj7/D", "N.C.", "F#:7(b5,#9)"]
    for ((chord, y),), note in zip(places(system, "chord"), (0, 2, 3), strict=True):
        (x,) = [e.points[0][0] for e in system.elements if e.kind in ("head", "rest") and e.note == note]
        assert abs(chord - x) < 1.5
        assert y < -2


def test_fermatas_and_what_has_no_kind_are_kept() -> None:
    (system,) = elements_of(text_of("=", "4a'", "4b;", "2cc^"))
    assert [(e.kind, e.note) for e in system.elements if e.kind.startswith(("fermata", "other"))] == [
        ("other:artic", 0), ("fermata", 1), ("other:artic", 2),
    ]  # fmt: skip


def test_courtesy_accidentals_are_drawn_however_they_are_marked() -> None:
    (system,) = elements_of(text_of("=", "4ai", "4b-i", "4cc#X", "4ddn", key="*k[b-]"))
    assert whats(system, "accidental") == ["n", "-", "#", "n"]


@pytest.mark.parametrize(
    ("kern", "message"),
    [
        ("", "no header"),
        (text_of(), "no notes"),
        (text_of("=", "4x"), "line 6.*not a note"),
        (text_of("=", "2b", BREAK, "2b", "=", "1b"), "line breaks"),
    ],
)
def test_texts_that_cannot_be_drawn_are_refused(kern: str, message: str) -> None:
    with pytest.raises(KernError, match=message):
        score_elements(kern, 80.0)


def test_elements_are_plain_values() -> None:
    for element in elements_of(PLAIN)[0].elements:
        assert isinstance(element, Element)
        assert element.kind in KINDS
        assert re.fullmatch(r"[^\n]*", element.what)


def test_heads_go_from_left_to_right() -> None:
    (system,) = elements_of(PLAIN)
    heads = sorted((e.note, e.points[0][0]) for e in system.elements if e.kind == "head")
    assert all(before[1] < after[1] for before, after in pairwise(heads))
