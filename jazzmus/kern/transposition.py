"""A text moved to another key: notes, chord symbols, key signatures and key rows.

A pitch is a place on the line of fifths (F is -1, C 0, G 1, B flat -2), so that a move is an addition, keeps every
spelling apart and can be undone. Which accidentals are drawn moves along, because pitches and signatures move alike;
`draw_accidentals` adds what is missing where music was changed otherwise. Does not know ranges of instruments or clefs.
Comments stay as they are: give it the normal form of a text whose comments hold chords.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from jazzmus.errors import KernError
from jazzmus.kern.accidentals import DRAWN_MARK, InForce, accidental_is_drawn
from jazzmus.kern.chords import parse_chord
from jazzmus.kern.document import MELODY_SPINE, MUSIC_KINDS, NULL_INTERPRETATION, RowKind, row_kind, split_lines
from jazzmus.kern.notes import LETTERS, NATURAL, Note, height, parse_notes, pitch_letters
from jazzmus.kern.systems import name_in_force

SHARP_ORDER = "fcgdaeb"
MOST_FIFTHS = 6  # sharps or flats of a key signature
# Without double accidentals, as the dialect has none: F flat to B sharp. It has no chord on E sharp or B sharp.
LOWEST_PLACE, HIGHEST_PLACE, HIGHEST_ROOT = -8, 12, 10
_SIGNATURE = re.compile(r"\*k\[([a-g#-]*)\]")
_KEY = re.compile(r"\*([A-Ga-g])(##?|--?|)(:)")


def transpose(kern: str, fifths: int, octaves: int = 0) -> str:
    """Return the text moved along the line of fifths, in the nearest direction, and by octaves after that.

    Notes keep durations, beams, ties and whether their accidental is drawn. Where naturals become altered notes and
    the other way round, the drawn mark is spelled as usual: `n`, or `X` directly after the accidental. A text that
    begins without a signature gets one.

    Args:
        kern: any text with sounding accidentals; what is no note, chord, signature or key stays as it is.
        fifths: steps on the line of fifths; 2 is a whole tone up, -1 a fourth up, 6 and -6 half an octave up and down.
        octaves: octaves to go up after that; negative: down.

    Raises:
        KernError: if a note would need a double accidental, or a signature more than 6 sharps or flats, or if a
            signature there is not one of sharps or flats in their order. The message begins with the line number.
    """
    lines = split_lines(kern)
    for number, line in enumerate(lines, start=1):
        try:
            lines[number - 1] = _moved_line(line, fifths, octaves)
        except KernError as error:
            raise KernError(f"line {number}: {error}") from error
    if fifths:
        _state_signature(lines, fifths)
    return "".join(f"{line}\n" for line in lines)


def draw_accidentals(kern: str) -> str:
    """Return a sounding text with a drawn mark at each accidental that key, measure and ties do not imply.

    Marks that are there stay: an accidental may be drawn as a courtesy.
    """
    in_force = InForce()

    def drawn(note: Note, column: int) -> Note:
        shown = accidental_is_drawn(note)
        needed = shown or note.alteration != in_force.implied(note, column)
        in_force.take(note, column, states=needed)
        return note if shown or not needed else _with_accidental(note, note.alteration, drawn=True)

    return in_force.walk(kern, drawn)


def place_on_line(letter: str, accidental: str) -> int:
    """Return where a pitch is on the line of fifths: `letter` in any case, `accidental` of `#`, and `b` or `-`."""
    flats = accidental.count("b") + accidental.count("-")
    return SHARP_ORDER.index(letter.lower()) - 1 + 7 * (accidental.count("#") - flats)


def pitch_at(place: int, flat: str = "-") -> tuple[str, str]:
    """Return the letter (upper case) and accidental at a place on the line of fifths."""
    alteration = (place + 1) // 7
    return LETTERS[4 * place % 7], "#" * alteration + flat * -alteration


def signature_fifths(cell: str) -> int | None:
    """Return the sharps (flats negative) of a signature cell such as `*k[b-e-]`; None if they are not in order."""
    match = _SIGNATURE.fullmatch(cell)
    content = match[1] if match else ""
    count = content.count("#") or -content.count("-")
    return count if match and signature_cell(count) == cell else None


def signature_cell(fifths: int) -> str:
    """Return the signature cell of so many sharps (flats negative)."""
    letters = SHARP_ORDER[:fifths] if fifths >= 0 else SHARP_ORDER[::-1][:-fifths]
    sign = "#" if fifths >= 0 else "-"
    return f"*k[{''.join(letter + sign for letter in letters)}]"


def semitones(fifths: int) -> int:
    """Return the semitones of a move in the nearest direction; that of `-fifths` is the opposite."""
    size = 7 * abs(fifths) % 12
    nearest = size - 12 if size > 6 else size
    return nearest if fifths >= 0 else -nearest


def _state_signature(lines: list[str], fifths: int) -> None:
    """Insert a signature of so many sharps before the music, behind header and clef, if none stands there."""
    place, header = 0, [""]
    for index, line in enumerate(lines):
        kind, cells = row_kind(line), line.split("\t")
        stated = set(map(name_in_force, cells))
        if kind is RowKind.HEADER:
            place, header = index + 1, cells
        elif kind in (RowKind.MANIPULATION, *MUSIC_KINDS):
            break
        elif "signature" in stated:
            return
        elif "clef" in stated:
            place = index + 1
    if MELODY_SPINE in header:
        signature = signature_cell(fifths)
        lines.insert(place, "\t".join(signature if cell == MELODY_SPINE else NULL_INTERPRETATION for cell in header))


@lru_cache(maxsize=65536)
def _moved_line(line: str, fifths: int, octaves: int) -> str:
    kind = row_kind(line)
    change: Callable[[str, int, int], str]
    if kind is RowKind.DATA:
        change = _moved_cell
    elif kind is RowKind.INTERPRETATION:
        change = _moved_interpretation
    else:
        return line
    return "\t".join(change(cell, fifths, octaves) for cell in line.split("\t"))


def _moved_cell(cell: str, fifths: int, octaves: int) -> str:
    chord = parse_chord(cell)
    if chord is not None:
        bass = _moved_root(chord.bass, fifths) if chord.bass else None
        return replace(chord, root=_moved_root(chord.root, fifths), bass=bass).to_text()
    return " ".join(_moved_note(text, fifths, octaves) for text in cell.split(" "))


def _moved_root(root: str, fifths: int) -> str:
    """Move a chord's root or bass; one that no chord of the dialect has becomes the same key of the piano."""
    place = place_on_line(root[0], root[1:]) + fifths
    while place > HIGHEST_ROOT:
        place -= 12
    while place < LOWEST_PLACE:
        place += 12
    return "".join(pitch_at(place, "b"))


def _moved_note(text: str, fifths: int, octaves: int) -> str:
    try:
        notes = parse_notes(text)
    except KernError:
        return text
    if not notes or notes[0].is_rest:
        return text
    note = notes[0]
    place = place_on_line(note.pitch[0], note.alteration) + fifths
    if not LOWEST_PLACE <= place <= HIGHEST_PLACE:
        raise KernError(f"`{text}` moved by {fifths} fifths needs a double accidental; choose another key")
    # Bare fifths rise by 4 letters and 7 semitones each; the octaves between them and the nearest direction go off.
    octaves_off = (7 * fifths - semitones(fifths)) // 12 - octaves
    moved = replace(note, pitch=pitch_letters(height(note) + 4 * fifths - 7 * octaves_off))
    drawn = note.accidental == NATURAL or DRAWN_MARK in note.marks  # `i` alone says so by itself
    alteration = pitch_at(place)[1]
    return (_with_accidental(moved, alteration, drawn) if alteration != note.alteration else moved).to_text()


def _with_accidental(note: Note, alteration: str, drawn: bool) -> Note:
    """Return the note with this alteration, drawn or not, in the usual spelling."""
    marks = note.marks.replace(DRAWN_MARK, "")
    if not drawn:
        return replace(note, accidental=alteration, marks=marks)
    return replace(note, accidental=alteration or NATURAL, marks=DRAWN_MARK * bool(alteration) + marks)


def _moved_interpretation(cell: str, fifths: int, octaves: int) -> str:
    name = name_in_force(cell)
    if name == "signature":
        count = signature_fifths(cell)
        if count is None:
            raise KernError(f"`{cell}` is not a signature of sharps or flats in their order; mend it")
        if abs(count + fifths) > MOST_FIFTHS:
            raise KernError(f"`{cell}` moved by {fifths} fifths has more than {MOST_FIFTHS} signs; choose another key")
        return signature_cell(count + fifths)
    match = _KEY.match(cell) if name == "key" else None
    if match is None:
        return cell
    place = place_on_line(match[1], match[2]) + fifths
    letter, accidental = pitch_at(place)
    if not LOWEST_PLACE <= place <= HIGHEST_PLACE:
        raise KernError(f"`{cell}` moved by {fifths} fifths needs a double accidental; choose another key")
    return f"*{letter if match[1].isupper() else letter.lower()}{accidental}:{cell[match.end() :]}"
