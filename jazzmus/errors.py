"""The errors a user can meet. Each message is one line: what happened, to which file or binding, what to do.

Knows nothing of the rest of the package, so that every layer may raise these.
"""

from __future__ import annotations

from collections.abc import Sequence


class JazzmusError(Exception):
    """Base of every error that is shown to a user as one line with exit code 2."""


class ConfigError(JazzmusError):
    """A flag, gin file or binding is wrong."""


class DataError(JazzmusError):
    """A dataset, image, annotation or manifest cannot be used."""


class KernError(JazzmusError):
    """A Humdrum text does not follow the dialect. Messages begin with the line number."""


class CheckpointError(JazzmusError):
    """Weights are missing, broken, or do not fit the model they are given to."""


def in_brief(names: Sequence[str], most: int = 5) -> str:
    """The first names for a message, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
