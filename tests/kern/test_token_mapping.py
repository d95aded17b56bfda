from __future__ import annotations

import pytest
from documents import kern_texts
from hypothesis import given, settings
from hypothesis import strategies as st

from jazzmus.kern.token_mapping import nearest_tokens
from jazzmus.kern.tokenizer import CHORD_EXTENSION, CHORD_PITCH, build_tokenizer

MEDIUM = (
    *("<pad>", "<bos>", "<eos>", "<t>", "<n>", "<linebreak>", "**kern", "**mxhm", "*", "*-", "*clefG2", "*k[b-]", "="),
    *("=:|!", ".", "1", "4", "6", "8", "a", "b", "c", "cc", "r", "#", "-", "[", "(", ")", "L", " ", ",", "/", ":"),
    *("<chord-pitch>Bb", "<chord-pitch>F", "<chord-pitch>C", "7", "min7", "<chord-extension>9"),
)
GRAND_STAFF = ("<pad>", "<t>", "<b>", "<s>", "**ekern_1.0", "*clefG2", "8c#@L", "8·d·J", "4.r", ".", "=", "*")


@pytest.mark.parametrize(
    ("token", "parts"),
    [
        ("8", ("8",)),
        ("cc", ("cc",)),
        ("<linebreak>", ("<linebreak>",)),
        ("*k[b-]\t*\n", ("*k[b-]", "<t>", "*", "<n>")),
        ("=\t=\n", ("=", "<t>", "=", "<n>")),
        ("**kern\t**mxhm\n", ("**kern", "<t>", "**mxhm", "<n>")),
        ("*-\t*-\n", ("*-", "<t>", "*-", "<n>")),
        ("\t.\n", ("<t>", ".", "<n>")),
        ("\n", ("<n>",)),
        ("\t", ("<t>",)),
        ("16", ("1", "6")),
        ("4.", ("4", ".")),
        ("--", ("-", "-")),
        ("\tBb", ("<t>", "<chord-pitch>Bb")),
        ("\tF#", ("<t>", "<chord-pitch>F", "#")),
        (":min7", (":", "min7")),
        ("(b9)", ("(", "b", "<chord-extension>9", ")")),
        ("/Bb", ("/", "<chord-pitch>Bb")),
        ("[4cc#L", ("[", "4", "cc", "#", "L")),
        ("4c 4a", ("4", "c", " ", "4", "a")),
        ("Bb:min7/F", ("<chord-pitch>Bb", ":", "min7", "/", "<chord-pitch>F")),
    ],
)
def test_a_token_is_written_by_tokens_of_medium(token: str, parts: tuple[str, ...]) -> None:
    assert nearest_tokens([token], MEDIUM) == {token: parts}


@pytest.mark.parametrize("token", ["<unk>", ":dim", "\tG", "dd", "ccc", "*M3/4\t*\n", "(#11)", "min", "16dd", "!"])
def test_what_has_no_counterpart_stays_out(token: str) -> None:
    """A pitch is not its letters, a quality not another: only what is written alike counts."""
    assert nearest_tokens([token], MEDIUM) == {}


@pytest.mark.parametrize(
    ("token", "parts"),
    [
        ("\n", ("<b>",)),
        (" ", ("<s>",)),
        ("**kern", ("**ekern_1.0",)),
        ("8c#L", ("8c#@L",)),
        ("8dJ", ("8·d·J",)),
        ("\t.\n", ("<t>", ".", "<b>")),
        ("*clefG2\t*\n", ("*clefG2", "<t>", "*", "<b>")),
    ],
)
def test_marks_that_a_published_vocabulary_adds_are_seen_through(token: str, parts: tuple[str, ...]) -> None:
    assert nearest_tokens([token], GRAND_STAFF) == {token: parts}


def test_a_cell_is_not_its_characters_where_tokens_are_cells() -> None:
    assert nearest_tokens(["8", "c", ":min7", "\tBb", "*M3/4"], GRAND_STAFF) == {}


def test_characters_write_everything_they_can() -> None:
    known = ["<pad>", "<t>", "<n>", *"BbCm:in79(),/#*k[]-"]
    wanted = ["\tBb", ":min7", "(b9)", "*k[b-]\t*\n", "<chord-pitch>Bb", "<chord-extension>9", "<unk>", "/Eb"]
    found = nearest_tokens(wanted, known)
    assert found["\tBb"] == ("<t>", "B", "b")
    assert found[":min7"] == (":", "m", "i", "n", "7")
    assert found["(b9)"] == ("(", "b", "9", ")")
    assert found["*k[b-]\t*\n"] == (*"*k[b-]", "<t>", "*", "<n>")
    assert found["<chord-pitch>Bb"] == ("B", "b")
    assert found["<chord-extension>9"] == ("9",)
    assert not {"<unk>", "/Eb"} & found.keys()


def test_nothing_is_known_of_an_empty_vocabulary() -> None:
    assert nearest_tokens(["8", "<pad>"], []) == {}


def written(tokens: tuple[str, ...]) -> str:
    text = "".join({"<t>": "\t", "<n>": "\n"}.get(token, token) for token in tokens)
    return text.replace(CHORD_PITCH, "").replace(CHORD_EXTENSION, "")


@settings(max_examples=40)
@given(kern_texts(), st.sampled_from(["compact", "word", "character", "byte_pair"]))
def test_parts_write_what_the_token_writes(text: str, name: str) -> None:
    known = build_tokenizer("medium").vocabulary([text]).tokens
    wanted = build_tokenizer(name).vocabulary([text]).tokens
    for token, parts in nearest_tokens(wanted, known).items():
        assert set(parts) <= set(known)
        # `X`, which is not drawn, is in no published text.
        assert written(parts) == written((token,)).replace("X", "")
