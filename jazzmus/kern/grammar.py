"""Which texts of the dialect are valid, read one character after another.

A state is small, can be compared and hashed, and follows from the text before it alone. Rows: the header; clef,
signature, key, meter and mensuration in the order of a header wherever they stand; splits and joins of the melody;
barlines alike in all spines; notes and chords; ends of systems; the terminators. Source texts have besides, where one
voice is, words in comments and what a header states unseen: names of the instrument, its transposition, the tempo. Rows
of anything else are not part of it: it is for what a model writes.

While the melody is split, each voice has a note exactly where its last one ended, and all other rows stand where no
note goes on. Whether bars are full, and whether ties, slurs and beams end, it does not ask. Knows no tokens.
"""

from __future__ import annotations

from typing import NamedTuple

from jazzmus.kern.grammar_cells import (
    BARLINE,
    CHORD_HEADER,
    CHORD_SYMBOL,
    COMMENT,
    HEADER,
    JOIN_ROW,
    LINEBREAK,
    MAX_VOICES,
    NOTE,
    REST,
    SPLIT_ROW,
    TERMINATOR,
    TICKS,
    WORDS,
    RowPlace,
    cell_roots,
    header_order,
    is_of_words,
    row_root,
    shared_graph,
)
from jazzmus.kern.note_order import OPENING_ORDER
from jazzmus.kern.notes import NULL_CELL

# What is being read; a row without notes is read as a whole.
ROW_START, ROW, CELL_START, NULL, MELODY, FURTHER, CHORD = range(7)
_CLOSED = -1
_ROW_MARKS = frozenset("*=!")
_DURATION = frozenset("0123456789.q")


class Page(NamedTuple):
    """What is known between two rows.

    Attributes:
        voices: melody spines open; 0 before the header, -1 after the terminators.
        chords: whether there is a chord spine.
        left: ticks each voice's note goes on, one of them 0; empty while there is one voice.
        stated: how many of `header_order` are behind in this run of interpretations.
        music: whether notes stand since the last end of a system.
        bar: whether a barline stands since the last notes or end of a system.
    """

    voices: int = 0
    chords: bool = False
    left: tuple[int, ...] = ()
    stated: int = 0
    music: bool = False
    bar: bool = False


class State(NamedTuple):
    """Where a text stands.

    Attributes:
        page: what is known from the rows before.
        reading: what is being read: one of `ROW_START` to `CHORD`.
        node: place in it; see `grammar_cells`.
        done: ticks of the row's cells so far, None for a null cell; 0 where time is not kept.
        duration: of this cell's notes, once the first pitch begins.
        progress: what is written of this note's duration.
    """

    page: Page
    reading: int = ROW_START
    node: int = 0
    done: tuple[int | None, ...] = ()
    duration: str = ""
    progress: str = ""


START = State(Page())


def is_end(state: State) -> bool:
    """Say whether the text is complete."""
    return state.page.voices == _CLOSED and state.reading == ROW_START


class TextGrammar:
    """The reader.

    Args:
        timed: Whether it keeps durations. Without, it is a coarser one of few states, made to find short ways to the
            end from the state that `coarse` returns: it writes nothing that can be left out of a cell, and takes voices
            for equally long and free words for endless.
        chord_ends: Spellings of the chord spine's terminator.
        source: Whether it takes the rows of source texts that no page shows.
    """

    def __init__(self, timed: bool = True, chord_ends: tuple[str, ...] = ("*-",), source: bool = False) -> None:
        self._timed = timed
        self._chord_ends = chord_ends
        self._source = source
        self._order = header_order(source)
        self._edges = shared_graph().edges
        self._labels = shared_graph().labels
        self._roots = cell_roots()
        self._complete = {label: shared_graph().node({}, label) for label in (NOTE, REST, CHORD_SYMBOL)}

    def read(self, text: str, state: State = START) -> State | None:
        """Return the state after a text; None if nothing valid begins so."""
        after: State | None = state
        for char in text:
            if after is None:
                return None
            after = self.step(after, char)
        return after

    def accepts(self, text: str) -> bool:
        """Say whether a whole text is valid."""
        state = self.read(text)
        return state is not None and is_end(state)

    def step(self, state: State, char: str) -> State | None:
        """Return the state after one more character; None if it may not stand there."""
        reading = state.reading
        if reading in (MELODY, FURTHER):
            return self._in_melody(state, char)
        if reading == ROW:
            return self._in_row(state, self._edges[state.node].get(char) or self._among_words(state.node, char))
        if reading == ROW_START and char in _ROW_MARKS:
            return self._in_row(state, self._edges[self._row_root(state.page)].get(char))
        if reading in (ROW_START, CELL_START):
            return self._begin_cell(state, char)
        return self._in_null_or_chord(state, char)

    def _row_root(self, page: Page) -> int:
        if page.voices == _CLOSED or any(page.left):
            return 0
        place = RowPlace(page.chords, page.voices, page.stated, page.music, page.bar)
        return row_root(place, self._chord_ends, self._source)

    def _among_words(self, node: int, char: str) -> int | None:
        after = self._edges[node].get(WORDS)
        if after is None or not is_of_words(char):
            return None
        return after if self._timed else node

    def _in_row(self, state: State, node: int | None) -> State | None:
        if node is None:
            return None
        label = self._labels[node]
        return State(self._page_after(state.page, label)) if label else State(state.page, ROW, node)

    def _page_after(self, page: Page, label: str) -> Page:
        """Return what is known after a row without notes."""
        if label in (HEADER, CHORD_HEADER):
            return Page(1, label == CHORD_HEADER)
        if label in self._order:
            return page._replace(stated=self._order.index(label) + 1 if self._timed else 0)
        if label == COMMENT:
            return page
        page = page._replace(stated=0)
        if label == BARLINE:
            return page._replace(bar=True)
        if label == LINEBREAK:
            return page._replace(music=False, bar=False)
        if label == SPLIT_ROW:
            return page._replace(voices=MAX_VOICES, left=(0,) * MAX_VOICES)
        if label == JOIN_ROW:
            return page._replace(voices=1, left=())
        assert label == TERMINATOR
        return Page(_CLOSED)

    def _begin_cell(self, state: State, char: str) -> State | None:
        page, done = state.page, state.done
        if page.voices < 1:
            return None
        has_notes = any(ticks is not None for ticks in done)
        if len(done) == page.voices:
            if char == NULL_CELL:
                return State(page, NULL, 0, done) if has_notes else None
            return self._in_null_or_chord(State(page, CHORD, self._roots.chord, done), char)
        sounds = bool(page.left) and page.left[len(done)] > 0
        if char == NULL_CELL:
            # A row without notes has a chord, which comes at some time within the notes before it.
            may_be_chord_only = page.chords and page.music and not page.bar and not has_notes
            return State(page, NULL, 0, done) if sounds or may_be_chord_only else None
        is_chord_only = any(ticks is None and not left for ticks, left in zip(done, page.left, strict=False))
        if sounds or is_chord_only:
            return None
        if not self._timed:
            page = _with_notes(page)
        return self._in_melody(State(page, MELODY, self._roots.first, done), char)

    def _in_null_or_chord(self, state: State, char: str) -> State | None:
        if state.reading == NULL or self._labels[state.node]:
            ended = self._end_cell(state, None, char)
            if ended is not None or state.reading == NULL:
                return ended
        node = self._edges[state.node].get(char)
        if node is None:
            return None
        return State(state.page, CHORD, node if self._timed else self._shortened(node), state.done)

    def _in_melody(self, state: State, char: str) -> State | None:
        """Go on with a note or rest."""
        page, reading, node, done, duration, progress = state
        target = self._edges[node].get(char)
        if target is None:
            label = self._labels[node]
            if char == " " and label == NOTE and self._timed:
                return State(page, FURTHER, self._roots.further, done, duration)
            if not label:
                return None
            return self._end_cell(state, TICKS[duration] if self._timed and page.left else 0, char)
        if char in _DURATION:
            progress += char
            is_grace_beside_voices = char == "q" and bool(page.left)
            differs = self._timed and reading == FURTHER and not duration.startswith(progress)
            if is_grace_beside_voices or differs:
                return None
        elif char not in OPENING_ORDER and progress != duration:
            if reading == FURTHER:
                return None
            duration = progress
        if not self._timed:
            return State(page, reading, self._shortened(target), done)
        return State(page, reading, target, done, duration, progress)

    def _shortened(self, node: int) -> int:
        """Return a node that ends what is complete here, without what might still be added."""
        label = self._labels[node]
        return self._complete[label] if label else node

    def _end_cell(self, state: State, ticks: int | None, char: str) -> State | None:
        """Return the state after a tab or newline behind a complete cell."""
        page, done = state.page, (*state.done, ticks)
        columns = page.voices + page.chords
        if char == "\t":
            return State(page, CELL_START, 0, done) if len(done) < columns else None
        return State(self._page_with(page, done)) if char == "\n" and len(done) == columns else None

    def _page_with(self, page: Page, done: tuple[int | None, ...]) -> Page:
        """Return what is known after a row of notes and chords."""
        notes = done[: page.voices]
        if all(ticks is None for ticks in notes):
            return page._replace(stated=0)
        left = page.left
        if left:
            sounding = [went_on if ticks is None else ticks for ticks, went_on in zip(notes, left, strict=True)]
            left = tuple(ticks - min(sounding) for ticks in sounding) if self._timed else (0,) * len(left)
        return page._replace(left=left, stated=0, music=True, bar=False)


def is_coarse(state: State) -> bool:
    """Say whether a grammar that is not timed lets a cell of one voice go on as this state's own may not.

    A note struck with another must repeat its duration, and free words have an end.
    """
    return state.reading == FURTHER or (state.reading == ROW and WORDS in shared_graph().edges[state.node])


def coarse(state: State) -> State:
    """Return what a grammar that is not timed knows of a state."""
    page, reading, node, done, _, _ = state
    page = page._replace(left=tuple(min(ticks, 1) for ticks in page.left), stated=0)
    if reading in (MELODY, FURTHER) or any(ticks is not None for ticks in done):
        page = _with_notes(page)
    return State(page, reading, node, tuple(ticks if ticks is None else 0 for ticks in done))


def _with_notes(page: Page) -> Page:
    return page._replace(music=True, bar=False)
