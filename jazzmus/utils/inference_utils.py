"""Reading pages with trained weights: what `inference.py`, evaluation and notebooks use.

Knows checkpoints, images and texts; knows no gin, no manifests and no training.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image

from jazzmus.dataset.batch import pad_images
from jazzmus.dataset.page_image import read_image
from jazzmus.dataset.page_transform import PageTransform
from jazzmus.errors import CheckpointError, DataError, JazzmusError
from jazzmus.files import write_text
from jazzmus.kern.codec import TextCodec
from jazzmus.kern.vocabulary import Vocabulary
from jazzmus.logs import progress
from jazzmus.model.decoding import StopReason
from jazzmus.model.pretrained import build_model, read_weights
from jazzmus.model.smt.configuration_smt import SMTConfig
from jazzmus.model.smt.modeling_smt import SheetMusicTransformer

logger = logging.getLogger(__name__)

SHIPPED_WEIGHTS = Path("weights")
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".jp2"})


class Transcription(NamedTuple):
    """What was read from a page.

    Attributes:
        kern: Humdrum text.
        stop_reason: `eos` when the model ended the page itself, `length` when the limit did.
        confidence: Mean probability the model gave the tokens it chose, in [0, 1].
        seconds: Wall time of reading, shared evenly by the pages of a batch.
    """

    kern: str
    stop_reason: StopReason
    confidence: float
    seconds: float


class Recognizer:
    """A trained network with its page transform and vocabulary.

    Args:
        model: In evaluation mode.
        codec: Ids to text.
        page_transform: The one the network was trained with.
    """

    def __init__(self, model: SheetMusicTransformer, codec: TextCodec, page_transform: PageTransform) -> None:
        self.model = model
        self.codec = codec
        self.page_transform = page_transform

    def read(self, image: Image.Image) -> Transcription:
        """Read one gray page (mode "L", as `read_image` gives it)."""
        return self.read_batch([image])[0]

    def read_batch(self, images: Sequence[Image.Image]) -> list[Transcription]:
        """Read several gray pages at once; each is read as it would be alone."""
        started = time.perf_counter()
        pixels, sizes = pad_images([self.page_transform(image) for image in images], self.model.config.stride)
        device = self.model.device
        reading = self.model.read(pixels.to(device), sizes.to(device))
        seconds = (time.perf_counter() - started) / len(images)
        eos_id = self.codec.vocabulary.eos_id
        transcriptions = []
        for ids, log_probs, reason in zip(
            reading.ids.tolist(), reading.log_probs.cpu(), reading.stop_reasons, strict=True
        ):
            # <bos> was not chosen, and what follows <eos> is padding to the longest page of the batch.
            chosen = log_probs[1 : ids.index(eos_id) + 1 if eos_id in ids else len(ids)]
            confidence = float(chosen.exp().mean()) if len(chosen) else 1.0
            transcriptions.append(Transcription(self.codec.decode(ids), reason, confidence, seconds))
        return transcriptions


def load_recognizer(checkpoint: str | Path, device: str | torch.device | None = None) -> Recognizer:
    """Load what is needed to read pages from a checkpoint, folder or hub id, and nothing else.

    Args:
        checkpoint: Training checkpoint, folder of `save_pretrained`, or hub id.
        device: Where to read; the first accelerator, else the CPU, when None.

    Raises:
        CheckpointError: If the weights cannot be read or do not say how pages and texts are coded.
    """
    model = build_model(read_weights(checkpoint))
    config = model.config
    if not (config.tokens and config.tokenizer and config.page_transform):
        raise CheckpointError(
            f"{checkpoint}: has no tokenizer or page transform, as public SMT weights do not; fine-tune it first with "
            "FullPageTrainer.pretrained, or give a checkpoint of train_full_page.py"
        )
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        codec = TextCodec.from_names(config.tokenizer, config.tokens, config.text_form)
        page_transform = PageTransform.from_dict(config.page_transform)
        _check_ids(config, codec.vocabulary)
    except (JazzmusError, TypeError, ValueError) as error:
        raise CheckpointError(f"{checkpoint}: its configuration does not say how to read ({error})") from error
    return Recognizer(model.to(device), codec, page_transform)


def _check_ids(config: SMTConfig, vocabulary: Vocabulary) -> None:
    """Raise a `CheckpointError` where the network could write or be given an id that is no token."""
    special = (config.pad_token_id, config.bos_token_id, config.eos_token_id)
    if special != (vocabulary.pad_id, vocabulary.bos_id, vocabulary.eos_id):
        raise CheckpointError(f"pad_token_id, bos_token_id and eos_token_id are {special}")
    if not config.num_outputs == len(vocabulary) <= config.vocab_size:
        raise CheckpointError(f"{len(vocabulary)} tokens for {config.num_outputs} outputs")
    "".join(vocabulary.tokens).encode("utf-8")  # a text that is read must be one that can be written


def shipped_weights() -> Path:
    """The weights that come with the repository: the folder under `weights/` with a config.json.

    Raises:
        CheckpointError: If there is none.
    """
    found = sorted(path.parent for path in SHIPPED_WEIGHTS.glob("*/config.json"))
    if not found:
        raise CheckpointError("no weights are shipped in weights/ yet: give --checkpoint, such as weights/best.ckpt")
    return found[0]


def page_files(paths: Sequence[Path]) -> list[Path]:
    """The image files among `paths`, and those in folders among them, sorted within each folder.

    Raises:
        DataError: If a path does not exist, or a folder holds no image.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES)
            if not inside:
                raise DataError(f"{path}: no image in this folder ({' '.join(sorted(IMAGE_SUFFIXES))})")
            files += inside
        elif path.exists():
            files.append(path)
        else:
            raise DataError(f"{path}: no such file or folder")
    return files


def names_folder(output: str) -> bool:
    """Whether a path, as it was typed, means a folder: one that is there, ends in a slash or is new without a suffix.

    A `Path` no longer tells: it drops the slash.
    """
    path = Path(output)
    return output.endswith(("/", os.sep)) or path.is_dir() or not (path.suffix or path.exists())


def read_files(recognizer: Recognizer, files: Sequence[Path], output: Path | None, several: bool) -> int:
    """Read image files one by one and write their texts; a page that fails is logged and does not stop the rest.

    Args:
        recognizer: Reads the pages.
        files: Image files.
        output: File for a single page, folder for several; None writes the text, and nothing else, to standard output.
        several: Whether `output` is a folder that gets `<stem>.krn`, be it for one page.

    Returns:
        The number of pages that could not be read.

    Raises:
        DataError: If two files would be written to the same place, or the output cannot be written.
    """
    targets = _targets(files, output, several)
    failed = 0
    with progress() as bar:
        for file in bar.track(files, description="reading"):
            try:
                transcription = recognizer.read(read_image(file))
            except DataError as error:
                logger.error("%s", error)
                failed += 1
                continue
            _write(transcription, targets[file])
            logger.info(
                "%s: %d lines in %.1f s, mean confidence %.2f%s",
                file, transcription.kern.count("\n"), transcription.seconds, transcription.confidence,
                "" if transcription.stop_reason == "eos" else ", cut at the length limit",
            )  # fmt: skip
    if len(files) > 1:
        logger.info("%d pages read, %d failed", len(files) - failed, failed)
    return failed


def _targets(files: Sequence[Path], output: Path | None, several: bool) -> dict[Path, Path | None]:
    if output is None:
        return dict.fromkeys(files)
    if not several and not output.is_dir():
        if any(output.exists() and output.samefile(file) for file in files):
            raise DataError(f"{output}: is the page itself; choose another --output")
        return dict.fromkeys(files, output)
    if output.is_file():
        raise DataError(f"{output}: a folder is needed here, this is a file")
    targets: dict[Path, Path | None] = {}
    stems: dict[str, Path] = {}
    for file in files:
        if file.stem in stems:
            raise DataError(
                f"{file} and {stems[file.stem]} would both be written to {output / file.stem}.krn; rename one"
            )
        stems[file.stem] = file
        targets[file] = output / f"{file.stem}.krn"
    return targets


def _write(transcription: Transcription, target: Path | None) -> None:
    if target is None:
        sys.stdout.write(transcription.kern)
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_text(target, transcription.kern)
    except OSError as error:
        raise DataError(f"{target}: cannot be written ({error.strerror}); choose another --output") from error
