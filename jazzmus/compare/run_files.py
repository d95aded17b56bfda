"""The files that a run leaves, read back: results, metrics, cost and config, whatever of them is there.

Knows their formats, those of older runs too; does not know what is compared.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jazzmus.config_text import config_bindings
from jazzmus.errors import DataError
from jazzmus.metrics.confusions import Confusions
from jazzmus.metrics.report import METRICS
from jazzmus.metrics.transcription import EditCount
from jazzmus.run_folder import CONFIG_FILE, COST_FILE, METRICS_FILE, RECORD_FILE, RESULTS_FILE

_RESULTS_SUFFIXES = (".jsonl", ".json")


@dataclass(frozen=True)
class Page:
    """What is known of one page of a run.

    Attributes:
        page_id: Its name.
        counts: Edits and lengths for the names in `METRICS` that its line has.
        systems: Systems of the reference, None where the run is too old to say.
        confusions: What was read for what, None where it is not known.
    """

    page_id: str
    counts: Mapping[str, EditCount]
    systems: int | None = None
    confusions: Confusions | None = None


@dataclass(frozen=True)
class RunFiles:
    """A run as its files tell it.

    Attributes:
        name: How it is called in tables.
        path: What the user named.
        results: Name of the file its pages are from: `results.jsonl` is of the validation that chose its weights.
        pages: By name; none where it has no results.
        metrics: Step, name and value of each line of `metrics.csv`.
        bindings: Its config, macros resolved; empty where it has none.
        cost: What `cost.json` holds; empty where it has none.
        confusions: Sums over all pages, of a record that has them for no single page.
        lacking: What its files lack, in one line.
    """

    name: str
    path: Path
    results: str
    pages: Mapping[str, Page]
    metrics: Sequence[tuple[int, str, float]]
    bindings: Mapping[str, str]
    cost: Mapping[str, Any]
    confusions: Confusions | None
    lacking: str


def read_runs(paths: Sequence[Path]) -> list[RunFiles]:
    """Read runs, each a folder or a results file, and give them names that differ.

    Raises:
        DataError: If one of them is missing, no run, named twice, or has a broken file.
    """
    resolved = [path.resolve() for path in paths]
    for path in paths:
        if resolved.count(path.resolve()) > 1:
            raise DataError(f"{path}: is named twice; name each run once")
    runs = [read_run(path) for path in paths]
    alike: dict[str, list[RunFiles]] = {}
    for run in runs:
        alike.setdefault(run.name, []).append(run)
    longer = {
        run.path: name
        for same in alike.values()
        if len(same) > 1
        for run, name in zip(same, _told_apart([run.path for run in same]), strict=True)
    }
    return [replace(run, name=longer.get(run.path, run.name)) for run in runs]


def read_run(path: Path) -> RunFiles:
    """Read one run: a folder, or a file as `python -m jazzmus.evaluate` writes it, and what stands beside it.

    Raises:
        DataError: If it is missing, no run, or has a broken file.
    """
    if not path.exists():
        raise DataError(f"{path}: no such run; name a folder of weights/ or a results file")
    if path.is_file() and path.suffix not in _RESULTS_SUFFIXES:
        raise DataError(f"{path}: is no run; name folders, such as weights/*/, or files of results (.jsonl)")
    folder, results = (path, path / RESULTS_FILE) if path.is_dir() else (path.parent, path)
    pages = {page.page_id: page for page in _read_pages(results)} if results.is_file() else {}
    metrics, config = folder / METRICS_FILE, folder / CONFIG_FILE
    if path.is_dir() and not (pages or metrics.is_file() or config.is_file()):
        raise DataError(f"{path}: is no run: neither {RESULTS_FILE} nor {METRICS_FILE} nor {CONFIG_FILE} is there")
    record = read_json(folder / RECORD_FILE)
    name = record.get("name") if path.is_dir() else None
    confusions = record.get("confusions")
    recorded = record.get("results") if path.is_dir() else None
    run = RunFiles(
        name=name if isinstance(name, str) else _name(path),
        path=path,
        results=recorded if isinstance(recorded, str) else results.name,
        pages=pages,
        metrics=_read_metrics(metrics),
        bindings=config_bindings(read_text(config)),
        cost=read_json(folder / COST_FILE),
        confusions=confusions if isinstance(confusions, dict) else None,
        lacking="",
    )
    return replace(run, lacking=_lacking(run))


def _lacking(run: RunFiles) -> str:
    """All that is missing, in one line."""
    missing = [name for name in METRICS if any(name not in page.counts for page in run.pages.values())]
    lacks = [] if run.pages else [f"{RESULTS_FILE} (it shows in curves, cost and config only)"]
    lacks += [f"{', '.join(missing)} (so left out for all)"] if missing else []
    lacks += ["systems of pages"] if any(page.systems is None for page in run.pages.values()) else []
    unknown = any(page.confusions is None for page in run.pages.values())
    lacks += ["confusions"] if unknown and run.confusions is None else []
    lacks += [COST_FILE] if not run.cost else []
    lacks += [METRICS_FILE] if not run.metrics else []
    lacks += [CONFIG_FILE] if not run.bindings else []
    return "; ".join(lacks)


def _name(path: Path) -> str:
    path = path.resolve()
    if path.is_dir() or path.name == RESULTS_FILE:
        return (path if path.is_dir() else path.parent).name
    return f"{path.parent.name}/{path.stem}" if (path.parent / CONFIG_FILE).is_file() else path.stem


def _told_apart(paths: Sequence[Path]) -> list[str]:
    """Names of runs that are called alike: with as many of the folders above as tell all of them apart."""
    places = [path.resolve() for path in paths]
    parts = [(path if path.is_dir() else path.with_suffix("")).parts for path in places]
    for count in range(2, max(map(len, parts))):
        names = ["/".join(part[-count:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in paths]


def _read_pages(path: Path) -> list[Page]:
    pages: list[Page] = []
    seen: set[str] = set()
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            page = _page(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{path}, line {number}: not a page result ({error!r}); evaluate again") from error
        if page.page_id in seen:
            raise DataError(f"{path}, line {number}: the page {page.page_id!r} is there twice; evaluate again")
        seen.add(page.page_id)
        pages.append(page)
    return pages


def _page(record: Any) -> Page:
    known = [name for name in METRICS if name in record["counts"]]
    counts = {name: EditCount(*map(_count, record["counts"][name])) for name in known}
    if not counts:
        raise ValueError("no counts")
    systems, confusions = record.get("systems"), record.get("confusions")
    if confusions is not None:
        confusions = {
            str(kind): {str(name): _count(number) for name, number in names.items()}
            for kind, names in confusions.items()
        }
    return Page(str(record["page_id"]), counts, None if systems is None else _count(systems), confusions)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _read_metrics(path: Path) -> list[tuple[int, str, float]]:
    """The lines of a metrics file; a killed run may have left half a line, which is its last."""
    if not path.is_file():
        return []
    lines = read_text(path).splitlines()
    rows: list[tuple[int, str, float]] = []
    for number, row in enumerate(csv.reader(lines), start=1):
        if number == 1:
            continue
        try:
            step, name, value = row
            rows.append((int(step), name, float(value)))
        except ValueError as error:
            if number == len(lines):
                break
            raise DataError(f"{path}, line {number}: is not `step,name,value`; remove the line") from error
    return rows


def read_json(path: Path) -> dict[str, Any]:
    """Read an object of JSON; an empty one where there is no such file.

    Raises:
        DataError: If it is none.
    """
    if not path.is_file():
        return {}
    try:
        record = json.loads(read_text(path))
    except ValueError as error:
        raise DataError(f"{path}: is no JSON ({error}); remove it to go on without it") from error
    if not isinstance(record, dict):
        raise DataError(f"{path}: is no JSON object; remove it to go on without it")
    return record


def read_text(path: Path) -> str:
    """Read UTF-8 text; none where there is no such file.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8") if path.is_file() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
