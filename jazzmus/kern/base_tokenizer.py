"""What every tokenizer is: text to tokens, tokens to text, and the vocabulary of given texts.

Does not know how a row is cut into tokens (see the tokenizers) nor what an id is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from jazzmus.kern.document import LINEBREAK_ROW
from jazzmus.kern.vocabulary import SPECIAL_TOKENS, Vocabulary

LINEBREAK_TOKEN = "<linebreak>"


class Tokenizer(ABC):
    """Text to tokens and back; neither direction ever raises. The end of a system is `<linebreak>` in all of them."""

    name: str

    @abstractmethod
    def encode(self, kern: str) -> list[str]:
        """Return the tokens of any text."""

    def decode(self, tokens: Iterable[str]) -> str:
        """Return the text of any sequence of tokens. Special tokens write nothing, a linebreak always a whole row."""
        pieces: list[str] = []
        for token in tokens:
            if token == LINEBREAK_TOKEN:
                if pieces and not pieces[-1].endswith("\n"):
                    pieces.append("\n")
                pieces.append(LINEBREAK_ROW + "\n")
            elif token not in SPECIAL_TOKENS:
                pieces.append(self._decode_piece(token))
        return "".join(pieces)

    def decode_closed(self, tokens: Iterable[str]) -> str:
        """As `decode`, with the spines closed that a lossy tokenizer leaves open."""
        return self.decode(tokens)

    def vocabulary(self, texts: Iterable[str]) -> Vocabulary:
        """Return the vocabulary of training texts: every token they hold, sorted.

        With this tokenizer's name its tokens are all that is needed to make the tokenizer again.
        """
        return Vocabulary.build(map(self.encode, texts))

    def _decode_piece(self, token: str) -> str:
        """Return the text of a token that is neither special nor a linebreak."""
        return token
