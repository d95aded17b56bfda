"""What a row of the dataset says about its page: text, title and boxes of its systems.

Reads annotation values and MusicXML titles, and moves boxes onto the stored image. Knows nothing of files, splits or
where rows come from.
"""

from __future__ import annotations

import ast
import html
import itertools
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jazzmus.dataset.manifest import SystemBox
from jazzmus.dataset.page_image import SourcePage
from jazzmus.errors import DataError

Corners = tuple[float, float, float, float]  # from_x, to_x, from_y, to_y as the source gives them

MAX_CHARACTERS = 50_000  # the longest known page has 2,147
_BOX_KEYS = ("fromX", "toX", "fromY", "toY")


@dataclass(frozen=True)
class Annotation:
    """The parts of an annotation that are used.

    Attributes:
        kern: Text of the page, untouched; None where there is none.
        title: Piece id from the MusicXML, None where it has no title.
        boxes: One entry per listed system, None for a system without a complete box; None without a system list.
    """

    kern: str | None
    title: str | None
    boxes: tuple[Corners | None, ...] | None


def _loaded(value: object) -> Mapping[str, Any]:
    """The annotation as a mapping: JSON, or a Python literal as some hub revisions have it."""
    loaded = value
    if isinstance(value, str):
        try:
            loaded = json.loads(value)
        except ValueError:
            try:
                loaded = ast.literal_eval(value)
            except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
                raise DataError(f"broken annotation: neither JSON nor a Python literal ({error})") from error
        except RecursionError as error:
            raise DataError("broken annotation: nested too deeply") from error
    if not isinstance(loaded, Mapping):
        raise DataError(f"broken annotation: expected a mapping, found {type(loaded).__name__}")
    return loaded


def _corners(system: object) -> Corners | None:
    box = system.get("bounding_box") if isinstance(system, Mapping) else None
    if not isinstance(box, Mapping):
        return None
    try:
        from_x, to_x, from_y, to_y = (float(box[key]) for key in _BOX_KEYS)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    corners = (from_x, to_x, from_y, to_y)
    return corners if all(math.isfinite(value) for value in corners) else None


def check_page_text(kern: str) -> None:
    """Check that a text may be that of a page, be it well-formed or not.

    Raises:
        DataError: It may not. The message is a few words on why.
    """
    if not kern.removeprefix("\ufeff").strip():
        raise DataError("empty text")
    if len(kern) > MAX_CHARACTERS:
        raise DataError(f"text too long for a page: {len(kern)} characters, the limit is {MAX_CHARACTERS}")
    if "\0" in kern:
        raise DataError("text with NUL characters, as UTF-16 has them")
    try:
        kern.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DataError("text that is not Unicode") from error


def _first(pattern: str, musicxml: str) -> str:
    match = re.search(pattern, musicxml, flags=re.DOTALL)
    title = html.unescape(" ".join(match.group(1).split())) if match else ""
    return title.encode("utf-8", errors="replace").decode("utf-8")  # JSON may hold halves of characters


def piece_title(musicxml: str) -> str | None:
    """Piece id as published: the movement title, else the work title, then " - " and the composer where given.

    Args:
        musicxml: A MusicXML document or part of one; it need not be well-formed.

    Returns:
        None where there is no title.
    """
    title = _first(r"<movement-title[^>]*>(.*?)</movement-title>", musicxml)
    title = title or _first(r"<work-title[^>]*>(.*?)</work-title>", musicxml)
    composer = _first(r"<creator[^>]*type=[\"']composer[\"'][^>]*>(.*?)</creator>", musicxml)
    if not title:
        return None
    return f"{title} - {composer}" if composer else title


def parse_annotation(value: object) -> Annotation:
    """Read an annotation as the hub has it; parts that are missing are None.

    Args:
        value: JSON text, the text of a Python literal, or a mapping.

    Raises:
        DataError: It is none of these. The message begins with "broken annotation".
    """
    loaded = _loaded(value)
    encodings = loaded.get("encodings")
    encodings = encodings if isinstance(encodings, Mapping) else {}
    kern, musicxml = encodings.get("**kern"), encodings.get("musicxml")
    systems = loaded.get("systems")
    return Annotation(
        kern=kern if isinstance(kern, str) else None,
        title=piece_title(musicxml) if isinstance(musicxml, str) else None,
        boxes=tuple(_corners(system) for system in systems) if isinstance(systems, Sequence) and systems else None,
    )


def _turned(corners: Corners, page: SourcePage) -> Corners:
    """Corners given on the file's own pixels, as they lie on the upright page."""
    from_x, to_x, from_y, to_y = corners
    if page.orientation >= 5:
        from_x, to_x, from_y, to_y = from_y, to_y, from_x, to_x
    if page.orientation in (2, 3, 6, 7):
        from_x, to_x = page.width - to_x, page.width - from_x
    if page.orientation in (3, 4, 7, 8):
        from_y, to_y = page.height - to_y, page.height - from_y
    return from_x, to_x, from_y, to_y


def _is_read_downwards(boxes: Sequence[Corners], page: SourcePage) -> bool:
    """Whether boxes look like systems of this page: inside it, wider than high, listed from top to bottom."""
    centres = [(from_y + to_y) / 2 for _, _, from_y, to_y in boxes]
    return (
        all(upper < lower for upper, lower in itertools.pairwise(centres))
        and all(to_x - from_x > to_y - from_y for from_x, to_x, from_y, to_y in boxes)
        and all(to_x <= page.width + 1 and to_y <= page.height + 1 for _, to_x, _, to_y in boxes)
    )


def _placed(corners: Corners, page: SourcePage) -> SystemBox:
    from_x, to_x, from_y, to_y = corners
    across, down = page.image.width / page.width, page.image.height / page.height
    return SystemBox(
        from_x=min(max(round(from_x * across), 0), page.image.width),
        to_x=min(max(round(to_x * across), 0), page.image.width),
        from_y=min(max(round(from_y * down), 0), page.image.height),
        to_y=min(max(round(to_y * down), 0), page.image.height),
    )


def system_boxes(annotation: Annotation, system_count: int, page: SourcePage) -> tuple[SystemBox, ...] | str:
    """Boxes of all systems on the stored image, from top to bottom.

    Boxes of a page with an EXIF rotation are taken as given on the upright page, as viewers and `datasets` show it;
    where they make no sense there but do on the file's own pixels, they are turned with the page.

    Args:
        annotation: Of the page.
        system_count: Number of systems of its text.
        page: The page as read.

    Returns:
        The boxes, or a few words on why they are not used.
    """
    if annotation.boxes is None:
        return "no list of systems"
    if len(annotation.boxes) != system_count:
        return "number of boxes differs from the systems of the text"
    corners = [box for box in annotation.boxes if box is not None]
    if len(corners) < system_count:
        return "system without a complete box"
    if page.orientation != 1 and not _is_read_downwards(corners, page):
        turned = [_turned(box, page) for box in corners]
        corners = turned if _is_read_downwards(turned, page) else corners
    placed = [_placed(box, page) for box in corners]
    if any(box.to_x - box.from_x < 2 or box.to_y - box.from_y < 2 for box in placed):
        return "box that is empty or outside the image"
    return tuple(sorted(placed, key=lambda box: (box.from_y + box.to_y, box.from_x)))
