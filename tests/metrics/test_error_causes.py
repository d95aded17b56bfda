from __future__ import annotations

import pytest

from jazzmus.metrics.confusions import confusions
from jazzmus.metrics.error_causes import by_cause
from jazzmus.metrics.spine_walk import walk

REFERENCE = """**kern\t**mxhm
*clefG2\t*
*k[b-]\t*
*M4/4\t*
=1\t=1
4c#\tC:maj7/E
[4d\t.
4d]\t.
4r\t.
=2\t=2
2.e\tG:7
=:|!\t=:|!
*-\t*-
"""


@pytest.mark.parametrize(
    ("there", "read", "causes"),
    [
        ("4c#", "4c", ["accidental missed"]),
        ("2.e", "2.e-", ["accidental added"]),
        ("4c#", "4c-", ["accidental: another"]),
        ("2.e", "2.f", ["pitch: one step off"]),
        ("2.e", "2.E", ["pitch: an octave off"]),
        ("2.e", "2.eee", ["pitch: an octave off"]),
        ("2.e", "2.g", ["pitch: another"]),
        ("4r", "4f", ["a rest for a note, or a note for a rest"]),
        ("2.e", "2e", ["duration: another"]),
        ("[4d", "4d", ["tie missed"]),
        ("4r\t.\n", "", ["rest missed"]),
        ("C:maj7/E", "D:maj7/E", ["chord root: another"]),
        ("C:maj7/E", "C:maj7", ["chord bass missed"]),
        ("C:maj7/E", "D:min7/E", ["chord quality: another", "chord root: another"]),
        ("2.e\tG:7", "2.e\t.", ["chord missed"]),
        ("*k[b-]", "*k[b-e-]", ["signature: another"]),
        ("*M4/4\t*\n", "", ["signature missed"]),
        ("=:|!\t=:|!", "==\t==", ["barline: another"]),
        ("=2\t=2\n", "", ["barline missed"]),
    ],
)
def test_each_error_has_its_cause(there: str, read: str, causes: list[str]) -> None:
    assert REFERENCE.count(there) == 1
    found = by_cause(confusions(walk(REFERENCE.replace(there, read)), walk(REFERENCE)))
    assert found == dict.fromkeys(causes, 1)


def test_a_malformed_signature_is_read_for_one() -> None:
    assert by_cause(confusions(walk(REFERENCE.replace("*k[b-]", "*k[h]")), walk(REFERENCE))) == {
        "signature: another": 1
    }


def test_the_number_of_a_barline_is_no_error() -> None:
    assert by_cause(confusions(walk(REFERENCE.replace("=2", "=9")), walk(REFERENCE))) == {}


def test_the_most_frequent_comes_first_and_strange_names_raise_nothing() -> None:
    counts = {"pitch": {"c->d": 2, "x->": 1, "other->cc": 4}, "missed": {"note": 9}, "strange": {"": 1}}
    assert list(by_cause(counts).items()) == [
        ("note missed", 9),
        ("pitch: another", 5),
        ("pitch: one step off", 2),
        ("strange: another", 1),
    ]
