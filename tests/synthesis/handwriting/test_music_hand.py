"""Writers differ, and each of their forms says the same thing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jazzmus.synthesis.handwriting import clefs, heads, rests, signs
from jazzmus.synthesis.handwriting.music_hand import BLACK_HEADS, OPEN_HEADS, MusicHand, draw_music_hand
from jazzmus.synthesis.handwriting.strokes import extent
from jazzmus.synthesis.handwriting.writing import number


def hand_of(seed: int) -> MusicHand:
    return draw_music_hand(np.random.default_rng(seed))


def test_a_seed_makes_one_writer() -> None:
    assert hand_of(7) == hand_of(7)
    assert hand_of(7) != hand_of(8)


def test_writers_use_every_form() -> None:
    hands = [hand_of(seed) for seed in range(400)]
    assert {hand.clefs[0] for hand in hands} == set(clefs.G_CLEFS)
    assert {hand.clefs[1] for hand in hands} == set(clefs.F_CLEFS)
    assert {hand.clefs[2] for hand in hands} == set(clefs.C_CLEFS)
    assert {hand.black_head for hand in hands} == set(heads.BLACK_FORMS) == set(BLACK_HEADS)
    assert {hand.open_head for hand in hands} == set(heads.OPEN_FORMS) == set(OPEN_HEADS) == set(heads.RING_STROKES)
    assert {hand.quarter_rest for hand in hands} == set(rests.QUARTER_RESTS)
    assert {hand.short_rest for hand in hands} == set(rests.SHORT_RESTS)
    assert {hand.block_rest for hand in hands} == set(rests.BLOCK_RESTS)
    assert {hand.flag for hand in hands} == set(signs.FLAGS)
    for name, forms in (("sharp", signs.SHARPS), ("flat", signs.FLATS), ("natural", signs.NATURALS)):
        assert {getattr(hand, name) for hand in hands} == set(forms)
    assert len({hand.repeats_clef for hand in hands}) == len({hand.repeats_key for hand in hands}) == 2


def test_there_are_many_forms() -> None:
    assert len(clefs.G_CLEFS) >= 8
    assert len(clefs.F_CLEFS) >= 3
    assert len(heads.BLACK_FORMS) >= 6
    assert len(rests.QUARTER_RESTS) >= 5
    assert len(signs.FLAGS) >= 4
    assert sorted(signs.DIGITS) == list("0123456789")
    assert all(len(forms) >= 2 for forms in signs.DIGITS.values())


@pytest.mark.parametrize("what", ["black", "grace", "half", "whole", "x"])
def test_every_head_stays_on_its_line(what: str) -> None:
    misses = []
    names, field = (OPEN_HEADS, "open_head") if what in ("half", "whole") else (BLACK_HEADS, "black_head")
    for name in names:
        for seed in range(40):
            hand = replace(hand_of(seed), **{field: name})
            left, top, right, bottom = extent(heads.draw_head(what, 3.0, -1.5, hand, np.random.default_rng(seed)))
            assert left < 3.0 < right
            assert right - left < 2.0
            misses.append(abs((top + bottom) / 2 + 1.5))
    assert max(misses) <= 0.22
    assert np.mean(np.array(misses) < 0.12) > 0.85


@pytest.mark.parametrize("name", sorted(OPEN_HEADS))
def test_open_heads_have_a_hole(name: str) -> None:
    for seed in range(60):
        hand = replace(hand_of(seed), open_head=name)
        for mark in heads.draw_head("half", 0.0, 0.0, hand, np.random.default_rng(seed)):
            clear = np.hypot(*mark.points.T) - 0.5 * hand.pen * mark.width
            assert clear.min() > 0.05


def test_half_and_whole_rests_are_on_their_sides_of_the_line() -> None:
    for form in rests.BLOCK_RESTS.values():
        _, top, _, bottom = (
            min(s[:, 0].min() for s in form),
            min(s[:, 1].min() for s in form),
            max(s[:, 0].max() for s in form),
            max(s[:, 1].max() for s in form),
        )
        assert -0.6 < top < -0.2
        assert bottom <= 0.0


def test_short_rests_have_their_hooks() -> None:
    for manner in rests.SHORT_RESTS:
        assert [len(rests.short_rest(manner, hooks)) for hooks in (1, 2, 3)] == [2, 3, 4]


def test_numbers_stand_around_their_place_in_order() -> None:
    rng = np.random.default_rng(1)
    hand = replace(hand_of(1), digits=0)
    strokes = number("12|", 5.0, -1.0, 2.0, hand, rng)
    left, top, right, bottom = extent(strokes)
    assert abs((left + right) / 2 - 5.0) < 0.5
    assert abs((top + bottom) / 2 + 1.0) < 0.4
    assert 1.4 < bottom - top < 2.6
    assert strokes[0].points[:, 0].mean() < strokes[-1].points[:, 0].mean()
    assert number("", 5.0, 0.0, 2.0, hand, rng) == []
