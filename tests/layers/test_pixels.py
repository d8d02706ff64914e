"""First layers: uint8 pixels in, integers or normalised floats out."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from signbit.layers import IntegerConv2d, Normalize
from signbit.layers.integer_stem import DEPTH_LIMIT


def pixels(seed: int, *shape: int) -> Tensor:
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def test_normalize(seed: int) -> None:
    x = pixels(seed, 2, 3, 5, 5)
    mean, std = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
    y = Normalize(mean, std)(x)
    expected = (x.double() / 255 - torch.tensor(mean).reshape(-1, 1, 1)) / torch.tensor(std).reshape(-1, 1, 1)
    torch.testing.assert_close(y, expected.float(), rtol=1e-5, atol=1e-6)
    assert torch.equal(y, Normalize(mean, std)(x.float()))


@pytest.mark.parametrize(("mean", "std"), [((0.5,), (0.5, 0.5)), ((0.5,), (0.0,)), ((), ())])
def test_normalize_refuses(mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="one mean and one positive std for each channel"):
        Normalize(mean, std)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 1, 1), (2, 3, 1), ((1, 2), (2, 0), (2, 1))])
def test_integer_stem_is_exact(
    stride: int | tuple[int, int],
    padding: int | tuple[int, int],
    dilation: int | tuple[int, int],
    training: bool,
    seed: int,
) -> None:
    torch.manual_seed(seed)
    layer = IntegerConv2d(3, 5, 3, stride, padding, dilation).train(training)
    x = pixels(seed, 2, 3, 9, 10)
    codes, scale = layer.codes_and_scale()
    assert torch.equal(codes, codes.round())
    assert codes.abs().amax((1, 2, 3)).tolist() == [127] * 5
    integers = functional.conv2d(x.double() - 128, codes.double(), None, stride, padding, dilation)
    assert torch.equal(layer(x), integers.float() * (scale / 128).reshape(-1, 1, 1))
    assert torch.equal(layer(x), layer(x.float()))
    # And close to the real-valued convolution of pixels from -1 to 1.
    real = functional.conv2d((x.float() - 128) / 128, layer.weight, None, stride, padding, dilation)
    assert (layer(x) - real).abs().max() < 27 * layer.weight.abs().max() / 127


def test_integer_stem_at_its_limits() -> None:
    layer = IntegerConv2d(3, 1, 7)
    torch.nn.init.ones_(layer.weight)
    assert layer.codes_and_scale()[0].unique().tolist() == [127]
    darkest = layer(torch.zeros(1, 3, 7, 7, dtype=torch.uint8)) / layer.codes_and_scale()[1] * 128
    assert round(darkest.item()) == -128 * 127 * 147


def test_integer_stem_trains_its_weight(seed: int) -> None:
    torch.manual_seed(seed)
    layer = IntegerConv2d(2, 3, 3, bias=True).double()
    x = pixels(seed, 2, 2, 6, 6).double().requires_grad_()
    y = layer(x)
    upstream = torch.randn_like(y)
    y.backward(upstream)
    codes, scale = (t.detach() for t in layer.codes_and_scale())
    weight = (codes * scale.reshape(-1, 1, 1, 1)).requires_grad_()
    x2 = x.detach().clone().requires_grad_()
    functional.conv2d((x2 - 128) / 128, weight).backward(upstream)
    assert weight.grad is not None
    torch.testing.assert_close(layer.weight.grad, weight.grad)
    torch.testing.assert_close(x.grad, x2.grad)


def test_filter_of_zeros() -> None:
    layer = IntegerConv2d(1, 2, 3)
    torch.nn.init.zeros_(layer.weight)
    y = layer(torch.full((1, 1, 3, 3), 255, dtype=torch.uint8))
    assert y.flatten().tolist() == [0, 0]
    y.sum().backward()
    assert layer.weight.grad is not None
    assert torch.isfinite(layer.weight.grad).all()


@pytest.mark.parametrize("method", ["ste_sign", "mean_abs_sign"])
def test_one_bit_stem(method: str, seed: int) -> None:
    torch.manual_seed(seed)
    layer = IntegerConv2d(3, 4, 3, padding=1, weight_binarizer=method)
    codes, scale = layer.codes_and_scale()
    assert codes.unique().tolist() == [-1, 1]
    factor = layer.weight.abs().mean((1, 2, 3)) if method == "mean_abs_sign" else torch.ones(4)
    torch.testing.assert_close(scale, factor)
    assert layer.roles["weight"] == "latent_weight"
    assert layer.weight_binarizer is not None
    layer.weight_binarizer.mode = "real"  # a stage before the binary one: int8 codes, still integers
    assert layer.codes_and_scale()[0].abs().amax((1, 2, 3)).tolist() == [127] * 4


def test_too_deep_for_float32() -> None:
    with pytest.raises(ValueError, match=f"a filter has 1033 values; give at most {DEPTH_LIMIT}"):
        IntegerConv2d(1033, 1, 1)
