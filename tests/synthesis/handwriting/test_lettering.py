"""Letters of the shipped fonts: all drawn, never boxes, sized and placed as asked; their licences."""

from __future__ import annotations

import string

import numpy as np
import pytest
from fontTools.ttLib import TTFont

from jazzmus.errors import ConfigError
from jazzmus.synthesis.handwriting.fonts import FONT_FOLDER, HAND_FONTS
from jazzmus.synthesis.handwriting.lettering import LetterHand, draw_letter_hand, letter_shapes, text_width
from jazzmus.synthesis.handwriting.lettering_signs import SIGNS
from jazzmus.synthesis.handwriting.strokes import Mark, Shape, Stroke, all_points, extent

USED = string.ascii_letters + string.digits + "#+-/()',.&!?=:;\""


def area(marks: list[Mark]) -> float:
    """Area of all shapes, holes taken off."""
    total = 0.0
    for mark in marks:
        assert isinstance(mark, Shape)
        for contour in mark.contours:
            x, y = contour.T
            total += 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))
    return abs(total)


def written(text: str, hand: LetterHand, size: float = 2.0, seed: int = 0) -> tuple[list[Mark], float]:
    return letter_shapes(text, 5.0, 3.0, size, hand, np.random.default_rng(seed))


@pytest.mark.parametrize("font", HAND_FONTS)
def test_every_font_draws_every_letter_differently_and_at_its_size(font: str) -> None:
    hand = LetterHand(font, mess=0.0)
    forms = set()
    for char in USED:
        marks, advance = written(char, hand)
        assert marks, char
        assert advance > 0
        points = all_points(marks)
        assert np.isfinite(points).all()
        forms.add(points.round(3).tobytes())
    assert len(forms) == len(USED)  # two missing glyphs would be the same box
    _, top, _, bottom = extent(written("H", hand)[0])
    assert bottom - top == pytest.approx(2.0, abs=0.3)
    assert bottom == pytest.approx(3.0, abs=0.3)


@pytest.mark.parametrize("font", HAND_FONTS)
def test_what_a_font_lacks_is_left_blank_or_drawn_with_the_pen(font: str) -> None:
    hand = LetterHand(font)
    for char in "日ж\u2603\U0001f600":
        marks, advance = written(char, hand)
        assert marks == []
        assert advance > 0
    for sign in SIGNS:
        assert any(isinstance(mark, Stroke) for mark in written(sign, hand)[0])
    accented, plain = written("é", hand)[0], written("e", hand)[0]
    assert np.array_equal(all_points(accented), all_points(plain))


@pytest.mark.parametrize("font", HAND_FONTS)
def test_a_thicker_pen_leaves_more_ink(font: str) -> None:
    thin, thick = (area(written("Hn7", LetterHand(font, pen=pen, mess=0.0))[0]) for pen in (0.12, 0.35))
    assert thick > 1.2 * thin > 0


def test_letters_come_out_differently_each_time_and_the_same_for_the_same_seed() -> None:
    hand = LetterHand("hand01", mess=0.7)
    once, again = written("FFFF", hand, seed=3), written("FFFF", hand, seed=3)
    assert np.array_equal(all_points(once[0]), all_points(again[0]))
    forms = {(mark.contours[0] - mark.contours[0][0]).round(4).tobytes() for mark in once[0] if isinstance(mark, Shape)}
    assert len(forms) == 4


def test_a_text_is_about_as_wide_as_foretold_and_stands_where_asked() -> None:
    for seed in range(40):
        hand = draw_letter_hand(np.random.default_rng(seed))
        marks, advance = written("Bbm7b5 ♭♯Δ", hand, seed=seed)
        assert advance == pytest.approx(text_width("Bbm7b5 ♭♯Δ", 2.0, hand), rel=0.15)
        left, top, right, bottom = extent(marks)
        assert 3.5 < left < 6.5
        assert right < 5.0 + advance + 1.5
        assert -0.8 < top < 2.0 < bottom < 4.5


@pytest.mark.parametrize("broken", [{"font": "Arial"}, {"pen": 0.0}, {"stretch": -1.0}, {"mess": -0.1}])
def test_impossible_hands_are_named(broken: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(broken))):
        LetterHand(**{"font": "hand01", **broken})  # type: ignore[arg-type]


@pytest.mark.parametrize("font", HAND_FONTS)
def test_a_font_has_an_open_licence_and_no_reserved_name(font: str) -> None:
    licence = (FONT_FOLDER / f"{font}.LICENSE.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence or "Apache License" in licence
    file = FONT_FOLDER / f"{font}.ttf"
    assert file.stat().st_size < 31_000
    names = TTFont(file)["name"]
    assert all(
        str(record).replace(" ", "").startswith("LeadsheetHand") for record in names.names if record.nameID in (1, 4, 6)
    )
    assert names.getDebugName(0)  # the copyright notice
