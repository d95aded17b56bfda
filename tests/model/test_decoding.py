from __future__ import annotations

from types import SimpleNamespace

import torch
from torch import Tensor

from jazzmus.model.decoding import GreedyOutput, greedy_decode

PAD, BOS, EOS, A, B = 0, 1, 2, 3, 4


class Scripted:
    """A decoder that chooses the ids of a script, whatever it is given."""

    def __init__(self, rows: list[list[int]]) -> None:
        self.rows = rows
        self.seen: list[list[int]] = []

    def __call__(self, ids: Tensor, memory: object, past: int | None = None) -> tuple[Tensor, int]:
        step = past or 0
        self.seen.append(ids[:, -1].tolist())
        assert ids.shape == (len(self.rows), 1), "one new id a step"
        logits = torch.zeros(len(self.rows), 1, 5)
        for row, script in enumerate(self.rows):
            logits[row, 0, script[min(step, len(script) - 1)]] = 4.0
        return logits, step + 1


def decode(rows: list[list[int]], max_length: int) -> tuple[GreedyOutput, Scripted]:
    decoder = Scripted(rows)
    memory = SimpleNamespace(layers=[SimpleNamespace(keys=torch.zeros(1))])
    output = greedy_decode(
        decoder, memory, batch_size=len(rows), bos_id=BOS, eos_id=EOS, pad_id=PAD, max_length=max_length
    )
    return output, decoder


def test_a_page_stops_at_eos_at_once() -> None:
    output, decoder = decode([[A, B, EOS, A]], 50)
    assert output.ids.tolist() == [[BOS, A, B, EOS]]
    assert output.stop_reasons == ("eos",)
    assert decoder.seen == [[BOS], [A], [B]]
    assert output.log_probs[0, 0] == 0
    assert (output.log_probs[0, 1:] < 0).all()


def test_max_length_counts_bos() -> None:
    output, decoder = decode([[A]], 5)
    assert output.ids.tolist() == [[BOS, A, A, A, A]]
    assert output.stop_reasons == ("length",)
    assert len(decoder.seen) == 4
    assert decode([[A]], 1)[0].ids.tolist() == [[BOS]]


def test_eos_as_the_last_id_that_fits_is_an_end() -> None:
    assert decode([[A, EOS]], 3)[0].stop_reasons == ("eos",)


def test_rows_stop_independently_and_are_padded() -> None:
    output, _ = decode([[A, EOS, B], [EOS], [A, B, A, B, A, B, A, B, A, EOS, B]], 50)
    assert output.ids.tolist() == [
        [BOS, A, EOS, *[PAD] * 8],
        [BOS, EOS, *[PAD] * 9],
        [BOS, A, B, A, B, A, B, A, B, A, EOS],
    ]
    assert output.stop_reasons == ("eos", "eos", "eos")
    assert (output.log_probs[0, 3:] == 0).all()
    assert output.log_probs.shape == output.ids.shape


def test_one_row_at_the_limit_keeps_the_others_ends() -> None:
    output, _ = decode([[A, EOS], [B]], 12)
    assert output.ids.shape == (2, 12)
    assert output.stop_reasons == ("eos", "length")
    assert output.ids[0].tolist() == [BOS, A, EOS, *[PAD] * 9]


def test_pad_and_bos_chosen_mid_sequence_do_not_end_a_page() -> None:
    output, _ = decode([[A, PAD, BOS, B, EOS]], 50)
    assert output.ids.tolist() == [[BOS, A, PAD, BOS, B, EOS]]
    assert (output.log_probs[0, 1:] < 0).all(), "a chosen <pad> has a probability, a filled one has none"
