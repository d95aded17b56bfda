"""What may stand in a config: whether a value fits a parameter's annotation, and what to say of an unknown name.

Knows no gin and no files; a section used as a value arrives here as a `SectionValue`.
"""

from __future__ import annotations

import difflib
import inspect
import types
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin


@dataclass(frozen=True)
class SectionValue:
    """Stands for what a section will return, `@name()` in a config."""

    name: str
    target: Callable[..., Any]

    def __repr__(self) -> str:
        return f"@{self.name}()"


def fits(value: Any, annotation: Any) -> bool:
    """Tell whether a value of a config may be given to a parameter.

    An int is no bool and a bool no int; a float parameter takes an int; a list is no tuple, both are sequences, and a
    text is none. Where there is no annotation anything fits.

    Args:
        value: A literal, a `SectionValue`, or containers of these.
        annotation: A type, not its name: classes, None, Any, Literal, unions, and lists, tuples, mappings and so on.

    Raises:
        TypeError: If the annotation is of another kind.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    kind: Any = origin or annotation
    if annotation in (Any, inspect.Parameter.empty):
        return True
    if origin in (Union, types.UnionType):
        return any(fits(value, choice) for choice in arguments)
    if origin is Literal:
        return any(type(value) is type(choice) and value == choice for choice in arguments)
    if annotation is None:
        return value is None
    if not inspect.isclass(kind):
        raise TypeError(f"a parameter annotated {annotation!r} cannot be bound in a config")
    if isinstance(value, SectionValue):
        # What a function returns is known only once it is called.
        return issubclass(value.target, kind) if inspect.isclass(value.target) else True
    if kind in (int, float):
        return type(value) is int or type(value) is kind
    if isinstance(value, str):
        return kind is str
    if not isinstance(value, kind) or not arguments:
        return isinstance(value, kind)
    return _items_fit(value, kind, arguments)


def _items_fit(value: Any, kind: Any, arguments: tuple[Any, ...]) -> bool:
    if isinstance(value, Mapping):
        return all(fits(key, arguments[0]) and fits(item, arguments[1]) for key, item in value.items())
    if kind is tuple and Ellipsis not in arguments:
        return len(value) == len(arguments) and all(map(fits, value, arguments))
    return all(fits(item, arguments[0]) for item in value)


def annotation_text(annotation: Any) -> str:
    """Return an annotation as one would write it."""
    return inspect.formatannotation(annotation).replace("typing.", "").replace("collections.abc.", "")


def unknown(kind: str, word: str, known: Collection[str]) -> str:
    """Say that there is no `kind` (section, macro...) named `word`, and which name may be meant."""
    hint = suggestion(word, known) or f" (known: {', '.join(sorted(known)) or 'none'})"
    return f"there is no {kind} named {word!r}{hint}"


def suggestion(word: str, known: Collection[str]) -> str:
    """Return a question that offers the names close to `word`, to be put behind a message, or nothing."""
    by_lower = {name.lower(): name for name in sorted(known)}
    close = difflib.get_close_matches(word.lower(), by_lower, n=2)
    return f": did you mean {' or '.join(by_lower[name] for name in close)}?" if close else ""
