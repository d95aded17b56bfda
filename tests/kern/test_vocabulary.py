from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jazzmus.errors import DataError
from jazzmus.kern.vocabulary import BOS, EOS, PAD, UNK, Vocabulary

ROOT = Path(__file__).resolve().parents[2]


def test_specials_first_then_sorted() -> None:
    vocabulary = Vocabulary.build([["b", "a", "<n>"], ["a", EOS, "É"]])
    assert vocabulary.tokens == (PAD, BOS, EOS, UNK, "<n>", "a", "b", "É")
    assert (vocabulary.pad_id, vocabulary.bos_id, vocabulary.eos_id, vocabulary.unk_id) == (0, 1, 2, 3)
    assert len(vocabulary) == 8


def test_unseen_tokens_are_counted_and_never_become_padding() -> None:
    vocabulary = Vocabulary.build([["a"]])
    assert vocabulary.encode(["a", "z", "z"]) == [4, 3, 3]
    assert vocabulary.unseen(["a", "z", "y", "z"]) == {"z": 2, "y": 1}
    assert vocabulary.decode([4, 3, 2]) == ["a", UNK, EOS]


@pytest.mark.parametrize("index", [-1, 5])
def test_an_id_outside_is_refused(index: int) -> None:
    with pytest.raises(ValueError, match="outside a vocabulary of 5"):
        Vocabulary.build([["a"]]).decode([index])


def test_json_gives_the_same_vocabulary() -> None:
    vocabulary = Vocabulary.build([["4cc#", "\t", "\ue10d"]])
    again = Vocabulary.from_json(vocabulary.to_json())
    assert again == vocabulary
    assert again.fingerprint == vocabulary.fingerprint
    assert set(json.loads(vocabulary.to_json())) == {"version", "tokens", "fingerprint"}
    assert vocabulary.fingerprint != Vocabulary.build([["4cc#", "\t"]]).fingerprint


def stored(**changes: object) -> str:
    return json.dumps({**json.loads(Vocabulary.build([["a", "b"]]).to_json()), **changes})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "version 1"),
        (stored(version=2), "version 1"),
        (stored(tokens=None), "`tokens`"),
        (stored(tokens=["a", "b"]), "must begin with <pad>"),
        (stored(tokens=[PAD, BOS, EOS, UNK, "a", "a"]), "'a' is there more than once"),
        (stored(tokens=[PAD, BOS, EOS, UNK, 1]), "must be text"),
        (stored(tokens=[PAD, BOS, EOS, UNK, "b", "a"]), "fingerprint"),
        (stored(fingerprint="0" * 64), "fingerprint"),
    ],
)
def test_a_broken_file_is_refused(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Vocabulary.from_json(text)


def test_two_hash_seeds_give_one_vocabulary() -> None:
    program = (
        "from jazzmus.kern.vocabulary import Vocabulary;"
        "print(Vocabulary.build([map(str, range(300)), map(chr, range(33, 300))]).to_json())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert Vocabulary.from_json(outputs.pop())
