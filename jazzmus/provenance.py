"""What took part in a training, told by the config of its run: pages, earlier weights, and the licence they leave.

Knows bindings, manifests and checkpoints; knows no network.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jazzmus.config_text import config_bindings
from jazzmus.dataset.manifest import MANIFEST_NAME, TRAINING_SPLITS, read_manifest
from jazzmus.errors import CheckpointError, DataError, JazzmusError
from jazzmus.model.pretrained import read_weights

RESTRICTED, FREE = "cc-by-nc-4.0", "mit"
_GENERATED = "jazzmus.synthesis"  # what the manifest of generated pages names as their data set
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


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


def training_sources(bindings: Mapping[str, str], depth: int = 8) -> list[Source]:
    """What took part in the training that an operative config describes, the weights it started from included."""
    if not bindings:
        return [Source("the run's config was not recorded", RESTRICTED)]
    sources = [_folder_source(folder) for folder in _folders(bindings)]
    if "GeneratedPages" in bindings.get("FullPageDataModule.generated", ""):
        sources += _generated_sources(_value(bindings, "GeneratedPages.content") or {"procedural": 1.0})
    start = _start(bindings)
    if start and depth:
        sources += _earlier_sources(start, depth)
    return list(dict.fromkeys(sources))


def _folder_source(folder: Path) -> Source:
    try:
        manifest = read_manifest(folder)
    except JazzmusError:
        return Source(f"`{folder.name}`, a folder that is no longer there", RESTRICTED)
    count = sum(page.split in TRAINING_SPLITS for page in manifest.pages)
    if manifest.dataset == _GENERATED:
        return Source(f"`{folder.name}`: {count} generated pages", None)
    dataset = manifest.dataset if _HUB_ID.fullmatch(manifest.dataset) else ""
    text = f"`{folder.name}`: {count} pages of {dataset or 'prepared data'}, protocol `{manifest.protocol}`"
    return Source(text + (f", revision {manifest.revision}" if manifest.revision else ""), RESTRICTED, dataset)


def _generated_sources(content: Mapping[str, float]) -> list[Source]:
    licences = {"procedural": FREE, "tunes": None}
    words = {"procedural": "made up", "tunes": "tunes of the trainer's own", "recombined": "recombined training texts"}
    return [
        Source(f"pages drawn while training: {words.get(kind, kind)} (share {share:g})", licences.get(kind, RESTRICTED))
        for kind, share in content.items()
        if share > 0
    ]


def _earlier_sources(start: str, depth: int) -> list[Source]:
    """What the weights that training started from were trained on themselves."""
    unknown = [Source(f"whatever `{_shown(start)}` was trained on, which is not recorded", RESTRICTED)]
    try:
        config = read_weights(start).extras.get("operative_config") if Path(start).is_file() else None
    except CheckpointError:
        return unknown
    if not config:
        return unknown
    return [
        source._replace(text=f"before, for `{_shown(start)}`: {source.text}")
        for source in training_sources(config_bindings(config), depth - 1)
    ]


def licence_of(sources: Sequence[Source], given: str | None) -> str:
    """The licence that sources leave the weights, or where they leave it open the one that is given.

    Raises:
        DataError: If it is open and none is given, or one is given that the sources do not allow.
    """
    if any(source.licence == RESTRICTED for source in sources):
        if given not in (None, RESTRICTED):
            raise DataError(f"--license {given}: pages under {RESTRICTED} took part in the training; leave it out")
        return RESTRICTED
    undecided = [source.text for source in sources if source.licence is None]
    if undecided and given is None:
        raise DataError(f"whose tunes they are is not recorded ({undecided[0]}): give --license, such as {FREE}")
    return given or FREE


def started_from(bindings: Mapping[str, str]) -> str:
    """The weights that training started from, without the folders of the machine; empty for random ones."""
    return _shown(_start(bindings))


def _start(bindings: Mapping[str, str]) -> str:
    loads = _value(bindings, "FullPageTrainer.load_pretrained")
    return str(_value(bindings, "FullPageTrainer.pretrained") or "") if loads else ""


def _shown(source: str) -> str:
    """A path without the folders of the machine it lay on."""
    return Path(source).name if Path(source).is_absolute() else source


def _value(bindings: Mapping[str, str], name: str) -> Any:
    """The plain value of a binding; None where there is none."""
    try:
        return ast.literal_eval(bindings[name])
    except (KeyError, ValueError, SyntaxError):
        return None


def protocol_text(bindings: Mapping[str, str], unit: str, pages: int) -> str:
    """What the scores of a run were taken on, as sentences for a card.

    Args:
        bindings: Of its operative config.
        unit: What is read, `page` or `system`.
        pages: How many of them.
    """
    split = _value(bindings, "FullPageDataModule.validation_split") or "val"
    folders = _folders(bindings)
    names = ", ".join(f"`{folder.name}`" for folder in folders) or "data not recorded"
    protocols = ", ".join(sorted({_protocol_of(folder) for folder in folders})) or "not recorded"
    return (
        f"{pages} {unit}s of the split `{split}` of {names}, protocol {protocols}; read greedily with the grammar. "
        "`clean` means that no copy of a piece that is read was trained on. `cer`, `ser` and `ler` count over all "
        "pages together, as published; other names are this project's own. The weights were chosen by these very pages."
    )


def _folders(bindings: Mapping[str, str]) -> list[Path]:
    path = _value(bindings, "FullPageDataModule.data_path")
    return [Path(folder) for folder in ([path] if isinstance(path, str) else dict(path or {}).values())]


def _protocol_of(folder: Path) -> str:
    return f"`{read_manifest(folder).protocol}`" if (folder / MANIFEST_NAME).is_file() else "not recorded"
