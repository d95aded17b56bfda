"""Tokens and their ids: one list with the four special tokens first, saved as JSON with a fingerprint.

Does not know how a text becomes tokens (see `base_tokenizer`) nor which pages the tokens came from: build it from
training pages only, and count what other pages add with `unseen`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence

from jazzmus.errors import DataError

PAD, BOS, EOS, UNK = "<pad>", "<bos>", "<eos>", "<unk>"
SPECIAL_TOKENS = (PAD, BOS, EOS, UNK)
JSON_VERSION = 1


class Vocabulary:
    """An immutable table of tokens.

    Args:
        tokens: all tokens in the order of their ids, the special tokens `<pad> <bos> <eos> <unk>` first. Use
            `Tokenizer.vocabulary` to make one from texts.

    Raises:
        DataError: if the special tokens do not come first, or a token is there twice or not text.
    """

    pad_id, bos_id, eos_id, unk_id = range(4)

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens: tuple[str, ...] = tuple(tokens)
        if not all(isinstance(token, str) for token in self.tokens):
            raise DataError("vocabulary: every token must be text; build it again from the training pages")
        if self.tokens[: len(SPECIAL_TOKENS)] != SPECIAL_TOKENS:
            raise DataError(f"vocabulary: must begin with {' '.join(SPECIAL_TOKENS)}; use Vocabulary.build")
        self._ids = {token: index for index, token in enumerate(self.tokens)}
        if len(self._ids) != len(self.tokens):
            twice = next(token for token, count in Counter(self.tokens).items() if count > 1)
            raise DataError(f"vocabulary: token {twice!r} is there more than once; build it again")

    @classmethod
    def build(cls, token_lists: Iterable[Iterable[str]]) -> Vocabulary:
        """Return the vocabulary of the given tokenized texts, sorted by code point, special tokens first."""
        seen = {token for tokens in token_lists for token in tokens}
        return cls([*SPECIAL_TOKENS, *sorted(seen.difference(SPECIAL_TOKENS))])

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._ids

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.tokens == other.tokens

    def __hash__(self) -> int:
        return hash(self.tokens)

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} tokens, {self.fingerprint[:8]})"

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Return the id of each token; one the vocabulary has not becomes `unk_id`, never padding."""
        return [self._ids.get(token, self.unk_id) for token in tokens]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Return the token of each id, special tokens included.

        Raises:
            ValueError: if an id is not in the vocabulary.
        """
        tokens = []
        for index in ids:
            if not 0 <= index < len(self.tokens):
                raise ValueError(f"id {index} is outside a vocabulary of {len(self.tokens)} tokens")
            tokens.append(self.tokens[index])
        return tokens

    def unseen(self, tokens: Iterable[str]) -> Counter[str]:
        """Count the tokens that the vocabulary does not have."""
        return Counter(token for token in tokens if token not in self._ids)

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal, of the tokens in the order of their ids."""
        return hashlib.sha256(json.dumps(self.tokens).encode("ascii")).hexdigest()

    def to_json(self) -> str:
        """Return the vocabulary as one JSON object with its version, tokens and fingerprint."""
        return json.dumps({"version": JSON_VERSION, "tokens": list(self.tokens), "fingerprint": self.fingerprint})

    @classmethod
    def from_json(cls, text: str) -> Vocabulary:
        """Read what `to_json` wrote.

        Raises:
            DataError: if the text is no such object, its tokens are not valid, or do not have the stated fingerprint.
        """
        try:
            stored = json.loads(text)
        except json.JSONDecodeError as error:
            raise DataError(f"vocabulary: not JSON ({error}); build it again from the training pages") from error
        if not isinstance(stored, dict) or stored.get("version") != JSON_VERSION:
            raise DataError(f"vocabulary: not an object of version {JSON_VERSION}; build it again")
        tokens = stored.get("tokens")
        if not isinstance(tokens, list):
            raise DataError("vocabulary: the field `tokens` is missing or no list; build it again")
        vocabulary = cls(tokens)
        if stored.get("fingerprint") != vocabulary.fingerprint:
            raise DataError("vocabulary: the tokens do not have the stated fingerprint; the file was changed by hand")
        return vocabulary
