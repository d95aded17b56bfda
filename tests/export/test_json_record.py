from __future__ import annotations

import json

from pieces import PIECE, PlainReading

from jazzmus.dataset.manifest import SystemBox
from jazzmus.export.json_record import to_json


def test_a_program_finds_all_that_is_known_of_a_reading() -> None:
    reading = PlainReading(
        PIECE,
        row_confidences=(1.0, 0.123456),
        doubtful_bars=(8,),
        system_boxes=(SystemBox(1, 2, 3, 4),),
        tokens=(("è", 0.25), ("<eos>", 1.0)),
    )
    record = json.loads(to_json(reading))
    assert record["kern"] == PIECE
    assert (record["stop_reason"], record["confidence"], record["seconds"]) == ("eos", 0.9, 1.25)
    assert record["row_confidences"] == [1.0, 0.1235]
    assert record["doubtful_bars"] == [8]
    assert record["tokens"] == [["è", 0.25], ["<eos>", 1.0]]
    assert record["system_boxes"] == [{"from_x": 1, "to_x": 2, "from_y": 3, "to_y": 4}]
