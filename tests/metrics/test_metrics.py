"""Flip ratio, operations and storage against counts made by hand and published ones."""

import pytest
import torch
from torch import nn

from signbit import models
from signbit.layers import BinaryConv2d, BinaryLinear
from signbit.metrics import FlipRatio, count_operations, count_storage, latent_signs


def test_flip_ratio() -> None:
    net = nn.Sequential(BinaryLinear(5, 4), nn.Linear(4, 3))
    with torch.no_grad():
        net[0].weight.fill_(0.0)
    before = latent_signs(net)
    assert list(before) == ["0.weight"]
    with torch.no_grad():
        net[0].weight[0, :3] = -1.0
        net[0].weight[1, :3] = -0.0  # still +1
        net[1].weight.neg_()
    metric = FlipRatio()
    metric.update(before, latent_signs(net))
    assert metric.compute().item() == pytest.approx(3 / 20)
    metric.update(before, before)
    assert metric.compute().item() == pytest.approx(3 / 40)


def test_signs_are_those_of_standardised_weights() -> None:
    layer = BinaryLinear(4, 1, weight_binarizer="standardized_mean_abs_sign")
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 2.0, 3.0, 4.0]]))
    assert latent_signs(layer)["weight"].tolist() == [[False, False, True, True]]


def test_flip_ratio_of_two_models() -> None:
    with pytest.raises(ValueError, match="give signs of one model"):
        FlipRatio().update({"a": torch.ones(1)}, {"b": torch.ones(1)})


def test_counts_of_the_published_network() -> None:
    net = models.create("binarynet", inflation=3)  # real stem and head
    operations = count_operations(net, torch.zeros(1, 3, 32, 32, dtype=torch.uint8))
    assert operations.one_bit / 1e9 == pytest.approx(4.5393, abs=5e-5)
    assert operations.other / 1e6 == pytest.approx(10.63, abs=5e-3)
    assert operations.equivalent / 1e6 == pytest.approx(81.55, abs=5e-3)
    assert operations.one_bit_share > 0.997
    storage = count_storage(net)
    assert storage.one_bit_weights == 36_421_632
    assert (storage.one_bit_weights + 32 * (storage.other_weights + 10)) / 1e6 == pytest.approx(37.08, abs=5e-3)
    assert storage.one_bit_share > 0.999
    assert net.training


def test_counts_of_a_fully_binary_network() -> None:
    net = models.create("binarynet", stem="binary", head="binary", width=0.25)
    storage = count_storage(net)
    assert storage.one_bit_share == 1
    assert storage.float32_bytes == 4 * sum(p.numel() for p in net.parameters())
    assert storage.one_bit_bytes == -(-storage.one_bit_weights // 8) + 4 * storage.other_parameters
    operations = count_operations(net, torch.zeros(1, 3, 32, 32, dtype=torch.uint8))
    assert operations.other == 27 * 32 * 1024  # the stem: one-bit weights, but pixels are not one bit


def test_operations_by_hand() -> None:
    net = nn.Sequential(
        BinaryConv2d(4, 6, 3, stride=2, groups=2),
        nn.Flatten(),
        BinaryLinear(24, 5, input_binarizer=None),
        nn.Linear(5, 2),
    )
    operations = count_operations(net, torch.randn(1, 4, 5, 5))
    # The linear layer gets integers, not codes: its weights are one bit, its operations are not.
    assert operations.one_bit == 6 * 2 * 2 * 2 * 9
    assert operations.other == 24 * 5 + 5 * 2
    net[0].input_binarizer.mode = "real"
    assert count_operations(net, torch.randn(1, 4, 5, 5)).one_bit == 0


def test_shared_codes_count_as_one_bit() -> None:
    net = BinaryLinear(8, 3, input_binarizer=None)
    assert count_operations(net, torch.ones(1, 8)).one_bit == 24
    with pytest.raises(ValueError, match="give one image"):
        count_operations(net, torch.ones(2, 8))
