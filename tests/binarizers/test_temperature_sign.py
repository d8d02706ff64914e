"""TemperatureSign: its values from epoch to epoch, and where they become signs."""

import pytest
import torch
from torch import Tensor, nn

from signbit import binarizers
from signbit.layers import BinaryConv2d
from signbit.train.schedule import set_modes, set_progress


def at(epoch: int, z: Tensor, **arguments: float) -> Tensor:
    binarizer = binarizers.create("temperature_sign", **arguments)
    binarizer.mode = "soft"
    set_progress(binarizer, 0.5, epoch)
    return binarizer(z)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_values(dtype: torch.dtype) -> None:
    z = torch.tensor([0.0, 0.25, -0.5, 1.5, -1.5], dtype=dtype)
    assert at(0, z, decay=0.5).tolist() == [0, 0.25, -0.5, 1, -1]
    assert at(1, z, decay=0.5).tolist() == [0, 0.5, -1, 1, -1]
    assert at(3, z, decay=0.5).tolist() == [0, 1, -1, 1, -1]
    assert at(3, z).dtype == dtype


@pytest.mark.parametrize(("epoch", "signs"), [(152, False), (153, True), (100_000, True)])
def test_signs_from_the_end_on(epoch: int, signs: bool) -> None:
    z = torch.tensor([0.0, -0.0, 1e-9, -1e-9, 1e-45, -1e-45, torch.inf, -torch.inf])
    found = at(epoch, z)
    assert (set(found.tolist()) == {-1.0, 1.0}) == signs
    if signs:
        assert found.tolist() == [1, 1, 1, -1, 1, -1, 1, -1]


@pytest.mark.parametrize("epoch", [0, 20, 153])
def test_gradient_is_the_identity(epoch: int, seed: int) -> None:
    z = torch.randn(50, generator=torch.Generator().manual_seed(seed)).requires_grad_()
    upstream = torch.randn(50, generator=torch.Generator().manual_seed(seed + 1))
    at(epoch, z).backward(upstream)
    assert z.grad is not None
    assert torch.equal(z.grad, upstream)


def test_mode_binary_is_the_sign_at_every_epoch() -> None:
    binarizer = binarizers.create("temperature_sign")
    assert binarizer(torch.tensor([0.01, -0.01, 0.0])).tolist() == [1, -1, 1]


def test_epoch_is_in_the_checkpoint() -> None:
    binarizer = binarizers.create("temperature_sign")
    set_progress(binarizer, 0.5, 7)
    assert binarizer.state_dict()["epoch"] == 7


def test_soft_weights_in_a_layer(seed: int) -> None:
    torch.manual_seed(seed)
    layer = BinaryConv2d(4, 5, 3, weight_binarizer="temperature_sign")
    set_modes(layer, "binary", "soft")
    x = torch.randn(2, 4, 6, 6)
    expected = nn.functional.conv2d(torch.where(x >= 0, 1.0, -1.0), layer.weight.clamp(-1, 1))
    for training in (True, False):  # in eval mode too nothing is rounded
        torch.testing.assert_close(layer.train(training)(x), expected)


@pytest.mark.parametrize("arguments", [{"decay": 1.0}, {"decay": 0.0}, {"end": 0.0}, {"end": 1.0}])
def test_wrong_arguments(arguments: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="give a number between 0 and 1"):
        binarizers.create("temperature_sign", **arguments)
