"""The forms of a text that a network may learn to write, each with the way back to the dialect of the dataset.

A form changes a source text before it becomes tokens and restores what was read. Knows no tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from jazzmus.errors import ConfigError
from jazzmus.kern.completion import complete
from jazzmus.kern.normal_form import normalize
from jazzmus.kern.written import as_sounding, as_written


class TextForm(NamedTuple):
    """A form of texts.

    Attributes:
        name: As configs and checkpoints call it.
        apply: The form of a well-formed text of the dialect; raises KernError where the text is not well-formed.
        restore: The dialect's text of any text in this form, malformed ones included; never raises.
    """

    name: str
    apply: Callable[[str], str]
    restore: Callable[[str], str]


# As the dataset has it, and as the published tokenizers were measured.
SOURCE = TextForm("source", lambda kern: kern, lambda text: text)

FORMS = {
    form.name: form
    for form in (
        SOURCE,
        # One picture, one text.
        TextForm("normal", normalize, complete),
        # The normal form with accidentals where they are drawn.
        TextForm("written", lambda kern: as_written(normalize(kern)), lambda text: complete(as_sounding(text))),
    )
}


def build_form(name: str) -> TextForm:
    """Return the form of that name.

    Raises:
        ConfigError: if there is none; the message lists the names.
    """
    if name not in FORMS:
        raise ConfigError(f"unknown text form {name!r}; the forms are {', '.join(FORMS)}")
    return FORMS[name]
