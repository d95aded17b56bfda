"""Beam search over a batch of pages, alone or with the CTC head's opinion of each prefix. Knows ids, never kern.

Scores of the decoder and of CTC are added with weights as in Watanabe et al., "Hybrid CTC/attention architecture for
end-to-end speech recognition" (2017): both judge the text so far, CTC all texts that begin with it.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from jazzmus.model.decoding import (
    STEPS_BETWEEN_CHECKS,
    DecodingOptions,
    DecodingOutput,
    OnIds,
    Rules,
    Stepper,
    StopReason,
    Text,
    close_loop,
    find_loop,
    output_of,
)

_DEAD = float("-inf")


class PrefixScorer(Protocol):
    """Judges prefixes, such as `jazzmus.model.smt.ctc.CtcPrefixScorer`."""

    def start(self, beams: int) -> Tensor:
        """What is known of the empty prefix, (B, beams, ...)."""

    def score(self, known: Tensor, last: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probabilities (B, beams, N) of prefixes with one of N more ids, and what is known of them."""

    def keep_pages(self, pages: Tensor) -> None:
        """Go on with some pages only."""


class Beam(NamedTuple):
    """A text in the making.

    Attributes:
        ids: From <bos> on.
        log_probs: Of each id by the network alone.
        attention: Sum of the decoder's log-probabilities; -inf for a beam that is not followed.
        score: What beams are compared by, before their length counts.
        state: Of the grammar.
        limited: Whether the limit, not the network, chose an id.
    """

    ids: list[int]
    log_probs: list[float]
    attention: float
    score: float
    state: int
    limited: bool

    def normalized(self, length_penalty: float) -> float:
        """The score by which texts of different lengths are compared."""
        return self.score / max(1, len(self.ids) - 1) ** length_penalty


class _Candidates(NamedTuple):
    """The best continuations of each page, best first: (B, N) lists."""

    scores: list[list[float]]
    beams: list[list[int]]
    ids: list[list[int]]
    attention: list[list[float]]
    log_probs: list[list[float]]
    places: Tensor  # (B, N) among the beams * ids that were scored, for what is known of them


def beam_decode(
    stepper: Stepper,
    rules: Rules,
    options: DecodingOptions,
    scorer: PrefixScorer | None = None,
    on_ids: OnIds | None = None,
) -> DecodingOutput:
    """The text with the best score of those that `options.num_beams` beams find; with one beam, greedy decoding.

    Args:
        stepper: Continues `options.num_beams` texts a page.
        rules: Limits.
        options: Beams, length penalty and weight of CTC.
        scorer: Judges prefixes where that weight is above 0.
        on_ids: Is shown the best ids of each page every few steps.
    """
    search = _Search(stepper, rules, options, scorer, on_ids)
    found = search.texts()
    for row, ranked in enumerate(found):
        if on_ids is not None:
            on_ids(row, ranked[0].ids)
    return output_of(found, rules.special.pad)


class _Search:
    def __init__(
        self,
        stepper: Stepper,
        rules: Rules,
        options: DecodingOptions,
        scorer: PrefixScorer | None,
        on_ids: OnIds | None,
    ) -> None:
        self.stepper, self.rules, self.options, self.scorer, self.on_ids = stepper, rules, options, scorer, on_ids
        self.width = options.num_beams
        begin = Beam([rules.special.bos], [0.0], 0.0, 0.0, rules.guide.grammar.start if rules.guide else 0, False)
        self.rows = list(range(stepper.pages))
        self.beams = [[begin, *[_dead(begin)] * (self.width - 1)] for _ in self.rows]
        self.ended: list[list[Beam]] = [[] for _ in self.rows]
        self.found: dict[int, list[Text]] = {}
        self.known = scorer.start(self.width) if scorer else None

    @torch.inference_mode()
    def texts(self) -> list[list[Text]]:
        """Decode to the end; the texts of each page, best first."""
        pages = len(self.rows)
        for step in range(1, self.rules.max_length):
            candidates = self._candidates(step)
            self._advance(candidates)
            if step % STEPS_BETWEEN_CHECKS == 0:
                self._look()
            self._drop_found()
            if not self.rows:
                break
        for place, row in enumerate(self.rows):
            self.found[row] = self._ranked(place)
        return [self.found[row] for row in range(pages)]

    def _candidates(self, step: int) -> _Candidates:
        """Score the most probable ids after every beam."""
        device = self.stepper.device
        last = torch.tensor([[beam.ids[-1] for beam in beams] for beams in self.beams], device=device)
        log_probs = self.stepper.step(last).float().log_softmax(-1)
        attention = torch.tensor([[beam.attention for beam in beams] for beams in self.beams], device=device)
        scored = log_probs + attention[..., None]
        if self.rules.guide is not None:
            scored = scored + self._masks(log_probs, step)
        count = min(2 * self.width, log_probs.shape[-1])
        top, ids = scored.topk(count, dim=-1)
        total = top
        if self.scorer is not None and self.known is not None:
            judged, self.known = self.scorer.score(self.known, last, ids)
            weight = self.options.ctc_weight
            total = (1 - weight) * top + weight * judged.to(top.dtype)
        best, places = total.flatten(1).topk(min(2 * self.width, total[0].numel()), dim=-1)
        chosen_ids, chosen_top, chosen_log_probs = (
            values.flatten(1).gather(1, places).tolist() for values in (ids, top, log_probs.gather(2, ids))
        )
        beams = (places // count).tolist()
        return _Candidates(best.tolist(), beams, chosen_ids, chosen_top, chosen_log_probs, places)

    def _masks(self, log_probs: Tensor, step: int) -> Tensor:
        """(B, beams, V) to add to scores: 0 where the grammar and the limit allow an id."""
        guide = self.rules.guide
        assert guide is not None
        room = self.rules.max_length - step
        rows = []
        for place, beams in enumerate(self.beams):
            rows.append(torch.stack([guide.mask(beam.state, room) for beam in beams]))
            self.beams[place] = [
                beam._replace(limited=beam.limited or guide.limits(beam.state, room, log_probs[place, at]))
                for at, beam in enumerate(beams)
            ]
        return torch.stack(rows)

    def _advance(self, candidates: _Candidates) -> None:
        """Let the best candidates become the beams; those that end are put aside."""
        sources, kept = [], []
        for place, (beams, row) in enumerate(zip(self.beams, self.rows, strict=True)):
            following: list[Beam] = []
            chosen: list[int] = []
            for rank, score in enumerate(candidates.scores[place]):
                if score == _DEAD or len(following) == self.width:
                    break
                beam = self._continued(beams[candidates.beams[place][rank]], candidates, place, rank)
                if beam.ids[-1] != self.rules.special.eos:
                    following.append(beam)
                    chosen.append(rank)
                elif rank < self.width:
                    self.ended[row].append(beam)
            while len(following) < self.width:  # what no candidate is left for is followed no longer
                following.append(_dead(following[0] if following else beams[0]))
                chosen.append(chosen[0] if chosen else 0)
            self.beams[place] = following
            sources.append([place * self.width + candidates.beams[place][rank] for rank in chosen])
            kept.append(chosen)
        order = [text for texts in sources for text in texts]
        device = self.stepper.device
        if order != list(range(len(order))):
            self.stepper.reorder(torch.tensor(order, device=device))
        if self.known is not None:
            places = candidates.places.gather(1, torch.tensor(kept, device=device))
            pages = torch.arange(len(kept), device=device)[:, None]
            self.known = self.known.flatten(1, 2)[pages, places]

    def _continued(self, beam: Beam, candidates: _Candidates, place: int, rank: int) -> Beam:
        token = candidates.ids[place][rank]
        state = beam.state if self.rules.guide is None else self.rules.guide.after(beam.state, token)
        return Beam(
            [*beam.ids, token],
            [*beam.log_probs, candidates.log_probs[place][rank]],
            candidates.attention[place][rank],
            candidates.scores[place][rank],
            state,
            beam.limited,
        )

    def _look(self) -> None:
        """Stop following texts that go round in circles, and show the best ones."""
        for place, row in enumerate(self.rows):
            beams = self.beams[place]
            if self.rules.stop_loops:
                looping = [beam.attention != _DEAD and find_loop(beam.ids) is not None for beam in beams]
                alive = [beam.attention != _DEAD for beam in beams]
                if any(looping) and looping == alive and not self.ended[row]:
                    text = self._text(beams[0], "length")
                    self.found[row] = [close_loop(self.stepper, place * self.width, text, self.rules)]
                    continue
                self.beams[place] = [_dead(beam) if loops else beam for beam, loops in zip(beams, looping, strict=True)]
            if self.on_ids is not None:
                self.on_ids(row, beams[0].ids)

    def _drop_found(self) -> None:
        """Let pages leave whose text is found: as many ended as there are beams, and none that goes on is better now.

        One might still become so where a penalty on length makes longer texts cheaper; the search does not wait for it.
        """
        penalty = self.options.length_penalty
        for place, row in enumerate(self.rows):
            ended = sorted((beam.normalized(penalty) for beam in self.ended[row]), reverse=True)[: self.width]
            best = max(beam.normalized(penalty) for beam in self.beams[place])
            if row not in self.found and (best == _DEAD or (len(ended) == self.width and best <= ended[-1])):
                self.found[row] = self._ranked(place)
        going_on = [place for place, row in enumerate(self.rows) if row not in self.found]
        if len(going_on) == len(self.rows):
            return
        self.rows = [self.rows[place] for place in going_on]
        self.beams = [self.beams[place] for place in going_on]
        if self.rows:
            pages = torch.tensor(going_on, device=self.stepper.device)
            self.stepper.keep_pages(pages)
            if self.scorer is not None and self.known is not None:
                self.scorer.keep_pages(pages)
                self.known = self.known[pages]

    def _ranked(self, place: int) -> list[Text]:
        """The best texts of a page, best first: those that ended, and before or after them what is cut at the limit."""
        penalty = self.options.length_penalty
        alive = [beam for beam in self.beams[place] if beam.attention != _DEAD]
        # Of texts in the making only the best can be one of the page's: they stop where they are.
        pool = [*self.ended[self.rows[place]], *alive[:1]] or self.beams[place][:1]
        best = sorted(pool, key=lambda beam: beam.normalized(penalty), reverse=True)[: self.width]
        ended = [beam.ids[-1] == self.rules.special.eos and not beam.limited for beam in best]
        return [self._text(beam, "eos" if whole else "length") for beam, whole in zip(best, ended, strict=True)]

    def _text(self, beam: Beam, reason: StopReason) -> Text:
        return Text(beam.ids, torch.tensor(beam.log_probs, device=self.stepper.device), reason, beam.score)


def _dead(beam: Beam) -> Beam:
    return beam._replace(attention=_DEAD, score=_DEAD)
