"""Taking weights over into a network: into the very same one to resume, or into one with another vocabulary.

Knows networks and what `pretrained` read; knows no files, and of tokens only their names: what writes the same text in
two vocabularies is told from outside.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from jazzmus.errors import CheckpointError, in_brief
from jazzmus.model.pretrained import Weights, check_complete, check_tensors
from jazzmus.model.public_weights import pixel_advice
from jazzmus.model.smt.modeling_smt import SheetMusicTransformer

logger = logging.getLogger(__name__)

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
_SPECIAL_TOKENS = frozenset({"<pad>", "<bos>", "<eos>", "<unk>"})  # in vocabularies that share nothing else, too
_TEXT_FACTS = ("tokenizer", "text_form", "tokens")

# (wanted tokens, known tokens) -> the known ones that write each wanted one, as far as there are any.
TokenMap = Callable[[Sequence[str], Sequence[str]], Mapping[str, tuple[str, ...]]]


def same_tokens(wanted: Sequence[str], known: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The token map that knows each token by its own name only."""
    there = set(known)
    return {token: (token,) for token in wanted if token in there}


class TransferReport(NamedTuple):
    """What became of each tensor and token when weights were taken over into a model with its own vocabulary.

    Attributes:
        source: What was asked for.
        family: `v1`, `v2` (public) or `jazzmus`.
        loaded: Names copied whole.
        remapped_tokens: Tokens of the model whose rows are those of the same token in the source, at its new id.
        composed_tokens: Tokens of the model whose rows are the mean of those of tokens that write the same.
        new_tokens: Tokens of the model that nothing in the source writes; their rows keep their first values.
        dropped_tokens: Tokens of the source that no token of the model took anything from.
        new_tensors: Names of the model's CTC head where the source has none; they keep their first values.
        unused: Names in the source that this model does not use.
    """

    source: str
    family: str
    loaded: tuple[str, ...]
    remapped_tokens: tuple[str, ...]
    composed_tokens: dict[str, tuple[str, ...]]
    new_tokens: tuple[str, ...]
    dropped_tokens: tuple[str, ...]
    new_tensors: tuple[str, ...]
    unused: tuple[str, ...]

    def summary(self) -> str:
        """One line for the log."""
        return (
            f"{len(self.loaded)} tensors loaded, {len(self.remapped_tokens)} tokens kept, "
            f"{len(self.composed_tokens)} composed, {len(self.new_tokens)} new, {len(self.dropped_tokens)} dropped, "
            f"{len(self.new_tensors)} tensors new, {len(self.unused)} unused"
        )

    def table(self) -> list[str]:
        """Lines that say what became of everything, by name as far as a line goes."""
        composed = [f"{token!r} = {' + '.join(map(repr, parts))}" for token, parts in self.composed_tokens.items()]
        rows = (
            ("tensors loaded", self.loaded),
            ("tensors new", self.new_tensors),
            ("tensors unused", self.unused),
            ("tokens kept", tuple(map(repr, self.remapped_tokens))),
            ("tokens composed", tuple(composed)),
            ("tokens new", tuple(map(repr, self.new_tokens))),
            ("tokens dropped", tuple(map(repr, self.dropped_tokens))),
        )
        return [f"{name:<16}{len(names):>6}  {in_brief(names)}".rstrip() for name, names in rows]

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values, for a file."""
        composed = {token: list(parts) for token, parts in self.composed_tokens.items()}
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in self._asdict().items()}
        return values | {"composed_tokens": composed, "summary": self.summary()}


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
        file = "" if weights.family == "jazzmus" else f", as config/base/public_{weights.family}.gin does"
        raise CheckpointError(f"{weights.source}: another network: {'; '.join(switches)}; bind the same values{file}")


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


def transfer(model: SheetMusicTransformer, weights: Weights, token_map: TokenMap = same_tokens) -> TransferReport:
    """Start `model` from `weights`: everything but the vocabulary as it is, rows of known tokens moved to their ids.

    A CTC head that only one of the two has stays as it is, or is left out. Positions are computed at the size that is
    used: texts may be longer and pages larger than those the weights were trained on.

    Args:
        model: Is changed only if all fits.
        weights: As they were read.
        token_map: Which tokens of the source write a token of the model.

    Raises:
        CheckpointError: If the weights are not complete, or not of this network but for the vocabulary and the CTC
            head, naming what differs; or if their tokens are not named, named twice, or none writes one of the model's.
    """
    check_switches(model, weights)
    check_complete(weights)
    state, parts = model.state_dict(), _parts(model, weights, token_map)
    tensors = {name: tensor for name, tensor in weights.tensors.items() if name not in _VOCABULARY_TENSORS}
    new, unused = [], list(weights.unused)
    if not weights.config.ctc_outputs:
        new = [name for name in state if name.startswith(CTC_PREFIX)]
        tensors |= {name: state[name] for name in new}
    elif not model.config.ctc_outputs:
        unused += [name for name in weights.tensors if name.startswith(CTC_PREFIX)]
        tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith(CTC_PREFIX)}
    for name in sorted(_VOCABULARY_TENSORS & state.keys() - set(new)):
        outputs = model.config.ctc_outputs if name.startswith(CTC_PREFIX) else 1
        tensors[name] = _moved_rows(name, state[name], weights, list(parts.values()), outputs)
    check_tensors(model, weights._replace(tensors=tensors))
    model.load_state_dict(tensors)
    report = _report(model, weights, parts, sorted(tensors.keys() - _VOCABULARY_TENSORS - set(new)), new, unused)
    _tell(report, model, weights)
    return report


def _parts(
    model: SheetMusicTransformer, weights: Weights, token_map: TokenMap
) -> dict[str, tuple[int, tuple[int, ...]]]:
    """The model's tokens that the source writes: their ids, and those of the tokens there."""
    wanted, known = model.config.tokens or (), _tokens_of(weights)
    if not known:
        raise CheckpointError(
            f"{weights.source}: names no tokens, so no row can be moved; lay its config.json beside it"
        )
    if twice := sorted(token for token, count in Counter(known).items() if count > 1):
        raise CheckpointError(
            f"{weights.source}: names tokens more than once: {in_brief([*map(repr, twice)])}; mend its config.json"
        )
    new_ids, old_ids = ({token: index for index, token in enumerate(tokens)} for tokens in (wanted, known))
    found = token_map(wanted, known)
    if not any(found.get(token) for token in wanted if token not in _SPECIAL_TOKENS):
        raise CheckpointError(
            f"{weights.source}: no token in common: none of its tokens writes one of the run's; bind another "
            "FullPageDataModule.tokenizer, or other weights to FullPageTrainer.pretrained"
        )
    return {
        token: (new_ids[token], tuple(old_ids[part] for part in found[token])) for token in wanted if found.get(token)
    }


def _tokens_of(weights: Weights) -> Sequence[str]:
    """Tokens of the source that have a row in its embedding and its output, which need not be of one size."""
    config = weights.config
    return (config.tokens or ())[: min(config.vocab_size, config.num_outputs)]


def _moved_rows(
    name: str, first_values: Tensor, weights: Weights, moves: Sequence[tuple[int, tuple[int, ...]]], outputs: int
) -> Tensor:
    """`first_values` with rows taken from the source: each (new id, old ids) the mean of the old; `outputs` a token."""
    rows, source = first_values.clone(), weights.tensors[name]
    if source.shape[1:] != rows.shape[1:]:
        raise CheckpointError(
            f"{weights.source}: the weights do not fit the configuration: wrong shape of the rows of {name} "
            f"{tuple(source.shape[1:])} instead of {tuple(rows.shape[1:])}"
        )
    by_token = source.unflatten(0, (-1, outputs))
    target = rows.unflatten(0, (-1, outputs))
    for new, old in moves:
        target[new] = by_token[torch.tensor(old)].double().mean(dim=0).to(rows.dtype)
    return rows


def _report(
    model: SheetMusicTransformer,
    weights: Weights,
    parts: Mapping[str, tuple[int, tuple[int, ...]]],
    loaded: Sequence[str],
    new: Sequence[str],
    unused: Sequence[str],
) -> TransferReport:
    wanted, known = model.config.tokens or (), _tokens_of(weights)
    names = {token: tuple(known[index] for index in old) for token, (_, old) in parts.items()}
    taken = {part for tokens in names.values() for part in tokens}
    return TransferReport(
        source=weights.source,
        family=weights.family,
        loaded=tuple(loaded),
        remapped_tokens=tuple(token for token, tokens in names.items() if tokens == (token,)),
        composed_tokens={token: tokens for token, tokens in names.items() if tokens != (token,)},
        new_tokens=tuple(sorted(set(wanted) - names.keys())),
        dropped_tokens=tuple(sorted(set(known) - taken)),
        new_tensors=tuple(new),
        unused=tuple(sorted(unused)),
    )


def _tell(report: TransferReport, model: SheetMusicTransformer, weights: Weights) -> None:
    """Log what became of everything, and what a public source would have another way."""
    for line in report.table():
        logger.info("%s", line)
    if weights.family != "jazzmus" and (advice := pixel_advice(weights.config, model.config)):
        logger.warning("%s: pages are not shown as it saw them; bind %s", weights.source, advice)
