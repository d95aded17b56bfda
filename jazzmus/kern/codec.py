"""Text to ids and back, in one place for training and inference. Knows no tensors and no pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from jazzmus.kern.base_tokenizer import Tokenizer
from jazzmus.kern.forms import SOURCE, TextForm, build_form
from jazzmus.kern.tokenizer import build_tokenizer
from jazzmus.kern.vocabulary import Vocabulary


class TextCodec:
    """A tokenizer with its vocabulary, for texts of one form.

    Args:
        tokenizer: Text to tokens.
        vocabulary: Tokens to ids.
        form: The form of the texts that become tokens.
    """

    def __init__(self, tokenizer: Tokenizer, vocabulary: Vocabulary, form: TextForm = SOURCE) -> None:
        self.tokenizer = tokenizer
        self.vocabulary = vocabulary
        self.form = form

    @classmethod
    def from_names(cls, tokenizer: str, tokens: Iterable[str], form: str) -> TextCodec:
        """The codec a checkpoint describes by the names of tokenizer and form and the tokens in id order."""
        vocabulary = Vocabulary(list(tokens))
        return cls(build_tokenizer(tokenizer, vocabulary.tokens), vocabulary, build_form(form))

    def encode(self, kern: str) -> list[int]:
        """Ids of a text of the dataset, <bos> first and <eos> last.

        Raises:
            KernError: If the text is not well-formed and the form needs it to be.
        """
        return self.encode_formed(self.form.apply(kern))

    def encode_formed(self, text: str) -> list[int]:
        """As `encode`, of a text that is in the codec's form already."""
        ids = self.vocabulary.encode(self.tokenizer.encode(text))
        return [self.vocabulary.bos_id, *ids, self.vocabulary.eos_id]

    def fits(self, kern: str, longest: int) -> bool:
        """Whether a text of the dataset has no unknown token and at most `longest` ids.

        Raises:
            KernError: If the text is not well-formed and the form needs it to be.
        """
        tokens = self.tokenizer.encode(self.form.apply(kern))
        return len(tokens) + 2 <= longest and not self.vocabulary.unseen(tokens)

    def unseen_summary(self, texts: Iterable[str], most: int = 5) -> str:
        """Say how many tokens of `texts`, in the codec's form, are unknown, and which most often; empty if none."""
        unseen: Counter[str] = Counter()
        for text in texts:
            unseen.update(self.vocabulary.unseen(self.tokenizer.encode(text)))
        if not unseen:
            return ""
        listed = ", ".join(f"{token!r} x{count}" for token, count in unseen.most_common(most))
        return f"{unseen.total()} tokens ({len(unseen)} types), most often {listed}"

    def body(self, ids: Iterable[int]) -> list[int]:
        """Ids up to the first <eos>, without <bos> and padding."""
        body: list[int] = []
        for index in ids:
            if index == self.vocabulary.eos_id:
                break
            if index not in (self.vocabulary.pad_id, self.vocabulary.bos_id):
                body.append(index)
        return body

    def decode_formed(self, ids: Iterable[int]) -> str:
        """Text, in the codec's form, of ids up to the first <eos>; special tokens write nothing."""
        return self.tokenizer.decode_closed(self.vocabulary.decode(self.body(ids)))

    def decode(self, ids: Iterable[int]) -> str:
        """Text, in the dialect of the dataset, of ids up to the first <eos>; special tokens write nothing."""
        return self.form.restore(self.decode_formed(ids))

    def row_lengths(self, ids: Iterable[int]) -> list[int]:
        """How many tokens each line of `decode_formed(ids)` is written by; the last line may be unfinished."""
        tokens = self.vocabulary.decode(self.body(ids))
        lengths: list[int] = []
        start = 0
        for end in range(1, len(tokens) + 1):
            # A line is over where a token stands in the next: some tokenizers write its newline only then.
            if "\n" in self.tokenizer.decode(tokens[start:end])[:-1]:
                lengths.append(end - 1 - start)
                start = end - 1
        return [*lengths, len(tokens) - start] if start < len(tokens) else lengths
