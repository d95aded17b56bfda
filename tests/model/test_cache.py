from __future__ import annotations

from typing import Any

import pytest
import torch
from networks import random_page, tiny_model
from torch import Tensor

from jazzmus.dataset.batch import pad_images
from jazzmus.model.decoding import DecodingOptions
from jazzmus.model.smt.cache import FIRST_CAPACITY, DecodingCache
from jazzmus.model.smt.modeling_smt import SheetMusicTransformer

SWITCHES = [{}, {"norm_first": False}, {"scale_attention": False, "output_relu": True}]


def pages(model: SheetMusicTransformer, count: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    """Features, masks of features and sizes of pages of different sizes."""
    shapes = [(64, 48), (37, 90), (96, 20)][:count]
    images, sizes = pad_images([random_page(*shape, seed) for seed, shape in enumerate(shapes)], model.config.stride)
    with torch.inference_mode():
        features = model.encode(images, sizes)
        valid = model.valid_features(features, sizes)
    assert valid is not None
    return features, valid, sizes


def wanted(model: SheetMusicTransformer, features: Tensor, sizes: Tensor, ids: Tensor) -> Tensor:
    """Logits (B, L, V) by the pass over whole sequences."""
    with torch.inference_mode():
        return model(decoder_input_ids=ids, encoder_output=features, image_sizes=sizes).logits


def stepped(cache: DecodingCache, ids: Tensor) -> Tensor:
    """Logits (B, beams, L, V) step by step of (B, beams, L) ids."""
    return torch.stack([cache.step(column) for column in ids.unbind(-1)], dim=2)


@pytest.mark.parametrize("switches", SWITCHES, ids=str)
def test_steps_give_what_a_pass_over_the_sequence_gives(switches: dict[str, Any]) -> None:
    model = tiny_model(**switches)
    features, valid, sizes = pages(model)
    length = FIRST_CAPACITY + 20  # the cache has to grow
    ids = torch.randint(4, model.config.vocab_size, (3, length), generator=torch.Generator().manual_seed(1))
    logits = stepped(DecodingCache(model.decoder, features, valid), ids[:, None])[:, 0]
    torch.testing.assert_close(logits, wanted(model, features, sizes, ids), atol=2e-5, rtol=0)


def test_beams_share_their_page() -> None:
    model = tiny_model()
    features, valid, sizes = pages(model)
    ids = torch.randint(4, model.config.vocab_size, (3, 2, 9), generator=torch.Generator().manual_seed(2))
    cache = DecodingCache(model.decoder, features, valid, beams=2)
    logits = stepped(cache, ids)
    for beam in range(2):
        torch.testing.assert_close(logits[:, beam], wanted(model, features, sizes, ids[:, beam]), atol=1e-5, rtol=0)
    assert cache.layers[0].page_keys.shape[0] == 3 * model.config.num_heads


def test_pages_leave_texts_change_places_and_time_goes_back() -> None:
    model = tiny_model()
    features, valid, sizes = pages(model)
    ids = torch.randint(4, model.config.vocab_size, (3, 2, 12), generator=torch.Generator().manual_seed(3))
    cache = DecodingCache(model.decoder, features, valid, beams=2)
    stepped(cache, ids[..., :6])
    single = cache.fork(3)  # the second text of the second page
    cache.keep_pages(torch.tensor([0, 2]))
    cache.reorder(torch.tensor([1, 1, 3, 2]))
    mixed = torch.stack((ids[0, [1, 1]], ids[2, [1, 0]]))
    logits = stepped(cache, mixed[..., 6:])
    for beam in range(2):
        whole = wanted(model, features[[0, 2]], sizes[[0, 2]], mixed[:, beam])
        torch.testing.assert_close(logits[:, beam], whole[:, 6:], atol=1e-5, rtol=0)
    single.rewind(4)
    other = torch.cat((ids[1, 1, :4], ids[0, 0, 4:]))[None]
    logits = stepped(single, other[:, None, 4:])[:, 0]
    torch.testing.assert_close(logits, wanted(model, features[1:2], sizes[1:2], other)[:, 4:], atol=1e-5, rtol=0)


def test_finished_pages_leave_without_changing_the_others() -> None:
    model = tiny_model(seed=4, max_sequence_length=60)
    features, _, sizes = pages(model)
    # One page ends at its first id that is not <unk>, so that the batch shrinks.
    reading = model.read_features(features, sizes, DecodingOptions(stop_loops=False))
    for row in range(3):
        alone = model.read_features(features[row : row + 1], sizes[row : row + 1], DecodingOptions(stop_loops=False))
        length = alone.ids.shape[1]
        assert reading.ids[row, :length].tolist() == alone.ids[0].tolist()
        torch.testing.assert_close(reading.log_probs[row, :length], alone.log_probs[0], atol=1e-5, rtol=0)


def test_nothing_is_masked_where_nothing_is_padded() -> None:
    model = tiny_model()
    features, valid, _ = pages(model, 1)
    assert DecodingCache(model.decoder, features, valid).bias is None
    assert DecodingCache(model.decoder, *pages(model)[:2]).bias is not None


def test_caches_may_be_kept_in_half_precision() -> None:
    model = tiny_model(seed=3)
    page = random_page(48, 80)[None]
    full = model.read(page, None, DecodingOptions(max_length=12))
    half = model.read(page, None, DecodingOptions(max_length=12, cache_dtype="bfloat16"))
    assert half.log_probs.dtype == torch.float32
    assert half.ids[0, :2].tolist() == full.ids[0, :2].tolist()
    torch.testing.assert_close(half.log_probs[0, 1], full.log_probs[0, 1], atol=0.05, rtol=0)
    cache = DecodingCache(model.decoder, model.encode(page), None, dtype=torch.bfloat16)
    cache.step(torch.tensor([[1]]))
    assert {cache.layers[0].keys.dtype, cache.layers[0].page_values.dtype} == {torch.bfloat16}


def test_training_is_untouched_by_decoding() -> None:
    model = tiny_model()
    features, _, sizes = pages(model)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.read_features(features, sizes)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    model.train()
    model(decoder_input_ids=torch.ones(3, 4, dtype=torch.long), encoder_output=features.clone()).logits.sum().backward()
    assert model.decoder.vocab_projection.weight.grad is not None
