"""The Sheet Music Transformer: features of a page, an autoregressive decoder over them, and a CTC head beside it.

Knows pixels and ids; knows neither kern nor how images are read.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.utils import ModelOutput

from jazzmus.errors import ConfigError
from jazzmus.model.beam_search import beam_decode
from jazzmus.model.constraint import GrammarGuide, TokenGrammar
from jazzmus.model.decoding import DecodingOptions, DecodingOutput, OnIds, Rules, SpecialIds, greedy_decode
from jazzmus.model.smt.cache import DecodingCache
from jazzmus.model.smt.configuration_smt import SMTConfig
from jazzmus.model.smt.ctc import CtcHead, CtcPrefixScorer
from jazzmus.model.smt.decoder import Decoder
from jazzmus.model.smt.encoders import build_encoder


@dataclass
class SMTOutput(ModelOutput):
    """What a teacher-forced pass gives: `logits` (B, L, num_outputs) and `encoder_output` (B, C, H/s, W/s)."""

    logits: Tensor | None = None
    encoder_output: Tensor | None = None


class SheetMusicTransformer(PreTrainedModel):
    """Reads a page image into token ids (arXiv 2402.07596).

    Pixels are (B, 1, H, W) float in [0, 1], 1 = paper. Pages of different sizes are padded below and on the right;
    with `image_sizes` the padding changes nothing: it is kept out of every convolution and of attention.
    """

    config_class = SMTConfig
    base_model_prefix = "smt"
    main_input_name = "pixel_values"

    def __init__(self, config: SMTConfig) -> None:
        super().__init__(config)
        self.encoder = build_encoder(config)
        self.decoder = Decoder(config)
        self.ctc_head = CtcHead(config) if config.ctc_outputs else None
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        # Embeddings of unit variance stand beside sinusoids of unit amplitude; transformers' 0.02 would drown in them.
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight)
            module.weight[self.config.pad_token_id].zero_()

    def feature_mask(self, image_sizes: Tensor, height: int, width: int, stride: int) -> Tensor:
        """(B, 1, height, width) boolean mask of features that show the page rather than padding.

        Args:
            image_sizes: (B, 2) heights and widths of the pages in pixels.
            height: Rows of the feature map.
            width: Columns of the feature map.
            stride: Pixels per feature.
        """
        # Pages are padded to whole multiples of the encoder's stride, so that the mask is exact at every stage.
        cells = torch.div(image_sizes + self.config.stride - 1, self.config.stride, rounding_mode="floor")
        limits = cells * (self.config.stride // stride)
        rows = torch.arange(height, device=image_sizes.device)[None, :] < limits[:, :1]
        columns = torch.arange(width, device=image_sizes.device)[None, :] < limits[:, 1:]
        return (rows[:, :, None] & columns[:, None, :])[:, None]

    def encode(self, pixel_values: Tensor, image_sizes: Tensor | None = None) -> Tensor:
        """Features of a batch of pages.

        Args:
            pixel_values: (B, 1, H, W) float in [0, 1], 1 = paper.
            image_sizes: (B, 2) height and width of each page in pixels; None when nothing is padded.

        Returns:
            (B, C, H / stride, W / stride) features before the encoder's final norm, 0 where padded.
        """

        def mask_at(features: Tensor, stride: int) -> Tensor | None:
            if image_sizes is None:
                return None
            return self.feature_mask(image_sizes, features.shape[2], features.shape[3], stride).to(features.dtype)

        return self.encoder.features(pixel_values, mask_at)

    def forward(
        self,
        pixel_values: Tensor | None = None,
        decoder_input_ids: Tensor | None = None,
        image_sizes: Tensor | None = None,
        encoder_output: Tensor | None = None,
    ) -> SMTOutput:
        """Teacher-forced logits of (B, L) ids over pages, given as pixels or as features already encoded.

        Raises:
            ValueError: If neither pixels nor features are given, or no ids.
        """
        if encoder_output is None:
            if pixel_values is None:
                raise ValueError("SheetMusicTransformer needs pixel_values or encoder_output")
            encoder_output = self.encode(pixel_values, image_sizes)
        if decoder_input_ids is None:
            raise ValueError("SheetMusicTransformer needs decoder_input_ids")
        memory = self.decoder.remember(encoder_output, self.valid_features(encoder_output, image_sizes))
        return SMTOutput(logits=self.decoder(decoder_input_ids, memory), encoder_output=encoder_output)

    def valid_features(self, features: Tensor, image_sizes: Tensor | None) -> Tensor | None:
        """(B, H, W) boolean mask of unpadded features for attention; None when every feature counts."""
        if image_sizes is None:
            return None
        return self.feature_mask(image_sizes, features.shape[2], features.shape[3], self.config.stride)[:, 0]

    @torch.inference_mode()
    def read(
        self,
        pixel_values: Tensor,
        image_sizes: Tensor | None = None,
        options: DecodingOptions | int | None = None,
        grammar: TokenGrammar | None = None,
        on_ids: OnIds | None = None,
    ) -> DecodingOutput:
        """Read a batch of pages: ids, their log-probabilities and why each stopped.

        Args:
            pixel_values: (B, 1, H, W) float in [0, 1], 1 = paper.
            image_sizes: (B, 2) height and width of each page in pixels; None when nothing is padded.
            options: How texts are looked for, or the most ids of a text, <bos> included.
            grammar: What may be written; anything when None.
            on_ids: Is shown the place of a page in the batch and its ids so far, every few ids and at the end.

        Raises:
            ConfigError: If the CTC head is wanted and there is none.
        """
        return self.read_features(self.encode(pixel_values, image_sizes), image_sizes, options, grammar, on_ids)

    @torch.inference_mode()
    def read_features(
        self,
        features: Tensor,
        image_sizes: Tensor | None = None,
        options: DecodingOptions | int | None = None,
        grammar: TokenGrammar | None = None,
        on_ids: OnIds | None = None,
    ) -> DecodingOutput:
        """As `read`, from features already encoded."""
        if not isinstance(options, DecodingOptions):
            options = DecodingOptions(max_length=options)
        config, valid = self.config, self.valid_features(features, image_sizes)
        special = SpecialIds(config.bos_token_id, config.eos_token_id, config.pad_token_id)
        guide = None
        if grammar is not None:
            guide = GrammarGuide(grammar, config.num_outputs, special.eos, features.device)
        max_length = options.max_length or config.max_sequence_length
        rules = Rules(special, max_length, options.stop_loops, guide)
        cache = DecodingCache(self.decoder, features, valid, options.num_beams, options.torch_cache_dtype)
        if options.num_beams == 1 and not options.ctc_weight:
            return greedy_decode(cache, rules, on_ids)
        scorer = self._ctc_scorer(features, valid) if options.ctc_weight else None
        return beam_decode(cache, rules, options, scorer, on_ids)

    def _ctc_scorer(self, features: Tensor, valid: Tensor | None) -> CtcPrefixScorer:
        if self.ctc_head is None:
            raise ConfigError("DecodingOptions.ctc_weight is above 0, but the network has no CTC head; leave it at 0")
        log_probabilities, lengths = self.ctc_head(features, valid)
        return CtcPrefixScorer(log_probabilities, lengths, self.ctc_head.blank, self.config.eos_token_id)

    def generate(  # type: ignore[override]
        self, pixel_values: Tensor, image_sizes: Tensor | None = None, max_length: int | None = None
    ) -> Tensor:
        """Greedy ids (B, N) beginning with <bos>; a page that ended early is filled with <pad>.

        Args:
            pixel_values: (B, 1, H, W) float in [0, 1], 1 = paper.
            image_sizes: (B, 2) height and width of each page in pixels; None when nothing is padded.
            max_length: Longest sequence, <bos> included; the configuration's when None.
        """
        return self.read(pixel_values, image_sizes, max_length).ids
