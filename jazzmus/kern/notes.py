"""Notes of one data cell of a melody spine: duration, pitch, accidental, and the marks around them.

Keeps every mark as text, so that a cell is written back unchanged. Does not know the key or meter a note stands in,
nor the notes before and after it (whether a tie or a beam is closed).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from jazzmus.errors import KernError

NULL_CELL = "."
NATURAL = "n"
LETTERS = "CDEFGAB"
HALF_TONES = (0, 2, 4, 5, 7, 9, 11)  # of the letters above C
# What MusicXML calls the undotted durations.
NOTE_NAMES = {
    "000": "maxima", "00": "long", "0": "breve", "1": "whole", "2": "half", "4": "quarter", "8": "eighth",
    **{str(number): f"{number}th" for number in (16, 64, 128, 256)}, "32": "32nd",
}  # fmt: skip
_PITCH = "|".join(f"{letter}+" for letter in "abcdefgABCDEFG")
_NOTE = re.compile(
    r"(?P<opening>[\[({_]*)(?P<reciprocal>\d*)(?P<dots>\.*)(?P<grace>q{0,2})"
    rf"(?P<pitch>{_PITCH}|r)(?P<accidental>##?|--?|{NATURAL}|)(?P<marks>[^\d\s.a-gA-Gqr#-]*)",
    re.ASCII,
)


@dataclass(frozen=True)
class Note:
    """One note or rest as written; the fields joined in their order are the text of the note.

    Attributes:
        opening: what stands before the duration: `[` begins a tie, `(` a slur.
        reciprocal: the duration as a fraction of a whole note (`4` a quarter, `6` a third of a half); `0` is a
            breve; empty for a grace note without duration.
        dots: augmentation dots.
        grace: `q` or `qq` for a grace note.
        pitch: `c` to `b` for the octave from middle C, doubled for each octave above; `C` to `B` for the one below,
            doubled for each below that; `r` for a rest.
        accidental: `#`, `##`, `-`, `--`, `n`, or nothing. It states the sounding pitch; it may be implied by the key.
        marks: what follows, such as `X` or `i` (editorial), `L J K k` (beams), `] _` (ties), `)` (slurs), `' ^ ~ ; :`
            (articulation and ornaments), `yy` (not drawn).
    """

    opening: str
    reciprocal: str
    dots: str
    grace: str
    pitch: str
    accidental: str
    marks: str

    @property
    def is_rest(self) -> bool:
        """Whether this is a rest."""
        return self.pitch == "r"

    @property
    def alteration(self) -> str:
        """The accidental as far as it alters the pitch: empty for a natural."""
        return "" if self.accidental == NATURAL else self.accidental

    @property
    def duration(self) -> Fraction:
        """Duration in whole notes, dots included; 0 for a grace note."""
        if self.grace or not self.reciprocal:
            return Fraction(0)
        zeros = self.reciprocal.strip("0") == ""
        undotted = Fraction(2 ** len(self.reciprocal)) if zeros else Fraction(1, int(self.reciprocal))
        return undotted * (2 - Fraction(1, 2 ** len(self.dots)))

    def to_text(self) -> str:
        """Return the note as it is written in a cell."""
        return f"{self.opening}{self.reciprocal}{self.dots}{self.grace}{self.pitch}{self.accidental}{self.marks}"


@lru_cache(maxsize=4096)
def parse_notes(cell: str) -> tuple[Note, ...]:
    """Parse a data cell into its notes: none for `.`, several for notes struck together (separated by a space).

    Raises:
        KernError: if a note is not of the form opening, duration, dots, grace, pitch, accidental, marks. The caller
            adds the line number, which a cell does not know.
    """
    if cell == NULL_CELL:
        return ()
    return tuple(_parse_note(text) for text in cell.split(" "))


def notes_to_text(notes: tuple[Note, ...]) -> str:
    """Return the cell that holds these notes; `.` for none."""
    return " ".join(note.to_text() for note in notes) or NULL_CELL


def _parse_note(text: str) -> Note:
    match = _NOTE.fullmatch(text)
    if match is None or not (match["reciprocal"] or match["grace"]):
        raise KernError(f"`{text}` is not a note; write duration, pitch and accidental, such as `8.cc#`")
    return Note(**match.groupdict())


def height(note: Note) -> int:
    """Return the height of a note in letters counted from the C four octaves below middle C."""
    return height_of_letters(note.pitch)


def height_of_letters(letters: str) -> int:
    """Return the height of kern letters such as `cc`; the inverse of `pitch_letters`."""
    octave = len(letters) + 3 if letters[0].islower() else 4 - len(letters)
    return 7 * octave + LETTERS.index(letters[0].upper())


def pitch_letters(height: int) -> str:
    """Return the kern letters of a height, such as `cc` for the C above middle C."""
    octave, letter = divmod(height, 7)
    name = LETTERS[letter]
    return name.lower() * (octave - 3) if octave >= 4 else name * (4 - octave)
