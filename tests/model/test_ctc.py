from __future__ import annotations

import itertools

import pytest
import torch
from networks import TOKENS, random_page, tiny_config, tiny_model

from jazzmus.dataset.batch import PageSample, SystemTarget, make_batch, pad_images
from jazzmus.model.ctc_targets import ctc_targets
from jazzmus.model.smt.ctc import CtcHead, FeatureRows, features_of_systems


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


def sample(name: str, *systems: SystemTarget, height: int = 32, width: int = 48) -> PageSample:
    return PageSample(name, random_page(height, width), torch.tensor([1, 4, 2]), "", systems)


def test_targets_are_systems_that_fit() -> None:
    samples = [
        sample("one", SystemTarget(0, 32, (4, 5, 6))),
        sample("unknown"),
        sample("full", SystemTarget(0, 32, (4, 5, 4, 5, 4, 5))),
        sample("blank needed", SystemTarget(0, 32, (4, 5, 5, 5, 4, 6))),
        sample("two", SystemTarget(0, 16, (4,)), SystemTarget(15, 32, (5, 6))),
    ]
    batch = make_batch(samples, pad_id=0, stride=16)
    config = tiny_config(ctc_outputs=2)  # 3 columns of 2 places
    found = ctc_targets(batch, config)
    assert found.rows == ((0, 0, 2), (2, 0, 2), (4, 0, 1), (4, 0, 2))
    assert [target.tolist() for target in found.targets] == [[4, 5, 6], [4, 5, 4, 5, 4, 5], [4], [5, 6]]
    assert found.too_long == 1
    assert found.num_tokens == 12
    alone = ctc_targets(batch, config, on_pages=False)
    assert (alone.rows, alone.too_long) == (found.rows[:2], 1)
    assert len(ctc_targets(batch, config, fitting=False).rows) == 5
    assert ctc_targets(make_batch([sample("unknown")], 0, 16), config) == ((), (), 0)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [((0, 100), (0, 7)), ((0, 48), (0, 3)), ((47, 49), (2, 4)), ((48, 100), (3, 7)), ((60, 61), (3, 4))],
)
def test_features_that_show_a_pixel_of_a_system_are_its_own(rows: tuple[int, int], expected: tuple[int, int]) -> None:
    batch = make_batch([sample("page", SystemTarget(*rows, (4,)), height=100)], pad_id=0, stride=16)
    (found,) = ctc_targets(batch, tiny_config(ctc_outputs=2)).rows
    assert found == (0, *expected)


def test_systems_of_pages_are_read_as_if_each_were_alone() -> None:
    """Of given features: what lies above and below a system, and the padding of its page, changes nothing."""
    head = head_of()
    features = torch.randn(2, 32, 6, 5)
    valid = torch.ones(2, 6, 5, dtype=torch.bool)
    valid[1, 4:] = valid[1, :, 3:] = False
    systems = [FeatureRows(0, 0, 2), FeatureRows(0, 2, 6), FeatureRows(1, 1, 4)]
    together, lengths = head(*features_of_systems(features, valid, systems))
    assert lengths.tolist() == [10, 10, 6]
    for row, (page, first, last) in enumerate(systems):
        alone, length = head(features[page : page + 1, :, first:last], valid[page : page + 1, first:last])
        assert int(length) == int(lengths[row])
        torch.testing.assert_close(together[row, : lengths[row]], alone[0, : lengths[row]], atol=1e-6, rtol=0)


def test_the_loss_of_a_page_is_that_of_its_halves() -> None:
    head = head_of()
    features = torch.randn(1, 32, 4, 5, requires_grad=True)
    targets = [torch.tensor([4, 5, 6]), torch.tensor([7, 4])]
    cut = features_of_systems(features, None, [FeatureRows(0, 0, 2), FeatureRows(0, 2, 4)])
    whole = head.loss(*head(*cut), targets).sum()
    halves = sum(
        head.loss(*head(half, None), [target]).sum()
        for half, target in zip(features.split(2, dim=2), targets, strict=True)
    )
    torch.testing.assert_close(whole, halves, atol=1e-5, rtol=0)
    of_page, of_halves = (torch.autograd.grad(loss, features)[0] for loss in (whole, halves))
    torch.testing.assert_close(of_page, of_halves, atol=1e-6, rtol=0)
    assert float(of_page.abs().sum()) > 0


@pytest.mark.parametrize("heights", [(64, 64), (64, 37)])
def test_a_single_system_is_what_the_head_reads_of_its_whole_page(heights: tuple[int, int]) -> None:
    model = tiny_model(ctc_outputs=3)
    assert model.ctc_head is not None
    samples = [sample(str(height), SystemTarget(0, height, (4,)), height=height, width=60) for height in heights]
    batch = make_batch(samples, 0, model.config.stride)
    features = model.encode(batch.images, batch.image_sizes)
    valid = model.valid_features(features, batch.image_sizes)
    expected, lengths = model.ctc_head(features, valid)
    found, found_lengths = model.ctc_head(*features_of_systems(features, valid, ctc_targets(batch, model.config).rows))
    assert torch.equal(found_lengths, lengths)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
