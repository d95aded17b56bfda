"""A text that was cut off anywhere, closed so that it parses: an unfinished row goes, open spines are ended.

Takes the beginning of a well-formed text. Does not know whether bars are full or voices end together.
"""

from __future__ import annotations

from jazzmus.errors import KernError
from jazzmus.kern.document import END, JOIN, MELODY_SPINE, SPLIT, parse_kern


def close_text(kern: str) -> str:
    """Return a text that ends anywhere as a whole one; one that is whole already comes back unchanged.

    A last row without its newline is dropped, as nobody knows how it went on. Without a header row nothing is left but
    an empty melody.

    Args:
        kern: beginning of a well-formed text, Unix line ends.

    Raises:
        KernError: if it is not; the message begins with the line number.
    """
    text = kern[: kern.rfind("\n") + 1]
    open_spines = _open_spines(text)
    if open_spines and kern[len(text) :].split("\t") == [END] * open_spines:
        return kern + "\n"
    if open_spines is None:
        text += f"{MELODY_SPINE}\n"
        open_spines = 1
    if open_spines:
        text += "\t".join([END] * open_spines) + "\n"
    parse_kern(text)
    return text


def _open_spines(text: str) -> int | None:
    """Return how many cells the next row has; 0 after the terminators, None before the header."""
    width: int | None = None
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        if line.startswith("!!"):
            continue
        cells = line.split("\t")
        if width is not None and len(cells) != width:
            raise KernError(f"line {number}: {len(cells)} cell(s) where {width} spine(s) are open")
        width = len(cells) + cells.count(SPLIT) - cells.count(END)
        if JOIN in cells:
            joined = [cell == JOIN and (at == 0 or cells[at - 1] != JOIN) for at, cell in enumerate(cells)]
            width -= cells.count(JOIN) - sum(joined)
    return width
