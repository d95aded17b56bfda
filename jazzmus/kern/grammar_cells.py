"""What a cell or a whole row without notes may be, letter by letter: a graph whose nodes are numbers.

A node says which characters may follow and what is complete there. Nodes with the same future are one node, so that
the states of a reader stay few. Knows one cell, or one row of interpretations and barlines, at a time; time, and which
row may follow which, belong to `grammar`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import lcm
from typing import NamedTuple

from jazzmus.kern.accidentals import COURTESY_MARK, DRAWN_MARK
from jazzmus.kern.document import CHORD_SPINE, END, JOIN, LINEBREAK_ROW, MELODY_SPINE, NULL_INTERPRETATION, SPLIT
from jazzmus.kern.note_order import MARK_ORDER, OPENING_ORDER
from jazzmus.kern.notes import Note
from jazzmus.kern.systems import IN_FORCE

MAX_VOICES = 2
NOTE, REST, CHORD_SYMBOL = "note", "rest", "chord symbol"  # what is complete at a node of a cell
# What a row is at its end, besides the names in `IN_FORCE`.
HEADER, CHORD_HEADER, BARLINE, LINEBREAK = "header", "header with chords", "barline", "linebreak"
SPLIT_ROW, JOIN_ROW, TERMINATOR = "split", "join", "terminator"
# Rows of source texts that no page shows, besides those of the same names that are drawn.
COMMENT, INSTRUMENT, ABBREVIATION = "comment", "instrument", "abbreviation"
TRANSPOSITION, TEMPO = "transposition", "tempo"
_SOURCE_ORDER = (INSTRUMENT, ABBREVIATION, "clef", TRANSPOSITION, "signature", "key", "meter", "met", TEMPO)
_LONGEST_NAME, _LONGEST_COMMENT = 40, 96
_FASTEST = 999
_MOST_STEPS, _MOST_SEMITONES = 21, 36  # of a transposition: three octaves
# The edge of a node for any character of free words, if no other edge is for it.
WORDS = ""
# Musical signs in fonts (SMuFL), as names of instruments have them.
_FIRST_SIGN, _LAST_SIGN = "\ue000", "\uf8ff"

BARLINES = ("=", "==", "=||", "=:|!", "=!|:", "=:|!|:")
CLEFS = ("G2", "Gv2", "G1", "F4", "Fv4", "F3", "C1", "C2", "C3", "C4", "C5")
_SHARPS, _FLATS = "fcgdaeb", "beadgcf"
_LARGEST_BEATS = 16
_UNITS = (1, 2, 4, 8, 16)

# Reciprocals and the most dots they take.
_BINARY, _TUPLETS = (1, 2, 4, 8, 16, 32, 64, 128), (3, 6, 12, 24, 48, 96, 5, 10, 20, 40, 80, 7, 14, 28, 56, 9, 18, 36)
_MOST_DOTS = {0: 1} | dict.fromkeys(_BINARY, 2) | dict.fromkeys(_TUPLETS, 1)
_TIMED = tuple(f"{reciprocal}{'.' * dots}" for reciprocal, most in _MOST_DOTS.items() for dots in range(most + 1))
_GRACE = ("q", "qq", *(f"{reciprocal}{grace}" for reciprocal in (2, 4, 8, 16, 32) for grace in ("q", "qq")))
_LOWEST_OCTAVES, _HIGHEST_OCTAVES = 3, 4
_ACCIDENTALS = ("#", "##", "-", "--", "n")
# How often a mark may be written; others once.
_REPEATED = {"L": 3, "J": 3, "K": 3, "k": 3, "^": 2}
_NOTE_MARKS = DRAWN_MARK + COURTESY_MARK + MARK_ORDER.removeprefix(DRAWN_MARK)
_HIDDEN = "yy"
_REST_MARKS = ";KLJk"
_LONGEST_QUALITY = 8
_MOST_EXTENSIONS = 4


def _ticks() -> dict[str, int]:
    durations = {text: Note("", text.rstrip("."), "." * text.count("."), "", "c", "", "").duration for text in _TIMED}
    unit = lcm(*(duration.denominator for duration in durations.values()))
    return {text: int(duration * unit) for text, duration in durations.items()}


# Durations that a note may have -> their length in the largest unit that divides them all.
TICKS = _ticks()


class Graph:
    """Nodes with their edges and labels; node 0 leads nowhere."""

    def __init__(self) -> None:
        self.edges: list[dict[str, int]] = []
        self.labels: list[str] = []
        self._numbers: dict[tuple[tuple[tuple[str, int], ...], str], int] = {}
        self.node({})

    def node(self, edges: Mapping[str, int], label: str = "") -> int:
        """Return the number of the node with these edges, and this label if something is complete there."""
        key = (tuple(sorted(edges.items())), label)
        number = self._numbers.setdefault(key, len(self.edges))
        if number == len(self.edges):
            self.edges.append(dict(edges))
            self.labels.append(label)
        return number

    def union(self, *nodes: int) -> int:
        """Return a node for whatever one of `nodes` allows.

        Raises:
            ValueError: if a text is two things at once.
        """
        if len(set(nodes)) == 1:
            return nodes[0]
        targets: dict[str, list[int]] = {}
        for node in nodes:
            for char, target in self.edges[node].items():
                targets.setdefault(char, []).append(target)
        labels = {self.labels[node] for node in nodes} - {""}
        if len(labels) > 1:
            raise ValueError(f"one text is {' and '.join(sorted(labels))}")
        return self.node({char: self.union(*after) for char, after in targets.items()}, "".join(labels))

    def words(self, follows: Mapping[str, int]) -> int:
        """Return a node from which each word leads to its node."""
        here = [follows[""]] if "" in follows else []
        by_first: dict[str, dict[str, int]] = {}
        for word, follow in follows.items():
            if word:
                by_first.setdefault(word[0], {})[word[1:]] = follow
        return self.union(self.node({char: self.words(rest) for char, rest in by_first.items()}), *here)

    def optional(self, char: str, most: int, follow: int) -> int:
        """Return a node for up to `most` times `char` before what follows."""
        return self.words({char * count: follow for count in range(most + 1)})


class CellRoots(NamedTuple):
    """Nodes at which cells begin: a note or rest, a further note struck with it, a chord symbol."""

    first: int
    further: int
    chord: int


@cache
def shared_graph() -> Graph:
    """Return the graph all cells and rows are in."""
    return Graph()


@cache
def cell_roots() -> CellRoots:
    """Return where the cells of a data row begin in the shared graph, null cells apart."""
    graph = shared_graph()
    tail = _marks(graph, _NOTE_MARKS, graph.node({}, NOTE))
    altered = graph.words({"": tail} | dict.fromkeys(_ACCIDENTALS, tail))
    octaves = [letter * count for letter in "abcdefg" for count in range(1, _HIGHEST_OCTAVES + 1)]
    octaves += [letter * count for letter in "ABCDEFG" for count in range(1, _LOWEST_OCTAVES + 1)]
    pitched = graph.words(dict.fromkeys(octaves, altered))
    end = graph.node({}, REST)
    rest = graph.words({"r": graph.words({"": _marks(graph, _REST_MARKS, end), _HIDDEN: end})})
    timed = graph.words(dict.fromkeys(_TIMED, pitched) | dict.fromkeys(_GRACE, pitched))
    opened = timed
    for char in reversed(OPENING_ORDER):
        opened = graph.optional(char, 1, opened)
    resting = dict.fromkeys(_TIMED, graph.union(pitched, rest)) | dict.fromkeys(_GRACE, pitched)
    marked = {char: target for char, target in graph.edges[opened].items() if char in OPENING_ORDER}
    first = graph.union(graph.words(resting), graph.node(marked))
    return CellRoots(first, opened, _chord(graph))


def _marks(graph: Graph, order: str, end: int) -> int:
    for mark in reversed(order):
        end = graph.optional(mark, _REPEATED.get(mark, 1), end)
    return end


def _chord(graph: Graph) -> int:
    end = graph.node({}, CHORD_SYMBOL)
    pitches = [letter + sign * count for letter in "ABCDEFG" for sign in "#b-" for count in (1, 2)] + list("ABCDEFG")
    bass = graph.union(graph.words({f"/{pitch}": end for pitch in pitches}), end)
    numbers = [f"{sign}{number}" for sign in ("", "#", "b") for number in range(1, 16)]
    more = graph.node({")": bass})
    for _ in range(_MOST_EXTENSIONS - 1):
        more = graph.node({")": bass, ",": graph.words(dict.fromkeys(numbers, more))})
    tail = graph.union(graph.node({"(": graph.words(dict.fromkeys(numbers, more))}), bass)
    quality = tail
    for length in range(_LONGEST_QUALITY):
        letters = dict.fromkeys("abcdefghijklmnopqrstuvwxyz0123456789", quality)
        quality = graph.union(graph.node(letters), tail) if length < _LONGEST_QUALITY - 1 else graph.node(letters)
    return graph.words({f"{pitch}:": quality for pitch in pitches})


def is_of_words(char: str) -> bool:
    """Say whether a character may stand in free words: a printable one or a musical sign, not the linebreak's first."""
    return char != "!" and (char.isprintable() or _FIRST_SIGN <= char <= _LAST_SIGN)


# Words begin with a Latin letter, a digit or a mark. These have edges of their own: a grammar that takes words for
# endless stays where `WORDS` is an edge, and nothing is complete before the first character.
_FIRST_OF_WORDS = tuple(char for char in map(chr, range(ord(" ") + 1, 0x250)) if is_of_words(char))


def header_order(source: bool) -> tuple[str, ...]:
    """Return what rows of interpretations state, in the order of a header; with `source`, what no page shows too."""
    return _SOURCE_ORDER if source else IN_FORCE


class RowPlace(NamedTuple):
    """What decides which rows without notes may stand at a place.

    Attributes:
        chords: whether there is a chord spine.
        voices: number of melody spines open; 0 before the header.
        stated: how many of `header_order` are behind in this run of interpretations.
        music: whether notes stand since the last end of a system.
        bar: whether the row before is a barline, interpretations apart.
    """

    chords: bool
    voices: int
    stated: int
    music: bool
    bar: bool


@cache
def row_root(place: RowPlace, chord_ends: tuple[str, ...], source: bool) -> int:
    """Return the node of the shared graph at which rows without notes begin, newlines included.

    Args:
        place: Where the rows stand.
        chord_ends: Spellings of the chord spine's terminator.
        source: Whether there are rows that no page shows. They stand beside a single voice.
    """
    if not place.voices:
        return _headers()
    names = [name for name in header_order(source)[place.stated :] if place.voices == 1 or name in IN_FORCE]
    if source and place.voices == 1:
        names.append(COMMENT)
    if not place.bar:
        names.append(BARLINE)
    if place.music:
        names += [LINEBREAK, TERMINATOR]
    names.append(SPLIT_ROW if place.voices == 1 else JOIN_ROW)
    return shared_graph().union(*(_rows(name, place.voices, place.chords, chord_ends) for name in names))


@cache
def _headers() -> int:
    graph = shared_graph()
    return graph.words(
        {f"{MELODY_SPINE}\n": graph.node({}, HEADER), f"{MELODY_SPINE}\t{CHORD_SPINE}\n": graph.node({}, CHORD_HEADER)}
    )


@cache
def _rows(name: str, voices: int, chords: bool, chord_ends: tuple[str, ...]) -> int:
    """Return the node at which the rows of one name begin."""

    def row(melody: str, chord: str) -> str:
        return "\t".join([melody] * voices + [chord] * chords)

    if name in (COMMENT, INSTRUMENT, ABBREVIATION, TRANSPOSITION, TEMPO):
        return _hidden_row(name, chords)
    if name == LINEBREAK:
        rows = [LINEBREAK_ROW]
    elif name == TERMINATOR:
        rows = [row(END, end) for end in chord_ends]
    elif name == BARLINE:
        rows = [row(barline, barline) for barline in BARLINES]
    else:
        rows = [row(cell, NULL_INTERPRETATION) for cell in _interpretations()[name]]
    graph = shared_graph()
    return graph.words({text + "\n": graph.node({}, name) for text in rows})


def _hidden_row(name: str, chords: bool) -> int:
    """Return the node at which the rows begin that state, beside one voice, something that no page shows."""
    graph = shared_graph()
    chord = "!" if name == COMMENT else NULL_INTERPRETATION
    end = graph.words({f"\t{chord}\n" if chords else "\n": graph.node({}, name)})
    if name == TEMPO:
        return graph.words({f"*MM{tempo}": end for tempo in range(1, _FASTEST + 1)})
    if name == TRANSPOSITION:
        semitones = graph.words({str(number): end for number in range(-_MOST_SEMITONES, _MOST_SEMITONES + 1)})
        steps = graph.words({f"{number}c": semitones for number in range(-_MOST_STEPS, _MOST_STEPS + 1)})
        return graph.words(dict.fromkeys(("*ITrd", "*Trd"), steps))
    beginning = {COMMENT: "!LO:TX:", INSTRUMENT: '*I"', ABBREVIATION: "*I'"}[name]
    words = end
    for _ in range((_LONGEST_COMMENT if name == COMMENT else _LONGEST_NAME) - 1):
        words = graph.node({**graph.edges[end], WORDS: words})
    return graph.words({beginning: graph.node(dict.fromkeys(_FIRST_OF_WORDS, words))})


@cache
def _interpretations() -> dict[str, list[str]]:
    """Return the melody's cells in rows of each name beside which the chord spine has nothing."""
    signatures = ["".join(letter + "#" for letter in _SHARPS[:count]) for count in range(8)]
    signatures += ["".join(letter + "-" for letter in _FLATS[:count]) for count in range(1, 8)]
    return {
        "clef": [f"*clef{clef}" for clef in CLEFS],
        "signature": [f"*k[{signature}]" for signature in signatures],
        "key": [f"*{letter}{sign}:" for letter in "ABCDEFGabcdefg" for sign in ("", "#", "-")],
        "meter": [f"*M{beats}/{unit}" for beats in range(1, _LARGEST_BEATS + 1) for unit in _UNITS],
        "met": ["*met(c)", "*met(c|)"],
        SPLIT_ROW: [SPLIT],
        JOIN_ROW: [JOIN],
    }
