"""Text to ids and back, in one place for training and inference. Knows no tensors and no pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from jazzmus.kern.tokenizer import Tokenizer, build_tokenizer
from jazzmus.kern.vocabulary import Vocabulary

# The published `medium` tokenizer reads the chord spine's terminator as a chord.
_LOST_TERMINATOR = re.compile(r"^((?:\*-\t)+)\*b:none$", flags=re.MULTILINE)


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

    def unseen_summary(self, texts: Iterable[str], most: int = 5) -> str:
        """Say how many tokens of `texts` the vocabulary does not have, and which most often; empty if it has all."""
        unseen: Counter[str] = Counter()
        for text in texts:
            unseen.update(self.vocabulary.unseen(self.tokenizer.encode(text)))
        if not unseen:
            return ""
        listed = ", ".join(f"{token!r} x{count}" for token, count in unseen.most_common(most))
        return f"{unseen.total()} tokens ({len(unseen)} types), most often {listed}"

    def decode(self, ids: Iterable[int]) -> str:
        """Text of ids up to the first <eos>; special tokens write nothing.

        What the published tokenizer decodes to, but that spines which it leaves open are closed.
        """
        special = {self.vocabulary.pad_id, self.vocabulary.bos_id, self.vocabulary.unk_id}
        body: list[int] = []
        for index in ids:
            if index == self.vocabulary.eos_id:
                break
            if index not in special:
                body.append(index)
        return _LOST_TERMINATOR.sub(r"\1*-", self.tokenizer.decode(self.vocabulary.decode(body)))
