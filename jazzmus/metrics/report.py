"""All scores of pages: edit counts of one page, percentages of many, and the record of one page in a results file.

Percentages are of the corpus: the sum of the edits over the sum of the lengths; `exact_*` counts what is right, all
others what is wrong. Knows strings in and values out.
Scores take texts as they are; only `page_result` brings both to a common form first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jazzmus.errors import DataError, KernError
from jazzmus.kern.completion import complete
from jazzmus.kern.normal_form import normalize
from jazzmus.kern.systems import count_systems
from jazzmus.kern.tokenizer import published_form
from jazzmus.metrics.beats import chord_measures, count_measures
from jazzmus.metrics.confusions import Confusions, confusions
from jazzmus.metrics.exactness import exact_page, exact_systems
from jazzmus.metrics.harmony import chord_units, root_units
from jazzmus.metrics.spine_walk import WalkedRow, walk
from jazzmus.metrics.transcription import UNITS, EditCount, content_units, count, melody_column, symbol_units
from jazzmus.metrics.voices import chord_spine_units, melody_voice_units

PUBLISHED_METRICS = ("cer", "ser", "ler", "cer_melody", "ser_melody", "ler_melody", "ser_chord", "ser_root")
OWN_RATES = ("ser_content", "ser_melody_voices", "ser_chord_spine", "ser_chord_beat")
PAGE_MEANS = {"ser_page_mean": "ser", "ser_content_page_mean": "ser_content"}
EXACT = ("exact_pages", "exact_systems")
METRICS = (*PUBLISHED_METRICS, *OWN_RATES, *PAGE_MEANS, *EXACT)

# The length every page has in a mean over pages; its edits are then the page's rate in this unit.
_PAGE_LENGTH = 10**9


def count_edits(prediction: str, reference: str) -> dict[str, EditCount]:
    """Return the edits and reference lengths of one page for each name in `METRICS`, in that order.

    An empty or malformed prediction counts its full distance. Beside the published names:

    - `ser_content`: `ser` without separators, null cells and barlines, which are most of the symbols of a page.
    - `ser_melody_voices`, `ser_chord_spine`: `ser_melody` and `ser_chord` that stay in their spine after a split.
    - `ser_chord_beat`: chords that must stand at their position in their measure.
    - `ser_page_mean`, `ser_content_page_mean`: counts that weigh each page alike, whatever its length.
    - `exact_pages`, `exact_systems`: not edits, but what is reproduced without any error, of what there is.
    """
    own = _own_counts(prediction, reference, walk(prediction), walk(reference))
    return _in_order(_published_counts(prediction, reference) | own)


def _published_counts(prediction: str, reference: str) -> dict[str, EditCount]:
    predicted, wanted = _published_units(prediction), _published_units(reference)
    return {name: count(predicted[name], wanted[name]) for name in wanted}


def _published_units(text: str) -> dict[str, list[str]]:
    """Return the units of each published rate."""
    melody, chords = melody_column(text), chord_units(text)
    units = {name: units_of(text) for name, units_of in UNITS.items()}
    units |= {f"{name}_melody": units_of(melody) for name, units_of in UNITS.items()}
    return units | {"ser_chord": chords, "ser_root": root_units(chords)}


def _own_counts(
    prediction: str, reference: str, predicted: Sequence[WalkedRow], wanted: Sequence[WalkedRow]
) -> dict[str, EditCount]:
    return {
        "ser_content": count(content_units(symbol_units(prediction)), content_units(symbol_units(reference))),
        "ser_melody_voices": count(melody_voice_units(predicted), melody_voice_units(wanted)),
        "ser_chord_spine": count(chord_spine_units(predicted), chord_spine_units(wanted)),
        "ser_chord_beat": count_measures(chord_measures(predicted), chord_measures(wanted)),
        "exact_pages": exact_page(prediction, reference),
        "exact_systems": exact_systems(prediction, reference),
    }


def _in_order(counts: dict[str, EditCount]) -> dict[str, EditCount]:
    """Return the counts of a page with those of the page means, in the order of `METRICS`."""
    counts |= {name: _page_share(counts[rate]) for name, rate in PAGE_MEANS.items()}
    return {name: counts[name] for name in METRICS}


def _page_share(page: EditCount) -> EditCount:
    """Return a page's rate as edits over a length that all pages share, so that sums over sums are means over pages."""
    return EditCount(round(percent(page.edits, page.length) * _PAGE_LENGTH / 100), _PAGE_LENGTH)


def percent(edits: int, length: int) -> float:
    """Return a rate in percent, not capped at 100; as published it is 100 where the reference has nothing."""
    return 100.0 * edits / length if length else 100.0


def score_counts(counts: Sequence[Mapping[str, EditCount]]) -> dict[str, float]:
    """Return the corpus scores, in percent, of the edit counts of one or more pages.

    Raises:
        ValueError: if there are no pages.
    """
    if not counts:
        raise ValueError("no pages to score")
    return {
        name: percent(sum(page[name].edits for page in counts), sum(page[name].length for page in counts))
        for name in METRICS
    }


def score_pages(predictions: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """Return the corpus scores, in percent, of predicted texts against reference texts, taken as they are.

    Raises:
        ValueError: if the lists are empty or of different lengths.
    """
    if len(predictions) != len(references):
        raise ValueError(f"{len(predictions)} predictions for {len(references)} references")
    return score_counts([count_edits(*pair) for pair in zip(predictions, references, strict=True)])


@dataclass(frozen=True)
class PageResult:
    """What is known of one page after reading it; a results file has one per line.

    Attributes:
        page_id: the page's name in its dataset.
        reference: the text that was scored against, None where texts were left out.
        prediction: the text that was scored, None where texts were left out.
        counts: edits and lengths for each name in `METRICS`.
        stop_reason: why reading ended, `eos`, `length`, or `unreadable` for a page whose image could not be read.
        seconds: wall time of reading the page.
        systems: number of systems of the reference, None in records that do not have it.
        confusions: what was read for what, as `metrics.confusions` counts it, None in records that do not have it.
    """

    page_id: str
    reference: str | None
    prediction: str | None
    counts: dict[str, EditCount]
    stop_reason: str
    seconds: float
    systems: int | None = None
    confusions: Confusions | None = None

    def to_json(self, with_texts: bool = True) -> str:
        """Return the record as one line of JSON; without texts it may be published where the page may not."""
        record: dict[str, object] = {"page_id": self.page_id}
        if with_texts:
            record |= {"reference": self.reference, "prediction": self.prediction}
        record |= {"counts": self.counts, "stop_reason": self.stop_reason, "seconds": self.seconds}
        record |= {"systems": self.systems, "confusions": self.confusions}
        return json.dumps(record)

    @classmethod
    def from_json(cls, line: str) -> PageResult:
        """Read what `to_json` wrote.

        Raises:
            DataError: if the line is no such record.
        """
        try:
            record = json.loads(line)
            counts = {name: EditCount(*map(int, record["counts"][name])) for name in METRICS}
            return cls(
                page_id=record["page_id"],
                reference=record.get("reference"),
                prediction=record.get("prediction"),
                counts=counts,
                stop_reason=record["stop_reason"],
                seconds=float(record["seconds"]),
                systems=record.get("systems"),
                confusions=record.get("confusions"),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"results: not a page result ({error!r}): {line[:60]!r}; evaluate again") from error


def page_result(page_id: str, reference: str, prediction: str, stop_reason: str, seconds: float) -> PageResult:
    """Score one page: the published figures on the published form of both texts, as they are taken, ours on the normal.

    The published form of the source is not quite what a page shows: chords in comments are missing, and a few rows are
    there that no page shows. So a perfect reading has a published SER slightly above 0; our figures are then perfect.

    Args:
        page_id: The page's name in its dataset.
        reference: The text of the source.
        prediction: The text that was read, in the dialect of the source.
        stop_reason: Why reading ended.
        seconds: Wall time of reading the page.
    """
    normal_prediction, normal_reference = _normal_form(prediction), _normal_form(reference)
    predicted, wanted = walk(normal_prediction), walk(normal_reference)
    own = _own_counts(normal_prediction, normal_reference, predicted, wanted)
    systems = count_systems(reference)
    reference, prediction = published_form(reference), published_form(prediction)
    counts = _in_order(_published_counts(prediction, reference) | own)
    confused = confusions(predicted, wanted)
    return PageResult(page_id, reference, prediction, counts, stop_reason, seconds, systems, confused)


def _normal_form(text: str) -> str:
    """Return the published form of a text's normal form; of the text itself where it is not well-formed."""
    try:
        return published_form(complete(normalize(text)))
    except KernError:
        return published_form(text)
