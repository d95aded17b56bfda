"""A reading for programs: its text, how sure each line and token is, bars in doubt, and where the systems stand."""

from __future__ import annotations

import json
from dataclasses import asdict

from jazzmus.export.reading import Reading

_DIGITS = 4  # of probabilities


def to_json(reading: Reading) -> str:
    """Return a reading as a JSON object.

    Its keys: `kern`; `stop_reason`; `confidence`; `seconds`; `row_confidences`, one for each line of `kern`;
    `doubtful_bars`, lines counted from 1; `tokens`, pairs of a token and its probability; `system_boxes`, each with
    fields of `SystemBox`.
    """
    record = {
        "kern": reading.kern,
        "stop_reason": reading.stop_reason,
        "confidence": round(reading.confidence, _DIGITS),
        "seconds": round(reading.seconds, _DIGITS),
        "row_confidences": [round(value, _DIGITS) for value in reading.row_confidences],
        "doubtful_bars": list(reading.doubtful_bars),
        "tokens": [[token, round(probability, _DIGITS)] for token, probability in reading.tokens],
        "system_boxes": [asdict(box) for box in reading.system_boxes],
    }
    return json.dumps(record, ensure_ascii=False, indent=1) + "\n"
