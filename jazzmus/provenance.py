"""What took part in a training, told by the config of its run: pages, earlier weights, and the licence they leave.

Knows bindings, manifests and checkpoints; knows no network.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jazzmus.config_text import config_bindings, path_free
from jazzmus.dataset.manifest import MANIFEST_NAME, TRAINING_SPLITS, read_manifest
from jazzmus.errors import CheckpointError, DataError, JazzmusError
from jazzmus.model.pretrained import read_weights

RESTRICTED, FREE = "cc-by-nc-4.0", "mit"
_GENERATED = "jazzmus.synthesis"  # what the manifest of generated pages names as their data set
_PROCEDURAL, _TUNES = "procedural", "tunes"
_WORDS = {_PROCEDURAL: "made up", _TUNES: "tunes of the trainer's own", "recombined": "recombined training texts"}
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
# How the sources of earlier weights begin; older checkpoints name the weights too.
_EARLIER = re.compile(r"(?:before(?:, for `[^`]*`)?: )+")
_MOST_STARTS = 8  # weights that started from weights that started from weights


class Source(NamedTuple):
    """Pages, or earlier weights, that took part in a training.

    Attributes:
        text: What the card says of it.
        licence: What it makes of the weights' licence; None where its owner must say.
        dataset: Its name on the hub, or nothing.
    """

    text: str
    licence: str | None
    dataset: str = ""


def recorded_sources(extras: Mapping[str, Any], depth: int = _MOST_STARTS) -> list[Source]:
    """What took part in the training of a checkpoint: as it recorded then, or where it did not, as is there now.

    Args:
        extras: What the checkpoint says of itself.
        depth: How many times to ask for the weights that training started from.
    """
    if "sources" in extras:
        return _each_once([Source(**source) for source in extras["sources"]])
    sources = training_sources(config_bindings(str(extras.get("operative_config", ""))), depth)
    if data_changed(extras):
        sources.append(Source("the data has changed since; what stands here is what is there now", RESTRICTED))
    return sources


def training_sources(bindings: Mapping[str, str], depth: int = _MOST_STARTS) -> list[Source]:
    """What takes part in the training that an operative config describes, the weights it starts from included."""
    if not bindings:
        return [Source("the run's config was not recorded", RESTRICTED)]
    sources = [_folder_source(folder) for folder in _folders(bindings)]
    if _value(bindings, "FullPageDataModule.data_path") is None:
        sources.append(Source("the folder of its pages was not recorded", RESTRICTED))
    if bindings.get("FullPageDataModule.generated", "None") != "None":
        sources += _generated_sources(bindings)
    start = _start(bindings)
    if start and depth:
        sources += _earlier_sources(start, depth)
    return _each_once(sources)


def _each_once(sources: Iterable[Source]) -> list[Source]:
    """Sources without repetition: what trained weights and, before, those they started from, is named once."""
    found: dict[tuple[str, str | None], Source] = {}
    for source in sources:
        own = _EARLIER.sub("", source.text)
        text = own if own == source.text else f"before: {own}"
        found.setdefault((own, source.licence), source._replace(text=text))
    return list(found.values())


def _folder_source(folder: Path) -> Source:
    try:
        manifest = read_manifest(folder)
    except JazzmusError:
        return Source(f"`{folder.name}`, a folder that is no longer there", RESTRICTED)
    count = sum(page.split in TRAINING_SPLITS for page in manifest.pages)
    if manifest.dataset == _GENERATED:
        kinds = ", ".join(_WORDS.get(kind, kind) for kind in manifest.content) or "of what is not recorded"
        # The manifest of an older folder does not say what it was made of.
        licence = _content_licence(manifest.content or (_TUNES,))
        return Source(f"`{folder.name}`: {count} generated pages, {kinds}", licence)
    dataset = manifest.dataset if _HUB_ID.fullmatch(manifest.dataset) else ""
    text = f"`{folder.name}`: {count} pages of {dataset or 'prepared data'}, protocol `{manifest.protocol}`"
    return Source(text + (f", revision {manifest.revision}" if manifest.revision else ""), RESTRICTED, dataset)


def _generated_sources(bindings: Mapping[str, str]) -> list[Source]:
    """Pages drawn while training, by what they are made of."""
    content = {_PROCEDURAL: 1.0}
    if bindings.get("GeneratedPages.content", "None") != "None":
        content = _value(bindings, "GeneratedPages.content")
    if bindings["FullPageDataModule.generated"] != "@GeneratedPages()" or not isinstance(content, dict):
        return [Source("pages drawn while training, of what is not recorded", RESTRICTED)]
    return [
        Source(f"pages drawn while training: {_WORDS.get(kind, kind)} (share {share:g})", _content_licence([kind]))
        for kind, share in content.items()
        if share > 0
    ]


def _content_licence(kinds: Iterable[str]) -> str | None:
    """The licence that what generated pages are made of leaves; None where the owner of tunes must say."""
    others = set(kinds) - {_PROCEDURAL}
    if not others:
        return FREE
    return None if others == {_TUNES} else RESTRICTED


def _earlier_sources(start: str, depth: int) -> list[Source]:
    """What the weights that training started from were trained on themselves."""
    try:
        extras = read_weights(start).extras if Path(start).is_file() else {}
    except CheckpointError:
        extras = {}
    if not extras.keys() & {"sources", "operative_config"}:
        return [Source(f"whatever `{path_free(start)}` was trained on, which is not recorded", RESTRICTED)]
    return [source._replace(text=f"before: {source.text}") for source in recorded_sources(extras, depth - 1)]


def licence_of(sources: Sequence[Source], given: str | None) -> str:
    """The licence that sources leave the weights, or where they leave it open the one that is given.

    Raises:
        DataError: If it is open and none is given, or one is given that the sources do not allow.
    """
    if not sources or any(source.licence == RESTRICTED for source in sources):
        if given not in (None, RESTRICTED):
            raise DataError(
                f"--license {given}: pages under {RESTRICTED}, or what is not recorded, took part in the training; "
                "leave it out"
            )
        return RESTRICTED
    undecided = [source.text for source in sources if source.licence is None]
    if undecided and given is None:
        raise DataError(f"whose tunes they are is not recorded ({undecided[0]}): give --license, such as {FREE}")
    return given or FREE


def started_from(bindings: Mapping[str, str]) -> str:
    """The weights that training started from, without the folders of the machine; empty for random ones."""
    return path_free(_start(bindings))


def _start(bindings: Mapping[str, str]) -> str:
    loads = _value(bindings, "FullPageTrainer.load_pretrained")
    return str(_value(bindings, "FullPageTrainer.pretrained") or "") if loads else ""


def _value(bindings: Mapping[str, str], name: str) -> Any:
    """The plain value of a binding; None where there is none."""
    try:
        return ast.literal_eval(bindings[name])
    except (KeyError, ValueError, SyntaxError):
        return None


def data_changed(extras: Mapping[str, Any]) -> bool:
    """Whether the data folders of a checkpoint's config hold other pages than it was trained and scored on."""
    bindings = config_bindings(str(extras.get("operative_config", "")))
    recorded = {part.rpartition(":")[2] for part in str(extras.get("split_fingerprint", "")).split()}
    there = [folder for folder in _folders(bindings) if (folder / MANIFEST_NAME).is_file()]
    try:
        return bool(recorded) and any(read_manifest(folder).fingerprint not in recorded for folder in there)
    except DataError:
        return True


def protocol_text(extras: Mapping[str, Any], unit: str, pages: int, manner: str = "greedily") -> str:
    """What the scores of a run were taken on, as sentences for a card.

    Args:
        extras: What its checkpoint says of itself.
        unit: What is read, `page` or `system`.
        pages: How many of them.
        manner: How they were read.
    """
    bindings = config_bindings(str(extras.get("operative_config", "")))
    split = _value(bindings, "FullPageDataModule.validation_split") or "val"
    folders = _folders(bindings)
    names = ", ".join(f"`{folder.name}`" for folder in folders) or "data not recorded"
    protocols = ", ".join(sorted({_protocol_of(folder) for folder in folders})) or "not recorded"
    since = " (the data has changed since)" if data_changed(extras) else ""
    return (
        f"{pages} {unit}s of the split `{split}` of {names}, protocol {protocols}{since}; read {manner} with the "
        "grammar. `clean` means that no copy of a piece that is read was trained on. `cer`, `ser` and `ler` count over "
        "all pages together, as published; other names are this project's own. The weights were chosen by these very "
        "pages."
    )


def _folders(bindings: Mapping[str, str]) -> list[Path]:
    path = _value(bindings, "FullPageDataModule.data_path")
    return [Path(folder) for folder in ([path] if isinstance(path, str) else dict(path or {}).values())]


def _protocol_of(folder: Path) -> str:
    try:
        return f"`{read_manifest(folder).protocol}`"
    except DataError:
        return "not recorded"
