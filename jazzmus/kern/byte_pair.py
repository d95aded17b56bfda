"""The tokenizer `byte_pair`: characters merged by how often they stand together, to compare `compact` with.

Nothing is lost, but a token means nothing in particular. Merges are learned from training texts and never cross a tab
or a newline. The tokens in the order of their ids are all it knows: earlier ones are merged first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from jazzmus.kern.base_tokenizer import LINEBREAK_TOKEN, Tokenizer
from jazzmus.kern.document import LINEBREAK_ROW, split_lines
from jazzmus.kern.vocabulary import SPECIAL_TOKENS, Vocabulary

_RESERVED = (*SPECIAL_TOKENS, LINEBREAK_TOKEN)
_LINEBREAK = LINEBREAK_ROW + "\n"
_CELL_OR_SEPARATOR = re.compile(r"[\t\n]|[^\t\n]+")


class BytePairTokenizer(Tokenizer):
    r"""Pieces of cells by merged characters, and the separators `\t`, `\n` and `<linebreak>`.

    Args:
        tokens: the learned tokens in the order of their ids, special tokens included; with none, each character is a
            token.
        size: how many tokens `vocabulary` makes, special ones included, as far as texts have pairs to merge.
    """

    name = "byte_pair"

    def __init__(self, tokens: Sequence[str] = (), size: int = 400) -> None:
        self.size = size
        self._ranks = {token: rank for rank, token in enumerate(tokens) if token not in _RESERVED}

    def encode(self, kern: str) -> list[str]:
        """Return the tokens of any text."""
        tokens: list[str] = []
        for cell in _cells(kern):
            tokens += [LINEBREAK_TOKEN] if cell == _LINEBREAK else _merge(list(cell), self._ranks)
        return tokens

    def vocabulary(self, texts: Iterable[str]) -> Vocabulary:
        """Learn merges: the commonest neighbours first, and of equals the first by code point.

        Returns:
            Special tokens, `<linebreak>`, single characters sorted, then merged tokens in the order they were found.
        """
        cells = Counter(cell for text in texts for cell in _cells(text) if cell != _LINEBREAK)
        pieces = {cell: list(cell) for cell in cells}
        ranks = {character: rank for rank, character in enumerate(sorted({*"\t\n", *"".join(cells)}))}
        counts: Counter[str] = Counter()
        for cell, cell_count in cells.items():
            counts.update(_pairs(pieces[cell]) * cell_count)
        while len(_RESERVED) + len(ranks) < self.size:
            # A pair that occurs once would only learn its text by heart.
            candidates = [pair for pair, count in counts.items() if count > 1 and pair not in _RESERVED]
            if not candidates:
                break
            best = min(candidates, key=lambda pair: (-counts[pair], pair))
            ranks[best] = len(ranks)
            for cell, cell_count in cells.items():
                if best in cell and best in _pairs(pieces[cell]):
                    counts.subtract(_pairs(pieces[cell]) * cell_count)
                    pieces[cell] = _merge(pieces[cell], ranks)
                    counts.update(_pairs(pieces[cell]) * cell_count)
        return Vocabulary([*_RESERVED, *ranks])


def _cells(kern: str) -> Iterator[str]:
    """Yield the cells and separators of a text in turn; a linebreak row and its newline are one."""
    for line in split_lines(kern):
        row = line + "\n"
        yield from [row] if row == _LINEBREAK else _CELL_OR_SEPARATOR.findall(row)


def _pairs(pieces: Sequence[str]) -> list[str]:
    """Return what each piece would be merged with the next."""
    return [first + second for first, second in pairwise(pieces)]


def _merge(pieces: list[str], ranks: Mapping[str, int]) -> list[str]:
    """Return the pieces merged as far as `ranks` goes, those of the lowest rank first and from the left."""
    while candidates := [(ranks[pair], at) for at, pair in enumerate(_pairs(pieces)) if pair in ranks]:
        _, at = min(candidates)
        pieces = [*pieces[:at], pieces[at] + pieces[at + 1], *pieces[at + 2 :]]
    return pieces
