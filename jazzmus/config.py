"""The only gin glue of the project: register sections, load config files, build what they describe.

A section is a class or function decorated with `configurable`; it stays plain Python, usable, picklable and
subclassable without any config. Only `build(target, **facts)` (or a reference `@Name()` inside a config) asks gin for
the bindings of a section, and then calls it:

    @configurable
    class FullPageTrainer(LightningModule): ...

    load_config([Path("config/full_page_baseline.gin")], ["FullPageTrainer.freeze_encoder = True"])
    trainer = build(FullPageTrainer, vocabulary=vocabulary)  # run-time facts by keyword, the rest from the config
    check_consumed()

Files are read by gin's parser, but statement by statement, because gin itself lets too much pass without a word (found
with 0.5.0): an explicit argument beats its binding, a misspelt macro is one more macro, an include after a binding
undoes it, values are of any type, and includes are looked up in the working directory. Here each of these is a
`ConfigError` that names its place. What gin offers and this does not: `import` in a config, references without `()`,
and bindings that end up in a section's `**kwargs`.

Knows nothing of what the sections are or do, nor of the command line: flags arrive here as binding texts.
"""

from __future__ import annotations

import importlib.util  # noqa: F401  gin 0.5.0 uses it without importing it, which fails on Python 3.11
import inspect
import logging
import tokenize
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, overload

import gin
from gin import config as gin_config
from gin import config_parser

from jazzmus.config_files import Binding, Include, read_files, shown_path
from jazzmus.config_values import SectionValue, annotation_text, fits, suggestion, unknown
from jazzmus.errors import ConfigError

logger = logging.getLogger(__name__)

Built = TypeVar("Built")
Target = TypeVar("Target", bound=Callable[..., Any])

_MODULE = "jazzmus"
_MACRO = "gin.macro"
_NO_VALUE = "{0} has no value: bind it in the config file or with --gin '{0}=...'"


@dataclass(frozen=True)
class _Section:
    name: str
    target: Callable[..., Any]
    construct: Callable[..., Any]


@dataclass
class _Config:
    """What was read: the last binding of each (scope, section, parameter) and macro, and every macro named."""

    parameters: dict[tuple[str, str, str], Binding] = field(default_factory=dict)
    macros: dict[str, Binding] = field(default_factory=dict)
    macros_named: set[str] = field(default_factory=set)


class _BuildFailedError(Exception):
    """Carries an error through gin, which would otherwise add lines to its message and change its type."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


_sections: dict[str, _Section] = {}
_loaded = _Config()
_built: set[tuple[str, str]] = set()


@overload
def configurable(target_or_name: str) -> Callable[[Target], Target]: ...
@overload
def configurable(target_or_name: Target) -> Target: ...
def configurable(target_or_name: Any) -> Any:
    """Register a class or function as a section of the config, and return it unchanged.

    Used as `@configurable`, where the section has the name of its target, or as `@configurable("name")`. It is the
    outermost decorator (above `@dataclass`, say), since it reads the signature.

    Raises:
        ValueError: If another target has the name already.
    """
    if isinstance(target_or_name, str):
        return lambda target: _register(target, target_or_name)
    return _register(target_or_name, target_or_name.__name__)


def _register(target: Target, name: str) -> Target:
    parameters = _named_parameters(target)

    def construct(**arguments: Any) -> Any:
        _built.add((gin_config.current_scope_str(), name))
        try:
            for parameter in parameters.values():
                if parameter.default is inspect.Parameter.empty and parameter.name not in arguments:
                    raise ConfigError(_NO_VALUE.format(f"{name}.{parameter.name}"))
            return target(**arguments)
        except Exception as error:
            raise _BuildFailedError(error) from error

    # gin gets a function with the signature of the target: for a class it would make a subclass of it on the fly.
    construct.__signature__ = inspect.Signature(list(parameters.values()))  # type: ignore[attr-defined]
    with gin.unlock_config():
        wrapped = gin.external_configurable(construct, name=name, module=_MODULE)
    _sections[name] = _Section(name, target, wrapped)
    return target


def _named_parameters(target: Callable[..., Any], eval_str: bool = False) -> dict[str, inspect.Parameter]:
    """Return the parameters of `target` that may be passed by keyword, all but `**kwargs`, as keyword-only ones."""
    by_keyword = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {
        name: parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(target, eval_str=eval_str).parameters.items()
        if parameter.kind in by_keyword
    }


def build(target: Callable[..., Built], /, **facts: Any) -> Built:
    """Call a section with its bindings and with what only the running program knows.

    Args:
        target: A class or function decorated with `configurable`.
        **facts: Run-time facts. A parameter is either a fact or bound, never both.

    Returns:
        What `target` returns (for a class, the instance). Errors of the target come out as they were raised.

    Raises:
        ConfigError: If a fact is bound as well, or a parameter without default is neither bound nor given.
        TypeError: If `target` is not registered, or does not take one of the facts.
    """
    section = next((section for section in _sections.values() if section.target is target), None)
    if section is None:
        raise TypeError(f"{target!r} is not decorated with configurable")
    bound = gin.get_bindings(f"{_MODULE}.{section.name}", resolve_references=False)
    for name in sorted(bound.keys() & facts.keys()):
        place = next(bound.place for key, bound in _loaded.parameters.items() if key[1:] == (section.name, name))
        raise ConfigError(
            f"{section.name}.{name} is bound in the config but the code passes it explicitly (remove {place})"
        )
    try:
        return section.construct(**facts)
    except _BuildFailedError as failure:
        error = failure.error
    # Raised out here so that the error keeps its own cause and context.
    raise error


def load_config(files: Sequence[Path], bindings: Sequence[str] = ()) -> None:
    """Read config files in order, then single bindings; later values win. Replaces what was loaded before.

    Nothing is loaded when there is an error.

    Args:
        files: gin files; for their includes see `jazzmus.config_files`.
        bindings: Texts of the form `Section.parameter = value` or `macro = value`.

    Raises:
        ConfigError: One line with the file and line, or the binding, for a missing file, a file read twice, a syntax
            error, an unknown section, parameter or macro, a value of the wrong type, or an include after a binding.
    """
    statements, paths = read_files(files, _parse)
    for text in bindings:
        match _parse(text, ""):
            case [Binding() as statement]:
                statements.append(statement)
            case _:
                raise ConfigError(f"binding {text!r} is not of the form Section.parameter=value")
    config = _Config()
    for binding in statements:
        _add_binding(config, binding)
    for binding in config.parameters.values():
        _check_type(config, binding)
    for binding in config.macros.values():
        _without_macros(config, binding.value, binding.place)

    clear_config()
    for key, binding in config.parameters.items():
        gin.bind_parameter(key, binding.value)
    for name, binding in config.macros.items():
        gin.bind_parameter((name, _MACRO, "value"), binding.value)
    global _loaded
    _loaded = config
    logger.info("config read from %s", ", ".join(map(shown_path, paths)) or "bindings only")


def clear_config() -> None:
    """Forget all bindings and what was built. Sections stay registered."""
    global _loaded
    gin.clear_config()
    _loaded = _Config()
    _built.clear()


class _Delegate(gin_config.ParserDelegate):
    """Makes gin's references while parsing. Raises SyntaxError, the only kind that gin's parser leaves as it is."""

    def configurable_reference(self, scoped_selector: str, evaluate: bool) -> Any:
        name = scoped_selector.rsplit("/", 1)[-1]
        if name not in _sections:
            raise SyntaxError(f"@{scoped_selector}: {unknown('section', name, _sections)}")
        if not evaluate:
            raise SyntaxError(f"@{scoped_selector} must be written @{scoped_selector}()")
        return super().configurable_reference(scoped_selector, evaluate)

    def macro(self, name: str) -> Any:
        return gin_config.ConfigurableReference(f"{name}/{_MACRO}", True)


def _parse(text: str, file: str) -> list[Include | Binding]:
    """Return the statements of a config text; `file` is "" for a single binding, whose place is its own text."""

    def place(line: int) -> str:
        return f"{file}:{line}" if file else f"binding {text!r}"

    parser = None
    statements: list[Include | Binding] = []
    try:
        parser = config_parser.ConfigParser(text, _Delegate())
        for statement in parser:
            where = place(statement.location.line_num)
            if isinstance(statement, config_parser.IncludeStatement):
                statements.append(Include(statement.filename, where))
            elif isinstance(statement, config_parser.BindingStatement):
                scope, name, parameter, value, _ = statement
                statements.append(Binding(scope, name, parameter, value, where))
            elif isinstance(statement, config_parser.ImportStatement):
                raise ConfigError(f"{where}: a config cannot import; the scripts import every section")
    except (SyntaxError, tokenize.TokenError, RecursionError) as error:
        problem = str(error.args[0]).splitlines()[0]
        if "malformed node" in problem:
            problem = "not a value (text needs quotes; True, False and None are capitalised)"
        raise ConfigError(f"{place(parser.current_token.start[0] if parser else 1)}: {problem}") from error
    return statements


def _add_binding(config: _Config, binding: Binding) -> None:
    """Add a binding, after looking whether its section and parameter exist."""
    scope, name, parameter = binding.scope, binding.name, binding.parameter
    if not parameter:
        config.macros[f"{scope}/{name}" if scope else name] = binding
    else:
        _parameter(f"{name}.{parameter}", binding.place)
        config.parameters[scope, name, parameter] = binding
    # Also of a binding that is overridden later: a macro must not become an error because a flag wins over it.
    references = gin_config.iterate_references([binding.value])
    config.macros_named.update(macro for macro in map(_macro_name, references) if macro)


def _parameter(key: str, place: str) -> inspect.Parameter:
    """Return the parameter of a section, given as `Section.parameter`, with its annotation resolved."""
    name, _, parameter = key.rpartition(".")
    if name not in _sections:
        raise ConfigError(f"{place}: {unknown('section', name, _sections)}")
    parameters = _named_parameters(_sections[name].target, eval_str=True)
    if parameter not in parameters:
        raise ConfigError(f"{place}: {unknown(f'parameter of {name}', parameter, parameters)}")
    return parameters[parameter]


def _macro_name(reference: Any) -> str | None:
    return "/".join(reference.scopes) if reference.selector == _MACRO else None


def _without_macros(config: _Config, value: Any, place: str, trail: tuple[str, ...] = ()) -> Any:
    """Return `value` with each macro replaced by what it stands for, and each `@Name()` by a `SectionValue`."""
    if isinstance(value, gin_config.ConfigurableReference):
        name = _macro_name(value)
        if name is None:
            return SectionValue(value.scoped_selector, _sections[value.selector].target)
        if name in trail:
            raise ConfigError(f"{place}: macro %{name} is defined by itself")
        if name not in config.macros:
            raise ConfigError(f"{place}: {unknown('macro', name, config.macros)}")
        return _without_macros(config, config.macros[name].value, place, (*trail, name))
    if isinstance(value, dict):
        return {key: _without_macros(config, item, place, trail) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_without_macros(config, item, place, trail) for item in value)
    return value


def _check_type(config: _Config, binding: Binding) -> None:
    key = f"{binding.name}.{binding.parameter}"
    value = _without_macros(config, binding.value, binding.place)
    wanted = _parameter(key, binding.place).annotation
    if not fits(value, wanted):
        kind = "" if isinstance(value, SectionValue) else f", a {type(value).__name__}"
        raise ConfigError(f"{binding.place}: {key} is {value!r}{kind}, but must be {annotation_text(wanted)}")


def query(key: str) -> Any:
    """Return what a section would get for a parameter, given as `Section.parameter`: the bound value or the default.

    Raises:
        ConfigError: If there is no such section or parameter, or it has neither value nor default.
    """
    default = _parameter(key, key).default
    name, _, parameter = key.rpartition(".")
    if binding := _loaded.parameters.get(("", name, parameter)):
        return _without_macros(_loaded, binding.value, binding.place)
    if default is inspect.Parameter.empty:
        raise ConfigError(_NO_VALUE.format(key))
    return default


def check_consumed() -> list[str]:
    """Look for what the config says in vain; call it when everything is built.

    Returns:
        The sections that have bindings but were not built, with their scope, sorted. They are logged too: a run need
        not build every section of the file that it shares with others.

    Raises:
        ConfigError: If a macro is defined that no binding names; most likely its name is misspelt.
    """
    for name, binding in sorted(_loaded.macros.items()):
        if name not in _loaded.macros_named:
            hint = suggestion(name, _loaded.macros_named)
            raise ConfigError(f"{binding.place}: nothing reads the macro {name}{hint or ': remove it'}")
    unbuilt = {(scope, name) for scope, name, _ in _loaded.parameters if not _was_built(scope, name)}
    sections = sorted(f"{scope}/{name}" if scope else name for scope, name in unbuilt)
    if sections:
        logger.info("in the config, but not built in this run: %s", ", ".join(sections))
    return sections


def _was_built(scope: str, name: str) -> bool:
    """Tell whether `name` was built in `scope` or in a scope within it, which inherits the bindings."""
    return any(built == name and f"{inner}/".startswith(f"{scope}/" if scope else "") for inner, built in _built)


def operative_config() -> str:
    """Return the config of the sections built so far, with their defaults, as a text that `load_config` reads.

    Sections and parameters are sorted. Run-time facts are not in it.
    """
    return str(gin.operative_config_str(max_line_length=120))
