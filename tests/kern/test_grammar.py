"""Which texts the grammar takes, character by character."""

from __future__ import annotations

import pytest
from documents import kern_texts
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from jazzmus.kern.document import RowKind, parse_kern
from jazzmus.kern.forms import FORMS
from jazzmus.kern.grammar import TextGrammar
from jazzmus.kern.systems import IN_FORCE, count_systems, name_in_force, system_range

GRAMMAR = TextGrammar()
SOURCE_GRAMMAR = TextGrammar(source=True)
START = "**kern\t**mxhm\n*clefG2\t*\n*k[b-]\t*\n*M4/4\t*\n=\t=\n"
END = "==\t==\n*-\t*-\n"


def is_of_the_grammar(text: str) -> bool:
    """Whether a normal text of `kern_texts` has one voice, rows of chords behind notes only, and headers in order."""
    rows = parse_kern(text).rows
    before: list[RowKind] = []
    stated = -1
    for row in rows:
        if row.kind is RowKind.MANIPULATION:
            return False
        if row.kind is RowKind.DATA and row.cells[0] == "." and (row.cells[-1] == "." or before[-1:] != [RowKind.DATA]):
            return False
        if row.kind is RowKind.INTERPRETATION:
            place = IN_FORCE.index(name_in_force(row.cells[0]) or "")
            if place <= stated:
                return False
            stated = place
        else:
            stated = -1
            before.append(row.kind)
    return True


# Most documents of the strategy have voices whose times do not fit together.
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(kern_texts(), st.sampled_from(("normal", "written")))
def test_normal_texts_are_taken_with_all_their_beginnings(text: str, form: str) -> None:
    formed = FORMS[form].apply(text)
    assume(is_of_the_grammar(formed))
    assert GRAMMAR.accepts(formed)
    assert not GRAMMAR.accepts(formed[:-1])
    assert GRAMMAR.read(formed + "*") is None


@pytest.mark.parametrize(
    "rows",
    [
        "4c\tC:maj\n",
        "[4.cc#XL\tBb:min7(b5,#9)/F\n.\tC:7\n8r\t.\n",
        "4c 4e\t.\n8qd\t.\n1ryy\t.\n",
        "*^\t*\n2c\t4e\tC:maj\n.\t4f\t.\n*v\t*v\t*\n",
        "4c\t.\n!!linebreak:original\n=\t=\n*clefF4\t*\n4c\t.\n",
    ],
)
def test_music_is_taken(rows: str) -> None:
    assert GRAMMAR.accepts(START + rows + END)


@pytest.mark.parametrize(
    ("rows", "good"),
    [
        ("4c\tC\n", "4c\tC"),
        ("4h\t.\n", "4"),
        ("5.5c\t.\n", "5."),
        ("4cL'\t.\n", "4cL"),
        ("4cXX\t.\n", "4cX"),
        ("4c 8e\t.\n", "4c "),
        (".\tC:maj\n", ""),
        ("4c\t.\n=\t==\n", "4c\t.\n=\t="),
        ("4c\t.\n=\t=\n=\t=\n", "4c\t.\n=\t=\n"),
        ("4c\t.\n*\t*^\n", "4c\t.\n*"),
        ("*^\t*\n2c\t4e\t.\n4d\t4f\t.\n", "*^\t*\n2c\t4e\t.\n"),
        ("*^\t*\n2c\t4e\t.\n*v\t*v\t*\n", "*^\t*\n2c\t4e\t.\n"),
        ("4c\t.\n!!linebreak:original\n!!linebreak:original\n", "4c\t.\n!!linebreak:original\n"),
        ("4c\t.\n*M3/4\t*\n*clefG2\t*\n", "4c\t.\n*M3/4\t*\n*"),
        ("*-\t*-\n", "*"),
    ],
)
def test_what_is_not_valid_stops_at_its_first_wrong_character(rows: str, good: str) -> None:
    assert GRAMMAR.read(START + good) is not None
    assert GRAMMAR.read(START + rows[: len(good) + 1]) is None


HIDDEN = (
    '*I"Horn in F, B\ue10d\t*\n',
    "*I'Hn. 1\t*\n",
    "*ITrd-4c-7\t*\n",
    "*Trd1c2\t*\n",
    "*MM96\t*\n",
    "!LO:TX:a:i:t=slow (twice)\t!\n",
)


@pytest.mark.parametrize("row", HIDDEN)
def test_rows_that_no_page_shows_are_of_source_texts_only(row: str) -> None:
    text = f"**kern\t**mxhm\n{row}=\t=\n4c\t.\n{row}{END}"
    assert SOURCE_GRAMMAR.accepts(text)
    without_chords = "".join(line.split("\t")[0] + "\n" for line in text.splitlines())
    assert SOURCE_GRAMMAR.accepts(without_chords)
    assert GRAMMAR.read(f"**kern\t**mxhm\n{row}") is None
    assert GRAMMAR.read(f"**kern\n{row.split(chr(9))[0]}\n") is None
    voices = SOURCE_GRAMMAR.read(START + "*^\t*\n")
    assert voices is not None
    assert SOURCE_GRAMMAR.read(row.replace("\t", "\t!\t" if row.startswith("!") else "\t*\t"), voices) is None


def test_a_source_header_has_an_order_and_words_have_an_end() -> None:
    names, transposition, tempo = "".join(HIDDEN[:2]), HIDDEN[2], HIDDEN[4]
    header = f"**kern\t**mxhm\n{names}*clefG2\t*\n{transposition}*k[]\t*\n*M4/4\t*\n{tempo}"
    assert SOURCE_GRAMMAR.read(header) is not None
    assert SOURCE_GRAMMAR.read(header + HIDDEN[5] + "*clef") is None
    for beginning, most in (("!LO:TX:", 96), ('*I"', 40)):
        full = START + beginning + "a" * most
        assert SOURCE_GRAMMAR.read(full) is not None
        assert SOURCE_GRAMMAR.read(full + "a") is None
        for char in "\n\r!\x00\x7f\x85\u2028\u2029\u200b\ud800":
            assert SOURCE_GRAMMAR.read(START + beginning + char) is None
            assert SOURCE_GRAMMAR.read(START + beginning + "a" + char) is None
        for char in " \xe9\u266d\ue10d":
            assert SOURCE_GRAMMAR.read(START + beginning + "a" + char) is not None
        for chord in ("*", "!"):
            assert SOURCE_GRAMMAR.read(f"{START}{beginning}\t{chord}\n") is None


@pytest.mark.parametrize(
    ("row", "is_taken"),
    [
        ("*MM1", True),
        ("*MM200", True),
        ("*MM0", False),
        ("*MM000", False),
        ("*MM096", False),
        ("*MM1000", False),
        ("*Trd0c0", True),
        ("*ITrd-8c-14", True),
        ("*ITrd15c26", True),
        ("*ITrd99c99", False),
        ("*ITrd22c36", False),
        ("*ITrd21c37", False),
        ("*ITrd01c2", False),
        ("*ITrd-0c0", False),
        ("*ITrdc", False),
    ],
)
def test_numbers_of_source_texts_have_bounds(row: str, is_taken: bool) -> None:
    assert (SOURCE_GRAMMAR.read(f"{START}{row}\t*\n") is not None) is is_taken


def test_the_same_beginning_gives_the_same_state() -> None:
    assert GRAMMAR.read(START + "4c\t.\n") == GRAMMAR.read(START + "8dd\t.\n")
    assert GRAMMAR.read(START + "4c\t.\n") != GRAMMAR.read(START)


@pytest.mark.parametrize("form", sorted(FORMS))
def test_every_real_page_and_system_is_taken(real_texts: list[str], form: str) -> None:
    grammar = SOURCE_GRAMMAR if form == "source" else GRAMMAR
    for text in real_texts[::4]:
        last = count_systems(text) - 1
        for part in (text, system_range(text, last, last + 1)):
            assert grammar.accepts(FORMS[form].apply(part))
