"""Greedy decoding of a batch of pages, and what all ways of decoding share. Knows ids, never kern."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor

from jazzmus.errors import ConfigError
from jazzmus.model.constraint import GrammarGuide

StopReason = Literal["eos", "length", "loop"]
CacheDtype = Literal["float32", "bfloat16", "float16"]
# Told the place of a page in the batch and its ids so far, every few ids and at the end.
OnIds = Callable[[int, Sequence[int]], None]

# Whether pages have ended or go round in circles is asked of the device only now and then: each question waits for it.
STEPS_BETWEEN_CHECKS = 8
_NEAR = ("cpu",)  # kinds of devices that answer at once
# Pages leave the batch when so large a share of it has ended that copying the others pays.
SHARE_TO_LEAVE = 0.25
# Music repeats itself, too: bars of rests, vamps. Training texts do so at most 4.4 times, whatever the tokenizer.
LOOP_REPEATS = 6
LOOP_IDS = 64


@dataclass(frozen=True)
class DecodingOptions:
    """How a text is looked for.

    Args:
        max_length: Ids at which a text is cut, <bos> included; what the network was made for when None.
        num_beams: Texts that are followed at once; 1 takes the most probable id at each step.
        length_penalty: Power of the length that the score of a text is divided by, where several are followed.
        bar_weight: What each bar that does not fit its meter takes from the score of a text, in nats, where several
            are followed to their ends.
        ctc_weight: Share of the CTC head in the score, in [0, 1); for single systems.
        stop_loops: End a text that repeats itself without end.
        cache_dtype: Number format of the keys and values that are kept; the network's own when None.

    Raises:
        ConfigError: If a value is out of its range.
    """

    max_length: int | None = None
    num_beams: int = 1
    length_penalty: float = 1.0
    bar_weight: float = 0.0
    ctc_weight: float = 0.0
    stop_loops: bool = True
    cache_dtype: CacheDtype | None = None

    def __post_init__(self) -> None:
        if self.max_length is not None and self.max_length < 1:
            raise ConfigError(f"DecodingOptions.max_length must be at least 1, not {self.max_length}")
        if not isinstance(self.num_beams, int) or self.num_beams < 1:
            raise ConfigError(f"DecodingOptions.num_beams must be a whole number of at least 1, not {self.num_beams!r}")
        if not 0 <= self.length_penalty < math.inf:
            raise ConfigError(f"DecodingOptions.length_penalty must be 0 or more, not {self.length_penalty}")
        if not 0 <= self.bar_weight < math.inf:
            raise ConfigError(f"DecodingOptions.bar_weight must be 0 or more nats, not {self.bar_weight}")
        if self.bar_weight and self.num_beams == 1:
            raise ConfigError(
                f"DecodingOptions.bar_weight {self.bar_weight} chooses among several texts: give num_beams above 1"
            )
        if not 0 <= self.ctc_weight < 1:
            raise ConfigError(f"DecodingOptions.ctc_weight must lie in [0, 1), not {self.ctc_weight}")
        if self.cache_dtype not in (None, "float32", "bfloat16", "float16"):
            raise ConfigError(
                f"DecodingOptions.cache_dtype must be float32, bfloat16 or float16, not {self.cache_dtype!r}"
            )

    @property
    def torch_cache_dtype(self) -> torch.dtype | None:
        """`cache_dtype` as PyTorch names it."""
        return None if self.cache_dtype is None else getattr(torch, self.cache_dtype)


class Text(NamedTuple):
    """One text that was read.

    Attributes:
        ids: From <bos> on.
        log_probs: (N,) log-probabilities by the network alone, whatever a grammar allowed; at least as long as `ids`.
        stop_reason: `eos` when the network ended the text itself, `length` when the limit did, `loop` when the text
            went round in circles, of which one is left.
        score: What it was chosen by among several, before its length counts; 0 where none had to be chosen.
    """

    ids: list[int]
    log_probs: Tensor
    stop_reason: StopReason
    score: float = 0.0


class DecodingOutput(NamedTuple):
    """What was read: ids, how probable each was, and why each page stopped.

    Attributes:
        ids: (B, N) beginning with <bos>; a page that ended early is filled with <pad>.
        log_probs: (B, N) as of `Text`.
        stop_reasons: As of `Text`.
        texts: Of each page the texts that were found, best first; the first is the page's row of `ids`.
    """

    ids: Tensor
    log_probs: Tensor
    stop_reasons: tuple[StopReason, ...]
    texts: tuple[tuple[Text, ...], ...]


class SpecialIds(NamedTuple):
    """Ids that begin a text, end it and fill it up."""

    bos: int
    eos: int
    pad: int


class Stepper(Protocol):
    """Continues texts, such as `jazzmus.model.smt.cache.DecodingCache`."""

    @property
    def device(self) -> torch.device:
        """Where ids are wanted and logits lie."""

    pages: int

    def step(self, ids: Tensor) -> Tensor:
        """Logits (B, beams, V) of what follows (B, beams) new ids."""

    def keep_pages(self, pages: Tensor) -> None:
        """Go on with some pages only."""

    def fork(self, text: int) -> Stepper:
        """One that continues a single text, of one page; this one stays as it is."""

    def rewind(self, length: int) -> None:
        """Forget all but the first `length` ids of every text."""

    def reorder(self, texts: Tensor) -> None:
        """Go on from other texts of the same pages."""


class Loop(NamedTuple):
    """The first place of a tail that repeats itself, and the ids after which it does."""

    start: int
    period: int


def find_loop(ids: Sequence[int]) -> Loop | None:
    """The repetition that a text ends with, if it is longer than any in music."""
    if len(ids) < LOOP_IDS:
        return None
    for period in range(1, len(ids) // LOOP_REPEATS + 1):
        if ids[-1 - period] != ids[-1] or ids[-2 * period : -period] != ids[-period:]:
            continue
        length = max(LOOP_REPEATS * period, LOOP_IDS)
        start = len(ids) - period
        while start > 0 and ids[start - 1] == ids[start - 1 + period]:
            start -= 1
        if len(ids) - start >= length:
            return Loop(start, period)
    return None


class Rules(NamedTuple):
    """What holds for every page of a batch.

    Attributes:
        special: Ids that begin, end and fill texts.
        max_length: Ids at which a text is cut, <bos> included.
        stop_loops: End a text that repeats itself without end.
        guide: What may be written; None: anything.
    """

    special: SpecialIds
    max_length: int
    stop_loops: bool = True
    guide: GrammarGuide | None = None


def output_of(found: Sequence[Sequence[Text]], pad_id: int) -> DecodingOutput:
    """The texts of each page, best first, as one output."""
    texts = [ranked[0] for ranked in found]
    length = max(len(text.ids) for text in texts)
    ids = torch.full((len(texts), length), pad_id, dtype=torch.long)
    log_probs = torch.zeros(len(texts), length, device=texts[0].log_probs.device)
    for row, text in enumerate(texts):
        ids[row, : len(text.ids)] = torch.tensor(text.ids)
        log_probs[row, : len(text.ids)] = text.log_probs[: len(text.ids)]
    reasons = tuple(text.stop_reason for text in texts)
    return DecodingOutput(ids.to(log_probs.device), log_probs, reasons, tuple(tuple(ranked) for ranked in found))


def greedy_decode(stepper: Stepper, rules: Rules, on_ids: OnIds | None = None) -> DecodingOutput:
    """The most probable id at each step, until <eos>, a loop or the limit.

    Args:
        stepper: Continues one text a page.
        rules: Limits.
        on_ids: Is shown the ids of each page every few steps.
    """
    return output_of([[text] for text in _Greedy(stepper, rules, on_ids).texts()], rules.special.pad)


def close_loop(stepper: Stepper, place: int, text: Text, rules: Rules) -> Text:
    """End a text that goes round in circles: one circle stays, and what the grammar needs to end it follows.

    Args:
        stepper: Has seen all but the last of the ids.
        place: Of the text among those of `stepper`.
        text: Ends with a loop, or is left as it is.
        rules: Limits.
    """
    loop = find_loop(text.ids)
    if loop is None:
        return text
    kept = text.ids[: loop.start + loop.period]
    if rules.guide is None:
        return Text(kept, text.log_probs, "loop")
    alone = stepper.fork(place)
    alone.rewind(len(kept) - 1)
    fewest = rules.guide.grammar.fewest_to_end(rules.guide.state_after(kept[1:]))
    closed_rules = rules._replace(max_length=len(kept) + fewest, stop_loops=False)
    closed = _Greedy(alone, closed_rules, None, (kept, text.log_probs)).texts()[0]
    return closed._replace(stop_reason="loop")


class _Greedy:
    """A batch of texts in the making. Finished pages leave it, so that the others are read faster."""

    def __init__(
        self,
        stepper: Stepper,
        rules: Rules,
        on_ids: OnIds | None,
        begun: tuple[list[int], Tensor] | None = None,
    ) -> None:
        self.stepper, self.rules, self.on_ids = stepper, rules, on_ids
        begin = [rules.special.bos] if begun is None else begun[0]
        shape = (stepper.pages, max(rules.max_length, len(begin)))
        self.ids = torch.full(shape, rules.special.pad, dtype=torch.long, device=stepper.device)
        self.log_probs = torch.zeros(shape, device=stepper.device)
        self.begin = len(begin)
        self.ids[:, : self.begin] = torch.tensor(begin, device=stepper.device)
        if begun is not None:
            self.log_probs[:, : self.begin] = begun[1][: self.begin]
        self.rows = list(range(stepper.pages))  # page at each place of the stepper
        self.places = torch.arange(stepper.pages, device=stepper.device)
        self.finished: dict[int, Text] = {}
        self.states = [0 if rules.guide is None else rules.guide.state_after(begin[1:])] * stepper.pages
        self.limited: set[int] = set()
        # On CPUs, and where a grammar has to be asked anyhow, nothing is waited for.
        asks_always = rules.guide is not None or stepper.device.type in _NEAR
        self.steps_between_checks = 1 if asks_always else STEPS_BETWEEN_CHECKS

    @torch.inference_mode()
    def texts(self) -> list[Text]:
        """Decode to the end; one text for each page."""
        last = self.ids[:, self.begin - 1 : self.begin]
        for step in range(self.begin, self.rules.max_length):
            logits = self.stepper.step(last)[:, 0].float()
            chosen = logits.argmax(-1) if self.rules.guide is None else self._allowed(logits, step)
            last = chosen[:, None]
            self.ids[self.places, step] = chosen
            self.log_probs[self.places, step] = logits.gather(1, last)[:, 0] - logits.logsumexp(-1)
            if step % self.steps_between_checks == 0 or step == self.rules.max_length - 1:
                last = self._check(last, step)
                if not len(last):
                    break
        texts = []
        for row in range(len(self.ids)):
            if row not in self.finished:
                self.finished[row] = Text(
                    self.ids[row, : self.rules.max_length].tolist(), self.log_probs[row], "length"
                )
            texts.append(self.finished[row])
            if self.on_ids is not None:
                self.on_ids(row, self.finished[row].ids)
        return texts

    def _allowed(self, logits: Tensor, step: int) -> Tensor:
        """(B,) most probable ids that the grammar and the limit allow."""
        guide = self.rules.guide
        assert guide is not None
        room = self.rules.max_length - step
        tokens = logits.argmax(-1).tolist()
        for place, (row, token) in enumerate(zip(self.rows, tokens, strict=True)):
            if row in self.finished:
                continue
            state = self.states[row]
            after = guide.follow(state, token, room)
            if after is None:
                if guide.limits(state, room, logits[place]):
                    self.limited.add(row)
                tokens[place] = int((logits[place] + guide.mask(state, room)).argmax())
                after = guide.after(state, tokens[place])
            self.states[row] = after
        return torch.tensor(tokens, device=logits.device)

    def _check(self, last: Tensor, step: int) -> Tensor:
        """Finish pages that ended or loop since the last check; (N, 1) last ids of those that go on."""
        begin = max(self.begin, step + 1 - self.steps_between_checks)
        recent = self.ids[self.places, begin : step + 1].tolist()
        in_depth = step % STEPS_BETWEEN_CHECKS == 0
        for place, row in enumerate(self.rows):
            if row in self.finished:
                continue
            if self.rules.special.eos in recent[place]:
                length = begin + recent[place].index(self.rules.special.eos) + 1
                reason: StopReason = "length" if row in self.limited else "eos"
                self.finished[row] = Text(self.ids[row, :length].tolist(), self.log_probs[row], reason)
            elif in_depth and (self.rules.stop_loops or self.on_ids):
                self._look_at(place, row, step)
        ended = sum(row in self.finished for row in self.rows)
        if ended == len(self.rows):
            return last[:0]
        if not ended or ended < SHARE_TO_LEAVE * len(self.rows):
            return last
        kept = [place for place, row in enumerate(self.rows) if row not in self.finished]
        going_on = torch.tensor(kept, device=last.device)
        self.stepper.keep_pages(going_on)
        self.rows = [self.rows[place] for place in kept]
        self.places = self.places[going_on]
        return last[going_on]

    def _look_at(self, place: int, row: int, step: int) -> None:
        """Show the ids of a page so far, and end it where they go round in circles."""
        text = Text(self.ids[row, : step + 1].tolist(), self.log_probs[row], "length")
        if self.rules.stop_loops:
            text = close_loop(self.stepper, place, text, self.rules)
        if text.stop_reason == "loop":
            self.finished[row] = text
        elif self.on_ids is not None:
            self.on_ids(row, text.ids)
