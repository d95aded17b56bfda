from __future__ import annotations

import json
from pathlib import Path

import pytest
from documents import kern_texts
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jazzmus.errors import ConfigError
from jazzmus.kern.tokenizer import LINEBREAK_TOKEN, build_tokenizer, published_form
from jazzmus.kern.vocabulary import BOS, EOS, PAD, UNK, Vocabulary

NAMES = ("word", "medium", "character")


@pytest.mark.parametrize("name", NAMES)
def test_golden_pages(shared: Path, name: str) -> None:
    pages = json.loads((shared / "golden" / "tokenizers.json").read_text(encoding="utf-8"))
    tokenizer = build_tokenizer(name)
    assert tokenizer.name == name
    for page in pages:
        tokens = tokenizer.encode(page["kern"])
        assert [token for token in tokens if token != LINEBREAK_TOKEN] == page[name]["tokens"]
        assert tokens.count(LINEBREAK_TOKEN) == page["kern"].count("!!linebreak:original")
        assert tokenizer.decode(page[name]["tokens"]) == page[name]["text"]


def test_published_form_drops_what_is_not_drawn_and_keeps_linebreaks() -> None:
    text = (
        '**kern\t**mxhm\n*I"Alto Sax\t*\n*F:\t*\n!LO:TX:a:t=Swing\t!\n!!pagebreak\n8cc#XL\tG:7\n'
        "!!linebreak:original\n4c\t.\n*-\t*-\n"
    )
    assert published_form(text) == "**kern\t**mxhm\n8cc#L\tG:7\n!!linebreak:original\n4c\t.\n*-\t*-\n"


def test_a_linebreak_is_one_token_without_a_newline_token() -> None:
    assert build_tokenizer("character").encode("4c\n!!linebreak:original\n4d\n") == [
        "4",
        "c",
        "<n>",
        LINEBREAK_TOKEN,
        "4",
        "d",
        "<n>",
    ]


def test_medium_tokens_where_the_golden_pages_are_silent() -> None:
    encode = build_tokenizer("medium").encode
    assert encode("4c\tC:maj\n") == ["4", "c", "<t>", "<chord-pitch>C", ":", "maj", "<n>"]
    assert encode("4c\tC:7(b5,#9)/F#\n")[3:] == [
        *("<chord-pitch>C", ":", "7", "(", "b", "<chord-extension>5", ",", "#", "<chord-extension>9", ")"),
        *("/", "<chord-pitch>F", "#", "<n>"),
    ]
    assert encode("4c\tB-:7/E-\n")[3:] == ["B", "b", ":", "7", "/", "E", "b", "<n>"]
    assert encode("=\t=\n*^\t*\n*k[b-]\t*\n8ee- 8g\t.\t.\n")[4:] == [
        *("*^", "<t>", "*", "<n>", "*", "k", "[", "b", "-", "]", "<t>", "*", "<n>"),
        *("8", "ee", "-", " ", "8", "g", "<t>", ".", "<t>", ".", "<n>"),
    ]


def test_a_single_column_holds_notes() -> None:
    assert build_tokenizer("medium").encode("4B-\n*-\n") == ["4", "B", "-", "<n>", "*", "-", "<n>"]


@pytest.mark.parametrize("name", ["word", "character"])
@settings(deadline=None, max_examples=50)
@given(text=kern_texts())
def test_text_to_tokens_to_ids_and_back_is_the_identity_on_the_published_form(name: str, text: str) -> None:
    tokenizer = build_tokenizer(name)
    published = published_form(text)
    vocabulary = Vocabulary.build([tokenizer.encode(published)])
    ids = vocabulary.encode(tokenizer.encode(published))
    assert vocabulary.unk_id not in ids
    assert tokenizer.decode(vocabulary.decode(ids)) == published


@settings(deadline=None, max_examples=50)
@given(kern_texts())
def test_medium_loses_only_flats_and_the_closing_chord_cell(text: str) -> None:
    # Without a chord spine the last voice of a split is taken for chords, as published.
    assume("**mxhm" in text)
    tokenizer = build_tokenizer("medium")
    published = published_form(text)
    decoded = tokenizer.decode(tokenizer.encode(published))
    end = "*-\n"
    assert decoded.replace("*b:none\n", end) == published.replace("*-\t*-\n", "*-\t" + end)


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None)
@given(text=st.text(st.sampled_from("\t\n\r \ufeff*!=.:/()-#bX4cC^v<t>") | st.characters(), max_size=60))
def test_any_text_can_be_encoded_and_decoded(name: str, text: str) -> None:
    tokenizer = build_tokenizer(name)
    tokens = tokenizer.encode(text)
    assert all(tokens)
    assert isinstance(tokenizer.decode(tokens), str)
    assert published_form(published_form(text)) == published_form(text)


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_any_tokens_can_be_decoded_with_linebreaks_on_rows_of_their_own(name: str, data: st.DataObject) -> None:
    known = sorted(
        {LINEBREAK_TOKEN, "<t>", "<n>", PAD, BOS, EOS, UNK, "<chord-pitch>", "<chord-extension>9", "4c", "."}
    )
    text = build_tokenizer(name).decode(data.draw(st.lists(st.sampled_from(known))))
    rows = text.split("\n")
    assert all(row == "!!linebreak:original" for row in rows if "!" in row)
    assert "<" not in text or name != "medium"


def test_windows_lines_and_a_missing_last_newline_make_no_difference() -> None:
    for name in NAMES:
        tokenizer = build_tokenizer(name)
        assert tokenizer.encode("\ufeff4c\t.\r\n4d\tC:7") == tokenizer.encode("4c\t.\n4d\tC:7\n")
        assert tokenizer.encode("") == []


def test_an_unknown_name_lists_the_names() -> None:
    with pytest.raises(ConfigError, match="word, medium, character"):
        build_tokenizer("bpe")
