"""The grammar of a codec's ids: what it lets end parses, and it never traps."""

from __future__ import annotations

import random

import pytest

from jazzmus.errors import KernError
from jazzmus.kern.chords import parse_chord
from jazzmus.kern.codec import TextCodec
from jazzmus.kern.document import CHORD_SPINE, RowKind, parse_kern
from jazzmus.kern.notes import NULL_CELL, parse_notes
from jazzmus.kern.token_grammar import CodecGrammar, build_token_grammar
from jazzmus.kern.tokenizer import TOKENIZERS, build_tokenizer
from jazzmus.kern.vocabulary import Vocabulary
from jazzmus.synthesis.engraving import shared_toolkit

# Invented, with whatever the grammar knows.
TEXTS = (
    "**kern\t**mxhm\n*clefG2\t*\n*k[b-]\t*\n*M4/4\t*\n=\t=\n4.cc#XL\tBb:min7(b5,#9)/F\n8dJ\t.\n[2e-\tF#:7\n=\t=\n"
    "*^\t*\n2e-]\t4g\tC:maj\n.\t4a\t.\n2r\t2fn\t.\n*v\t*v\t*\n"
    "!!linebreak:original\n=\t=\n1ff\tA:hdim7\n==\t==\n*-\t*-\n",
    "**kern\n*clefF4\n*M3/4\n=\n2.C\n=\n4D\n8E 8G\n8A\n4BB\n==\n*-\n",
    "**kern\t**mxhm\n*I\"Horn (:B)\t*\n*I'Hn\t*\n*clefG2\t*\n*Trd1c2\t*\n*M4/4\t*\n*MM96\t*\n=\t=\n"
    "!LO:TX:a:t=(C7)\t!\n4c\t.\n==\t==\n*-\t*-\n",
    '**kern\n*I"Tuba\n*clefF4\n=\n!LO:TX:b:t=low\n4C\n==\n*-\n',
)


def make_codec(name: str, without: str = "", form: str = "source") -> TextCodec:
    tokens = build_tokenizer(name).vocabulary(TEXTS).tokens
    return TextCodec.from_names(name, [token for token in tokens if not without or without not in token], form)


def walk(grammar: CodecGrammar, codec: TextCodec, rng: random.Random, steps: int) -> list[int]:
    """Ids of a random walk that ends as soon as it can after some steps."""
    state, ids = grammar.start, [codec.vocabulary.bos_id]
    while allowed := grammar.allowed(state):
        assert list(allowed) == sorted(set(allowed))
        assert not {codec.vocabulary.pad_id, codec.vocabulary.bos_id, codec.vocabulary.unk_id} & set(allowed)
        if len(ids) <= steps:
            chosen = rng.choice(allowed)
        else:
            fewest = grammar.fewest_to_end(state) - 1
            ways = (index for index in allowed if grammar.fewest_to_end(grammar.advance(state, index)) == fewest)
            chosen = next(ways)
        ids.append(chosen)
        state = grammar.advance(state, chosen)
    assert grammar.fewest_to_end(state) == 0
    return ids


@pytest.fixture(scope="module", params=sorted(TOKENIZERS))
def codec(request: pytest.FixtureRequest) -> TextCodec:
    return make_codec(request.param)


@pytest.fixture(scope="module")
def grammar(codec: TextCodec) -> CodecGrammar:
    return build_token_grammar(codec)


def test_texts_of_the_vocabulary_are_allowed(codec: TextCodec, grammar: CodecGrammar) -> None:
    for text in TEXTS:
        state = grammar.start
        for index in codec.encode(text)[1:]:
            assert index in grammar.allowed(state)
            state = grammar.advance(state, index)
        assert grammar.allowed(state) == ()


def test_rows_that_no_page_shows_are_written_in_the_source_form_only() -> None:
    codec = make_codec("compact", form="written")
    grammar = build_token_grammar(codec)
    state = grammar.start
    read: list[int] = []
    for index in codec.encode_formed(TEXTS[2])[1:]:
        if index not in grammar.allowed(state):
            break
        read.append(index)
        state = grammar.advance(state, index)
    assert codec.decode_formed(read) in ("**kern\t**mxhm\n", "**kern\t**mxhm\n*")


@pytest.mark.parametrize("name", ["compact", "byte_pair"])
def test_free_words_can_be_ended_at_every_token(name: str) -> None:
    codec = make_codec(name)
    grammar = build_token_grammar(codec)
    ids = codec.encode_formed(TEXTS[2])
    count = next(count for count in range(len(ids)) if codec.decode_formed(ids[:count]).endswith('*I"'))
    state = grammar.start
    for index in ids[1:count]:
        state = grammar.advance(state, index)
    rng = random.Random(3)
    text = ""
    while "\n" not in text:
        after = {way: grammar.fewest_to_end(grammar.advance(state, way)) for way in grammar.allowed(state)}
        assert grammar.fewest_to_end(state) == 1 + min(after.values())
        chosen = rng.choice(sorted(after))
        text += codec.vocabulary.tokens[chosen]
        state = grammar.advance(state, chosen)
    assert len(text) <= len("\t*\n") + 40


def test_words_are_not_made_so_long_that_nothing_can_end_them() -> None:
    pieces = ["**kern\t**mxhm\n", '*I"', "a", "aa\t*\n", "=\t=\n", "4c\t.\n", "*-\t*-\n"]
    codec = TextCodec.from_names("byte_pair", [*make_codec("word").vocabulary.tokens[:4], *pieces], "source")
    grammar = build_token_grammar(codec)
    ids = [codec.vocabulary.tokens.index(piece) for piece in pieces]
    state = grammar.advance(grammar.advance(grammar.start, ids[0]), ids[1])
    for _ in range(38):
        assert set(ids[2:4]) <= set(grammar.allowed(state))
        assert grammar.fewest_to_end(state) == 4
        state = grammar.advance(state, ids[2])
    assert grammar.allowed(state) == (ids[3],)


def test_random_walks_end_and_decode_to_texts_that_parse(codec: TextCodec, grammar: CodecGrammar) -> None:
    rng = random.Random(5)
    for steps in (0, 5, 12, 25, 40, 60):
        document = parse_kern(codec.decode(walk(grammar, codec, rng, steps)))
        for row in document.rows:
            for cell, spine_type in zip(row.cells, document.cell_types(row), strict=False):
                if row.kind is RowKind.DATA and spine_type == CHORD_SPINE:
                    assert cell == NULL_CELL or parse_chord(cell)
                elif row.kind is RowKind.DATA:
                    parse_notes(cell)


def test_random_walks_load_in_verovio_with_all_their_notes(codec: TextCodec, grammar: CodecGrammar) -> None:
    rng = random.Random(9)
    for steps in (10, 30):
        text = codec.decode(walk(grammar, codec, rng, steps))
        assert shared_toolkit().loadData(text)
        rows = (row for row in parse_kern(text).rows if row.kind is RowKind.DATA)
        melody = (cell for row in rows for cell in row.cells if not parse_chord(cell))
        count = sum(not note.is_rest for cell in melody for note in parse_notes(cell))
        assert shared_toolkit().getMEI().count("<note ") == count


def test_the_fewest_ids_to_the_end_are_those_of_the_best_id(codec: TextCodec, grammar: CodecGrammar) -> None:
    state = grammar.start
    for index in codec.encode(TEXTS[1])[1:]:
        after = [grammar.fewest_to_end(grammar.advance(state, way)) for way in grammar.allowed(state)]
        assert grammar.fewest_to_end(state) == 1 + min(after)
        state = grammar.advance(state, index)


def test_states_follow_from_the_ids_alone(codec: TextCodec, grammar: CodecGrammar) -> None:
    other = build_token_grammar(codec)
    first, second, third = grammar.start, grammar.start, other.start
    for index in codec.encode(TEXTS[0])[1:]:
        first, second, third = (
            grammar.advance(first, index),
            grammar.advance(second, index),
            other.advance(third, index),
        )
        assert first == second
        assert grammar.allowed(first) == other.allowed(third)


@pytest.mark.parametrize("name", sorted(TOKENIZERS))
@pytest.mark.parametrize("without", ["*v", "*^", "4", "r", "!", "(", "**mxhm"])
def test_a_vocabulary_that_lacks_a_piece_never_traps(name: str, without: str) -> None:
    codec = make_codec(name, without)
    try:
        grammar = build_token_grammar(codec)
    except KernError:
        return
    parse_kern(codec.decode(walk(grammar, codec, random.Random(1), 15)))


def test_ids_that_are_not_allowed_and_vocabularies_without_texts_are_refused(codec: TextCodec) -> None:
    grammar = build_token_grammar(codec)
    with pytest.raises(ValueError, match="may not follow"):
        grammar.advance(grammar.start, codec.vocabulary.eos_id)
    empty = Vocabulary(codec.vocabulary.tokens[:4])
    with pytest.raises(KernError, match="no valid text"):
        build_token_grammar(TextCodec(codec.tokenizer, empty))
