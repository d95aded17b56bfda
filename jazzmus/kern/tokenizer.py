"""The published tokenizers `word`, `medium` and `character`, with one token added for the end of a system.

Each turns any text into tokens and any tokens into text; neither direction ever raises. Does not know ids (see
`vocabulary`), and does not check or repair what it is given.

All three drop every `X` (a forced accidental that draws nothing of its own) and skip rows that the published data
preparation skipped. `medium` is lossy as published: the closing `*-` of the chord column decodes to `*b:none`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable

from jazzmus.errors import ConfigError
from jazzmus.kern.document import LINEBREAK_PREFIX, LINEBREAK_ROW, split_lines
from jazzmus.kern.vocabulary import SPECIAL_TOKENS

TAB_TOKEN, NEWLINE_TOKEN, LINEBREAK_TOKEN = "<t>", "<n>", "<linebreak>"
CHORD_PITCH, CHORD_EXTENSION = "<chord-pitch>", "<chord-extension>"

# Any row that holds one of these, anywhere, is left out of the published texts.
_SKIPPED = ("!!pagebreak", "*I", "*F:", "!LO")
_WHOLE_CELLS = frozenset({".", "*", "*^", "*v"})
_PITCH_RUN_OR_CHARACTER = re.compile(r"[a-gA-G]+|.", re.DOTALL)


class Tokenizer(ABC):
    """Text to tokens and back. Cells are separated by `<t>`, rows ended by `<n>`, systems by `<linebreak>`."""

    name: str

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

    def decode(self, tokens: Iterable[str]) -> str:
        """Return the text of any sequence of tokens. Special tokens write nothing, a linebreak always a whole row."""
        pieces: list[str] = []
        for token in tokens:
            if token == LINEBREAK_TOKEN:
                if pieces and not pieces[-1].endswith("\n"):
                    pieces.append("\n")
                pieces.append(LINEBREAK_ROW + "\n")
            elif token == TAB_TOKEN:
                pieces.append("\t")
            elif token == NEWLINE_TOKEN:
                pieces.append("\n")
            elif token not in SPECIAL_TOKENS:
                pieces.append(self._decode_piece(token))
        return "".join(pieces)

    @abstractmethod
    def _encode_cell(self, cell: str, in_music: bool, is_chord: bool) -> list[str]:
        """Return the tokens of a cell that is not empty; `in_music`: after the header and not in a row of bars."""

    def _decode_piece(self, token: str) -> str:
        return token


class WordTokenizer(Tokenizer):
    """A cell is a token."""

    name = "word"

    def _encode_cell(self, cell: str, in_music: bool, is_chord: bool) -> list[str]:
        return [cell]


class CharacterTokenizer(Tokenizer):
    """A character is a token."""

    name = "character"

    def _encode_cell(self, cell: str, in_music: bool, is_chord: bool) -> list[str]:
        return list(cell)


class MediumTokenizer(Tokenizer):
    """Header and bar cells whole, notes by character with pitch letters together, chords by their parts."""

    name = "medium"

    def _encode_cell(self, cell: str, in_music: bool, is_chord: bool) -> list[str]:
        if not in_music or cell in _WHOLE_CELLS:
            return [cell]
        return _chord_tokens(cell) if is_chord else _PITCH_RUN_OR_CHARACTER.findall(cell)

    def _decode_piece(self, token: str) -> str:
        return token.removeprefix(CHORD_PITCH).removeprefix(CHORD_EXTENSION)


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


_TOKENIZERS: dict[str, type[Tokenizer]] = {
    tokenizer.name: tokenizer for tokenizer in (WordTokenizer, MediumTokenizer, CharacterTokenizer)
}


def build_tokenizer(name: str) -> Tokenizer:
    """Return the tokenizer of that name.

    Raises:
        ConfigError: if there is none; the message lists the names.
    """
    if name not in _TOKENIZERS:
        raise ConfigError(f"unknown tokenizer {name!r}; the tokenizers are {', '.join(_TOKENIZERS)}")
    return _TOKENIZERS[name]()


def published_form(kern: str) -> str:
    """Return the form of a text that published figures are taken on: `word` encode and decode, linebreak rows kept."""
    tokenizer = WordTokenizer()
    return tokenizer.decode(tokenizer.encode(kern))
