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
from jazzmus.dataset.batch import PageSample
from jazzmus.dataset.manifest import Manifest, PageRecord
from jazzmus.dataset.page_image import read_image
from jazzmus.dataset.page_transform import PageTransform, crop_systems
from jazzmus.errors import DataError, KernError, in_brief
from jazzmus.kern.codec import TextCodec
from jazzmus.kern.document import parse_kern
from jazzmus.kern.forms import TextForm
from jazzmus.kern.systems import count_systems, system_range

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
        strip: Show nothing above and below the systems, not even where the page has no other one there.
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
    """

    number: int
    systems: int
    seed: int
    strip: bool = False

    @property
    def page_id(self) -> str:
        """Name of the page in messages and results."""
        return f"{GENERATED}-{self.number}-{self.seed}"


class PageGenerator(Protocol):
    """Who draws pages."""

    def draw(self, number: int, systems: int, paper: int, strip: bool) -> tuple[Image.Image, str]:
        """Return the page of a `GeneratedRequest`, of mode "L", and its text; the same in any process."""


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

    def __len__(self) -> int:
        return len(self.pages)

    def __getitem__(self, request: PageRequest | GeneratedRequest) -> PageSample:  # type: ignore[override]
        if isinstance(request, GeneratedRequest):
            page_id, (image, kern) = request.page_id, self._drawn(request)
            token_ids = torch.tensor(self.codec.encode(kern), dtype=torch.long)
        else:
            kern, token_ids = self._target(request)
            page_id, image = self._stored(request)
        generator = None if request.seed is None else np.random.default_rng(request.seed)
        if self.augmentation is not None and generator is not None:
            image = self.augmentation.on_image(image, generator)
        tensor = self.page_transform(image)
        if self.augmentation is not None and generator is not None:
            tensor = self.augmentation.on_tensor(tensor, generator)
        return PageSample(page_id, tensor, token_ids, kern)

    def _drawn(self, request: GeneratedRequest) -> tuple[Image.Image, str]:
        if self.generator is None:
            raise ValueError("a generated page is asked for, but there is no generator")
        return self.generator.draw(request.number, request.systems, request.seed, request.strip)

    def _stored(self, request: PageRequest) -> tuple[str, Image.Image]:
        """Id and image of what is shown of a page on disk."""
        page = self.pages[request.page]
        path = page.folder / page.record.image
        image = read_image(path, str(path))
        if not request.strip and (request.first, request.last) == (0, page.num_systems):
            return page.record.page_id, image
        image = crop_systems(image, page.record.systems or (), request.first, request.last, request.strip)
        return f"{page.record.page_id}:{request.first}-{request.last}", image

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
