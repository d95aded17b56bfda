from __future__ import annotations

import math

import pytest
import torch

from jazzmus.kern.codec import TextCodec
from jazzmus.kern.forms import FORMS
from jazzmus.kern.tokenizer import TOKENIZERS, build_tokenizer
from jazzmus.model.decoding import Text
from jazzmus.utils.transcription import RowStream, confidences_in, confidences_restored, decoded_text, mean_probability

KERN = """**kern	**mxhm
*clefG2	*
*k[b-]	*
*F:	*
*M4/4	*
=	=
4f	F:maj7(9)
4b-X	.
2b-i	G:min7/D
!!linebreak:original
=	=
[1cc	C:7
==	==
*-	*-
"""


def codec_of(name: str, form: str) -> TextCodec:
    text = FORMS[form].apply(KERN)
    vocabulary = build_tokenizer(name).vocabulary([text])
    return TextCodec(build_tokenizer(name, vocabulary.tokens), vocabulary, FORMS[form])


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize("name", sorted(TOKENIZERS))
def test_the_least_sure_token_of_a_line_is_found_again_in_the_text(name: str, form: str) -> None:
    codec = codec_of(name, form)
    ids = codec.encode(KERN)
    lengths = codec.row_lengths(ids)
    formed = codec.decode_formed(ids).splitlines()
    assert len(lengths) == len(formed)
    line = next(number for number, text in enumerate(formed) if text.startswith("2b-"))
    unsure = 1 + sum(lengths[:line]) + lengths[line] - 1
    log_probs = [math.log(0.3) if at == unsure else math.log(0.9) for at in range(len(ids))]
    decoded = decoded_text(codec, Text([*ids, 0, 0], torch.tensor([*log_probs, 0.0, 0.0]), "eos"))
    assert [value for _, value in decoded.tokens] == pytest.approx([math.exp(value) for value in log_probs[1:]])
    assert [token for token, _ in decoded.tokens] == codec.vocabulary.decode(ids[1:])
    kern = codec.form.restore(decoded.text)
    confidences = confidences_restored(kern, decoded.text, decoded.row_confidences)
    assert len(confidences) == len(kern.splitlines())
    by_line = dict(zip(kern.splitlines(), confidences, strict=True))
    assert [text for text, value in by_line.items() if value < 0.5] == [
        text for text in by_line if text.startswith("2b-")
    ]


def test_an_unfinished_text_and_an_empty_one_have_confidences_for_their_lines() -> None:
    codec = codec_of("compact", "written")
    ids = codec.encode(KERN)
    for length in range(1, len(ids)):
        decoded = decoded_text(codec, Text(ids[:length], torch.full((length,), -0.1), "length"))
        assert len(decoded.row_confidences) == len(decoded.text.splitlines())
        assert len(decoded.tokens) == length - 1
    assert mean_probability(()) == 1.0


def test_lines_that_nobody_chose_are_sure() -> None:
    assert confidences_in("a\nx\nb\nb\n", ["a", "c", "b", "b"], [0.1, 0.2, 0.3, 0.4]) == (0.1, 1.0, 0.3, 0.4)


@pytest.mark.parametrize("form", sorted(FORMS))
def test_lines_are_given_away_once_and_stay_as_they_were(form: str) -> None:
    codec = codec_of("compact", form)
    ids = codec.encode(KERN)
    given: list[str] = []
    stream = RowStream(codec, given.append)
    early = 0
    for length in range(1, len(ids)):
        stream.take(ids[:length])
        early = early or (length if given else 0)
    assert 0 < early < len(ids) // 2
    assert len(given) < len(KERN.splitlines())
    stream.finish(codec.decode(ids))
    assert given == codec.decode(ids).splitlines()
