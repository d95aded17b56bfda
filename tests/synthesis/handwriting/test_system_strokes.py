"""What is drawn of a system is what its elements say."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jazzmus.synthesis.elements import KINDS, Element, SystemElements
from jazzmus.synthesis.handwriting import system_strokes
from jazzmus.synthesis.handwriting.lines import draw_beam, draw_flags, place_stem, plan_beams
from jazzmus.synthesis.handwriting.music_hand import MusicHand, draw_music_hand
from jazzmus.synthesis.handwriting.spacing import uneven
from jazzmus.synthesis.handwriting.strokes import Mark, all_points, extent
from jazzmus.synthesis.handwriting.system_strokes import SystemStrokes, draw_system

ONE_OF_EACH = {
    "clef": Element("clef", "G", ((2.0, 1.0),)),
    "key_accidental": Element("key_accidental", "-", ((4.0, 0.0),)),
    "meter": Element("meter", "4/4", ((6.0, 0.0),)),
    "head": Element("head", "black", ((10.0, 1.0),), 0),
    "accidental": Element("accidental", "#", ((9.0, 1.0),), 0),
    "dot": Element("dot", "", ((11.2, 0.5),), 0),
    "ledger": Element("ledger", "", ((9.0, 3.0), (11.0, 3.0))),
    "stem": Element("stem", "", ((10.6, 1.0), (10.6, -2.5)), 0),
    "flag": Element("flag", "8u", ((10.6, -2.5),), 0),
    "beam": Element("beam", "", ((10.6, -2.5), (15.0, -3.0))),
    "rest": Element("rest", "4", ((20.0, 0.0),), 1),
    "tie": Element("tie", "", ((10.5, 2.0), (13.0, 2.9), (16.0, 2.0))),
    "slur": Element("slur", "", ((10.5, -2.0), (13.0, -2.9), (16.0, -2.0))),
    "barline": Element("barline", "repeat-end", ((30.0, -2.0), (30.0, 2.0))),
    "volta": Element("volta", "1|", ((12.0, -5.0), (29.0, -5.0))),
    "tuplet": Element("tuplet", "3", ((13.0, -4.0), (11.0, -4.0), (15.0, -4.0))),
    "fermata": Element("fermata", "", ((20.0, -3.5),)),
    "other:artic": Element("other:artic", "E4A3", ((10.0, 2.5),), 0),
}


def hand_of(seed: int, **changes: object) -> MusicHand:
    return replace(draw_music_hand(np.random.default_rng(seed)), **{"corrections": 0.0, **changes})  # type: ignore[arg-type]


def draw(
    elements: list[Element], hand: MusicHand, seed: int = 0, width: float = 30.0, first: bool = True
) -> SystemStrokes:
    return draw_system(SystemElements(tuple(elements), width, 1), hand, np.random.default_rng(seed), first)


def random_system(seed: int) -> SystemElements:
    """A system of notes with accidentals, dots, beams, flags, ties, rests and chords, as engraving would place them."""
    rng = np.random.default_rng(seed)
    elements = [ONE_OF_EACH["clef"], ONE_OF_EACH["key_accidental"], ONE_OF_EACH["meter"]]
    x, last_stem = 9.0, None
    for note in range(int(rng.integers(1, 25))):
        y = float(rng.integers(-8, 9)) / 2
        kind = rng.choice(["black", "half", "whole", "rest", "beamed"])
        if kind == "rest":
            elements.append(Element("rest", str(rng.choice(["1", "2", "4", "8", "16", "bar"])), ((x, 0.0),), note))
        else:
            what = "black" if kind == "beamed" else str(kind)
            if rng.random() < 0.3:
                elements.append(
                    Element("accidental", str(rng.choice(["#", "-", "n", "##", "--"])), ((x - 1.1, y),), note)
                )
            elements.append(Element("head", what, ((x, y),), note))
            if what != "whole":
                side = -1.0 if y > 0 else 1.0
                tip = (x - 0.55 * side, y + 3.5 * side)
                elements.append(Element("stem", "", ((tip[0], y), tip), note))
                if kind == "beamed" and last_stem is not None and last_stem[2] == side:
                    elements.append(Element("beam", "", (last_stem[:2], tip)))
                elif rng.random() < 0.2:
                    elements.append(Element("flag", "8u" if side < 0 else "8d", (tip,), note))
                last_stem = (*tip, side)
            if rng.random() < 0.2:
                elements.append(Element("dot", "", ((x + 1.1, y),), note))
            if rng.random() < 0.2:
                elements.append(Element("tie", "", ((x + 0.7, y + 1), (x + 2, y + 1.6), (x + 3.4, y + 1)), note))
        if rng.random() < 0.4:
            elements.append(Element("chord", str(rng.choice(["C", "Bb:maj7/D", "F#:hdim7"])), ((x, -5.0),)))
        x += float(rng.uniform(2.2, 6.0))
        if rng.random() < 0.25:
            elements.append(Element("barline", "single", ((x, -2.0), (x, 2.0))))
            x += 2.5
    return SystemElements(tuple(elements), x, 1)


@pytest.mark.parametrize("kind", sorted(ONE_OF_EACH))
def test_every_kind_is_drawn_near_its_place(kind: str) -> None:
    element = ONE_OF_EACH[kind]
    (moved,) = uneven([element], 30.0, 0.0, np.random.default_rng(0))
    xs, ys = (np.array(values) for values in zip(*moved.points, strict=True))
    for seed in range(30):
        strokes = draw([element], hand_of(seed, spacing=0.0, repeat="plain"), seed).strokes
        left, top, right, bottom = extent(strokes)
        far = 7.2 if kind == "clef" else 2.5
        assert xs.min() - 2.6 < left <= right < xs.max() + 2.6
        if kind == "volta":  # its height is the writer's
            assert bottom < -1.0
        else:
            assert ys.min() - far < top <= bottom < ys.max() + far


def test_the_table_of_kinds_is_complete() -> None:
    assert {*ONE_OF_EACH, "chord"} == {*KINDS, "other:artic"}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_random_systems_are_drawn_whole(seed: int) -> None:
    system = random_system(seed)
    hand = draw_music_hand(np.random.default_rng(seed))
    drawn = draw_system(system, hand, np.random.default_rng(seed), True)
    points = all_points(drawn.strokes)
    assert np.isfinite(points).all()
    assert drawn.top <= points[:, 1].min()
    assert drawn.bottom >= points[:, 1].max()
    assert points[:, 0].min() > -3.0
    assert points[:, 0].max() < system.width + 4.0
    chords = [element.what for element in system.elements if element.kind == "chord"]
    assert [place.cell for place in drawn.chord_places] == chords
    again = draw_system(system, hand, np.random.default_rng(seed), True)
    assert np.array_equal(points, all_points(again.strokes))
    assert drawn.chord_places == again.chord_places


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_chords_are_clear_of_notes_and_each_other(seed: int) -> None:
    system = random_system(seed)
    hand = draw_music_hand(np.random.default_rng(seed))

    def width(cell: str) -> float:
        return 1.1 * len(cell)

    drawn = draw_system(system, hand, np.random.default_rng(seed), True, width)
    boxes = [
        (p.x, p.baseline - p.size * hand.chord_height, p.x + p.size * width(p.cell), p.baseline)
        for p in drawn.chord_places
    ]
    marks = [extent([mark]) for mark in drawn.strokes]
    for index, (left, top, right, bottom) in enumerate(boxes):
        for other in [*boxes[:index], *marks]:
            assert other[0] >= right or other[2] <= left or other[1] >= bottom or other[3] <= top


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.0, 0.5))
def test_uneven_spacing_keeps_order_and_notes_together(seed: int, amount: float) -> None:
    system = random_system(seed)
    moved = uneven(system.elements, system.width, amount, np.random.default_rng(seed))
    old = [x for element in system.elements for x, _ in element.points]
    new = [x for element in moved for x, _ in element.points]
    assert [e[:2] for e in moved] == [e[:2] for e in system.elements]
    assert [[y for _, y in e.points] for e in moved] == [[y for _, y in e.points] for e in system.elements]
    order = np.argsort(old, kind="stable")
    assert (np.diff(np.array(new)[order]) >= -1e-9).all()
    assert min(new) > -0.5
    assert max(new) <= max(*old, system.width) + 1e-9
    shifts: dict[int, set[float]] = {}
    for before, after in zip(system.elements, moved, strict=True):
        if before.kind in ("head", "stem", "accidental", "dot", "rest"):
            shifts.setdefault(before.note, set()).add(round(after.points[0][0] - before.points[0][0], 6))
    assert all(len(values) == 1 for values in shifts.values())


def test_each_head_beam_and_ledger_line_is_one_group_of_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[str, float, float]] = []
    real = system_strokes.draw_head

    def counting(what: str, x: float, y: float, hand: MusicHand, rng: np.random.Generator) -> list[Mark]:
        drawn.append((what, x, y))
        return real(what, x, y, hand, rng)

    monkeypatch.setattr(system_strokes, "draw_head", counting)
    for seed in range(20):
        system = random_system(seed)
        drawn.clear()
        draw_system(system, hand_of(seed), np.random.default_rng(seed), True)
        wanted = [(e.what, e.points[0][1]) for e in system.elements if e.kind == "head"]
        assert [(what, y) for what, _, y in drawn] == wanted


@pytest.mark.parametrize("side", ["usual", "right", "middle"])
def test_stems_start_at_their_head_and_keep_their_direction(side: str) -> None:
    for seed in range(60):
        hand = hand_of(seed, stem_side=side)
        for y, tip in ((1.0, -2.5), (-1.0, 2.5)):
            head = Element("head", "black", ((10.0, y),), 0)
            stem = place_stem(
                Element("stem", "", ((10.5, y), (10.5, tip)), 0), [head], (), hand, np.random.default_rng(seed)
            )
            assert abs(stem.base[0] - 10.0) < 1.1
            assert abs(stem.base[1] - y) < 1.3
            assert (stem.tip[1] - stem.base[1]) * (tip - y) > 0
            assert abs(stem.tip[1] - stem.base[1]) >= 2.0


def test_beams_meet_their_stems_and_keep_their_number() -> None:
    tips = [(10.6, -3.0), (13.6, -3.5), (16.6, -4.0)]
    heads = [Element("head", "black", ((x - 0.6, y + 3.5),), note) for note, (x, y) in enumerate(tips)]
    stems = [Element("stem", "", ((x, y + 3.5), (x, y)), note) for note, (x, y) in enumerate(tips)]
    beams = [
        Element("beam", "", ((10.6, -3.0), (16.6, -4.0))),
        Element("beam", "", ((10.6, -2.25), (13.6, -2.75))),
    ]
    for seed in range(60):
        rng = np.random.default_rng(seed)
        hand = hand_of(seed, beam="single")
        groups = plan_beams(beams, stems, hand, rng)
        assert len(groups) == 1
        placed = [place_stem(stem, [head], groups, hand, rng) for stem, head in zip(stems, heads, strict=True)]
        drawn = [draw_beam(beam, groups, placed, hand, rng) for beam in beams]
        assert [len(strokes) for strokes in drawn] == [1, 1]
        first, second = (strokes[0].points for strokes in drawn)
        for stem in placed:
            assert stem.base[1] - stem.tip[1] > 1.0
        for end, stem in ((first[0], placed[0]), (first[-1], placed[2]), (second[0], placed[0])):
            assert abs(end[0] - stem.tip[0]) < 0.3
        assert abs(first[0][1] - placed[0].tip[1]) < 0.3
        assert 0.35 < second[0][1] - first[0][1] < 1.4
        assert (first[:, 1] < second[:, 1].min() + 1.0).all()


@pytest.mark.parametrize(("what", "count"), [("8u", 1), ("8d", 1), ("16u", 2), ("32d", 3)])
def test_stems_have_their_flags(what: str, count: int) -> None:
    for seed in range(20):
        strokes = draw_flags(Element("flag", what, ((5.0, -3.0),), 0), [], hand_of(seed), np.random.default_rng(seed))
        assert len(strokes) == count
        direction = np.sign(np.mean([stroke.points[-1, 1] - stroke.points[0, 1] for stroke in strokes]))
        assert direction == (1.0 if what.endswith("u") else -1.0)


def test_a_dot_is_right_of_its_head() -> None:
    for seed in range(60):
        hand = hand_of(seed, spacing=0.0)
        head = draw([ONE_OF_EACH["head"]], hand, seed).strokes
        dot = draw([ONE_OF_EACH["dot"], ONE_OF_EACH["head"]], hand, seed).strokes[0]
        assert dot.points[:, 0].min() > extent(head)[2] - 0.15


def test_an_accidental_is_left_of_its_head() -> None:
    for seed in range(60):
        hand = hand_of(seed, spacing=0.0, mess=0.03, slant=0.0)
        both = [ONE_OF_EACH["accidental"], ONE_OF_EACH["head"]]
        sign = len(draw(both[:1], hand, seed).strokes)
        strokes = draw(both, hand, seed).strokes
        assert extent(strokes[:sign])[2] < extent(strokes[sign:])[0] + 0.15
        assert extent(strokes[:sign])[2] > extent(strokes[sign:])[0] - 1.5


def test_half_and_whole_rests_lie_at_their_lines() -> None:
    for seed in range(30):
        for what, low, high in (("2", -0.85, 0.35), ("1", -1.35, -0.1), ("bar", -1.35, -0.1)):
            y = -0.25 if what == "2" else -0.75
            for given_y in (y, 0.0 if what == "2" else -1.0):
                strokes = draw([Element("rest", what, ((10.0, given_y),), 0)], hand_of(seed), seed).strokes
                _, top, _, bottom = extent(strokes)
                assert low < top < bottom < high


def test_clef_and_key_may_be_left_out_of_later_systems_only() -> None:
    elements = [
        ONE_OF_EACH["clef"],
        ONE_OF_EACH["key_accidental"],
        ONE_OF_EACH["head"],
        Element("key_accidental", "n", ((28.0, 0.0),)),
    ]

    def kept(hand: MusicHand, first: bool) -> list[str]:
        return [element.kind for element in system_strokes._drawn(elements, hand, first)]

    everything = [element.kind for element in elements]
    neither = hand_of(1, repeats_clef=False, repeats_key=False)
    assert kept(neither, True) == everything
    assert kept(neither, False) == everything[2:]
    assert kept(hand_of(1, repeats_clef=True, repeats_key=False), False) == ["clef", "head", "key_accidental"]
    assert kept(hand_of(1, repeats_clef=True, repeats_key=True), False) == everything


def test_unknown_elements_are_left_out_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    system_strokes._warn_of.cache_clear()
    unknown = Element("other:trill", "", ((12.0, -4.0),))
    with caplog.at_level(logging.WARNING):
        assert draw([unknown, unknown], hand_of(1)).strokes == []
        assert draw([unknown], hand_of(1)).strokes == []
    assert [record.getMessage() for record in caplog.records if "other:trill" in record.getMessage()] == [
        "handwriting leaves out elements of kind other:trill, which it has no form for"
    ]


def test_triplet_figures_and_endings_are_clear_of_notes() -> None:
    tall = [
        Element("head", "black", ((14.0, -4.0),), 0),
        Element("stem", "", ((14.6, -4.0), (14.6, -7.5)), 0),
        Element("rest", "4", ((25.0, 0.0),), 1),
    ]
    tuplet = Element("tuplet", "3", ((14.0, -6.0), (12.0, -6.0), (16.0, -6.0)))
    for seed in range(40):
        hand = hand_of(seed, spacing=0.0)
        notes = draw(tall, hand, seed).top
        with_tuplet = draw([*tall, tuplet], hand, seed).strokes
        figure = extent(with_tuplet[-3:] if hand.tuplet_bracket else with_tuplet[-1:])
        assert figure[3] < notes + 0.3
        chord = Element("chord", "C:maj7", ((14.0, -9.0),))
        drawn = draw([*tall, chord, ONE_OF_EACH["volta"]], hand, seed)
        line_y = extent(drawn.strokes[-4:])[1]
        assert line_y < notes
        baseline = drawn.chord_places[0].baseline
        assert line_y < baseline - hand.chord_height or line_y > baseline


def test_crossed_out_notes_appear_between_notes_only() -> None:
    notes = [Element("head", "black", ((x, 0.0),), index) for index, x in enumerate((5.0, 15.0, 25.0))]
    clean, corrected = hand_of(3, spacing=0.0), hand_of(3, spacing=0.0, corrections=1.0)
    assert len(draw(notes, corrected).strokes) >= len(draw(notes, clean).strokes) + 3
    scribble = draw(notes, corrected).strokes[-1]
    left, _, right, _ = extent([scribble])
    assert all(right < x - 0.6 or left > x + 0.6 for x in (5.0, 15.0, 25.0))
    crowded = [Element("head", "black", ((5.0 + 2 * index, 0.0),), index) for index in range(8)]
    close = [len(draw(crowded, replace(corrected, corrections=1.0), seed).strokes) for seed in range(10)]
    assert max(close) <= 10  # heads, and some written twice


def test_a_page_is_drawn_in_little_time() -> None:
    import time

    systems = [random_system(seed) for seed in range(8)]
    hand = hand_of(5)
    rng = np.random.default_rng(5)
    draw_system(systems[0], hand, rng, True)
    start = time.process_time()
    for system in systems:
        draw_system(system, hand, rng, True)
    assert time.process_time() - start < 0.3  # about 0.04 on a free core


@pytest.mark.parametrize(("distance", "usual"), [(7.0, True), (4.6, False)])
def test_dense_chords_are_written_smaller_and_not_in_rows(distance: float, usual: bool) -> None:
    hand = hand_of(3, chord_height=2.0, chord_row=1.0)
    chords = [Element("chord", "C", ((2.0 + distance * number, -5.0),)) for number in range(10)]
    system = SystemElements(tuple(chords), 80.0, 1)
    places = draw_system(system, hand, np.random.default_rng(0), True, lambda _: 5.0).chord_places
    assert len({place.size for place in places}) == 1
    assert (places[0].size == 1.0) == usual
    baselines = [place.baseline for place in places]
    assert max(baselines) - min(baselines) < 1.0
