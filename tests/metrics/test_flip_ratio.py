"""The flip ratio against counts made by hand."""

import pytest
import torch
from torch import nn

from signbit.layers import BinaryLinear
from signbit.metrics import FlipRatio, latent_signs


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
