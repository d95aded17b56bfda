from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from documents import kern_texts
from hypothesis import given, settings
from hypothesis import strategies as st
from real_pages import RealPage

from jazzmus.kern.base_tokenizer import LINEBREAK_TOKEN
from jazzmus.kern.compact import CompactTokenizer
from jazzmus.kern.document import split_lines
from jazzmus.kern.normal_form import normalize
from jazzmus.kern.vocabulary import BOS, EOS, PAD, UNK, Vocabulary
from jazzmus.kern.written import as_written

TOKENIZER = CompactTokenizer()
DIALECT = st.sampled_from("\t\n\r \ufeff*^v!=.:|/(),[]_-#nbXLJ48qrCcGG7<>")


def roundtrip(text: str) -> str:
    return TOKENIZER.decode(TOKENIZER.encode(text))


def written(text: str) -> str:
    return as_written(normalize(text))


@pytest.mark.parametrize(
    ("row", "tokens"),
    [
        ("4c\t.", ["4", "c", "\t.\n"]),
        ("8.een\tC:maj", ["8.", "ee", "n", "\tC", ":maj"]),
        ("[2ff#XL'\t.", ["[", "2", "ff", "#", "X", "L", "'", "\t.\n"]),
        ("16b-]KL\tBb:min7/Eb", ["16", "b", "-", "]", "K", "L", "\tBb", ":min7", "/Eb"]),
        (".\tG:7(b5,#9)/F#", [".", "\tG", ":7", "(b5)", "(#9)", "/F#"]),
        ("8qd\t.", ["8q", "d", "\t.\n"]),
        ("qd\t.", ["q", "d", "\t.\n"]),
        ("1ryy\t.", ["1", "r", "y", "y", "\t.\n"]),
        ("4cc 4ee\t.", ["4", "cc", " ", "4", "ee", "\t.\n"]),
        ("4c\t4BB-\tA:sus4(7)", ["4", "c", "\t", "4", "BB", "-", "\tA", ":sus4", "(7)"]),
        ("4c", ["4", "c", "\n"]),
        ("4c\tN.C.", ["4", "c", "\t", "N", ".", "C", ".", "\n"]),
        ("**kern\t**mxhm", ["**kern\t**mxhm\n"]),
        ("*k[b-e-]\t*", ["*k[b-e-]\t*\n"]),
        ("*met(c|)", ["*met(c|)", "\n"]),
        ("*^\t*", ["*^\t*\n"]),
        ("*v\t*v\t*", ["*v", "\t", "*v", "\t", "*", "\n"]),
        ("=:|!\t=:|!", ["=:|!\t=:|!\n"]),
        ("=\t==", ["=", "\t", "==", "\n"]),
        ("=\t=\t=", ["=", "\t", "=", "\t", "=", "\n"]),
        ("!!linebreak:original", [LINEBREAK_TOKEN]),
        ("!ed\t!", ["!", "e", "d", "\t", "!", "\n"]),
        ("", ["\n"]),
    ],
)
def test_tokens_of_a_row(row: str, tokens: list[str]) -> None:
    assert TOKENIZER.encode(row + "\n") == tokens
    assert TOKENIZER.decode(tokens) == row + "\n"


def test_a_chord_ends_its_row_before_whatever_follows() -> None:
    chord = ["4", "c", "\tC", ":7"]
    assert TOKENIZER.decode([*chord, "4", "d"]) == "4c\tC:7\n4d"
    assert TOKENIZER.decode([*chord, LINEBREAK_TOKEN]) == "4c\tC:7\n!!linebreak:original\n"
    assert TOKENIZER.decode([*chord, "(b9)", EOS]) == "4c\tC:7(b9)\n"
    assert TOKENIZER.decode([*chord, PAD, "(b9)", UNK, "(#9)", "=\t=\n"]) == "4c\tC:7(b9,#9)\n=\t=\n"


def test_an_extension_never_seen_is_made_of_ones_that_were() -> None:
    seen = TOKENIZER.vocabulary(["4c\tC:7(b9)\n", "4c\tF#:maj7(#11)/E\n"])
    assert not seen.unseen(TOKENIZER.encode("4c\tC:maj7(#11,b9)/E\n"))


@settings(deadline=None, max_examples=50)
@given(kern_texts())
def test_well_formed_texts_come_back(text: str) -> None:
    assert roundtrip(text) == text


CLASSES = {
    "usual row": r"[*=].*\t.*\n",
    "end of system": re.escape(LINEBREAK_TOKEN),
    "duration": r"\d+\.*q{0,2}|q+",
    "pitch or rest": r"([a-gA-G])\1*|r",
    "accidental": r"#+|-+|n",
    "mark": r"[][_(){}LJKk'^~;:yiX]",
    "null cell": r"\.",
    "row end without chord": r"\t\.\n",
    "root": r"\t[A-G][#b]*",
    "quality": r":[a-z0-9]+",
    "extension": r"\([#b]?\d+\)",
    "bass": r"/[A-G][#b]*",
    "separator": r"[\t\n ]",
    "cell": r"\*[-^v]?|\*(\*|clef|k|M|met).+|=+[|!:]*",
}


@settings(deadline=None, max_examples=50)
@given(kern_texts())
def test_the_class_of_a_token_is_in_its_text(text: str) -> None:
    not_in_normal_form = re.compile(r"!LO|!!linebreak$|\*I|\*[A-G]-?:|\*MM|=1")
    rows = [row for row in text.splitlines() if not not_in_normal_form.match(row)]
    for token in TOKENIZER.encode("\n".join(rows)):
        assert len([name for name, pattern in CLASSES.items() if re.fullmatch(pattern, token)]) == 1, token


@settings(deadline=None)
@given(st.text(DIALECT | st.characters(), max_size=60))
def test_any_text_comes_back(text: str) -> None:
    assert roundtrip(text) == "".join(line + "\n" for line in split_lines(text))
    assert all(TOKENIZER.encode(text))


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["4", "c", "\tC", ":7", "(b9)", "(", "/E", "\t", "\n", "\t.\n", "=\t=\n", LINEBREAK_TOKEN])
        | st.sampled_from([PAD, BOS, EOS, UNK, ""])
        | st.text(DIALECT)
    )
)
def test_any_tokens_can_be_decoded_with_linebreaks_on_rows_of_their_own(tokens: list[str]) -> None:
    rows = [row for row in TOKENIZER.decode(tokens).split("\n") if row == "!!linebreak:original"]
    assert len(rows) >= tokens.count(LINEBREAK_TOKEN)


@pytest.mark.parametrize(("form", "most_tokens"), [(lambda text: text, 540), (normalize, 515), (written, 490)])
def test_real_pages_come_back_in_few_tokens_of_a_small_vocabulary(
    real_pages: list[RealPage], form: Callable[[str], str], most_tokens: int
) -> None:
    tokens: dict[str, list[list[str]]] = {}
    for split in ("train", "val"):
        texts = [form(kern) for kern in sorted({page.kern for page in real_pages if page.split == split})]
        tokens[split] = [TOKENIZER.encode(text) for text in texts]
        assert [TOKENIZER.decode(page) for page in tokens[split]] == texts
        assert sum(map(len, tokens[split])) / len(texts) <= most_tokens
    vocabulary = Vocabulary.build(tokens["train"])
    assert len(vocabulary) <= 400
    assert vocabulary.unseen(token for page in tokens["val"] for token in page).total() <= 20
