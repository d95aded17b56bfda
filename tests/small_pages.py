"""Small prepared data folders for tests: drawn pages of a few systems, each with its text, and their manifest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from jazzmus.dataset.manifest import Manifest, PageRecord, SystemBox, write_manifest

WIDTH, MARGIN, SYSTEM_HEIGHT, GAP = 240, 12, 40, 20
PITCHES = "cdefgab"


@dataclass(frozen=True)
class SmallPage:
    """What a test wants of a page; pages of one piece have the same text."""

    page_id: str
    split: str
    piece: str
    systems: int
    has_boxes: bool = True
    chord: str = "C:maj7"

    @property
    def height(self) -> int:
        return 2 * MARGIN + self.systems * SYSTEM_HEIGHT + (self.systems - 1) * GAP

    @property
    def boxes(self) -> tuple[SystemBox, ...]:
        tops = [MARGIN + system * (SYSTEM_HEIGHT + GAP) for system in range(self.systems)]
        return tuple(SystemBox(MARGIN, WIDTH - MARGIN, top, top + SYSTEM_HEIGHT) for top in tops)

    @property
    def kern(self) -> str:
        rows = ["**kern\t**mxhm", "*clefG2\t*", "*k[b-]\t*", "*M2/4\t*"]
        for system in range(self.systems):
            if system:
                rows.append("!!linebreak:original")
            pitch = PITCHES[(ord(self.piece[0]) + system) % len(PITCHES)]
            rows += ["=\t=", f"4{pitch}\t{self.chord}", f"8{pitch}L\t.", f"8{pitch * 2}J\tF:min7"]
        return "\n".join([*rows, "==\t==", "*-\t*-"]) + "\n"

    def draw(self) -> Image.Image:
        image = Image.new("L", (WIDTH, self.height), 250)
        pen = ImageDraw.Draw(image)
        for number, box in enumerate(self.boxes):
            for line in range(5):
                row = box.from_y + 10 + 5 * line
                pen.line((box.from_x, row, box.to_x - 1, row), fill=20)
            left = 30 + 40 * number
            pen.ellipse((left, box.from_y + 15, left + 12, box.from_y + 25), fill=0)
        return image


TRAINING = (
    SmallPage("a-1", "train", "a", 3),
    SmallPage("a-2", "train", "a", 3),
    SmallPage("a-3", "train", "a", 3),
    SmallPage("b-1", "train", "b", 2, chord="Bb:min7/F"),
    SmallPage("c-1", "train", "c", 1),
    SmallPage("d-1", "train", "d", 3, has_boxes=False),
)
VALIDATION = (
    SmallPage("e-1", "val", "e", 2),
    SmallPage("f-1", "val", "f", 1, chord="D:dim"),  # `dim` is in no training page
)
ENGRAVED = tuple(SmallPage(f"s-{count}", "synthetic", f"{'stuvw'[count]}", count) for count in (1, 2, 3, 4))


def write_pages(folder: Path, pages: Sequence[SmallPage]) -> Path:
    """Write pages as `data_prep.py` would and return the folder."""
    records = []
    for page in pages:
        image, text = (Path(page.split) / kind for kind in ("images", "ground_truth"))
        for kind in (image, text):
            (folder / kind).mkdir(parents=True, exist_ok=True)
        page.draw().save(folder / image / f"{page.page_id}.jpg", quality=95)
        (folder / text / f"{page.page_id}.txt").write_text(page.kern, encoding="utf-8")
        records.append(
            PageRecord(
                page_id=page.page_id,
                split=page.split,
                image=(image / f"{page.page_id}.jpg").as_posix(),
                ground_truth=(text / f"{page.page_id}.txt").as_posix(),
                piece=page.piece,
                row=None,
                width=WIDTH,
                height=page.height,
                systems=page.boxes if page.has_boxes else None,
            )
        )
    write_manifest(folder, Manifest(folder.name, "drawn", None, "clean", tuple(records), ()))
    return folder
