"""Reading pages with trained weights: what `inference.py`, evaluation and notebooks use.

Knows checkpoints, images and texts; knows no gin, no manifests and no training.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from jazzmus.dataset.batch import pad_images
from jazzmus.dataset.manifest import SystemBox
from jazzmus.dataset.page_transform import PageTransform
from jazzmus.errors import CheckpointError, ConfigError, JazzmusError
from jazzmus.kern.codec import TextCodec
from jazzmus.kern.token_grammar import build_token_grammar
from jazzmus.kern.vocabulary import Vocabulary
from jazzmus.model.constraint import TokenGrammar
from jazzmus.model.decoding import DecodingOptions, OnIds
from jazzmus.model.pretrained import build_model, read_weights
from jazzmus.model.smt.configuration_smt import SMTConfig
from jazzmus.model.smt.modeling_smt import SheetMusicTransformer
from jazzmus.utils.page_strategies import STRATEGIES, PageText, StrategyName, music_boxes, read_pages
from jazzmus.utils.reranking import best_by_bars
from jazzmus.utils.transcription import (
    DecodedText,
    RowStream,
    Transcription,
    confidences_restored,
    decoded_text,
    doubtful_bars,
    mean_probability,
)

# Those that come with the code, wherever it is called from.
SHIPPED_WEIGHTS = Path(__file__).resolve().parents[2] / "weights" / "tiny"
# Pages or systems that one batch of the network holds: a page of systems is one batch.
PICTURES_AT_ONCE = 16


class Recognizer:
    """A trained network with its page transform and vocabulary, and the way it is to read.

    Args:
        model: In evaluation mode.
        codec: Ids to text.
        page_transform: The one the network was trained with.
        grammar: What the network may write; None: any tokens.
        strategy: How a page is read; None: by systems, if the network was trained on single systems, else at once.
        find_boxes: Look for the systems of pages that are read at once, too, to show them.
        decoding: How texts are looked for.

    Raises:
        ConfigError: If CTC cannot have the share it is to have, or no well-formed text is as short as the limit.
    """

    def __init__(
        self,
        model: SheetMusicTransformer,
        codec: TextCodec,
        page_transform: PageTransform,
        grammar: TokenGrammar | None = None,
        *,
        strategy: StrategyName | None = None,
        find_boxes: bool = False,
        decoding: DecodingOptions | None = None,
    ) -> None:
        self.model = model
        self.codec = codec
        self.page_transform = page_transform
        self.strategy: StrategyName = strategy or _trained_strategy(model.config)
        self.grammar = grammar
        self.find_boxes = find_boxes
        self.decoding = decoding or DecodingOptions()
        if grammar is not None and self.decoding.max_length is not None:
            fewest = 1 + grammar.fewest_to_end(grammar.start)
            if self.decoding.max_length < fewest:
                raise ConfigError(f"max_length {self.decoding.max_length}: no text has fewer than {fewest} tokens here")
        if self.decoding.ctc_weight and self.strategy == "page":
            raise ConfigError("a share of CTC needs single systems: choose the strategy systems, or no CTC")
        if self.decoding.ctc_weight and model.ctc_head is None:
            raise ConfigError("the weights have no CTC head to give a share to; read without CTC")

    def read(self, image: Image.Image, on_row: Callable[[str], None] | None = None) -> Transcription:
        """Read one gray page (mode "L", as `read_image` gives it).

        Args:
            image: The page.
            on_row: Is given each line of the text, without its newline, as soon as nothing can change it any more:
                while the rest is read, where the page is read at once by following a single text, else at the end.
        """
        if on_row is None:
            return self.read_batch([image])[0]
        rows = RowStream(self.codec, on_row)
        streams = self.strategy == "page" and self.decoding.num_beams == 1
        reading = self.read_batch([image], on_ids=(lambda _, ids: rows.take(ids)) if streams else None)[0]
        rows.finish(reading.kern)
        return reading

    def read_batch(
        self,
        images: Sequence[Image.Image],
        boxes: Sequence[Sequence[SystemBox]] | None = None,
        on_ids: OnIds | None = None,
    ) -> list[Transcription]:
        """Read several gray pages at once; each is read as it would be alone.

        Args:
            images: The pages.
            boxes: Their systems from top to bottom, where they are known; found when None.
            on_ids: As of `SheetMusicTransformer.read`, of each batch of pages or systems.
        """
        started = time.perf_counter()
        texts = read_pages(
            self.strategy, images, lambda pictures: self._read_pictures(pictures, on_ids), boxes, self._choose
        )
        seconds = (time.perf_counter() - started) / len(images)
        return [self._transcription(page, image, seconds) for page, image in zip(texts, images, strict=True)]

    def _read_pictures(self, pictures: Sequence[Image.Image], on_ids: OnIds | None) -> list[list[DecodedText]]:
        """The texts found for each picture, best first; `PICTURES_AT_ONCE` are read at a time."""
        decoded: list[list[DecodedText]] = []
        device = self.model.device
        for start in range(0, len(pictures), PICTURES_AT_ONCE):
            tensors = [self.page_transform(picture) for picture in pictures[start : start + PICTURES_AT_ONCE]]
            pixels, sizes = pad_images(tensors, self.model.config.stride)
            reading = self.model.read(pixels.to(device), sizes.to(device), self.decoding, self.grammar, on_ids)
            # Without a say of the bars the best text is the only one of interest.
            count = None if self.decoding.bar_weight else 1
            decoded += ([decoded_text(self.codec, text) for text in texts[:count]] for texts in reading.texts)
        return decoded

    def _choose(self, systems: Sequence[Sequence[DecodedText]]) -> list[DecodedText]:
        return best_by_bars(systems, self.decoding.bar_weight, self.decoding.length_penalty)

    def _transcription(self, page: PageText, image: Image.Image, seconds: float) -> Transcription:
        decoded = page.decoded
        kern = self.codec.form.restore(decoded.text)
        return Transcription(
            kern=kern,
            stop_reason=decoded.stop_reason,
            confidence=mean_probability(decoded.tokens),
            seconds=seconds,
            row_confidences=confidences_restored(kern, decoded.text, decoded.row_confidences),
            doubtful_bars=doubtful_bars(kern),
            system_boxes=page.boxes or (music_boxes(image) if self.find_boxes else ()),
            tokens=decoded.tokens,
        )


def load_recognizer(
    checkpoint: str | Path,
    device: str | torch.device | None = None,
    *,
    strategy: StrategyName | None = None,
    grammar: bool = True,
    find_boxes: bool = False,
    **decoding: Any,
) -> Recognizer:
    """Load what is needed to read pages from a checkpoint, folder or hub id, and nothing else.

    Args:
        checkpoint: Training checkpoint, folder of `save_pretrained`, or hub id.
        device: Where to read; the first accelerator, else the CPU, when None.
        strategy: As of `Recognizer`; None: as the weights' own `SMTConfig.reading` has it, where they have one.
        grammar: Let the network write well-formed texts only.
        find_boxes: As of `Recognizer`.
        **decoding: Fields of `DecodingOptions`; those left out are the weights' own, unless another strategy is given.

    Raises:
        CheckpointError: If the weights cannot be read or do not say how pages and texts are coded.
        ConfigError: If there is no such device, or options do not fit together.
    """
    device = _usable(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    model = build_model(read_weights(checkpoint))
    config = model.config
    if not (config.tokens and config.tokenizer and config.page_transform):
        raise CheckpointError(
            f"{checkpoint}: has no tokenizer or page transform, as public SMT weights do not; fine-tune it first with "
            "FullPageTrainer.pretrained, or give a checkpoint of train_full_page.py"
        )
    try:
        codec = TextCodec.from_names(config.tokenizer, config.tokens, config.text_form)
        page_transform = PageTransform.from_dict(config.page_transform)
        _check_ids(config, codec.vocabulary)
        token_grammar = build_token_grammar(codec) if grammar else None
        strategy, own = own_reading(config, strategy)
    except (JazzmusError, TypeError, ValueError) as error:
        raise CheckpointError(f"{checkpoint}: its configuration does not say how to read ({error})") from error
    options = DecodingOptions(**(own | decoding))
    model = model.to(device)
    return Recognizer(
        model, codec, page_transform, token_grammar, strategy=strategy, find_boxes=find_boxes, decoding=options
    )


def own_reading(config: SMTConfig, strategy: StrategyName | None = None) -> tuple[StrategyName, dict[str, Any]]:
    """The strategy and the fields of `DecodingOptions` by which weights read.

    Args:
        config: Theirs.
        strategy: The one that is wanted instead; with another than their own, weights have no options of their own.

    Raises:
        ConfigError: If there is no such strategy, or options are none or do not fit together.
    """
    own = dict(config.reading or {})
    usual = own.pop("strategy", _trained_strategy(config))
    if usual not in STRATEGIES:
        raise ConfigError(f"there is no strategy {usual!r}; there are {', '.join(STRATEGIES)}")
    if strategy not in (None, usual):
        return strategy, {}
    try:
        DecodingOptions(**own)
    except TypeError as error:
        settings = ", ".join(f"{name}={value}" for name, value in own.items())
        raise ConfigError(f"not options of reading: {settings}") from error
    return usual, own


def _trained_strategy(config: SMTConfig) -> StrategyName:
    """The strategy that shows a network what it was trained on."""
    return "systems" if config.unit == "system" else "page"


def _usable(device: str | torch.device) -> torch.device:
    """The device, once something could be put there."""
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ConfigError(f"--device {device}: cannot be used here; choose cpu, or leave it out") from error


def _check_ids(config: SMTConfig, vocabulary: Vocabulary) -> None:
    """Raise a `CheckpointError` where the network could write or be given an id that is no token."""
    special = (config.pad_token_id, config.bos_token_id, config.eos_token_id)
    if special != (vocabulary.pad_id, vocabulary.bos_id, vocabulary.eos_id):
        raise CheckpointError(f"pad_token_id, bos_token_id and eos_token_id are {special}")
    if not config.num_outputs == len(vocabulary) <= config.vocab_size:
        raise CheckpointError(f"{len(vocabulary)} tokens for {config.num_outputs} outputs")
    "".join(vocabulary.tokens).encode("utf-8")  # a text that is read must be one that can be written


def shipped_weights() -> Path:
    """The folder of weights that comes with the repository.

    Raises:
        CheckpointError: If it is not there.
    """
    if not (SHIPPED_WEIGHTS / "config.json").is_file():
        raise CheckpointError(
            f"{SHIPPED_WEIGHTS}: the shipped weights are not there; restore them, or give --checkpoint"
        )
    return SHIPPED_WEIGHTS
