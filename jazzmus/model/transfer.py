"""Taking weights over into a network: into the very same one to resume, or into one with another vocabulary.

Knows networks and what `pretrained` read; knows no files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from jazzmus.errors import CheckpointError
from jazzmus.model.pretrained import Weights, check_tensors
from jazzmus.model.smt.modeling_smt import SheetMusicTransformer

CTC_PREFIX = "ctc_head."
_VOCABULARY_TENSORS = frozenset(
    {
        "decoder.embedding.weight",
        "decoder.vocab_projection.weight",
        "decoder.vocab_projection.bias",
        f"{CTC_PREFIX}output.weight",
        f"{CTC_PREFIX}output.bias",
    }
)
_SWITCHES = ("encoder", "num_heads", "norm_first", "scale_attention", "output_relu")
_TEXT_FACTS = ("tokenizer", "text_form", "tokens")


class TransferReport(NamedTuple):
    """What became of each tensor when weights were taken over into a model with its own vocabulary.

    Attributes:
        loaded: Names copied whole.
        remapped_tokens: Tokens whose rows were moved to their new ids.
        new_tokens: Tokens of the model that the source has not; their rows keep their first values.
        dropped_tokens: Tokens of the source that the model has not.
        new_tensors: Names of the model's CTC head where the source has none; they keep their first values.
        unused: Names in the source that this model does not use.
    """

    loaded: tuple[str, ...]
    remapped_tokens: tuple[str, ...]
    new_tokens: tuple[str, ...]
    dropped_tokens: tuple[str, ...]
    new_tensors: tuple[str, ...]
    unused: tuple[str, ...]

    def summary(self) -> str:
        """One line for the log."""
        return (
            f"{len(self.loaded)} tensors loaded, {len(self.remapped_tokens)} tokens kept, {len(self.new_tokens)} new, "
            f"{len(self.dropped_tokens)} dropped, {len(self.new_tensors)} tensors new, {len(self.unused)} unused"
        )


def check_switches(model: SheetMusicTransformer, weights: Weights) -> None:
    """Compare what changes a network's output and shows in no tensor.

    Raises:
        CheckpointError: Naming what differs.
    """
    switches = [
        f"SMTConfig.{name} is {getattr(weights.config, name)} there and {getattr(model.config, name)} here"
        for name in _SWITCHES
        if getattr(weights.config, name) != getattr(model.config, name)
    ]
    outputs = {weights.config.ctc_outputs, model.config.ctc_outputs} - {0}
    if len(outputs) > 1:
        switches.append(
            f"SMTConfig.ctc_outputs is {weights.config.ctc_outputs} there and {model.config.ctc_outputs} here"
        )
    if switches:
        raise CheckpointError(f"{weights.source}: another network: {'; '.join(switches)}; bind the same values")


def check_same_network(model: SheetMusicTransformer, weights: Weights) -> None:
    """Check that weights are of the very network of `model`, its vocabulary included, as resuming needs them.

    Raises:
        CheckpointError: Naming what differs.
    """
    check_switches(model, weights)
    if any(getattr(weights.config, name) != getattr(model.config, name) for name in _TEXT_FACTS):
        raise CheckpointError(
            f"{weights.source}: was trained with another vocabulary, tokenizer or form of texts; prepare the same data "
            "again, or start a new run with FullPageTrainer.pretrained set to it"
        )
    check_tensors(model, weights)


def transfer(model: SheetMusicTransformer, weights: Weights) -> TransferReport:
    """Start `model` from `weights`: everything but the vocabulary as it is, rows of known tokens moved to their ids.

    A CTC head that only one of the two has stays as it is, or is left out.

    Raises:
        CheckpointError: If the two are not the same network but for these, naming what differs.
    """
    check_switches(model, weights)
    state = model.state_dict()
    old_ids = {token: index for index, token in enumerate(weights.config.tokens or ())}
    new_ids = {token: index for index, token in enumerate(model.config.tokens or ())}
    kept = sorted((old_ids.keys() & new_ids.keys()), key=new_ids.__getitem__)
    tensors = {name: tensor for name, tensor in weights.tensors.items() if name not in _VOCABULARY_TENSORS}
    new, unused = [], list(weights.unused)
    if not weights.config.ctc_outputs:
        new = [name for name in state if name.startswith(CTC_PREFIX)]
        tensors |= {name: state[name] for name in new}
    elif not model.config.ctc_outputs:
        unused += [name for name in weights.tensors if name.startswith(CTC_PREFIX)]
        tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith(CTC_PREFIX)}
    for name in sorted(_VOCABULARY_TENSORS & state.keys()):
        outputs = model.config.ctc_outputs if name.startswith(CTC_PREFIX) else 1
        moves = [(new_ids[token], old_ids[token]) for token in kept]
        tensors[name] = _moved_rows(state[name], weights.tensors.get(name), moves, outputs)
    check_tensors(model, weights._replace(tensors=tensors))
    model.load_state_dict(tensors)
    return TransferReport(
        loaded=tuple(sorted(tensors.keys() - _VOCABULARY_TENSORS - set(new))),
        remapped_tokens=tuple(kept),
        new_tokens=tuple(sorted(new_ids.keys() - old_ids.keys())),
        dropped_tokens=tuple(sorted(old_ids.keys() - new_ids.keys())),
        new_tensors=tuple(new),
        unused=tuple(sorted(unused)),
    )


def _moved_rows(first_values: Tensor, source: Tensor | None, moves: Sequence[tuple[int, int]], outputs: int) -> Tensor:
    """`first_values` with the rows of known tokens, (new id, old id), taken from `source`; `outputs` rows a token."""
    rows = first_values.clone()
    if source is None or source.shape[1:] != rows.shape[1:]:
        return rows
    by_token = source.unflatten(0, (-1, outputs))
    moves = [(new, old) for new, old in moves if old < len(by_token)]
    if moves:
        new, old = map(list, zip(*moves, strict=True))
        rows.unflatten(0, (-1, outputs))[new] = by_token[old].to(rows.dtype)
    return rows
