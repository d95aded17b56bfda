"""`python -m jazzmus.training.memory`: accelerator memory each shipped config needs, computed without a device.

One training step runs on tensors without data; what autograd would keep for the backward pass is added up. Knows the
shapes a config leads to, not the data.
"""

from __future__ import annotations

import argparse
import logging
import math
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.func import functional_call

from jazzmus.cli import OneLineParser
from jazzmus.config import build, load_config, query
from jazzmus.dataset.page_transform import PageTransform
from jazzmus.files import write_text
from jazzmus.logs import run_script
from jazzmus.model.smt.configuration_smt import SMTConfig
from jazzmus.model.smt.modeling_smt import SheetMusicTransformer
from jazzmus.training import experiment  # noqa: F401  registers every section a config may name

logger = logging.getLogger(__name__)

CONFIGS = (
    "full_page_baseline",
    "full_page_no_pretrained",
    "full_page_pretrained",
    "full_page_curriculum",
    "system_level",
)
SIZES = (("base", ()), ("tiny", ("config/base/tiny.gin",)))
# Largest texts of the training pages in `compact` tokens of the written form, and of single systems:
# `python -m jazzmus.text_report` prints them, and the vocabulary.
LONGEST_TEXT = {"page": 1013, "system": 187}
VOCABULARY = 170
A4 = math.sqrt(2)
# Driver, CUDA libraries and the allocator's slack: what nvidia-smi shows beyond the tensors of a small training run.
CONTEXT_BYTES = 800 * 2**20
CARD_BYTES = 11 * 10**9


class StepMemory(NamedTuple):
    """Memory of one optimizer step in bytes, for a micro-batch of `pages` images of `height` x `width` pixels."""

    parameters: int
    pages: int
    height: int
    width: int
    weights: int
    activations: int

    @property
    def total(self) -> int:
        """Everything, the device's own needs included."""
        return self.weights + self.activations + CONTEXT_BYTES


def untrained_network() -> SheetMusicTransformer:
    """The network of the config that is loaded, with random weights and a vocabulary of the usual size."""
    facts = {"vocab_size": VOCABULARY, "tokens": None, "tokenizer": None, "page_transform": None}
    return SheetMusicTransformer(build(SMTConfig, **facts))


def step_memory(freeze_encoder: bool = False) -> StepMemory:
    """Memory of one step of the config that is loaded, in fp32 with AdamW."""
    unit = query("FullPageDataModule.unit")
    transform = build(PageTransform)
    height = transform.max_height if unit == "system" else min(transform.max_height, round(transform.width * A4))
    pages = max(1, min(query("FullPageDataModule.batch_size"),
                       query("FullPageDataModule.pixel_budget") // (height * transform.width)))  # fmt: skip
    model = untrained_network()
    model.encoder.requires_grad_(not freeze_encoder)
    activations = _kept_for_backward(model, pages, height, transform.width, LONGEST_TEXT[unit])
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    # fp32 weights; and for what is trained a gradient and AdamW's two momenta.
    weights = sum(4 * count * (4 if trained else 1) for count, trained in sizes)
    return StepMemory(sum(count for count, _ in sizes), pages, height, transform.width, weights, activations)


def _kept_for_backward(model: SheetMusicTransformer, pages: int, height: int, width: int, length: int) -> int:
    """Bytes of the distinct tensors that autograd keeps, parameters left out."""
    stride = model.config.stride
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage()._cdata] = tensor
        return tensor

    with FakeTensorMode() as mode:
        # Batch norms keep their averages in buffers.
        tensors = chain(model.named_parameters(), model.named_buffers())
        parameters: dict[str, Tensor] = {name: mode.from_tensor(tensor) for name, tensor in tensors}
        images = torch.rand(pages, 1, -(-height // stride) * stride, -(-width // stride) * stride)
        sizes = torch.ones(pages, 2, dtype=torch.long)
        ids = torch.ones(pages, length, dtype=torch.long)
        hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
        with hooks:
            output = functional_call(model, parameters, (images, ids), {"image_sizes": sizes})
            F.cross_entropy(output.logits.flatten(0, 1).float(), ids.flatten())
        own = {parameter.untyped_storage()._cdata for parameter in parameters.values()}
    return sum(tensor.untyped_storage().nbytes() for key, tensor in kept.items() if key not in own)


def table(root: Path) -> str:
    """The Markdown table of all shipped configs in both sizes."""
    lines = [
        "# Memory of the shipped configs",
        "",
        "Computed by `make memory`, not measured: AdamW, A4 pages, the longest training text in `compact` tokens, and",
        "what autograd keeps for one micro-batch in fp32, which bounds bf16 autocast from above. A batch over the",
        "pixel budget is split into micro-batches of one optimizer step. The total holds 0.8 GB for driver and CUDA.",
        "",
        "| config | size | parameters | pages a step | micro-batch | weights, gradients, AdamW | activations | total "
        "| fits 11 GB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in CONFIGS:
        for size, overlays in SIZES:
            for frozen in (False, True) if name == "full_page_pretrained" else (False,):
                load_config([root / "config" / f"{name}.gin", *(root / overlay for overlay in overlays)])
                memory = step_memory(frozen)
                lines.append(
                    f"| {name}{' `--freeze_encoder`' if frozen else ''} | {size} | {memory.parameters / 1e6:.1f} M "
                    f"| {query('FullPageDataModule.batch_size')} | {memory.pages} of {memory.height}x{memory.width} "
                    f"| {memory.weights / 1e9:.2f} GB | {memory.activations / 1e9:.2f} GB "
                    f"| {memory.total / 1e9:.1f} GB | {'yes' if memory.total <= CARD_BYTES else 'no'} |"
                )
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, or write it."""
    parser = OneLineParser(prog="python -m jazzmus.training.memory", description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, metavar="FILE", help="Markdown file to write (default: print)")
    args: argparse.Namespace = parser.parse_args(arguments)
    text = table(Path.cwd())
    if args.output is None:
        sys.stdout.write(text)
    else:
        write_text(args.output, text)
    return 0


if __name__ == "__main__":
    sys.exit(run_script(main))
