from __future__ import annotations

import os
import subprocess
import sys

from documents import kern_texts
from hypothesis import given, settings
from hypothesis import strategies as st
from real_pages import RealPage

from jazzmus.kern.base_tokenizer import LINEBREAK_TOKEN
from jazzmus.kern.byte_pair import BytePairTokenizer
from jazzmus.kern.codec import TextCodec
from jazzmus.kern.document import split_lines
from jazzmus.kern.tokenizer import build_tokenizer
from jazzmus.kern.vocabulary import SPECIAL_TOKENS

TUNE = (
    "**kern\t**mxhm\n*clefG2\t*\n8ccL\tC:maj7\n8ddJ\t.\n8ccL\t.\n8ddJ\t.\n!!linebreak:original\n"
    "=\t=\n4cc\tC:maj7\n8ddJ\t.\n2cc\tD:maj7\n*-\t*-\n"
)
DIALECT = st.sampled_from("\t\n\r \ufeff*=!.:/()-#8cdLJCmaj<>")


def learned(size: int = 60) -> BytePairTokenizer:
    return BytePairTokenizer(BytePairTokenizer(size=size).vocabulary([TUNE]).tokens)


def test_the_commonest_neighbours_are_merged_first_and_ties_go_by_code_point() -> None:
    text = "abab\tab\ncd\tcd\nef\tef\n"
    assert BytePairTokenizer().vocabulary([text]).tokens == (
        *SPECIAL_TOKENS,
        *(LINEBREAK_TOKEN, "\t", "\n", "a", "b", "c", "d", "e", "f"),
        *("ab", "cd", "ef"),
    )


def test_merges_stay_within_cells_and_a_linebreak_is_one_token() -> None:
    tokens = BytePairTokenizer().vocabulary([TUNE * 3]).tokens
    assert {"8ddJ", "C:maj7", "**mxhm"} <= set(tokens)
    assert [token for token in tokens if len(token) > 1 and ("\t" in token or "\n" in token)] == []
    assert not any("linebreak" in token for token in tokens if token != LINEBREAK_TOKEN)
    assert learned().encode("!!linebreak:original\n4\t!!linebreak:original\n").count(LINEBREAK_TOKEN) == 1


def test_tokens_in_the_order_of_ids_are_all_that_encoding_needs() -> None:
    vocabulary = BytePairTokenizer(size=60).vocabulary([TUNE])
    codec = TextCodec.from_names("byte_pair", vocabulary.tokens, "source")
    assert codec.vocabulary == vocabulary
    assert len(codec.encode(TUNE)) < len(build_tokenizer("byte_pair").encode(TUNE)) == len(TUNE) - 20
    assert codec.vocabulary.unk_id not in codec.encode(TUNE)
    assert codec.decode(codec.encode(TUNE)) == TUNE


def test_earlier_tokens_are_merged_first() -> None:
    assert BytePairTokenizer(["a", "b", "c", "ab", "bc"]).encode("abc") == ["ab", "c", "\n"]
    assert BytePairTokenizer(["a", "b", "c", "bc", "ab"]).encode("abc") == ["a", "bc", "\n"]


def test_special_tokens_are_never_made_of_characters() -> None:
    text = "<pad><pad>\t<linebreak><linebreak>\n" * 3
    tokenizer = BytePairTokenizer(BytePairTokenizer().vocabulary([text]).tokens)
    assert not {LINEBREAK_TOKEN, *SPECIAL_TOKENS} & set(tokenizer.encode(text))
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_the_vocabulary_is_the_same_under_two_hash_seeds() -> None:
    script = (
        "import sys\nfrom jazzmus.kern.byte_pair import BytePairTokenizer\n"
        "print(BytePairTokenizer(size=60).vocabulary([sys.argv[1]]).fingerprint)"
    )
    fingerprints = [
        subprocess.run(
            [sys.executable, "-c", script, TUNE],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    assert fingerprints == [BytePairTokenizer(size=60).vocabulary([TUNE]).fingerprint] * 2


@settings(deadline=None, max_examples=50)
@given(kern_texts())
def test_a_text_learned_from_comes_back_without_unknown_tokens(text: str) -> None:
    vocabulary = BytePairTokenizer(size=80).vocabulary([text, TUNE])
    assert len(vocabulary) <= 80
    tokenizer = BytePairTokenizer(vocabulary.tokens)
    assert not vocabulary.unseen(tokenizer.encode(text))
    assert tokenizer.decode(tokenizer.encode(text)) == text


@settings(deadline=None)
@given(st.text(DIALECT | st.characters(), max_size=60))
def test_any_text_comes_back(text: str) -> None:
    tokenizer = learned()
    assert tokenizer.decode(tokenizer.encode(text)) == "".join(line + "\n" for line in split_lines(text))


@settings(deadline=None)
@given(st.lists(st.sampled_from([*SPECIAL_TOKENS, LINEBREAK_TOKEN, "\t", "\n", ""]) | st.text(DIALECT)))
def test_any_tokens_can_be_decoded(tokens: list[str]) -> None:
    rows = learned().decode(tokens).split("\n")
    assert rows.count("!!linebreak:original") >= tokens.count(LINEBREAK_TOKEN)


def test_real_pages_come_back_in_fewer_tokens_than_characters(handwritten_pages: list[RealPage]) -> None:
    trained = [page.kern for page in handwritten_pages if page.split == "train"]
    vocabulary = BytePairTokenizer().vocabulary(trained)
    tokenizer = BytePairTokenizer(vocabulary.tokens)
    assert len(vocabulary) == 400
    assert len(trained) == 225
    texts = sorted({page.kern for page in handwritten_pages})
    tokens = [tokenizer.encode(text) for text in texts]
    assert [tokenizer.decode(page) for page in tokens] == texts
    assert sum(map(len, tokens)) <= 0.7 * sum(map(len, texts))
