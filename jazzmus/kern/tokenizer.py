"""All tokenizers by name, and the published ones: `word`, `medium` and `character`, with `<linebreak>` added.

Does not know ids (see `vocabulary`), and does not check or repair what it is given.

The published three drop every `X` (a forced accidental that draws nothing of its own) and skip rows that the published
data preparation skipped. `medium` is lossy as published: the closing `*-` of the chord column decodes to `*b:none`.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Sequence

from jazzmus.errors import ConfigError
from jazzmus.kern.base_tokenizer import LINEBREAK_TOKEN, Tokenizer
from jazzmus.kern.byte_pair import BytePairTokenizer
from jazzmus.kern.compact import CompactTokenizer
from jazzmus.kern.document import LINEBREAK_PREFIX, split_lines

TAB_TOKEN, NEWLINE_TOKEN = "<t>", "<n>"
CHORD_PITCH, CHORD_EXTENSION = "<chord-pitch>", "<chord-extension>"

# Any row that holds one of these, anywhere, is left out of the published texts.
_SKIPPED = ("!!pagebreak", "*I", "*F:", "!LO")
_WHOLE_CELLS = frozenset({".", "*", "*^", "*v"})
# What `medium` makes of the chord spine's terminator: a chord.
_LOST_TERMINATOR = re.compile(r"^((?:\*-\t)+)\*b:none$", flags=re.MULTILINE)
_PITCH_RUN_OR_CHARACTER = re.compile(r"[a-gA-G]+|.", re.DOTALL)


class PublishedTokenizer(Tokenizer):
    """Cells are separated by `<t>`, rows ended by `<n>`, systems by `<linebreak>`."""

    def encode(self, kern: str) -> list[str]:
        """Return the tokens of a text. An empty cell has no token; text the dialect does not know is kept."""
        tokens: list[str] = []
        started = False
        for line in split_lines(kern):
            line = line.replace("X", "")
            started = started or "=" in line or line[:1].isdigit()
            if LINEBREAK_PREFIX in line:
                tokens.append(LINEBREAK_TOKEN)
                continue
            if any(mark in line for mark in _SKIPPED):
                continue
            cells = line.split("\t")
            for column, cell in enumerate(cells):
                if column:
                    tokens.append(TAB_TOKEN)
                in_music = started and "=" not in line
                is_chord = len(cells) > 1 and column == len(cells) - 1
                tokens += self._encode_cell(cell, in_music, is_chord) if cell else []
            tokens.append(NEWLINE_TOKEN)
        return tokens

    @abstractmethod
    def _encode_cell(self, cell: str, in_music: bool, is_chord: bool) -> list[str]:
        """Return the tokens of a cell that is not empty; `in_music`: after the header and not in a row of bars."""

    def _decode_piece(self, token: str) -> str:
        return {TAB_TOKEN: "\t", NEWLINE_TOKEN: "\n"}.get(token, token)


class WordTokenizer(PublishedTokenizer):
    """A cell is a token."""

    name = "word"

    def _encode_cell(self, cell: str, in_music: bool, is_chord: bool) -> list[str]:
        return [cell]


class CharacterTokenizer(PublishedTokenizer):
    """A character is a token."""

    name = "character"

    def _encode_cell(self, cell: str, in_music: bool, is_chord: bool) -> list[str]:
        return list(cell)


class MediumTokenizer(PublishedTokenizer):
    """Header and bar cells whole, notes by character with pitch letters together, chords by their parts."""

    name = "medium"

    def decode_closed(self, tokens: Iterable[str]) -> str:
        """As `decode`, with the terminator of the chord spine, which is lost as published."""
        return _LOST_TERMINATOR.sub(r"\1*-", self.decode(tokens))

    def _encode_cell(self, cell: str, in_music: bool, is_chord: bool) -> list[str]:
        if not in_music or cell in _WHOLE_CELLS:
            return [cell]
        return _chord_tokens(cell) if is_chord else _PITCH_RUN_OR_CHARACTER.findall(cell)

    def _decode_piece(self, token: str) -> str:
        return super()._decode_piece(token).removeprefix(CHORD_PITCH).removeprefix(CHORD_EXTENSION)


def _chord_tokens(cell: str) -> list[str]:
    """Return root, `:`, quality, extensions in parentheses and bass of a chord cell; no quality reads `none`."""
    root, colon, rest = cell.partition(":")
    quality, parenthesis, extensions = rest.partition("/")[0].partition("(")
    tokens = [*_chord_pitch_tokens(root), ":", quality if colon else "none"]
    if parenthesis:
        tokens.append("(")
        for number, extension in enumerate(extensions.partition(")")[0].split(",")):
            if number:
                tokens.append(",")
            accidental = next((sign for sign in "#b" if sign in extension), "")
            tokens += [accidental, CHORD_EXTENSION + extension.replace(accidental, "")]
        tokens.append(")")
    if "/" in cell:
        tokens += ["/", *_chord_pitch_tokens(cell.split("/")[1])]
    return [token for token in tokens if token]


def _chord_pitch_tokens(pitch: str) -> list[str]:
    """Return the tokens of a root or bass: a sharp stands apart, a flat inside; a kern flat (`-`) becomes `b`."""
    if "#" in pitch:
        return [CHORD_PITCH + pitch.partition("#")[0], "#"]
    if "-" in pitch:
        return [pitch.partition("-")[0], "b"]
    return [CHORD_PITCH + pitch]


TOKENIZERS: dict[str, type[Tokenizer]] = {
    tokenizer.name: tokenizer
    for tokenizer in (WordTokenizer, MediumTokenizer, CharacterTokenizer, CompactTokenizer, BytePairTokenizer)
}


def build_tokenizer(name: str, tokens: Sequence[str] = ()) -> Tokenizer:
    """Return the tokenizer of that name.

    Args:
        name: one of those the message below lists.
        tokens: the vocabulary it was trained with, in the order of ids, as far as it is made already. Only
            `byte_pair` cuts texts by them; without them it cuts into characters.

    Raises:
        ConfigError: if there is none; the message lists the names.
    """
    if name not in TOKENIZERS:
        raise ConfigError(f"unknown tokenizer {name!r}; the tokenizers are {', '.join(TOKENIZERS)}")
    return BytePairTokenizer(tokens) if name == BytePairTokenizer.name else TOKENIZERS[name]()


def published_form(kern: str) -> str:
    """Return the form of a text that published figures are taken on: `word` encode and decode, linebreak rows kept."""
    tokenizer = WordTokenizer()
    return tokenizer.decode(tokenizer.encode(kern))
