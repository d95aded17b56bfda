"""Which token may follow which, for any vocabulary: the states of a text grammar as numbers, and the tokens between.

A token is allowed where the text it writes is. Knows no shortest ways: a token that leads nowhere is still among the
moves (see `token_grammar`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from jazzmus.kern.base_tokenizer import Tokenizer
from jazzmus.kern.codec import TextCodec
from jazzmus.kern.compact import CompactTokenizer, chord_part, implied, own_text
from jazzmus.kern.forms import SOURCE
from jazzmus.kern.grammar import START, State, TextGrammar, is_end
from jazzmus.kern.tokenizer import MediumTokenizer
from jazzmus.kern.vocabulary import SPECIAL_TOKENS, Vocabulary

_CHORD_PARTS = ("", ":", "(", "/")
# What `medium` makes of the chord spine's terminator, which is mended when a text is decoded.
_LOST_TERMINATOR = "*b:none"


class TokenState(NamedTuple):
    """Where a sequence of tokens stands; None for the text after <eos>.

    Attributes:
        text: state of the text written.
        part: what part of a chord was the last token, where that decides what the next one writes; else empty.
    """

    text: State | None
    part: str = ""


class _Branch:
    """A node of a tree of texts: the tokens that end here, and the longer ones by their next character."""

    __slots__ = ("ends", "longer")

    def __init__(self) -> None:
        self.ends: list[tuple[int, str]] = []
        self.longer: dict[str, _Branch] = {}


def text_grammar(codec: TextCodec, timed: bool = True) -> TextGrammar:
    """Return the grammar of the texts of a codec's form that its tokenizer's `decode` writes before they are mended."""
    ends = ("*-", _LOST_TERMINATOR) if isinstance(codec.tokenizer, MediumTokenizer) else ("*-",)
    return TextGrammar(timed, ends, codec.form.name == SOURCE.name)


class TokenGraph:
    """States by number and, found when asked for, the moves between them.

    Args:
        grammar: What texts are valid.
        tokenizer: What tokens write.
        vocabulary: The tokens.
    """

    def __init__(self, grammar: TextGrammar, tokenizer: Tokenizer, vocabulary: Vocabulary) -> None:
        self._grammar = grammar
        self._eos = vocabulary.eos_id
        self._trees, self._endings = _trees(tokenizer, vocabulary)
        self.states: list[TokenState] = []
        self._numbers: dict[TokenState, int] = {}
        self._moves: list[dict[int, int] | None] = []
        self.start = self.number(TokenState(START))
        self.ended = self.number(TokenState(None))

    def number(self, state: TokenState) -> int:
        """Return the number of a state."""
        number = self._numbers.setdefault(state, len(self.states))
        if number == len(self.states):
            self.states.append(state)
            self._moves.append(None)
        return number

    def moves(self, number: int) -> dict[int, int]:
        """Return the ids whose texts may stand next, in rising order, each with the state after it."""
        moves = self._moves[number]
        if moves is None:
            moves = self._moves[number] = dict(sorted(self._find_moves(self.states[number])))
        return moves

    def _find_moves(self, state: TokenState) -> Iterator[tuple[int, int]]:
        if state.text is None:
            return
        closed = self._grammar.read(self._endings[state.part], state.text)
        if closed is not None and is_end(closed):
            yield self._eos, self.ended
        step = self._grammar.step
        pending = [(self._trees[state.part], state.text)]
        while pending:
            branch, text = pending.pop()
            for index, part in branch.ends:
                yield index, self.number(TokenState(text, part))
            for char, longer in branch.longer.items():
                after = step(text, char)
                if after is not None:
                    pending.append((longer, after))


def _trees(tokenizer: Tokenizer, vocabulary: Vocabulary) -> tuple[dict[str, _Branch], dict[str, str]]:
    """Return, by the part of a chord before, the texts of all tokens as a tree, and what is written at the end."""
    is_compact = isinstance(tokenizer, CompactTokenizer)
    trees: dict[str, _Branch] = {}
    endings: dict[str, str] = {}
    for before in _CHORD_PARTS if is_compact else _CHORD_PARTS[:1]:
        trees[before] = _Branch()
        endings[before] = implied(before, "")
        for index, token in enumerate(vocabulary.tokens):
            part = chord_part(token) if is_compact else ""
            text = own_text(token, before) if part else tokenizer.decode([token])
            if not text or token in SPECIAL_TOKENS:
                continue
            branch = trees[before]
            for char in implied(before, part) + text:
                branch = branch.longer.setdefault(char, _Branch())
            branch.ends.append((index, part))
    return trees, endings
