"""The plain values that define one Sheet Music Transformer. Knows no tensors.

A saved configuration is self-sufficient: besides the network's sizes it carries the tokens in id order, the
tokenizer's name and the page transform, so that a page can be read with it and nothing else.
"""

from __future__ import annotations

from typing import Any, Literal

from transformers import PretrainedConfig

from jazzmus.config import configurable
from jazzmus.errors import ConfigError

ENCODER_STEM_STRIDE = 4
_COUNTS = ("d_model", "d_ff", "num_heads", "num_decoder_layers", "vocab_size", "num_outputs", "max_sequence_length")


@configurable
class SMTConfig(PretrainedConfig):
    """Sizes and switches of the Sheet Music Transformer (arXiv 2402.07596).

    The defaults are the published sizes. `scale_attention=False` with `output_relu=True` is the first public family
    (smt-grandstaff, jazzmus-model); `scale_attention=True` without the ReLU is the second.

    Args:
        encoder: `convnext`, as published, or `resnet`, a light one of the same strides.
        encoder_hidden_sizes: Channels of the encoder's stages; the last one must equal `d_model`.
        encoder_depths: Blocks in each stage.
        layer_scale_init: First value of each ConvNeXt block's layer scale.
        d_model: Width of the decoder.
        d_ff: Width of the decoder's feed-forward layers.
        num_heads: Attention heads; divides `d_model`.
        num_decoder_layers: Decoder layers.
        dropout: Dropout probability in the decoder, in [0, 1).
        norm_first: Normalise before each decoder sub-layer (pre-norm) instead of after it (post-norm, as published).
        scale_attention: Divide attention scores by the square root of the head width.
        output_relu: Apply a ReLU before the output layer.
        ctc_outputs: Places a feature column has for tokens in the CTC head; 0 builds none.
        vocab_size: Rows of the token embedding.
        num_outputs: Rows of the output layer; `vocab_size` when None. One public checkpoint sizes the two apart.
        max_sequence_length: Longest sequence `generate` writes by default, <bos> included.
        pad_token_id: Id of <pad>.
        bos_token_id: Id of <bos>.
        eos_token_id: Id of <eos>.
        tokens: The vocabulary in id order, one for each row of the embedding or of the output layer.
        tokenizer: Name for `jazzmus.kern.tokenizer.build_tokenizer`.
        text_form: Name for `jazzmus.kern.forms.build_form`: the form of the texts that the network writes.
        page_transform: Plain values of the page transform the network was trained with.
        unit: What the network was trained to read: a whole `page`, or a single `system`.
        reading: How these weights read best, where that was found out: strategy and fields of `DecodingOptions`.
        **kwargs: Fields of `transformers.PretrainedConfig`.

    Raises:
        ConfigError: If sizes do not fit together.
    """

    model_type = "jazzmus_smt"

    def __init__(
        self,
        encoder: Literal["convnext", "resnet"] = "convnext",
        encoder_hidden_sizes: list[int] | tuple[int, ...] = (64, 128, 256),
        encoder_depths: list[int] | tuple[int, ...] = (3, 3, 9),
        layer_scale_init: float = 1e-6,
        d_model: int = 256,
        d_ff: int = 256,
        num_heads: int = 4,
        num_decoder_layers: int = 8,
        dropout: float = 0.1,
        norm_first: bool = True,
        scale_attention: bool = True,
        output_relu: bool = False,
        ctc_outputs: int = 0,
        vocab_size: int = 4,
        num_outputs: int | None = None,
        max_sequence_length: int = 2048,
        pad_token_id: int = 0,
        bos_token_id: int = 1,
        eos_token_id: int = 2,
        tokens: list[str] | None = None,
        tokenizer: str | None = None,
        text_form: str = "source",
        page_transform: dict[str, Any] | None = None,
        unit: Literal["page", "system"] = "page",
        reading: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.encoder = encoder
        self.encoder_hidden_sizes = list(encoder_hidden_sizes)
        self.encoder_depths = list(encoder_depths)
        self.layer_scale_init = layer_scale_init
        self.d_model = d_model
        self.d_ff = d_ff
        self.num_heads = num_heads
        self.num_decoder_layers = num_decoder_layers
        self.dropout = dropout
        self.norm_first = norm_first
        self.scale_attention = scale_attention
        self.output_relu = output_relu
        self.ctc_outputs = ctc_outputs
        self.vocab_size = vocab_size
        self.num_outputs = vocab_size if num_outputs is None else num_outputs
        self.max_sequence_length = max_sequence_length
        self.tokens = tokens
        self.tokenizer = tokenizer
        self.text_form = text_form
        self.page_transform = page_transform
        self.unit = unit
        self.reading = reading
        self._check()
        super().__init__(pad_token_id=pad_token_id, bos_token_id=bos_token_id, eos_token_id=eos_token_id, **kwargs)

    def _check(self) -> None:
        if self.encoder not in ("convnext", "resnet"):
            raise ConfigError(f"SMTConfig.encoder must be 'convnext' or 'resnet', not {self.encoder!r}")
        if self.unit not in ("page", "system"):
            raise ConfigError(f"SMTConfig.unit must be 'page' or 'system', not {self.unit!r}")
        if self.ctc_outputs < 0:
            raise ConfigError(f"SMTConfig.ctc_outputs must not be negative, but is {self.ctc_outputs}")
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise ConfigError(f"SMTConfig.{name} must be at least 1, not {getattr(self, name)}")
        if len(self.encoder_hidden_sizes) != len(self.encoder_depths) or not self.encoder_depths:
            raise ConfigError(
                "SMTConfig.encoder_depths and SMTConfig.encoder_hidden_sizes must name the same number of stages, "
                f"not {self.encoder_depths} and {self.encoder_hidden_sizes}"
            )
        if self.encoder_hidden_sizes[-1] != self.d_model:
            raise ConfigError(
                f"SMTConfig.d_model is {self.d_model}, but the last of SMTConfig.encoder_hidden_sizes is "
                f"{self.encoder_hidden_sizes[-1]}; make them equal"
            )
        if self.d_model % 4 or self.d_model % self.num_heads:
            raise ConfigError(f"SMTConfig.d_model ({self.d_model}) must be divisible by 4 and by SMTConfig.num_heads")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"SMTConfig.dropout must lie in [0, 1), not {self.dropout}")
        if self.tokens is not None and len(self.tokens) not in (self.vocab_size, self.num_outputs):
            raise ConfigError(f"SMTConfig has {len(self.tokens)} tokens for a vocabulary of {self.vocab_size}")

    @property
    def stride(self) -> int:
        """Input pixels per encoder feature, in both directions."""
        return ENCODER_STEM_STRIDE * 2 ** (len(self.encoder_depths) - 1)
