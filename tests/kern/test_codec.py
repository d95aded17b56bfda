from __future__ import annotations

import pytest
from documents import kern_texts
from hypothesis import given, settings

from jazzmus.kern.codec import TextCodec
from jazzmus.kern.tokenizer import build_tokenizer
from jazzmus.kern.vocabulary import Vocabulary

NAMES = ("word", "medium", "character")
KERN = "**kern\t**mxhm\n=\t=\n4c\tC:maj7\n!!linebreak:original\n=\t=\n4d\t.\n*-\t*-\n"


def codec_of(name: str, *texts: str) -> TextCodec:
    tokenizer = build_tokenizer(name)
    return TextCodec(tokenizer, Vocabulary.build(map(tokenizer.encode, texts)))


@pytest.mark.parametrize("name", NAMES)
@given(kern=kern_texts())
@settings(max_examples=40, deadline=None)
def test_ids_are_the_tokens_between_bos_and_eos_and_nothing_is_lost(name: str, kern: str) -> None:
    codec = codec_of(name, kern)
    ids = codec.encode(kern)
    vocabulary = codec.vocabulary
    assert (ids[0], ids[-1]) == (vocabulary.bos_id, vocabulary.eos_id)
    assert min(ids[1:-1]) > vocabulary.unk_id
    assert codec.decode(ids) == codec.tokenizer.decode(codec.tokenizer.encode(kern)).replace("*b:none", "*-")


@pytest.mark.parametrize("name", NAMES)
def test_every_spine_is_closed(name: str) -> None:
    codec = codec_of(name, KERN)
    assert codec.decode(codec.encode(KERN)).endswith("\n*-\t*-\n")


def test_a_codec_is_its_names() -> None:
    codec = codec_of("medium", KERN)
    again = TextCodec.from_names("medium", codec.vocabulary.tokens, "source")
    assert again.encode(KERN) == codec.encode(KERN)
    assert again.decode(codec.encode(KERN)) == codec.decode(codec.encode(KERN))


def test_an_unseen_token_becomes_unk_and_never_padding() -> None:
    codec = codec_of("word", KERN)
    ids = codec.encode(KERN.replace("4d", "4dd"))
    assert ids.count(codec.vocabulary.unk_id) == 1
    assert codec.vocabulary.pad_id not in ids
    assert "4d" not in codec.decode(ids)


def test_reading_ends_at_the_first_eos_and_special_ids_write_nothing() -> None:
    codec = codec_of("word", KERN)
    ids = codec.encode(KERN)
    vocabulary = codec.vocabulary
    noisy = [vocabulary.bos_id, vocabulary.unk_id, *ids, *ids, vocabulary.pad_id]
    assert codec.decode(noisy) == codec.decode(ids)
    assert codec.decode(ids[:-1]) == codec.decode(ids)
    assert codec.decode([]) == codec.decode([vocabulary.eos_id, *ids]) == ""


def test_the_summary_of_what_the_vocabulary_lacks() -> None:
    tokenizer = build_tokenizer("word")
    text = "**kern\n4c\n4d\n4d\n*-\n"
    codec = TextCodec(tokenizer, Vocabulary.build([tokenizer.encode("**kern\n4e\n*-\n")]))
    assert codec.unseen_summary([text, text]) == "6 tokens (2 types), most often '4d' x4, '4c' x2"
    assert codec.unseen_summary([text], most=1).endswith("most often '4d' x2")
    assert codec.unseen_summary(["**kern\n4e\n*-\n"]) == ""


def test_texts_that_fit_are_short_enough_and_hold_nothing_new() -> None:
    known = "**kern\n4e\n*-\n"
    tokenizer = build_tokenizer("word")
    codec = TextCodec(tokenizer, tokenizer.vocabulary([known]))
    length = len(codec.encode(known))
    assert codec.fits(known, length)
    assert not codec.fits(known, length - 1)
    assert not codec.fits(known.replace("4e", "4f"), length)
