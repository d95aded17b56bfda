"""What generated pages look like, in one place for configs. Knows choices, not how they are drawn."""

from __future__ import annotations

from dataclasses import dataclass, field

from jazzmus.config import configurable
from jazzmus.errors import ConfigError
from jazzmus.synthesis.engraving import MUSIC_FONTS
from jazzmus.synthesis.handwriting.remarks import RemarkStyle
from jazzmus.synthesis.paper.style import PaperStyle

MOST_SYSTEMS = 40


@configurable
@dataclass(frozen=True)
class PageStyle:
    """What generated pages look like.

    Attributes:
        systems: Fewest and most systems of a page; every number between is drawn equally often.
        engraved: Share of pages that are printed with a music font instead of written by hand.
        endings: Probability of first and second endings at a repeat; the texts do not have them, pages do.
        writers: Number of different writers; None: each page has a new one.
        music_fonts: Verovio's fonts to choose from.
        paper: Staves, paper, scanner and camera (a section of its own in the config).
        remarks: What is drawn but not part of the text (likewise).
    """

    systems: tuple[int, int] = (1, 12)
    engraved: float = 0.05
    endings: float = 0.6
    writers: int | None = None
    music_fonts: tuple[str, ...] = MUSIC_FONTS
    paper: PaperStyle = field(default_factory=PaperStyle)
    remarks: RemarkStyle = field(default_factory=RemarkStyle)

    def __post_init__(self) -> None:
        if not 1 <= self.systems[0] <= self.systems[1] <= MOST_SYSTEMS:
            raise ConfigError(f"PageStyle.systems={self.systems}: give fewest and most, within 1 to {MOST_SYSTEMS}")
        for name in ("engraved", "endings"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"PageStyle.{name}={getattr(self, name)}: give a share within 0 to 1")
        if self.writers is not None and self.writers < 1:
            raise ConfigError(f"PageStyle.writers={self.writers}: give at least 1, or None for a new one on each page")
        unknown = sorted(set(self.music_fonts) - set(MUSIC_FONTS))
        if unknown or not self.music_fonts:
            raise ConfigError(f"PageStyle.music_fonts: unknown or none {unknown}; use {list(MUSIC_FONTS)}")
