"""The leak check finds a melody in any key and layout, and does not take riffs for one."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from invented import OTHER_BARS, tune

from jazzmus.kern.transposition import transpose
from jazzmus.synthesis.content.leaks import LeakCheck, melody_ngrams

EVALUATION = tune(4)


def test_intervals_go_over_rests_and_tied_notes() -> None:
    kern = "**kern\n4c\n4r\n[4e\n4e]\nqf#\n8gL 8ccJ\n*^\n4B-\t4dd\n*v\t*v\n4G\n*-\n"
    assert melody_ngrams(kern, 4) == {(4, 8, -14, -3)}


def test_a_melody_is_found_in_another_key_octave_and_layout() -> None:
    check = LeakCheck([EVALUATION])
    moved = transpose(EVALUATION, -2, 1).replace("!!linebreak:original\n", "").replace("*M4/4", "*M2/2")
    assert check.leaks(moved)
    assert melody_ngrams(moved) == melody_ngrams(EVALUATION)
    assert len(melody_ngrams(EVALUATION)) > 10
    assert not check.leaks(tune(4, OTHER_BARS))


def test_malformed_evaluation_texts_are_left_out_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    malformed = EVALUATION.replace("*-\t*-\n", "4c\n")
    with caplog.at_level(logging.WARNING):
        check = LeakCheck([malformed, "no kern", EVALUATION])
    assert [record.getMessage()[:20] for record in caplog.records] == ["2 evaluation texts a"]
    assert check.leaks(EVALUATION)
    assert not check.leaks(tune(4, OTHER_BARS))


def test_repeated_notes_and_trills_are_no_leak() -> None:
    riff = "**kern\n" + "8g\n8g\n8a\n8g\n" * 12 + "*-\n"
    check = LeakCheck([riff, "**kern\n" + "4c\n" * 40 + "*-\n"])
    assert not check.leaks(riff.replace("a", "b"))
    assert not check.leaks("**kern\n" + "4f\n" * 40 + "*-\n")


def test_copies_of_validation_pages_are_found_and_nothing_else(shared: Path) -> None:
    import json

    import pyarrow.parquet

    texts: dict[str, list[tuple[str, str]]] = {"val": [], "copy": [], "other": []}
    files = sorted((shared / "jazzmus").glob("*/data/*.parquet"))
    rows = [
        row
        for file in files
        for row in pyarrow.parquet.read_table(file, columns=["annotation", "piece", "split_clean"]).to_pylist()
    ]
    held_out = {row["piece"] for row in rows if row["split_clean"] == "val"}
    for row in rows:
        kind = "val" if row["split_clean"] == "val" else "copy" if row["piece"] in held_out else "other"
        texts[kind].append((row["piece"], json.loads(row["annotation"])["encodings"]["**kern"]))
    assert {kind: len(found) for kind, found in texts.items()} == {"val": 16, "copy": 45, "other": 455}
    for piece, kern in texts["copy"]:
        assert LeakCheck([text for name, text in texts["val"] if name == piece]).leaks(kern)
    check = LeakCheck([text for _, text in texts["val"]])
    assert [piece for piece, kern in texts["other"] if check.leaks(kern)] == []
