"""What writers of output need to know of a reading. Does not know who read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from jazzmus.dataset.manifest import SystemBox


class Reading(Protocol):
    """The text of a page, and how sure of it the network was."""

    @property
    def kern(self) -> str:
        """Humdrum text."""

    @property
    def stop_reason(self) -> str:
        """`eos` where the network ended the page itself, else `length` or `loop`."""

    @property
    def confidence(self) -> float:
        """Mean probability of the tokens, in [0, 1]."""

    @property
    def seconds(self) -> float:
        """Time of reading."""

    @property
    def row_confidences(self) -> Sequence[float]:
        """Least probability of the tokens of each line of `kern`."""

    @property
    def doubtful_bars(self) -> Sequence[int]:
        """1-based numbers of lines at which a bar begins that does not fill its meter."""

    @property
    def system_boxes(self) -> Sequence[SystemBox]:
        """Where the systems stand, in pixels of the page; may be empty."""

    @property
    def tokens(self) -> Sequence[tuple[str, float]]:
        """What the network wrote, each token with its probability; of systems, one after the other."""
