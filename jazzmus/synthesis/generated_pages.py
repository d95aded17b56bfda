"""Pages without end, by number: what is played, who writes it down, and on what paper.

A number is a page: the same number gives the same music in the same hand, and with the same paper the same pixels, in
any process. Knows where content comes from and what is kept of drawn pages; it does not know tokens, batches or models.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from jazzmus.config import configurable
from jazzmus.dataset.manifest import TRAINING_SPLITS, SystemBox
from jazzmus.errors import ConfigError, DataError, KernError
from jazzmus.kern.systems import system_range
from jazzmus.synthesis.content.leaks import LeakCheck
from jazzmus.synthesis.content.page_texts import EVALUATION_SPLITS, page_texts
from jazzmus.synthesis.content.procedural import ProceduralTunes, TuneStyle
from jazzmus.synthesis.content.random_chords import with_random_chords
from jazzmus.synthesis.content.recombination import RecombinedTexts
from jazzmus.synthesis.content.source import ContentMix
from jazzmus.synthesis.content.user_tunes import UserTunes
from jazzmus.synthesis.drawn_page import DrawnPage, draw_page, draw_strip
from jazzmus.synthesis.drawn_store import DrawnStore
from jazzmus.synthesis.page import SyntheticPage, on_paper
from jazzmus.synthesis.page_style import PageStyle

logger = logging.getLogger(__name__)

GENERATOR_VERSION = 5  # raise it when the same number and settings give another page than before
SOURCES = ("procedural", "tunes", "recombined")
STRIP_SYSTEMS = 3  # a single system is drawn with its neighbours, which decide its ties and its beginning
STRIP_SHARES = (0.15, 0.7, 0.15)  # how often the first, the middle and the last of them is shown: pages have about 7
SAMPLED_TEXTS = 400
MOST_REDRAWS = 100
# Libraries whose other versions may give other pixels.
LIBRARIES = ("verovio", "opencv-python-headless", "resvg-py", "numpy", "fonttools", "pillow")
DOES_NOT_FIT = "does not fit the vocabulary and the length of the run"
_MUSIC = "jazzmus page {}"  # seed of the music
LENGTH_STREAM, HAND_STREAM, PAPER_STREAM = 1, 2, 3  # what is drawn from a number, each by its own generator


@configurable
class GeneratedPages:
    """Draws pages on demand.

    Args:
        style: What pages look like.
        content: Share of each source of tunes: `procedural` (made up), `tunes` (the user's own) and `recombined`
            (training texts taken apart and put together anew); None: made up ones only.
        procedural: What made-up tunes may contain.
        tunes: Folder with the user's tunes (MusicXML or kern), for the source `tunes`.
        texts: Prepared data folders whose training texts are recombined, but for copies of pieces of which they or
            `held_out` have a validation or test page.
        held_out: Prepared folders with whose validation and test pages no generated one shares a melody, nor any tune
            or training text that one is made of; a data module adds those of its own data.
        random_chords: Share of pages whose chord symbols are drawn at random, without harmony: they have to be seen.
        papers: For how many epochs a drawn page comes back, each time on new paper.
        cache: Folder that keeps drawn pages for that; None: they are drawn again.

    Attributes:
        content: The shares that are above 0.
        fingerprint: SHA-256 (hex) of everything that decides what a number means.
        refusals: How often a tune could not be drawn as its text says, by reason; it got other music. See `refused`.

    Raises:
        ConfigError: A source has a share but no data, or a value is out of range.
        DataError: A folder cannot be read, or all that a source has shares a melody with held-out pages.
    """

    def __init__(
        self,
        style: PageStyle | None = None,
        content: dict[str, float] | None = None,
        procedural: TuneStyle | None = None,
        tunes: str | None = None,
        texts: tuple[str, ...] = (),
        held_out: tuple[str, ...] = (),
        random_chords: float = 0.0,
        papers: int = 1,
        cache: str | None = None,
    ) -> None:
        if not 0 <= random_chords <= 1:
            raise ConfigError(f"GeneratedPages.random_chords must lie between 0 and 1, not be {random_chords}")
        if papers < 1:
            raise ConfigError(f"GeneratedPages.papers must be at least 1, not {papers}")
        self.style = style or PageStyle()
        self.papers = papers
        self.content = _positive_shares(content or {"procedural": 1.0})
        self._sources: dict[str, ProceduralTunes | UserTunes | RecombinedTexts] = {}
        material = self._open_sources(procedural or TuneStyle(), tunes, texts, held_out)
        self.random_chords = random_chords
        self._facts = (
            GENERATOR_VERSION, _versions(), asdict(self.style), self.content, random_chords, _digest(material)
        )  # fmt: skip
        self._store = DrawnStore(Path(cache)) if cache else None
        self._limit = ""
        self._fits: Callable[[str], bool] | None = None
        self._held_out: list[str] = []
        self._leak_check: LeakCheck | None = None
        if held_out:
            self._keep_from(page_texts([Path(folder) for folder in held_out], EVALUATION_SPLITS))
        self._set_up()

    def _open_sources(
        self, procedural: TuneStyle, tunes: str | None, texts: Sequence[str], held_out: Sequence[str]
    ) -> list[str]:
        """Open the sources that have a share, and return what they are made of."""
        material = []
        if "procedural" in self.content:
            self._sources["procedural"] = ProceduralTunes(procedural)
            material.append(repr(procedural))
        if "tunes" in self.content:
            if tunes is None:
                raise ConfigError("GeneratedPages.content has a share of 'tunes': bind GeneratedPages.tunes to a path")
            user_tunes = UserTunes(Path(tunes))
            self._sources["tunes"] = user_tunes
            material += user_tunes.texts
        if "recombined" in self.content:
            if not texts:
                raise ConfigError(
                    "GeneratedPages.content has a share of 'recombined': bind GeneratedPages.texts to prepared folders"
                )
            folders = [Path(folder) for folder in texts]
            training = page_texts(folders, TRAINING_SPLITS, [*folders, *(Path(folder) for folder in held_out)])
            self._sources["recombined"] = RecombinedTexts(training)
            material += training
        return material

    @property
    def systems(self) -> tuple[int, int]:
        """Fewest and most systems of a page."""
        return self.style.systems

    def kept_from(self, held_out: Iterable[str]) -> GeneratedPages:
        """Return the same pages but for those that share a melody with one of these texts.

        Tunes and training texts that share one are left out whole: a system or two of them would be too short to tell.

        Raises:
            DataError: Nothing is left of a source.
        """
        pages = copy(self)
        pages._keep_from(held_out)
        pages._set_up()
        return pages

    def _keep_from(self, held_out: Iterable[str]) -> None:
        self._held_out = [*self._held_out, *held_out]
        self._leak_check = LeakCheck(self._held_out)
        leaks = self._leak_check.leaks
        self._sources = {
            name: source if isinstance(source, ProceduralTunes) else source.without(leaks)
            for name, source in self._sources.items()
        }

    def limited_to(self, fits: Callable[[str], bool], limit: str) -> GeneratedPages:
        """Return the same pages but for those whose text does not fit; these numbers get other music.

        Args:
            fits: Says whether a text does.
            limit: Names what fits: another limit is another fingerprint.
        """
        pages = copy(self)
        pages._fits, pages._limit = fits, limit
        pages._set_up()
        return pages

    def _set_up(self) -> None:
        self._mix = ContentMix(self._sources, self.content, self._leak_check)
        self.refusals: Counter[str] = Counter()
        self._unfit = 0
        facts = json.dumps([*self._facts, _digest(sorted(self._held_out)), self._limit], sort_keys=True)
        self.fingerprint = _digest([facts])

    def refused(self) -> Counter[str]:
        """Count the tunes in whose place others were taken so far in this process, by the reason.

        Reasons are those of the content by source, that a text does not fit, and that it could not be drawn.
        """
        reasons = Counter({f"{source}: {reason}": count for (source, reason), count in self._mix.refusals.items()})
        if self._unfit:
            reasons[DOES_NOT_FIT] = self._unfit
        return reasons + self.refusals

    def texts(
        self, unit: Literal["page", "system"], count: int = SAMPLED_TEXTS, systems: tuple[int, int] | None = None
    ) -> list[str]:
        """Return the texts of pages, or of single systems, without drawing any.

        Args:
            unit: What each is a text of.
            count: How many.
            systems: Fewest and most systems of a page; None: as the style says.
        """
        if unit == "page":
            return [self._text(number, self._length(number, systems), None) for number in range(count)]
        strips = ((self._shown_system(number), number) for number in range(count))
        return [system_range(self._text(number, STRIP_SYSTEMS, at), at, at + 1) for at, number in strips]

    def page(self, number: int, systems: int | None = None, paper: int = 0) -> SyntheticPage:
        """Make a page.

        Args:
            number: Which one, at least 0.
            systems: Number of its systems; None: as the number and the style say.
            paper: Number of its paper.

        Raises:
            DataError: No tune fits; or what is drawn is not what the text says, a defect of the generator.
        """
        return self._made(number, self._length(number) if systems is None else systems, paper, strip=False)

    def strip(self, number: int, paper: int = 0) -> SyntheticPage:
        """Make a single system, as cut out of a page; see `page`."""
        return self._made(number, 1, paper, strip=True)

    def draw(
        self, number: int, systems: int, paper: int, strip: bool
    ) -> tuple[Image.Image, str, tuple[SystemBox, ...]]:
        """Return image, text and boxes of a page or strip; see `page`."""
        page = self._made(number, systems, paper, strip)
        return page.image, page.kern, page.system_boxes

    def drawn(self, number: int) -> DrawnPage:
        """Return a page before its paper; see `page`."""
        return self._drawn(number, self._length(number), strip=False)

    def on_paper(self, drawn: DrawnPage, number: int, paper: int = 0) -> SyntheticPage:
        """Put the drawn page of a number on paper."""
        return on_paper(drawn, number, _stream(number, PAPER_STREAM, paper), self.style.paper)

    def _made(self, number: int, systems: int, paper: int, strip: bool) -> SyntheticPage:
        style = self.style.paper.inside_a_page() if strip else self.style.paper
        return on_paper(self._drawn(number, systems, strip), number, _stream(number, PAPER_STREAM, paper), style)

    def _drawn(self, number: int, systems: int, strip: bool) -> DrawnPage:
        key = f"{self.fingerprint[:12]}-{number}-{'strip' if strip else systems}"
        page = self._store.get(key) if self._store else None
        if page is not None:
            return page
        page = self._newly_drawn(number, systems, strip)
        if self._store:
            self._store.put(key, page)
        return page

    def _newly_drawn(self, number: int, systems: int, strip: bool) -> DrawnPage:
        tunes = random.Random(_MUSIC.format(number))
        shown = self._shown_system(number) if strip else None
        for _ in range(MOST_REDRAWS):
            kern = self._fitting_tune(tunes, STRIP_SYSTEMS if strip else systems, shown)
            rng = _stream(number, HAND_STREAM)
            try:
                if shown is None:
                    return draw_page(kern, rng, self.style)
                return draw_strip(kern, shown, rng, self.style)
            except (KernError, DataError) as error:
                # About one tune in a thousand: what would be drawn is not what its text says.
                self.refusals[re.sub(r"\d+", "N", str(error))] += 1
                logger.debug("generated page %d gets other music: %s", number, error)
        raise DataError(f"generated page {number}: none of {MOST_REDRAWS} tunes can be drawn; {self.refusals}")

    def _length(self, number: int, systems: tuple[int, int] | None = None) -> int:
        fewest, most = systems or self.style.systems
        return int(_stream(number, LENGTH_STREAM).integers(fewest, most + 1))

    def _shown_system(self, number: int) -> int:
        return int(_stream(number, LENGTH_STREAM).choice(STRIP_SYSTEMS, p=STRIP_SHARES))

    def _text(self, number: int, systems: int, shown: int | None) -> str:
        return self._fitting_tune(random.Random(_MUSIC.format(number)), systems, shown)

    def _fitting_tune(self, tunes: random.Random, systems: int, shown: int | None) -> str:
        """Return a tune; of all its systems, or only of the one shown, it is asked whether they fit."""
        for _ in range(MOST_REDRAWS):
            kern = self._mix.tune(tunes, systems).kern
            if self.random_chords and tunes.random() < self.random_chords:
                kern = with_random_chords(kern, tunes)
            if self._fits is None or self._fits(kern if shown is None else system_range(kern, shown, shown + 1)):
                return kern
            self._unfit += 1
        raise DataError(
            f"generated pages: none of {MOST_REDRAWS} tunes of {systems} systems fits the vocabulary and the length of "
            "the run; check GeneratedPages.content"
        )


def _positive_shares(content: dict[str, float]) -> dict[str, float]:
    """Return the sources that have a share, checked."""
    if unknown := sorted(set(content) - set(SOURCES)):
        raise ConfigError(f"GeneratedPages.content: no source is called {unknown[0]!r}; use {', '.join(SOURCES)}")
    shares = {name: share for name, share in content.items() if share}
    if not shares or not all(math.isfinite(share) and share > 0 for share in shares.values()):
        raise ConfigError(f"GeneratedPages.content={content}: give shares of at least 0, one of them above 0")
    return shares


def _versions() -> dict[str, str]:
    """Return the versions of what decides the pixels of a page."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # the library under another name, such as another build of OpenCV
            found[name] = ""
    return found


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8")).hexdigest()


def _stream(number: int, *stream: int) -> np.random.Generator:
    return np.random.default_rng([number, *stream])
