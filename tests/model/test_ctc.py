from __future__ import annotations

import itertools

import pytest
import torch
from networks import TOKENS, random_page, tiny_config, tiny_model

from jazzmus.dataset.batch import PageSample, make_batch, pad_images
from jazzmus.model.ctc_targets import ctc_targets
from jazzmus.model.smt.ctc import CtcHead


def head_of(**changes: int) -> CtcHead:
    torch.manual_seed(0)
    return CtcHead(tiny_config(ctc_outputs=2, **changes))


def test_the_loss_is_the_probability_of_all_paths() -> None:
    head = head_of()
    places = torch.randn(1, 4, len(TOKENS)).log_softmax(dim=-1)
    target = [5, 5]
    total = torch.tensor(0.0)
    for path in itertools.product((0, 5, 6), repeat=4):
        merged = [token for token, _ in itertools.groupby(path)]
        if [token for token in merged if token != head.blank] == target:
            total = total + places[0, range(4), path].sum().exp()
    loss = head.loss(places, torch.tensor([4]), [torch.tensor(target)])
    assert float(loss) == pytest.approx(-float(total.log()), abs=1e-4)


def test_best_paths_merge_repetitions_and_drop_blanks() -> None:
    head = head_of()
    path = [0, 5, 5, 0, 5, 6, 6, 0, 7]
    places = torch.nn.functional.one_hot(torch.tensor([path]), len(TOKENS)).float()
    assert head.best_paths(places, torch.tensor([9])) == [[5, 5, 6, 7]]
    assert head.best_paths(places, torch.tensor([5])) == [[5, 5]]


@pytest.mark.parametrize("encoder", ["convnext", "resnet"])
def test_a_system_reads_alone_as_beside_a_larger_one(encoder: str) -> None:
    model = tiny_model(ctc_outputs=3, encoder=encoder)
    assert model.ctc_head is not None
    systems = [random_page(37, 60, 1), random_page(64, 120, 2)]
    images, sizes = pad_images(systems, model.config.stride)
    features = model.encode(images, sizes)
    together, lengths = model.ctc_head(features, model.valid_features(features, sizes))
    assert lengths.tolist() == [4 * 3, 8 * 3]
    for row, system in enumerate(systems):
        image, size = pad_images([system], model.config.stride)
        features = model.encode(image, size)
        alone, length = model.ctc_head(features, model.valid_features(features, size))
        torch.testing.assert_close(together[row, : lengths[row]], alone[0, : length[0]], atol=1e-5, rtol=0)
        torch.testing.assert_close(alone.exp().sum(-1), torch.ones_like(alone[..., 0]))


def test_places_of_a_column_stand_side_by_side() -> None:
    head = head_of()
    features = torch.randn(1, 32, 2, 5)
    whole, _ = head(features, None)
    column, _ = head(features[..., 3:4], None)
    torch.testing.assert_close(whole[:, 6:8], column)


def test_targets_are_single_systems_that_fit() -> None:
    def sample(name: str, body: list[int]) -> PageSample:
        return PageSample(name, random_page(32, 48), torch.tensor([1, *body, 2]), "")

    samples = [
        sample("one", [4, 5, 6]),
        sample("two", [4, 5]),
        sample("full", [4, 5, 4, 5, 4, 5]),
        sample("blank needed", [4, 5, 5, 5, 4, 6]),
    ]
    batch = make_batch(samples, pad_id=0, stride=16)
    found = ctc_targets(batch, [0, 2, 3], tiny_config(ctc_outputs=2))  # 3 columns of 2 places
    assert found.rows == (0, 2)
    assert [target.tolist() for target in found.targets] == [[4, 5, 6], [4, 5, 4, 5, 4, 5]]
    assert found.too_long == 1
    assert found.num_tokens == 9
