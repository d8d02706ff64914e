"""Training in bfloat16, half and double precision, by autocast and by casting the model: as torch's own layers."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from signbit import binarizers
from signbit.binarizers import Binarizer
from signbit.layers import BinaryConv2d, BinaryLinear, BinaryWeightConv2d, IntegerConv2d

SHORT = [torch.bfloat16, torch.float16]
SHAPES = {"linear": (6, 16), "conv": (2, 4, 7, 7), "grouped": (2, 4, 7, 7), "weight_conv": (2, 4, 7, 7)}


def built(kind: str, weights: Any) -> nn.Module:
    return {
        "linear": lambda: BinaryLinear(16, 5, bias=True, weight_binarizer=weights),
        "conv": lambda: BinaryConv2d(4, 6, 3, 2, 1, bias=True, padding_value=-1, weight_binarizer=weights),
        "grouped": lambda: BinaryConv2d(4, 6, 3, padding=1, groups=2, weight_binarizer=weights),
        "weight_conv": lambda: BinaryWeightConv2d(4, 6, 3, padding=1, bias=True, weight_binarizer=weights),
        "pixels": lambda: IntegerConv2d(3, 6, 3, padding=1, bias=True, weight_binarizer=weights),
    }[kind]()


def example(kind: str) -> Tensor:
    if kind == "pixels":
        return torch.randint(0, 256, (2, 3, 7, 7), dtype=torch.uint8)
    # What a sign is taken of is the same in every dtype, so that the codes are.
    return torch.randn(SHAPES[kind]).bfloat16().float().mul(0.5).clamp(-2, 2).bfloat16().half().float()


def gradients(layer: nn.Module, x: Tensor, upstream: Tensor, autocast: torch.dtype | None) -> dict[str, Tensor]:
    """Output, gradient of the input where it has one, and of each parameter."""
    layer.zero_grad()
    x = x.clone().requires_grad_(x.is_floating_point())
    with torch.autocast("cpu", autocast, enabled=autocast is not None):
        y = layer(x)
    y.float().backward(upstream.float())
    found = {name: parameter.grad for name, parameter in layer.named_parameters()} | {"input": x.grad}
    return {name: value for name, value in found.items() if value is not None} | {"output": y}


def assert_near(found: dict[str, Tensor], expected: dict[str, Tensor], dtype: torch.dtype) -> None:
    """Within a few roundings to the short dtype of the largest value."""
    assert found.keys() == expected.keys()
    for name, value in found.items():
        room = 8 * torch.finfo(dtype).eps * expected[name].abs().max().item()
        torch.testing.assert_close(value.float(), expected[name], rtol=0, atol=room, msg=lambda m, n=name: f"{n}: {m}")


@pytest.mark.parametrize("dtype", SHORT)
@pytest.mark.parametrize("weights", binarizers.names())
@pytest.mark.parametrize("kind", [*SHAPES, "pixels"])
def test_autocast_gives_the_gradients_of_float32(kind: str, weights: str, dtype: torch.dtype, seed: int) -> None:
    torch.manual_seed(seed)
    layer, x = built(kind, weights), example(kind)
    upstream = torch.randn_like(layer(x))
    expected = gradients(layer, x, upstream, None)
    found = gradients(layer, x, upstream, dtype)
    assert all(value.dtype == torch.float32 for name, value in found.items() if name != "output")
    assert_near(found, expected, dtype)


@pytest.mark.parametrize("dtype", SHORT)
@pytest.mark.parametrize("kind", SHAPES)
def test_autocast_trains_a_learned_scale(kind: str, dtype: torch.dtype, seed: int) -> None:
    class LearnedScale(Binarizer):
        def __init__(self) -> None:
            super().__init__()
            self.factor = nn.Parameter(torch.linspace(-1.5, 2.0, 5 if kind == "linear" else 6))

        def gradient(self, z: Tensor) -> Tensor:
            return torch.ones_like(z)

        def scale(self, x: Tensor) -> Tensor:
            return self.factor

    torch.manual_seed(seed)
    layer, x = built(kind, LearnedScale()), example(kind)
    upstream = torch.randn_like(layer(x))
    found = gradients(layer, x, upstream, dtype)
    assert found["weight_binarizer.factor"].dtype == torch.float32
    assert_near(found, gradients(layer, x, upstream, None), dtype)


@pytest.mark.parametrize("dtype", [*SHORT, torch.float64])
@pytest.mark.parametrize("weights", binarizers.names())
@pytest.mark.parametrize("kind", [*SHAPES, "pixels"])
def test_a_cast_layer_trains_in_its_dtype(kind: str, weights: str, dtype: torch.dtype, seed: int) -> None:
    torch.manual_seed(seed)
    layer, x = built(kind, weights).to(dtype), example(kind)
    x = x.to(dtype) if x.is_floating_point() else x
    y = layer(x)
    found = gradients(layer, x, torch.randn_like(y), None)
    assert {value.dtype for value in found.values()} == {dtype}
    assert all(torch.isfinite(value).all() for value in found.values())
    assert all(value.any() for value in found.values())


@pytest.mark.parametrize("dtype", [*SHORT, torch.float64])
def test_a_cast_network_takes_a_step(dtype: torch.dtype, seed: int) -> None:
    torch.manual_seed(seed)
    network = nn.Sequential(
        IntegerConv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8),
        BinaryConv2d(8, 8, 3, padding=1, weight_binarizer="mean_abs_sign"), nn.BatchNorm2d(8), nn.Flatten(),
        BinaryLinear(8 * 36, 4, weight_binarizer="standardized_mean_abs_sign"),
    ).to(dtype)  # fmt: skip
    before = [parameter.detach().clone() for parameter in network.parameters()]
    optimizer = torch.optim.SGD(network.parameters(), lr=0.5)
    logits = network(torch.randint(0, 256, (5, 1, 6, 6), dtype=torch.uint8))
    nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2, 3, 0])).backward()
    optimizer.step()
    assert logits.dtype == dtype
    assert all(torch.isfinite(parameter).all() for parameter in network.parameters())
    assert not any(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))


@pytest.mark.parametrize("autocast", SHORT)
def test_autocast_leaves_double_precision_alone(autocast: torch.dtype, seed: int) -> None:
    torch.manual_seed(seed)
    for layer, x in ((BinaryLinear(8, 3), torch.randn(2, 8)), (nn.Linear(8, 3), torch.randn(2, 8))):
        with torch.autocast("cpu", autocast):
            assert layer.double()(x.double()).dtype == torch.float64


@pytest.mark.parametrize("dtype", [torch.float32, *SHORT])
def test_backward_inside_autocast(dtype: torch.dtype, seed: int) -> None:
    torch.manual_seed(seed)
    layer, x = BinaryLinear(16, 5, weight_binarizer="mean_abs_sign"), torch.randn(3, 16, requires_grad=True)
    with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
        layer(x).float().square().sum().backward()
    assert x.grad is not None
    assert x.grad.dtype == layer.weight.grad.dtype == torch.float32


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", ["conv", "grouped", "weight_conv", "pixels"])
def test_one_image_without_a_batch(kind: str, training: bool, seed: int) -> None:
    """As torch.nn.Conv2d: (C, H, W) to (out, H', W'); with 6 rows a scale of 6 channels would fit the wrong axis."""
    torch.manual_seed(seed)
    layer = built(kind, "mean_abs_sign").train(training)
    x = example(kind)[0][..., :6, :6]
    y, batched = layer(x), layer(x[None])[0]
    assert torch.equal(y, batched)
    (ours,) = torch.autograd.grad(y.square().sum(), layer.weight)
    (theirs,) = torch.autograd.grad(batched.square().sum(), layer.weight)
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("shape", [(16,), (3, 16), (2, 3, 16), (0, 16)])
def test_linear_takes_any_leading_axes(shape: tuple[int, ...], seed: int) -> None:
    torch.manual_seed(seed)
    layer = BinaryLinear(16, 5, weight_binarizer="mean_abs_sign")
    x = torch.randn(shape, requires_grad=True)
    y = layer(x)
    y.square().sum().backward()
    assert y.shape == (*shape[:-1], 5)
    assert x.grad is not None
    assert x.grad.shape == x.shape
    assert layer.weight.grad is not None
