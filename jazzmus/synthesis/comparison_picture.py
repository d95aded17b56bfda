"""One picture that shows how well a page was read: the page, the reading engraved, and both texts row by row.

Takes any text as a reading, however broken. It knows nothing of models, and computes no scores.
"""

from __future__ import annotations

import io
import multiprocessing
import tempfile
from collections.abc import Mapping
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from jazzmus.errors import DataError, KernError
from jazzmus.files import write_bytes
from jazzmus.kern.document import parse_kern
from jazzmus.synthesis.engraving import EngravingStyle, engrave, rasterise

TEXT_FONT = Path(__file__).parent / "fonts" / "Cousine-Regular.ttf"
HALF_WIDTH = 760  # pixels of each of the two upper pictures
GAP = 20
FONT_SIZE, LINE_HEIGHT, CELL_CHARACTERS = 13, 16, 23
COLUMN_PAIRS = 4
MOST_ROWS = 800
TALLEST_READING = 4000  # pixels; a reading that never ends is cut
ENGRAVING_SECONDS = 30.0
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
    """Engrave a text of unknown origin, or return None where that cannot be done.

    It is parsed first and then engraved in a process of its own, as Verovio may end the process on a strange text.
    """
    try:
        parse_kern(kern)
    except KernError:
        return None
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "engraved.png"
        process = multiprocessing.get_context("spawn").Process(target=_engrave_to_file, args=(kern, target))
        process.start()
        process.join(ENGRAVING_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
        if process.exitcode != 0 or not target.is_file():
            return None
        with Image.open(target) as image:
            return image.convert("L").crop((0, 0, image.width, min(image.height, TALLEST_READING)))


def _engrave_to_file(kern: str, target: Path) -> None:
    try:
        image, _ = rasterise(engrave(kern, EngravingStyle(staff_spaces=95.0, system_gap=8.0)), HALF_WIDTH)
    except (KernError, ValueError, TypeError, OSError):
        raise SystemExit(1) from None
    image.save(target)


def picture_format(path: Path) -> str:
    """Pillow's name of the format that a file's ending asks for.

    Raises:
        DataError: No picture can be written under that ending.
    """
    name = Image.registered_extensions().get(path.suffix.lower(), "")
    if name not in Image.SAVE:
        raise DataError(f"{path}: no picture can be written under the ending {path.suffix!r}; use .png")
    return name


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
    return ImageFont.truetype(str(TEXT_FONT), FONT_SIZE)


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
