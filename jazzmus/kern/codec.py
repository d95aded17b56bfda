"""Text to ids and back, in one place for training and inference. Knows no tensors and no pages."""

from __future__ import annotations

from collections.abc import Iterable

from jazzmus.kern.tokenizer import Tokenizer, build_tokenizer
from jazzmus.kern.vocabulary import Vocabulary


class TextCodec:
    """A tokenizer with its vocabulary.

    Args:
        tokenizer: Text to tokens.
        vocabulary: Tokens to ids.
    """

    def __init__(self, tokenizer: Tokenizer, vocabulary: Vocabulary) -> None:
        self.tokenizer = tokenizer
        self.vocabulary = vocabulary

    @classmethod
    def from_names(cls, tokenizer: str, tokens: Iterable[str]) -> TextCodec:
        """The codec a checkpoint describes by a tokenizer's name and the tokens in id order."""
        return cls(build_tokenizer(tokenizer), Vocabulary(list(tokens)))

    def encode(self, kern: str) -> list[int]:
        """Ids of a text, <bos> first and <eos> last."""
        ids = self.vocabulary.encode(self.tokenizer.encode(kern))
        return [self.vocabulary.bos_id, *ids, self.vocabulary.eos_id]

    def decode(self, ids: Iterable[int]) -> str:
        """Text of ids up to the first <eos>; special tokens write nothing."""
        special = {self.vocabulary.pad_id, self.vocabulary.bos_id, self.vocabulary.unk_id}
        body: list[int] = []
        for index in ids:
            if index == self.vocabulary.eos_id:
                break
            if index not in special:
                body.append(index)
        return self.tokenizer.decode(self.vocabulary.decode(body))
