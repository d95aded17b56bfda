"""Prepared folders as pages, and pages as samples. Knows no batches, no stages and no model.

Pages may also be drawn when they are asked for; who draws them, and how, is not known here.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from jazzmus.dataset.annotation import check_page_text
from jazzmus.dataset.augment import PageAugmentation
from jazzmus.dataset.batch import PageSample, SystemTarget
from jazzmus.dataset.manifest import Manifest, PageRecord, SystemBox
from jazzmus.dataset.page_image import read_image
from jazzmus.dataset.page_transform import PageTransform, Rows, crop_systems, rows_of_systems, strip_area
from jazzmus.errors import DataError, KernError, in_brief
from jazzmus.kern.codec import TextCodec
from jazzmus.kern.document import parse_kern
from jazzmus.kern.forms import TextForm
from jazzmus.kern.systems import count_systems, system_range, system_texts

logger = logging.getLogger(__name__)

# Name, in a mix of sources, of the pages that are drawn on demand.
GENERATED = "generated"


@dataclass(frozen=True)
class Page:
    """A page of a prepared folder with its text in memory and its image on disk.

    Attributes:
        source: Name of the data source it belongs to.
        folder: Folder of the manifest.
        record: What the manifest says of it.
        kern: Its text as the source gives it.
        num_systems: Systems in the text.
        text_problem: Why the text is not well-formed; empty if it is.
    """

    source: str
    folder: Path
    record: PageRecord
    kern: str
    num_systems: int
    text_problem: str = ""

    @property
    def can_be_cut(self) -> bool:
        """Whether a box is known for every system, and the text is well-formed."""
        return not self.text_problem and len(self.record.systems or ()) == self.num_systems


class PageRequest(NamedTuple):
    """What to show of a page.

    Attributes:
        page: Index of the page.
        first: Index of the first system shown.
        last: Index after the last system shown.
        seed: Of its augmentation; None: none.
        strip: Show a single system as `strip_area` cuts it out, also on a page that has no other one.
    """

    page: int
    first: int
    last: int
    seed: int | None = None
    strip: bool = False


class GeneratedRequest(NamedTuple):
    """Which page to draw, and on what paper.

    Attributes:
        number: Of the page, or of the single system; the same number is the same music in the same hand.
        systems: Number of systems of the page.
        seed: Of its paper, and of its augmentation.
        strip: A single system out of a page, as `PageRequest.strip`.
        cut: End the page below its last system, as one whose further systems are cut off.
    """

    number: int
    systems: int
    seed: int
    strip: bool = False
    cut: bool = False

    @property
    def page_id(self) -> str:
        """Name of the page in messages and results."""
        return f"{GENERATED}-{self.number}-{self.seed}"


class PageGenerator(Protocol):
    """Who draws pages."""

    def draw(
        self, number: int, systems: int, paper: int, strip: bool
    ) -> tuple[Image.Image, str, tuple[SystemBox, ...]]:
        """Return the page of a `GeneratedRequest`, of mode "L", its text and the boxes of its systems.

        They are the same in any process.
        """


def read_pages(source: str, folder: Path, manifest: Manifest, split: str) -> list[Page]:
    """Pages of one split of a prepared folder, in the manifest's order.

    Raises:
        DataError: If a text is missing, or cannot be that of a page.
    """
    pages = []
    for record in manifest.pages:
        if record.split != split:
            continue
        path = folder / record.ground_truth
        try:
            # newline="" keeps the text as it is; its readers accept every line end.
            with path.open(encoding="utf-8", newline="") as file:
                kern = file.read()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path}: the page's text cannot be read ({error}); run data_prep.py again") from error
        try:
            check_page_text(kern)
        except DataError as error:
            raise DataError(f"{path}: {error}; run data_prep.py again") from error
        pages.append(Page(source, folder, record, kern, count_systems(kern), _text_problem(kern)))
    return pages


def _text_problem(kern: str) -> str:
    try:
        parse_kern(kern)
    except KernError as error:
        return str(error)
    return ""


def system_text(page: Page, first: int, last: int) -> str:
    """Text of systems `first` to `last - 1` of a page.

    Raises:
        DataError: If the page cannot be cut, or its text is not well-formed.
    """
    path = page.folder / page.record.ground_truth
    if page.text_problem:
        raise DataError(f"{path}: cannot be cut into systems: {page.text_problem}; mend the text or leave the page out")
    if not page.can_be_cut:
        raise DataError(f"{path}: the page cannot be cut into systems, its boxes are not known; run data_prep.py again")
    return system_range(page.kern, first, last)


class _Shown(NamedTuple):
    """What a request shows, before anything is done to its pixels.

    Attributes:
        page_id: As in `PageSample`.
        image: Mode "L".
        kern: Its text.
        token_ids: (T,) int64 ids of it.
        rows: Where its systems stand in the image; none for a strip, and where that is not known.
        system_ids: Ids of the text of each system; of one that stands alone, also where there are no rows.
    """

    page_id: str
    image: Image.Image
    kern: str
    token_ids: Tensor
    rows: Sequence[Rows]
    system_ids: tuple[tuple[int, ...], ...]


class FullPageDataset(Dataset[PageSample]):
    """Pages on demand; images are decoded when asked for, so that workers share no pixels.

    A request says everything about a sample, its augmentation included: any worker gives the same one.

    Args:
        pages: The pages that requests index.
        page_transform: Gray page to tensor.
        codec: Text to ids.
        augmentation: For requests that carry a seed; None: never.
        generator: Draws the pages of a `GeneratedRequest`; None: there are none.
    """

    def __init__(
        self,
        pages: Sequence[Page],
        page_transform: PageTransform,
        codec: TextCodec,
        augmentation: PageAugmentation | None = None,
        generator: PageGenerator | None = None,
    ) -> None:
        self.pages = pages
        self.page_transform = page_transform
        self.codec = codec
        self.augmentation = augmentation
        self.generator = generator
        self._targets: dict[tuple[int, int, int], tuple[str, Tensor]] = {}
        self._systems: dict[int, tuple[tuple[int, ...], ...]] = {}

    def __len__(self) -> int:
        return len(self.pages)

    def __getitem__(self, request: PageRequest | GeneratedRequest) -> PageSample:  # type: ignore[override]
        shown = self._drawn(request) if isinstance(request, GeneratedRequest) else self._stored(request)
        image, rows = shown.image, shown.rows
        generator = None if request.seed is None else np.random.default_rng(request.seed)
        if self.augmentation is not None and generator is not None:
            image, rows = self.augmentation.on_image_and_rows(image, rows, generator)
        tensor, places = self.page_transform.with_rows(image, rows)
        if self.augmentation is not None and generator is not None:
            tensor = self.augmentation.on_tensor(tensor, generator)
        if len(shown.system_ids) == 1 and not places:
            # A strip is its system; so is a page of one whose place is not known.
            places = [(0, tensor.shape[1])]
        systems = (SystemTarget(*place, ids) for place, ids in zip(places, shown.system_ids, strict=True))
        return PageSample(shown.page_id, tensor, shown.token_ids, shown.kern, tuple(systems))

    def _drawn(self, request: GeneratedRequest) -> _Shown:
        """What is shown of a page that is drawn now."""
        if self.generator is None:
            raise ValueError("a generated page is asked for, but there is no generator")
        image, kern, boxes = self.generator.draw(request.number, request.systems, request.seed, request.strip)
        if request.cut:
            image = image.crop((0, 0, image.width, min(boxes[-1].to_y, image.height)))
        ids = self.codec.encode(kern)
        system_ids = (tuple(ids[1:-1]),) if len(boxes) == 1 else self._ids_of_systems(kern, request.page_id)
        rows = rows_of_systems(image.size, boxes, 0, len(boxes)) if system_ids and not request.strip else ()
        return _Shown(request.page_id, image, kern, torch.tensor(ids, dtype=torch.long), rows, system_ids)

    def _stored(self, request: PageRequest) -> _Shown:
        """What is shown of a page on disk."""
        page, (first, last) = self.pages[request.page], (request.first, request.last)
        kern, token_ids = self._target(request)
        path = page.folder / page.record.image
        page_id, image, boxes = page.record.page_id, read_image(path, str(path)), page.record.systems or ()
        size, is_part = image.size, request.strip or (first, last) != (0, page.num_systems)
        if request.strip:
            image = image.crop(strip_area(size, boxes, first))
        elif is_part:
            image = crop_systems(image, boxes, first, last)
        if is_part:
            page_id = f"{page_id}:{first}-{last}"
        if last - first == 1:
            system_ids: tuple[tuple[int, ...], ...] = (tuple(token_ids[1:-1].tolist()),)
        else:
            system_ids = self._systems_of(request.page)[first:last]
        rows = rows_of_systems(size, boxes, first, last) if system_ids and boxes and not request.strip else ()
        return _Shown(page_id, image, kern, token_ids, rows, system_ids)

    def _systems_of(self, index: int) -> tuple[tuple[int, ...], ...]:
        """Ids of every system of a page on disk, encoded once; none where the page cannot be cut."""
        page = self.pages[index]
        if index not in self._systems:
            path = page.folder / page.record.ground_truth
            self._systems[index] = self._ids_of_systems(page.kern, str(path)) if page.can_be_cut else ()
        return self._systems[index]

    def _ids_of_systems(self, kern: str, name: str) -> tuple[tuple[int, ...], ...]:
        try:
            return tuple(tuple(self.codec.encode(text)[1:-1]) for text in system_texts(kern))
        except KernError as error:
            logger.warning("%s: only the decoder learns from it, its systems have no texts (%s)", name, error)
            return ()

    def _target(self, request: PageRequest) -> tuple[str, Tensor]:
        """Text and ids of what is shown; parsed once, since pages come back every epoch."""
        key = (request.page, request.first, request.last)
        if key not in self._targets:
            page = self.pages[request.page]
            kern = shown_text(page, request.first, request.last)
            ids = self.codec.encode_formed(formed_text(self.codec.form, page, kern))
            self._targets[key] = kern, torch.tensor(ids, dtype=torch.long)
        return self._targets[key]


def shown_text(page: Page, first: int, last: int) -> str:
    """Text of systems `first` to `last - 1` of a page, untouched where they are the whole page.

    Raises:
        DataError: If the page must be cut and cannot be.
    """
    return page.kern if (first, last) == (0, page.num_systems) else system_text(page, first, last)


def formed_text(form: TextForm, page: Page, kern: str) -> str:
    """A text of a page, or of some of its systems, in the form that a network writes.

    Raises:
        DataError: If the form needs a well-formed text and this is none.
    """
    try:
        return form.apply(kern)
    except KernError as error:
        raise DataError(
            f"{page.folder / page.record.ground_truth}: has no {form.name} form ({error}); mend the text, or bind "
            "FullPageDataModule.text_form = 'source'"
        ) from error


def check_leaks(training: Sequence[Page], validation: Sequence[Page], clean: AbstractSet[str]) -> None:
    """Look for pieces that are both trained and validated on, in one source or in two.

    Raises:
        DataError: If there is one where either source (named in `clean`) was prepared to have none.
    """
    trained: dict[str, set[str]] = {}
    for page in training:
        trained.setdefault(page.record.piece, set()).add(page.source)
    leaks = [page for page in validation if page.record.piece in trained]
    if not leaks:
        return
    pieces = sorted({page.record.piece for page in leaks})
    found = f"{len(pieces)} validation pieces are trained on too: {in_brief([repr(piece) for piece in pieces])}"
    if any(clean & {page.source, *trained[page.record.piece]} for page in leaks):
        raise DataError(f"{found}; prepare all sources of FullPageDataModule.data_path with --protocol clean")
    logger.warning("%s; scores are not those of unknown pieces", found)
