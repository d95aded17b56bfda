"""The model card of weights in folder form: a README for people, with the front matter that the hub reads.

Everything in it is told from outside as plain values; what is not known is said to be so. Knows no files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jazzmus.config_text import path_free
from jazzmus.model.smt.configuration_smt import SMTConfig

LICENCES = {
    "cc-by-nc-4.0": "CC-BY-NC-4.0: pages of JAZZMUS, research data under that licence, what was made of them, or what "
    "is not recorded took part in the training.",
    "mit": "MIT: no page of JAZZMUS, nor anything made from one, took part in the training.",
}
_TAGS = ("optical-music-recognition", "sheet-music", "handwriting", "humdrum", "kern", "jazz")


@dataclass(frozen=True)
class CardFacts:
    """What a card says.

    Attributes:
        name: Of the weights.
        config: Of their network.
        parameters: Numbers in the network.
        dtype: Number format of the files, such as `float32`.
        licence: Its identifier on the hub, one of `LICENCES`.
        data: What was trained on, one line each.
        datasets: Names of data sets on the hub among them.
        started_from: The weights that training started from; empty for random ones.
        scores: Percent by name; empty where they are not known.
        intervals: Lower and upper end of the interval of some of them, over pages.
        protocol: What the scores were taken on, as a sentence.
        cost: What the run's record of its cost holds; empty where there is none.
    """

    name: str
    config: SMTConfig
    parameters: int
    dtype: str
    licence: str
    data: Sequence[str] = ()
    datasets: Sequence[str] = ()
    started_from: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    protocol: str = ""
    cost: Mapping[str, Any] = field(default_factory=dict)


def model_card(facts: CardFacts) -> str:
    """The card as Markdown."""
    sections = [_front_matter(facts), f"# {facts.name}", _network(facts)]
    sections += ["## Use", _use(facts), "## Training", *_training(facts), "## Scores", *_scores(facts)]
    sections += ["## Limits", _limits(facts.config), "## Licence", LICENCES[facts.licence]]
    return "\n\n".join(sections) + "\n"


def _front_matter(facts: CardFacts) -> str:
    lines = ["---", f"license: {facts.licence}", "pipeline_tag: image-to-text", "tags:"]
    lines += [f"- {tag}" for tag in _TAGS]
    if facts.datasets:
        lines += ["datasets:", *(f"- {name}" for name in facts.datasets)]
    return "\n".join([*lines, "---"])


def _network(facts: CardFacts) -> str:
    config = facts.config
    return (
        f"A Sheet Music Transformer that reads a {_picture(config)} of a jazz lead sheet into Humdrum text: the "
        "melody as `**kern`, the chords as `**mxhm`. "
        f"{facts.parameters / 1e6:.1f} M parameters ({facts.dtype}): encoder "
        f"`{config.encoder}`, {config.num_decoder_layers} decoder layers of width {config.d_model}, "
        f"{len(config.tokens or ())} tokens of the tokenizer `{config.tokenizer}`, texts in the form "
        f"`{config.text_form}`."
    )


def _picture(config: SMTConfig) -> str:
    return "whole page" if config.unit == "page" else "single system, or a page system by system,"


def _use(facts: CardFacts) -> str:
    return (
        f"```\npython inference.py --checkpoint {facts.name} --image page.jpg\n```\n\n"
        "with the code of this project, or from Python, with a gray page:\n\n"
        "```python\nfrom jazzmus.utils.inference_utils import load_recognizer\n\n"
        f'reading = load_recognizer("{facts.name}").read(image)\nreading.kern\n```\n\n'
        f"`{facts.name}` is this folder, or its name on the hub. `sha256sum -c SHA256SUMS` checks the files."
        f"{_reading(facts.config)}"
    )


def _reading(config: SMTConfig) -> str:
    settings = ", ".join(f"`{name}` {value}" for name, value in (config.reading or {}).items())
    return f" It reads, unless told otherwise, with {settings}." if settings else ""


def _training(facts: CardFacts) -> list[str]:
    start = f"from the weights `{facts.started_from}`" if facts.started_from else "from random weights"
    data = "\n".join(f"- {line}" for line in facts.data) or "- not recorded"
    return [f"Started {start}. Pages:\n\n{data}", _cost(facts.cost)]


def _cost(cost: Mapping[str, Any]) -> str:
    known = []
    if cost.get("command"):
        known.append(f"Command: `{path_free(str(cost['command']))}`")
    if cost.get("steps") is not None:
        known.append(f"Optimizer steps: {cost['steps']}")
    if cost.get("training_seconds") is not None:
        known.append(f"Hours of training: {cost['training_seconds'] / 3600:.2f}")
    for title, key in (("Machine", "machine"), ("Precision", "precision"), ("Commit", "commit")):
        if cost.get(key):
            known.append(f"{title}: {cost[key]}")
    return "\n".join(f"- {line}" for line in known) or "Command, steps and hours were not recorded."


def _scores(facts: CardFacts) -> list[str]:
    if not facts.scores:
        return ["None were recorded for these weights."]
    intervals = {name: f" {low:.2f} to {high:.2f} |" for name, (low, high) in facts.intervals.items()}
    head = (
        "| score | percent | 95 % interval over pages |\n|---|---|---|"
        if intervals
        else "| score | percent |\n|---|---|"
    )
    rows = [f"| {name} | {score:.2f} |{intervals.get(name, '')}" for name, score in facts.scores.items()]
    return [facts.protocol, "\n".join([head, *rows])]


def _limits(config: SMTConfig) -> str:
    transform = config.page_transform or {}
    lines = [
        "Lead sheets only: one staff a system, one melody with chords above it.",
        f"Pages are shown {transform.get('width', 'an unknown number of')} pixels wide; what cannot be told apart at "
        "that size is not read.",
        f"Texts end after {config.max_sequence_length} tokens, and hold only tokens of the training texts.",
        "The scores are those of one training run.",
        "A reading is well-formed by a grammar; that its bars are full is not asked.",
    ]
    return "\n".join(f"- {line}" for line in lines)
