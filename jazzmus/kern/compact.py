"""The tokenizer `compact`: about half as many tokens as `medium`, each one visible thing, and nothing lost.

A token is a literal piece of the text; two things are implied and written by the decoder (see `CompactTokenizer`).
Knows how cells look, not the spines they stand in: each row is cut on its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from jazzmus.kern.base_tokenizer import LINEBREAK_TOKEN, Tokenizer
from jazzmus.kern.chords import parse_chord
from jazzmus.kern.document import LINEBREAK_ROW, split_lines
from jazzmus.kern.notes import NULL_CELL
from jazzmus.kern.vocabulary import SPECIAL_TOKENS

TAB, NEWLINE, NO_CHORD = "\t", "\n", "\t.\n"

_INTERPRETATION = r"\*clef[A-Z]v?[0-9]|\*k\[[a-g#-]*\]|\*M[0-9]+/[0-9]+|\*met\([^()\t]*\)"
_BARLINE = r"==?[|!:]*"
_USUAL_ROW = re.compile(rf"\*\*kern\t\*\*mxhm|\*-\t\*-|(?:\*\^|{_INTERPRETATION})\t\*|({_BARLINE})\t\1")
_KNOWN_CELL = re.compile(rf"\*\*kern|\*\*mxhm|\*[-^v]?|{_INTERPRETATION}|{_BARLINE}")
_NOTE_TOKEN = re.compile(
    r"[0-9]+\.*q{0,2}"  # duration
    r"|q{1,2}"  # grace note without duration
    r"|([a-gA-G])\1*|r"  # pitch
    r"|#+|-+"  # accidental
    r"|.",
    re.DOTALL,
)


class CompactTokenizer(Tokenizer):
    r"""A token is one visible thing of the page.

    The class of a token can be told from its text; `\t` and `\n` are tab and newline:

    ======================  ===================================  ===================================================
    class                   examples                             what it is
    ======================  ===================================  ===================================================
    usual row               `=\t=\n` `*k[b-]\t*\n` `*-\t*-\n`    a whole row of melody and chords: ends in `\n`
    end of system           `<linebreak>`                        the row `!!linebreak:original`
    duration                `8` `4.` `8q` `q`                    begins with a digit or `q`
    pitch or rest           `b` `ff` `CC` `r`                    letter and octave
    accidental              `-` `#` `##` `n`                     apart from its pitch, so that no pair is unknown
    mark                    `[` `]` `_` `(` `)` `L` `J` `k` `X`  one character each, in the order of the text
    null cell               `.`                                  no note begins here
    row end without chord   `\t.\n`                              the chord cell is null
    root                    `\tBb`                               the last cell is a chord; a tab and a letter
    quality                 `:min7`                              always after a root
    extension               `(b9)`                               as many as there are
    bass                    `/Eb`                                last of a chord
    separator               `\t` `\n` and a space                between cells, rows, notes struck together
    cell                    `=` `*` `*v` `*clefG2` `**kern`      of a row that is not usual
    ======================  ===================================  ===================================================

    Implied are the newline after a chord (a token follows that cannot go on with it) and, between two extensions,
    `,` for `)(`. The decoder need only know the token before. What has no place in the table (comments, broken cells)
    is tokens of one character. Decoding gives back every text, line ends normalised as `split_lines` does.
    """

    name = "compact"

    def encode(self, kern: str) -> list[str]:
        """Return the tokens of any text."""
        return [token for line in split_lines(kern) for token in _row_tokens(line)]

    def decode(self, tokens: Iterable[str]) -> str:
        """Return the text of any sequence of tokens. Special tokens write nothing, a linebreak always a whole row."""
        return super().decode(_with_implied(tokens))


def _row_tokens(line: str) -> list[str]:
    """Return the tokens of a row, those that end it included."""
    if line == LINEBREAK_ROW:
        return [LINEBREAK_TOKEN]
    if _USUAL_ROW.fullmatch(line):
        return [line + NEWLINE]
    cells = line.split(TAB)
    is_data = not line.startswith(("*", "=", "!"))
    ending = _chord_cell_tokens(cells[-1]) if is_data and len(cells) > 1 else []
    if ending:
        cells.pop()
    tokens: list[str] = []
    for number, cell in enumerate(cells):
        if number:
            tokens.append(TAB)
        tokens += _note_tokens(cell) if is_data else _mark_cell_tokens(cell)
    return [*tokens, *(ending or [NEWLINE])]


def _mark_cell_tokens(cell: str) -> list[str]:
    """Return the tokens of a cell of a row that is not data."""
    return [cell] if _KNOWN_CELL.fullmatch(cell) else list(cell)


def _note_tokens(cell: str) -> list[str]:
    """Return the tokens of a data cell; whatever it holds, they are its text in pieces."""
    return [match[0] for match in _NOTE_TOKEN.finditer(cell)]


def _chord_cell_tokens(cell: str) -> list[str]:
    """Return the tokens of a chord cell and the tab before it, which end the row; none where it is no chord symbol."""
    if cell == NULL_CELL:
        return [NO_CHORD]
    chord = parse_chord(cell)
    if chord is None:
        return []
    bass = [f"/{chord.bass}"] if chord.bass else []
    return [TAB + chord.root, f":{chord.quality}", *(f"({extension})" for extension in chord.extensions), *bass]


def _with_implied(tokens: Iterable[str]) -> Iterator[str]:
    """Yield the text of each token, and what is implied between a chord's tokens and after them."""
    before = ""
    for token in [*tokens, ""]:
        if token in SPECIAL_TOKENS:
            continue
        part = chord_part(token)
        if text := implied(before, part):
            yield text
        yield own_text(token, before)
        before = part


def chord_part(token: str) -> str:
    """Return the first character of a quality, an extension or a bass; nothing of any other token."""
    # A single character of these is a mark or stands in a broken cell.
    if len(token) < 2 or token[0] not in ":(/" or (token[0] == "(" and token[-1] != ")"):
        return ""
    return token[0]


def implied(before: str, part: str) -> str:
    """Return what is written between two tokens, given what part of a chord each is (see `chord_part`)."""
    closing = {"(": ","}.get(part, ")") if before == "(" else ""
    return closing + (NEWLINE if before and part not in ("(", "/") else "")


def own_text(token: str, before: str) -> str:
    """Return what a token itself writes after a part of a chord: of an extension, what is not `implied`."""
    return token[before == "(" : -1] if chord_part(token) == "(" else token
