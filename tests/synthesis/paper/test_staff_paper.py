"""Pages have room for their music, and staff lines lie where the layout says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jazzmus.synthesis.paper.staff_paper import (
    CLOSEST_PITCH,
    SMALLEST_SPACE,
    StaffLayout,
    draw_layout,
    staff_lines,
    with_room,
)
from jazzmus.synthesis.paper.style import PaperStyle

LAYOUT = StaffLayout(400, 300, 10.0, 30.0, 370.0, (80.0, 180.3))


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@pytest.mark.parametrize("systems", [1, 2, 5, 9, 14, 40])
@pytest.mark.parametrize("short", [0.0, 0.5])
def test_a_page_has_room_for_its_systems(systems: int, short: float) -> None:
    style = replace(PaperStyle(), short_page=(short, 0, 2))
    for seed in range(30):
        layout = draw_layout(generator(seed), style, systems)
        middles = np.array(layout.middles)
        assert len(middles) >= systems
        assert layout.space >= SMALLEST_SPACE
        assert 0 < layout.left < layout.right < layout.width
        # Two staff spaces reach from the middle to the outer lines.
        assert middles[0] - 2 * layout.space > 0
        assert middles[-1] + 2 * layout.space < layout.height
        assert (np.diff(middles) > (CLOSEST_PITCH - 1e-6) * layout.space).all()


def test_pages_differ() -> None:
    layouts = [draw_layout(generator(seed), PaperStyle(), 4) for seed in range(200)]
    ratios = [layout.height / layout.width for layout in layouts]
    empty = [len(layout.middles) - 4 for layout in layouts]
    assert np.mean(np.abs(np.array(ratios) - 1.414) < 0.02) > 0.6
    assert min(ratios) < 0.9
    assert max(ratios) > 1.45
    assert min(empty) == 0
    assert np.mean(np.array(empty) > 0) > 0.5
    assert {8, 10, 12} <= {len(layout.middles) for layout in layouts}


def test_a_page_without_systems_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        draw_layout(generator(0), PaperStyle(), 0)


def test_printed_lines_lie_where_the_layout_says() -> None:
    lines = staff_lines(LAYOUT, generator(1), PaperStyle.clean())
    rows = lines.coverage[:, 200].astype(float)
    for middle in LAYOUT.middles:
        for line in range(-2, 3):
            y = middle + 10.0 * line
            near = np.arange(int(y) - 4, int(y) + 5)
            assert np.average(near + 0.5, weights=rows[near]) == pytest.approx(y, abs=0.1)
    columns = np.flatnonzero(lines.coverage.any(axis=0))
    assert (columns[0], columns[-1]) == (30, 369)
    assert not lines.shifts.any()


def test_pale_lines_are_pale() -> None:
    pale = staff_lines(LAYOUT, generator(1), replace(PaperStyle.clean(), faint_staves=(1.0, 0.4, 0.4)))
    assert pale.coverage.max() <= 0.4 * 255 + 1
    assert staff_lines(LAYOUT, generator(1), PaperStyle.clean()).coverage.max() > 0.55 * 255


def test_a_bad_copy_loses_its_share_of_the_lines() -> None:
    whole = staff_lines(LAYOUT, generator(1), PaperStyle.clean()).coverage
    broken = staff_lines(LAYOUT, generator(1), replace(PaperStyle.clean(), broken_staves=(1.0, 0.3, 0.3))).coverage
    assert 0.6 < np.count_nonzero(broken) / np.count_nonzero(whole) < 0.8


def test_ink_can_follow_ruled_lines() -> None:
    lines = staff_lines(LAYOUT, generator(3), replace(PaperStyle.clean(), hand_ruled=(1.0, 1.5, 1.5)))
    assert np.abs(lines.shifts).max() > 2.0
    for staff, middle in enumerate(LAYOUT.middles):
        for x in (100, 200, 300):
            column = lines.coverage[:, x].astype(float)
            lowered = middle + float(lines.shift(staff, np.array([x + 0.5]))[0])
            near = np.arange(round(lowered) - 28, round(lowered) + 28)
            # The lines stray on their own by far less than the staff does.
            assert np.average(near + 0.5, weights=column[near]) == pytest.approx(lowered, abs=2.5)
            assert np.count_nonzero(column[near]) >= 5


def test_a_strip_gets_its_staff() -> None:
    style = replace(PaperStyle(), short_page=(1.0, 0, 0), width=(800, 800))
    for seed in range(20):
        layout = draw_layout(generator(seed), style, 1)
        assert len(layout.middles) == 1
        assert 100 < layout.height < 250
        lines = staff_lines(layout, generator(seed), style)
        assert lines.coverage.shape == (layout.height, 800)
        assert lines.coverage.any()


def test_room_for_tall_music_costs_empty_staves_first_and_then_a_longer_page() -> None:
    layout = StaffLayout(1000, 1400, 10.0, 80.0, 930.0, tuple(200.0 + 100 * number for number in range(11)))
    assert with_room(layout, 150.0, 90.0, 4) == layout
    wider = with_room(layout, 150.0, 150.0, 4)
    assert wider.height == layout.height
    assert wider.middles == tuple(200.0 + 150 * number for number in range(7))
    longer = with_room(layout, 260.0, 150.0, 9)
    assert longer.middles[0] == 260.0
    assert len(longer.middles) == 9
    assert longer.height - longer.middles[-1] == layout.height - layout.middles[-1]
    only = StaffLayout(1000, 400, 10.0, 80.0, 930.0, (200.0,))
    assert with_room(only, 0.0, 0.0, 1) == only
