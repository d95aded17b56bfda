from __future__ import annotations

import pytest
from documents import kern_texts
from hypothesis import given, settings
from real_pages import RealPage

from jazzmus.errors import KernError
from jazzmus.kern.document import MUSIC_KINDS, parse_kern
from jazzmus.kern.forms import FORMS
from jazzmus.kern.joining import concatenate_systems, join_systems
from jazzmus.kern.systems import count_systems, system_range

JOINERS = (join_systems, concatenate_systems)


def page(*systems: str) -> str:
    body = "\n!!linebreak:original\n".join(systems)
    return f"**kern\t**mxhm\n*clefG2\t*\n*k[f#]\t*\n*M4/4\t*\n{body}\n*-\t*-\n"


def systems_of(text: str) -> list[str]:
    return [system_range(text, index, index + 1) for index in range(count_systems(text))]


def music(text: str) -> list[tuple[str, ...]]:
    return [row.cells for row in parse_kern(text).rows if row.kind in MUSIC_KINDS]


def test_systems_join_to_their_page() -> None:
    text = page("=\t=\n1g\tG:7", "=\t=\n1a\t.", "=\t=\n1b\t.\n==\t==")
    assert join_systems(systems_of(text)) == text
    assert concatenate_systems(systems_of(text)) == text
    assert join_systems([text]) == text


def test_one_misread_header_is_outvoted() -> None:
    text = page("=\t=\n1g\tG:7", "=\t=\n1a\t.", "=\t=\n1b\t.\n==\t==")
    for wrong in range(3):
        systems = systems_of(text)
        systems[wrong] = (
            systems[wrong].replace("*k[f#]", "*k[f#c#]").replace("*M4/4", "*M4/4" if not wrong else "*M2/4")
        )
        assert join_systems(systems) == text


def test_a_change_that_later_systems_repeat_is_kept() -> None:
    first, second, *later = systems_of(page(*["=\t=\n1g\tG:7"] * 4))
    later = [system.replace("*k[f#]", "*k[b-e-]") for system in later]
    lines = join_systems([first, second, *later]).splitlines()
    assert lines.count("*k[b-e-]\t*") == 1
    assert lines[lines.index("*k[b-e-]\t*") - 1] == "!!linebreak:original"
    assert "*k[b-e-]\t*" not in concatenate_systems([first, second, *later])


def test_a_change_within_a_system_holds_for_the_next() -> None:
    text = page("=\t=\n1g\tG:7\n=\t=\n*k[]\t*\n1g\t.", "=\t=\n1a\t.", "=\t=\n1b\t.\n==\t==")
    assert "*k[]\t*\n*M4/4" in systems_of(text)[1]
    assert join_systems(systems_of(text)) == text


IN_THREE = "=\t=\n2.g\t.\n=\t=\n2.a\t."
IN_FOUR = "=\t=\n1g\tG:7\n=\t=\n1a\t."


def test_a_meter_that_changes_at_a_line_is_kept_where_its_bars_fit() -> None:
    waltz = f"*M3/4\t*\n{IN_THREE}\n=\t=\n4b\t."
    text = page(IN_FOUR, waltz, IN_THREE + "\n=\t=\n2.b\t.", f"*M4/4\t*\n*met(c)\t*\n{IN_FOUR}\n==\t==")
    assert join_systems(systems_of(text)) == text
    assert "*M3/4" not in concatenate_systems(systems_of(text))


@pytest.mark.parametrize(
    ("meter", "bars"),
    [
        ("*M3/4", IN_FOUR),  # fits what is in force only
        ("*M3/4", "=\t=\n2.g\t.\n=\t=\n1g\t.\n=\t=\n2.a\t.\n=\t="),  # does not fit itself
        ("*M3/4", "=\t=\n4g\t.\n=\t=\n2.g\t.\n=\t=\n4a\t.\n=\t="),  # one full bar
        ("*M3/4", IN_THREE),  # bars at the edges may be short in four, too
        ("*M3/4", "=\t=\n2.g\t.\n=\t=\n2.h\t.\n=\t=\n2.a\t.\n=\t="),  # a note that is none
        ("*M8/8", "=\t=\n1g\t.\n=\t=\n1g\t.\n=\t="),  # as long as the one in force
    ],
)
def test_a_meter_at_a_line_that_its_bars_do_not_bear_out_is_dropped(meter: str, bars: str) -> None:
    text = page(IN_FOUR, bars + "\n==\t==")
    first, second = systems_of(text)
    assert join_systems([first, second.replace("*M4/4", meter)]) == text


@pytest.mark.parametrize(
    ("bars", "is_believed"),
    [
        (IN_THREE, True),
        ("=\t=\n4b\t.\n" + IN_THREE, True),  # an upbeat
        ("=\t=\n2.g\t.\n=\t=\n4a\t.", False),  # one full bar
        (IN_THREE + "\n=\t=\n1b\t.\n=\t=", False),
    ],
)
def test_a_meter_that_the_first_header_misses_is_that_of_a_later_one_whose_bars_fit(
    bars: str, is_believed: bool
) -> None:
    text = page(IN_THREE, bars, IN_THREE + "\n==\t==").replace("*M4/4\t*\n", "")
    first, *later = systems_of(text)
    joined = join_systems([first, later[0].replace("*k[f#]\t*\n", "*k[f#]\t*\n*M3/4\t*\n"), later[1]])
    begin = "!!linebreak:original\n" + bars
    assert joined == (text.replace(begin, begin.replace("\n", "\n*M3/4\t*\n", 1), 1) if is_believed else text)


@pytest.mark.parametrize("join", JOINERS)
def test_splits_that_meet_stay_open_and_others_close(join) -> None:  # type: ignore[no-untyped-def]
    split = page("=\t=\n*^\t*\n4g\t4b\tG:7\n4g\t4b\t.", "4a\t4c\t.\n*v\t*v\t*\n==\t==")
    assert count_systems(split) == 2
    joined = join(systems_of(split))
    assert music(joined) == music(split)
    assert joined.count("*^") == (1 if join is join_systems else 2)
    first, _ = systems_of(split)
    closed = join([first, systems_of(page("=\t=\n1g\tG:7"))[0]])
    assert [len(cells) for cells in music(closed)] == [2, 3, 3, 2, 2]


def test_other_spines_and_broken_texts_are_refused() -> None:
    text = page("=\t=\n1g\tG:7")
    with pytest.raises(KernError, match="system 2 has the spines"):
        join_systems([text, "**kern\t**kern\n4c\t4c\n*-\t*-\n"])
    with pytest.raises(KernError):
        concatenate_systems([text, "4c\n"])


@pytest.mark.parametrize("join", JOINERS)
def test_a_system_without_a_chord_spine_gets_an_empty_one(join) -> None:  # type: ignore[no-untyped-def]
    melody = "**kern\n*clefG2\n=\n*^\n4c\t4e\n*v\t*v\n!note\n2d\n*-\n"
    with_chords = systems_of(page("=\t=\n1g\tG:7"))[0]
    for texts in ([melody, with_chords], [with_chords, melody]):
        joined = join(texts)
        assert parse_kern(joined).spine_types == ("**kern", "**mxhm")
        assert {("1g", "G:7"), ("4c", "4e", "."), ("2d", ".")} <= set(music(joined))
    assert parse_kern(join([melody, melody])).spine_types == ("**kern",)


@given(kern_texts())
@settings(max_examples=150)
def test_any_systems_join_to_a_text_with_all_their_music(text: str) -> None:
    systems = systems_of(text)
    for join in JOINERS:
        joined = join(systems)
        assert count_systems(joined) == len(systems)
        assert music(joined) == [cells for system in systems for cells in music(system)]


def test_real_pages_come_back_whole(real_pages: list[RealPage]) -> None:
    for text in sorted({item.kern for item in real_pages}):
        for form in ("normal", "written"):
            formed = FORMS[form].apply(text)
            assert join_systems(systems_of(formed)) == formed
