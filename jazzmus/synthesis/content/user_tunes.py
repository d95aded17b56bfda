"""Tunes from a folder of the user's: MusicXML lead sheets and kern texts, each time in another key and cut.

Knows files, keys and the range of a staff. Does not know what a page looks like, nor which tunes other pages use.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from copy import copy
from pathlib import Path
from statistics import median

from jazzmus.errors import DataError, JazzmusError, KernError
from jazzmus.kern.chords import parse_chord
from jazzmus.kern.document import CHORD_SPINE, MELODY_SPINE, RowKind, parse_kern
from jazzmus.kern.notes import NULL_CELL, Note, height, parse_notes
from jazzmus.kern.systems import name_in_force
from jazzmus.kern.transposition import pitch_at, signature_fifths, transpose
from jazzmus.synthesis.content.line_breaks import break_into_systems
from jazzmus.synthesis.content.musicxml import read_musicxml
from jazzmus.synthesis.content.musicxml_file import SUFFIXES, read_bounded

logger = logging.getLogger(__name__)

TEXT_SUFFIXES = (".krn", ".kern", ".txt")
MAX_TEXT_BYTES = 1_000_000
# Signatures in sharps (flats negative), as often as in lead sheets; the rare ones a little oftener.
KEY_WEIGHTS = {-5: 4, -4: 8, -3: 12, -2: 14, -1: 12, 0: 18, 1: 20, 2: 6, 3: 4, 4: 3, 5: 2}
# The height a melody's middle has in each clef, in letters from C0: about the middle line of the staff.
_MIDDLES = {"*clefG": 34, "*clefF": 22, "*clefC": 28}
_TRIES = 12


class UserTunes:
    """The tunes of a folder. They are read once; what stays in memory are their texts, so that workers may copy it.

    Attributes:
        folder: Where they came from.
        texts: The texts that can be used, in the order of their files.
        refused: A line for each file that cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        """Read all `.mxl`, `.musicxml`, `.xml`, `.krn`, `.kern` and `.txt` files in the folder and those in it.

        Raises:
            DataError: There is no such folder, or no tune in it that can be used.
        """
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder of tunes; give a folder of MusicXML or kern files")
        self.folder = folder
        self.texts: list[str] = []
        self.refused: list[str] = []
        repaired = grace_notes = 0
        for path in _tune_files(folder):
            try:
                kern, repairs, left_out = _read_tune(path)
                self.texts.append(_with_key_rows(kern))
            except DataError as error:
                self.refused.append(str(error))
                logger.warning("%s", error)
                continue
            if repairs:
                logger.info("%s: %s", path, "; ".join(repairs))
            repaired += bool(repairs)
            grace_notes += left_out
        if not self.texts:
            raise DataError(
                f"{folder}: no usable tune ({len(self.refused)} refused); put MusicXML (.mxl, .musicxml, .xml) or"
                " kern (.krn) lead sheets there"
            )
        logger.info(
            "%s: %d tunes, %d of them repaired, %d grace notes left out; %d files refused",
            folder,
            len(self.texts),
            repaired,
            grace_notes,
            len(self.refused),
        )

    def without(self, leaks: Callable[[str], bool]) -> UserTunes:
        """Return the same tunes but for those whose whole text leaks; a log line counts them.

        Raises:
            DataError: All leak.
        """
        kept = [text for text in self.texts if not leaks(text)]
        dropped = len(self.texts) - len(kept)
        if not kept:
            raise DataError(
                f"{self.folder}: all {dropped} tunes share a melody with an evaluation page; give a folder with others"
            )
        if dropped:
            logger.info(
                "%s: %d of %d tunes share a melody with an evaluation page and are left out",
                self.folder,
                dropped,
                len(self.texts),
            )
        tunes = copy(self)
        tunes.texts = kept
        return tunes

    def tune(self, rng: random.Random, systems: int) -> str:
        """Return part of a tune in a drawn key, broken into systems.

        Args:
            rng: Source of chance; equal states give equal texts.
            systems: Number of systems, at least 1.

        Raises:
            DataError: No tune of the folder is long enough.
        """
        for text in _shuffled(rng, self.texts):
            page = break_into_systems(rng, text, systems)
            if page is not None:
                return _without_plain_keys(_in_range(_in_drawn_key(rng, page)))
        raise DataError(
            f"{self.folder}: no tune is long enough for {systems} systems; add longer ones or ask for fewer"
        )


def _shuffled(rng: random.Random, texts: list[str]) -> Iterator[str]:
    """Yield a few drawn texts, then all of them from a drawn one on, so that a long one is found if there is one."""
    for _ in range(_TRIES):
        yield rng.choice(texts)
    start = rng.randrange(len(texts))
    yield from texts[start:]
    yield from texts[:start]


def _tune_files(folder: Path) -> list[Path]:
    suffixes = SUFFIXES + TEXT_SUFFIXES
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in suffixes and path.is_file())


def _read_tune(path: Path) -> tuple[str, tuple[str, ...], int]:
    """Return the text of a file, what was mended or left out in it, and how many grace notes were.

    Raises:
        DataError: It holds no tune of the dialect; one line names the file and the remedy.
    """
    if path.suffix.lower() in SUFFIXES:
        tune = read_musicxml(path)
        return tune.kern, tune.repairs, tune.grace_notes
    try:
        text = read_bounded(path, MAX_TEXT_BYTES).decode("utf-8")
        _check_dialect(text)
    except (UnicodeDecodeError, JazzmusError) as error:
        reason = "not a text in UTF-8; save it as one" if isinstance(error, UnicodeDecodeError) else str(error)
        raise DataError(f"{path}: {reason}") from error
    return parse_kern(text).to_text(), (), 0


def _check_dialect(text: str) -> None:
    document = parse_kern(text)
    if document.spine_types != (MELODY_SPINE, CHORD_SPINE):
        raise DataError(f"spines {' '.join(document.spine_types)[:60]}; give one `**kern` and one `**mxhm`")
    notes = 0
    for row in document.rows:
        if row.kind is not RowKind.DATA:
            continue
        for spine, cell in zip(row.spines, row.cells, strict=True):
            if spine == 0:
                try:
                    notes += sum(not note.is_rest for note in parse_notes(cell))
                except KernError as error:
                    raise DataError(f"line {row.line}: {error}") from error
            elif cell != NULL_CELL and parse_chord(cell) is None:
                raise DataError(f"line {row.line}: `{cell[:40]}` is no chord; write it as `Bb:min7` or `G:7(b9)/B`")
    if not notes:
        raise DataError("no notes; give a tune with a melody")


def _with_key_rows(kern: str) -> str:
    """Return the text with a key row after each signature that has none: what is moved to another key needs it."""
    lines = kern.splitlines()
    result: list[str] = []
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        result.append(line)
        cell = line.split("\t")[0]
        fifths = signature_fifths(cell)
        if fifths is not None and name_in_force(after.split("\t")[0]) != "key":
            result.append(line.replace(cell, f"*{''.join(pitch_at(fifths))}:"))
    return "".join(f"{line}\n" for line in result)


def _without_plain_keys(kern: str) -> str:
    """Return the text without the rows for C major, which the dialect leaves out."""
    return "".join(line for line in kern.splitlines(keepends=True) if not line.startswith("*C:"))


def _in_drawn_key(rng: random.Random, kern: str) -> str:
    """Return the text in a drawn key; as it is where it can be moved nowhere."""
    stated = (signature_fifths(line.split("\t")[0]) for line in kern.splitlines())
    now = next((fifths for fifths in stated if fifths is not None), 0)
    for _ in range(_TRIES):
        wanted = rng.choices(list(KEY_WEIGHTS), list(KEY_WEIGHTS.values()))[0]
        try:
            return transpose(kern, wanted - now)
        except KernError:  # a double accidental, or a later signature beyond those that are written
            continue
    return kern


def _in_range(kern: str) -> str:
    """Return the text moved by octaves so that its melody lies on the staff."""
    rows = parse_kern(kern).rows
    notes: list[Note] = [note for row in rows if row.kind is RowKind.DATA for note in parse_notes(row.cells[0])]
    heights = [height(note) for note in notes if not note.is_rest]
    clef = next((row.cells[0] for row in rows if name_in_force(row.cells[0]) == "clef"), "*clefG2")
    if not heights:
        return kern
    octaves = round((_MIDDLES.get(clef[:6], _MIDDLES["*clefG"]) - median(heights)) / 7)
    return transpose(kern, 0, octaves) if octaves else kern
