r"""Which tokens of another vocabulary write what a token of ours writes.

The other vocabulary is as a rule a published one, whose tokenizer nothing names: `medium` for lead sheets (`<t>`,
`<n>`, `<chord-pitch>Bb`), or cells of grand staffs (`<b>`, `<s>`, `8c#@L`). Knows spellings; knows no embeddings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from jazzmus.kern.base_tokenizer import LINEBREAK_TOKEN
from jazzmus.kern.chords import parse_chord
from jazzmus.kern.tokenizer import CHORD_EXTENSION, CHORD_PITCH, NEWLINE_TOKEN, TAB_TOKEN, MediumTokenizer
from jazzmus.kern.vocabulary import SPECIAL_TOKENS

_SEPARATORS = {TAB_TOKEN: "\t", NEWLINE_TOKEN: "\n", "<b>": "\n", "<s>": " "}
_ADDED_MARKS = re.compile("[·@]")  # what stands between the parts of a note in `ekern` and `bekern`
_KERN_HEADER = re.compile(r"\*\*b?ekern(_[0-9.]+)?")
_WHOLE = frozenset({*SPECIAL_TOKENS, LINEBREAK_TOKEN})
_CELL_OR_SEPARATOR = re.compile(r"[\t\n]|[^\t\n]+")
_ROOT = re.compile(r"\t([A-G][#b-]*)")
# A part of a chord, and how many tokens the chord has before it.
_CHORD_PARTS = (
    (re.compile(r":[a-z0-9]+"), "C", 1),
    (re.compile(r"\([#b]?\d+\)|/[A-G][#b-]*"), "C:7", 3),
)
_NOTE = r"[\[({]*[0-9]*\.*q{0,2}(?:a+|b+|c+|d+|e+|f+|g+|A+|B+|C+|D+|E+|F+|G+|r)?[^a-gA-Gr0-9\s*=!:|.]*"
_NOTES = re.compile(rf"{_NOTE}(?: {_NOTE})*|\*-")  # the terminator is cut like notes
_MEDIUM = MediumTokenizer()


def nearest_tokens(wanted: Sequence[str], known: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return, for each of `wanted` that tokens of `known` write, those tokens.

    In this order: the token itself; one token of the same spelling, published marks and names of separators apart; the
    shortest sequence of the parts that `medium` cuts texts into, or, where every known token is one character, of
    characters. What remains is not in the answer: it has no counterpart.
    """
    source = _Spellings(known)
    found = {token: source.find(token) for token in wanted}
    return {token: tokens for token, tokens in found.items() if tokens}


class _Spellings:
    """The known tokens by how they are spelled."""

    def __init__(self, known: Sequence[str]) -> None:
        self.tokens = set(known)
        ordinary = [token for token in known if token not in _WHOLE]
        self.by_spelling: dict[str, str] = {}
        for token in ordinary:
            self.by_spelling.setdefault(_spelling(token), token)
        self.of_characters = all(len(spelling) == 1 for spelling in self.by_spelling)

    def find(self, token: str) -> tuple[str, ...]:
        """The tokens that write `token`; none where that is not defined."""
        if token in _WHOLE:
            return (token,) if token in self.tokens else ()
        return self._piece(token) or self._all(_parts(token)) or self._all(_parts(token), into_notes=True)

    def _piece(self, token: str) -> tuple[str, ...]:
        if token in self.tokens:
            return (token,)
        spelled = self.by_spelling.get(_spelling(token))
        if spelled is not None:
            return (spelled,)
        bare = token.removeprefix(CHORD_PITCH).removeprefix(CHORD_EXTENSION)
        return self._all(bare) if self.of_characters and (bare != token or len(bare) > 1) else ()

    def _all(self, parts: Iterable[str], into_notes: bool = False) -> tuple[str, ...]:
        """The tokens of all parts one after another; none if one part has none."""
        tokens: list[str] = []
        for part in parts:
            found = self._piece(part) or (self._all(_note_parts(part)) if into_notes else ())
            if not found:
                return ()
            tokens += found
        return tuple(tokens)


def _spelling(token: str) -> str:
    """How a token is spelled without what published vocabularies add; a chord's pitch is not that of a note."""
    if token in _SEPARATORS:
        return _SEPARATORS[token]
    return _KERN_HEADER.sub("**kern", _ADDED_MARKS.sub("", token)) or token


def _parts(token: str) -> list[str]:
    """Cells and separators of a token, and the parts of a chord as `medium` writes them."""
    if match := _ROOT.fullmatch(token):
        return [TAB_TOKEN, *_chord_tokens(f"{match[1]}:7")[:-2]]
    for pattern, chord, before in _CHORD_PARTS:
        if pattern.fullmatch(token):
            return _chord_tokens(chord + token)[before:]
    parts: list[str] = []
    for part in _CELL_OR_SEPARATOR.findall(token):
        parts += _chord_tokens(part) if parse_chord(part) is not None else [part]
    return parts


def _note_parts(cell: str) -> list[str]:
    """The parts that `medium` cuts a note's text into; none of anything else."""
    if not _NOTES.fullmatch(cell):
        return []
    parts = _MEDIUM.encode(f"=\n{cell}\n")[2:-1]
    return parts if parts != [cell] else []


def _chord_tokens(cell: str) -> list[str]:
    """A chord's tokens in `medium`: those of its cell in a row of music."""
    return _MEDIUM.encode(f"=\n.\t{cell}\n")[4:-1]
