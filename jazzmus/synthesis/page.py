"""One generated page from one seed: a tune, its engraving, and a sheet of paper around it.

Knows how content, engraving and paper are put together, and nothing of how pages are stored or learnt from.
"""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import asdict, dataclass, field
from statistics import NormalDist

import numpy as np
from PIL import Image, ImageFilter

from jazzmus.dataset.manifest import SystemBox
from jazzmus.errors import ConfigError, DataError
from jazzmus.synthesis.content import TuneStyle, procedural_tune
from jazzmus.synthesis.engraving import MUSIC_FONTS, EngravingStyle, engrave, rasterise

GENERATOR_VERSION = 1  # raise it when the same seed and style give another page than before
MOST_SYSTEMS = 40


@dataclass(frozen=True)
class PageStyle:
    """What generated pages look like; each pair is the least and the greatest value that is drawn.

    Attributes:
        tune: What the music may contain.
        systems: Number of systems.
        width: Width of the page in pixels.
        aspect: Least height of the page over its width; a page is always high enough for its music.
        margin: Each margin over the page's width.
        staff_spaces: Width of a system in distances between two staff lines; more makes the music smaller.
        system_gap: Distance between systems in half staff spaces.
        chord_size: Size of the chords in half staff spaces.
        music_fonts: Verovio's fonts to choose from.
        ink: Darkest gray level, 0 is black.
        paper: Gray level of the paper, 255 is white.
        blur: Radius of the blur in pixels.
        noise: Standard deviation of the paper's grain in gray levels.
    """

    tune: TuneStyle = field(default_factory=TuneStyle)
    systems: tuple[int, int] = (1, 8)
    width: tuple[int, int] = (1000, 1000)
    aspect: tuple[float, float] = (0.0, 1.414)
    margin: tuple[float, float] = (0.03, 0.09)
    staff_spaces: tuple[float, float] = (100.0, 130.0)
    system_gap: tuple[float, float] = (5.0, 11.0)
    chord_size: tuple[float, float] = (4.0, 5.2)
    music_fonts: tuple[str, ...] = MUSIC_FONTS
    ink: tuple[int, int] = (0, 50)
    paper: tuple[int, int] = (230, 255)
    blur: tuple[float, float] = (0.0, 0.6)
    noise: tuple[float, float] = (0.0, 4.0)

    def __post_init__(self) -> None:
        if not 1 <= self.systems[0] <= self.systems[1] <= MOST_SYSTEMS:
            raise ConfigError(f"PageStyle.systems={self.systems}: give fewest and most, within 1 to {MOST_SYSTEMS}")
        unknown = sorted(set(self.music_fonts) - set(MUSIC_FONTS))
        if unknown or not self.music_fonts:
            raise ConfigError(f"PageStyle.music_fonts: unknown or none {unknown}; use {list(MUSIC_FONTS)}")

    @classmethod
    def simple(cls, systems: tuple[int, int] = (1, 3)) -> PageStyle:
        """Return small clean pages with a small vocabulary, for a model that learns in minutes."""
        return cls(
            tune=TuneStyle.simple(),
            systems=systems,
            width=(560, 560),
            aspect=(0.0, 0.0),
            margin=(0.03, 0.06),
            staff_spaces=(54.0, 62.0),
            system_gap=(5.0, 8.0),
            chord_size=(4.5, 5.0),
            music_fonts=("Leipzig", "Bravura"),
            ink=(0, 30),
            paper=(240, 255),
            blur=(0.0, 0.4),
            noise=(0.0, 2.0),
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the style and of the generator's version."""
        content = json.dumps([GENERATOR_VERSION, asdict(self)], sort_keys=True)
        return hashlib.sha256(content.encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class SyntheticPage:
    """A generated page with its exact text and boxes.

    Attributes:
        image: Mode `L`.
        kern: Its text.
        system_boxes: One box for each system, top to bottom, in pixels; chords and staff are inside.
        writer: Who or what "wrote" it, such as `engraved-Leland`.
        seed: The seed it was made from.
    """

    image: Image.Image
    kern: str
    system_boxes: tuple[SystemBox, ...]
    writer: str
    seed: int


def make_page(seed: int, style: PageStyle) -> SyntheticPage:
    """Make the page of a seed. Under the same versions of the libraries it is the same to the pixel everywhere.

    Raises:
        DataError: The systems drawn are not those of the text; a defect of the generator.
    """
    rng = random.Random(f"jazzmus page {seed}")
    systems = rng.randint(*style.systems)
    kern = procedural_tune(rng, systems, style.tune)
    engraving = EngravingStyle(
        music_font=rng.choice(style.music_fonts),
        staff_spaces=rng.uniform(*style.staff_spaces),
        system_gap=rng.uniform(*style.system_gap),
        chord_size=rng.uniform(*style.chord_size),
        line_width=rng.uniform(0.12, 0.2),
        justify_last=rng.random() < 0.7,
    )
    score = engrave(kern, engraving)
    if len(score.systems) != systems:
        raise DataError(f"page of seed {seed}: {len(score.systems)} systems drawn for {systems} in the text")
    width = rng.randint(*style.width)
    left, right, top, bottom = (round(rng.uniform(*style.margin) * width) for _ in range(4))
    music, boxes = rasterise(score, width - left - right)
    height = max(top + music.height + bottom, round(rng.uniform(*style.aspect) * width))
    page = Image.new("L", (width, height), 255)
    page.paste(music, (left, top))
    shifted = tuple(SystemBox(box.from_x + left, box.to_x + left, box.from_y + top, box.to_y + top) for box in boxes)
    return SyntheticPage(_print_on_paper(page, rng, style), kern, shifted, f"engraved-{engraving.music_font}", seed)


def _print_on_paper(page: Image.Image, rng: random.Random, style: PageStyle) -> Image.Image:
    """Give black on white its tones, blur and grain; nothing moves."""
    blurred = page.filter(ImageFilter.GaussianBlur(rng.uniform(*style.blur)))
    ink, paper = rng.randint(*style.ink), rng.randint(*style.paper)
    deviation = rng.uniform(*style.noise)
    tones = blurred.point([round(ink + level * (paper - ink) / 255.0) for level in range(256)])
    # Grain by a table of normal quantiles: ten times faster than drawing normal numbers for every pixel.
    quantiles = np.array([NormalDist().inv_cdf((level + 0.5) / 256) for level in range(256)]) * deviation
    generator = np.random.Generator(np.random.PCG64(rng.getrandbits(64)))
    levels = np.frombuffer(generator.bytes(page.width * page.height), dtype=np.uint8)
    grain = np.rint(quantiles).astype(np.int16)[levels].reshape(page.height, page.width)
    return Image.fromarray(np.clip(np.asarray(tones, dtype=np.int16) + grain, 0, 255).astype(np.uint8))
