"""Drawn pages on disk, so that a page serves several times under new paper. Knows files, not how pages are drawn."""

from __future__ import annotations

import io
import json
import logging
from dataclasses import astuple
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from jazzmus.dataset.manifest import SystemBox
from jazzmus.errors import ConfigError
from jazzmus.files import write_bytes
from jazzmus.synthesis.drawn_page import DrawnPage

logger = logging.getLogger(__name__)

CHECKED_EVERY = 100  # pages put between two looks at how many there are


class DrawnStore:
    """A folder of drawn pages; the oldest go when there are too many.

    Args:
        folder: Made if it is absent; it holds nothing else.
        most: Pages kept.

    Raises:
        ConfigError: `most` is below 1.
    """

    def __init__(self, folder: Path, most: int = 8000) -> None:
        if most < 1:
            raise ConfigError(f"a store of {most} drawn pages: keep at least 1")
        self.folder = folder
        self.most = most
        self._put = 0

    def get(self, key: str) -> DrawnPage | None:
        """Return the page of a key, or None if there is none that can be read."""
        path = self._path(key)
        try:
            with Image.open(path) as image:
                facts = json.loads(image.info["page"])
                ink, staves = np.split(np.asarray(image), 2)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, SyntaxError) as error:
            logger.warning("%s: not a drawn page (%s); it is drawn again", path, error)
            return None
        boxes = tuple(SystemBox(*box) for box in facts["boxes"])
        return DrawnPage(ink.copy(), staves.copy(), boxes, facts["space"], facts["kern"], facts["writer"])

    def put(self, key: str, page: DrawnPage) -> None:
        """Keep a page."""
        facts = PngImagePlugin.PngInfo()
        values = {
            "boxes": [astuple(box) for box in page.boxes],
            "space": page.space,
            "kern": page.kern,
            "writer": page.writer,
        }
        facts.add_text("page", json.dumps(values))
        encoded = io.BytesIO()
        layers = Image.fromarray(np.concatenate([page.ink, page.staves]))
        layers.save(encoded, format="PNG", pnginfo=facts, compress_level=1)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_bytes(self._path(key), encoded.getvalue())
        self._put += 1
        if self._put % CHECKED_EVERY == 0:
            self._remove_oldest()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.png"

    def _remove_oldest(self) -> None:
        # Other processes remove pages too.
        ages = []
        for path in self.folder.glob("*.png"):
            try:
                ages.append((path.stat().st_mtime_ns, path))
            except FileNotFoundError:
                continue
        for _, path in sorted(ages)[: max(0, len(ages) - self.most)]:
            path.unlink(missing_ok=True)
