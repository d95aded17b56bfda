"""All scores of pages: edit counts of one page, percentages of many, and the record of one page in a results file.

Percentages are of the corpus: the sum of the edits over the sum of the lengths. Knows strings in and values out.
Scores take texts as they are; only `published_result` brings both to the published form first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jazzmus.errors import DataError
from jazzmus.kern.tokenizer import published_form
from jazzmus.metrics.harmony import chord_units, root_units
from jazzmus.metrics.transcription import UNITS, EditCount, content_units, count, melody_column

PUBLISHED_METRICS = ("cer", "ser", "ler", "cer_melody", "ser_melody", "ler_melody", "ser_chord", "ser_root")
OWN_METRICS = ("ser_content",)
METRICS = PUBLISHED_METRICS + OWN_METRICS


def count_edits(prediction: str, reference: str) -> dict[str, EditCount]:
    """Return the edits and reference lengths of one page for each name in `METRICS`, in that order.

    An empty or malformed prediction counts its full distance. `ser_content` is our own: `ser` without separators,
    null cells and barlines, which are most of the symbols of a page.
    """
    predicted_melody, reference_melody = melody_column(prediction), melody_column(reference)
    counts = {name: count(units(prediction), units(reference)) for name, units in UNITS.items()}
    counts |= {
        f"{name}_melody": count(units(predicted_melody), units(reference_melody)) for name, units in UNITS.items()
    }
    counts["ser_chord"] = count(chord_units(prediction), chord_units(reference))
    counts["ser_root"] = count(root_units(prediction), root_units(reference))
    counts["ser_content"] = count(content_units(prediction), content_units(reference))
    return counts


def percent(edits: int, length: int) -> float:
    """Return an error rate in percent, not capped at 100; as published it is 100 where the reference has nothing."""
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
    """

    page_id: str
    reference: str | None
    prediction: str | None
    counts: dict[str, EditCount]
    stop_reason: str
    seconds: float

    def to_json(self, with_texts: bool = True) -> str:
        """Return the record as one line of JSON; without texts it may be published where the page may not."""
        record: dict[str, object] = {"page_id": self.page_id}
        if with_texts:
            record |= {"reference": self.reference, "prediction": self.prediction}
        record |= {"counts": self.counts, "stop_reason": self.stop_reason, "seconds": self.seconds}
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
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"results: not a page result ({error!r}): {line[:60]!r}; evaluate again") from error


def published_result(page_id: str, reference: str, prediction: str, stop_reason: str, seconds: float) -> PageResult:
    """Score one page as the published figures are taken: on the published form of both texts.

    Args:
        page_id: The page's name in its dataset.
        reference: The text of the source.
        prediction: The text that was read, in the form the model writes.
        stop_reason: Why reading ended.
        seconds: Wall time of reading the page.
    """
    reference, prediction = published_form(reference), published_form(prediction)
    return PageResult(page_id, reference, prediction, count_edits(prediction, reference), stop_reason, seconds)
