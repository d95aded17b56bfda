"""One picture that shows how well a page was read: the page, the reading engraved, and both texts row by row.

Takes any text as a reading, however broken. It knows nothing of models, and computes no scores.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont, ImageOps

from jazzmus.errors import KernError
from jazzmus.export.engraved import to_svg
from jazzmus.files import write_bytes
from jazzmus.pictures import FIXED_WIDTH_FONT, picture_format, svg_to_png

HALF_WIDTH = 760  # pixels of each of the two upper pictures
GAP = 20
FONT_SIZE, LINE_HEIGHT, CELL_CHARACTERS = 13, 16, 23
COLUMN_PAIRS = 4
MOST_ROWS = 800
LARGEST = 4  # how many times as large as a whole line a few bars may be drawn
MOST_PAGES = 4  # engraved; a reading that never ends is cut
INK, FAINT, WRONG = (0, 0, 0), (110, 110, 110), (255, 214, 208)


class ComparedRow(NamedTuple):
    """A row of the reference beside the row of the prediction that answers it; None where there is none."""

    reference: str | None
    prediction: str | None


def compare_rows(reference: str, prediction: str) -> list[ComparedRow]:
    """Align the rows of two texts, equal rows beside each other."""
    left, right = reference.splitlines(), prediction.splitlines()
    rows: list[ComparedRow] = []
    for _, from_left, to_left, from_right, to_right in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        for offset in range(max(to_left - from_left, to_right - from_right)):
            rows.append(
                ComparedRow(
                    left[from_left + offset] if from_left + offset < to_left else None,
                    right[from_right + offset] if from_right + offset < to_right else None,
                )
            )
    return rows


def engraved_or_none(kern: str) -> Image.Image | None:
    """Engrave a text of unknown origin, as wide as the page beside it, or return None where that cannot be done."""
    try:
        drawings = [svg_to_png(page, LARGEST * HALF_WIDTH) for page in to_svg(kern)[:MOST_PAGES]]
    except KernError:
        return None
    pages = [Image.open(io.BytesIO(drawing)).convert("L") for drawing in drawings]
    whole = Image.new("L", (LARGEST * HALF_WIDTH, sum(page.height for page in pages)), 255)
    top = 0
    for page in pages:
        whole.paste(page, (0, top))
        top += page.height
    # A text of a few bars takes the left of its page only.
    _, _, right, bottom = ImageOps.invert(whole).getbbox() or (0, 0, 0, 1)
    width = max(right, HALF_WIDTH)
    height = max(1, round(bottom * HALF_WIDTH / width))
    return whole.crop((0, 0, width, bottom)).resize((HALF_WIDTH, height), Image.Resampling.LANCZOS)


def write_comparison(
    path: Path, image: Image.Image, reference: str, prediction: str, scores: Mapping[str, float]
) -> None:
    """Write the picture: above, the page beside the engraved prediction; below, the texts with differing rows marked.

    Args:
        path: Image file to write; its ending gives the format.
        image: The page, any mode.
        reference: Text of the page.
        prediction: Text that was read; it may be empty or malformed.
        scores: Names and values (percent) for the heading.

    Raises:
        DataError: The ending is not that of a picture.
        OSError: The file cannot be written.
    """
    file_format = picture_format(path)
    page = image.convert("RGB")
    page = page.resize((HALF_WIDTH, max(1, round(page.height * HALF_WIDTH / page.width))), Image.Resampling.LANCZOS)
    reading = engraved_or_none(prediction) or _notice("the text that was read cannot be engraved; see below")
    texts = _draw_texts(compare_rows(reference, prediction))
    above = max(page.height, reading.height)
    width = 2 * HALF_WIDTH + 3 * GAP
    picture = Image.new("RGB", (width, above + texts.height + 3 * GAP + 2 * LINE_HEIGHT), (255, 255, 255))
    draw = ImageDraw.Draw(picture)
    heading = "   ".join(f"{name} {value:.2f}" for name, value in scores.items())
    draw.text((GAP, GAP // 2), "page", fill=FAINT, font=_font())
    draw.text((HALF_WIDTH + 2 * GAP, GAP // 2), f"what was read   {heading}"[:97], fill=FAINT, font=_font())
    top = GAP + LINE_HEIGHT
    picture.paste(page, (GAP, top))
    picture.paste(reading, (HALF_WIDTH + 2 * GAP, top))
    draw.rectangle((GAP - 1, top - 1, GAP + HALF_WIDTH, top + page.height), outline=(200, 200, 200))
    picture.paste(texts, (GAP, top + above + GAP))
    encoded = io.BytesIO()
    picture.save(encoded, file_format)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, encoded.getvalue())


def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FIXED_WIDTH_FONT), FONT_SIZE)


def _notice(text: str) -> Image.Image:
    notice = Image.new("RGB", (HALF_WIDTH, 5 * LINE_HEIGHT), (255, 255, 255))
    ImageDraw.Draw(notice).text((0, 2 * LINE_HEIGHT), text, fill=FAINT, font=_font())
    return notice


def _draw_texts(rows: list[ComparedRow]) -> Image.Image:
    """Draw pairs of text columns side by side, the prediction on the right of each pair."""
    differing = sum(row.reference != row.prediction for row in rows)
    shown = rows[:MOST_ROWS]
    rows_per_pair = -(-len(shown) // COLUMN_PAIRS)
    pair_width = (2 * HALF_WIDTH + GAP) // COLUMN_PAIRS
    texts = Image.new("RGB", (2 * HALF_WIDTH + GAP, (rows_per_pair + 3) * LINE_HEIGHT), (255, 255, 255))
    draw, font = ImageDraw.Draw(texts), _font()
    hidden = f"; the last {len(rows) - len(shown)} are not shown" if len(rows) > len(shown) else ""
    summary = f"reference | read, row by row: {differing} of {len(rows)} rows differ{hidden}"
    draw.text((0, 0), summary, fill=FAINT, font=font)
    for index, row in enumerate(shown):
        pair, line = divmod(index, rows_per_pair)
        left, top = pair * pair_width, (line + 2) * LINE_HEIGHT
        if row.reference != row.prediction:
            draw.rectangle((left, top, left + pair_width - GAP, top + LINE_HEIGHT - 1), fill=WRONG)
        for text, offset in ((row.reference, 0), (row.prediction, (pair_width - GAP) // 2 + 4)):
            draw.text((left + offset, top), _printable(text), fill=INK, font=font)
    return texts


def _printable(text: str | None) -> str:
    """Return a row as it is drawn: cells two blanks apart, control characters shown as dots, cut to the column."""
    if text is None:
        return ""
    row = "".join(character if character.isprintable() else "·" for character in text.replace("\t", "  "))
    return row if len(row) <= CELL_CHARACTERS else row[: CELL_CHARACTERS - 1] + "…"
