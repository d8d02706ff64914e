"""Binary layers: exact integers in eval mode, the ordinary gradient, one graph node, helpful refusals."""

import itertools
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from signbit.binarizers import Binarizer
from signbit.layers import BinaryConv2d, BinaryLinear, IntegerConv2d
from signbit.layers.binary_conv import BinaryConv2d as Conv


def signs(x: Tensor) -> Tensor:
    return torch.where(x >= 0, 1, -1)


def naive_conv2d(x: Tensor, w: Tensor, layer: BinaryConv2d) -> Tensor:
    """Sums of integer products, pixel by pixel; x and w hold -1 and +1."""
    g = layer.geometry
    (sy, sx), (py, px), (dy, dx) = g.stride, g.padding, g.dilation
    padded = functional.pad(x, (px, px, py, py), value=g.padding_value)
    height = (padded.shape[2] - dy * (w.shape[2] - 1) - 1) // sy + 1
    width = (padded.shape[3] - dx * (w.shape[3] - 1) - 1) // sx + 1
    inputs, outputs = x.shape[1] // g.groups, w.shape[0] // g.groups
    out = torch.zeros(x.shape[0], w.shape[0], height, width, dtype=torch.int64)
    for o, i, j in itertools.product(range(w.shape[0]), range(height), range(width)):
        first = o // outputs * inputs
        rows, columns = i * sy + dy * torch.arange(w.shape[2]), j * sx + dx * torch.arange(w.shape[3])
        patch = padded[:, first : first + inputs][:, :, rows][:, :, :, columns]
        out[:, o, i, j] = (patch * w[o]).sum((1, 2, 3))
    return out


@given(
    inputs=st.sampled_from([1, 2, 3, 5]),
    outputs=st.sampled_from([1, 2, 3]),
    groups=st.sampled_from([1, 2, 3]),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 2)),
    padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    padding_value=st.sampled_from([0, 1, -1]),
    size=st.tuples(st.integers(5, 9), st.integers(5, 9)),
    training=st.booleans(),
)
def test_convolution_is_the_naive_sum(
    inputs: int, outputs: int, groups: int, size: tuple[int, int], training: bool, **geometry: Any
) -> None:
    kernel = geometry.pop("kernel")
    layer = BinaryConv2d(inputs * groups, outputs * groups, kernel, groups=groups, **geometry).train(training)
    x = torch.randn(2, inputs * groups, *size)
    expected = naive_conv2d(signs(x), signs(layer.weight.detach()), layer)
    assert torch.equal(layer(x), expected.float())


@pytest.mark.parametrize("size", [1, 2, 31, 63, 64, 65, 127, 129, 511, 513])
def test_linear_is_the_naive_sum(size: int, seed: int) -> None:
    torch.manual_seed(seed)
    layer = BinaryLinear(size, 3).eval()
    x = torch.randn(5, size)
    expected = (signs(x)[:, None] * signs(layer.weight.detach())).sum(2)
    assert torch.equal(layer(x), expected.float())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_short_floats_are_summed_in_float32(dtype: torch.dtype) -> None:
    layer = BinaryLinear(2049, 1, input_binarizer=None).eval().to(dtype)
    with torch.no_grad():
        layer.weight.fill_(1)
    assert layer(torch.ones(1, 2049, dtype=dtype)).item() == 2049


def test_scale_then_bias(seed: int) -> None:
    torch.manual_seed(seed)
    layer = BinaryConv2d(3, 4, 3, padding=1, bias=True, weight_binarizer="mean_abs_sign").eval()
    x = torch.randn(2, 3, 5, 5)
    integers = naive_conv2d(signs(x), signs(layer.weight.detach()), layer).float()
    assert layer.bias is not None
    expected = integers * layer.weight.abs().mean((1, 2, 3)).reshape(-1, 1, 1) + layer.bias.reshape(-1, 1, 1)
    assert torch.equal(layer(x), expected)


@pytest.mark.parametrize("training", [True, False])
def test_gradient_is_the_ordinary_one(training: bool, seed: int) -> None:
    torch.manual_seed(seed)
    layer = BinaryConv2d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2, padding_value=-1).train(training)
    x = torch.randn(2, 4, 9, 9, requires_grad=True)
    upstream = torch.randn_like(layer(x))
    layer(x).backward(upstream)

    codes, weight = signs(x.detach()).float().requires_grad_(), signs(layer.weight.detach()).float().requires_grad_()
    padded = functional.pad(codes, (1, 1, 1, 1), value=-1.0)
    functional.conv2d(padded, weight, stride=2, dilation=2, groups=2).backward(upstream)
    torch.testing.assert_close(x.grad, codes.grad)
    torch.testing.assert_close(layer.weight.grad, weight.grad)


@pytest.mark.parametrize("frozen", ["input", "weight"])
def test_frozen_side_gets_no_gradient(frozen: str) -> None:
    layer = BinaryConv2d(2, 3, 3, weight_binarizer="mean_abs_sign")
    layer.weight.requires_grad_(frozen != "weight")
    x = torch.randn(1, 2, 5, 5, requires_grad=frozen != "input")
    layer(x).sum().backward()
    assert (x.grad is None) == (frozen == "input")
    assert (layer.weight.grad is None) == (frozen == "weight")


def test_learned_scale_gets_its_gradient(seed: int) -> None:
    class LearnedScale(Binarizer):
        def __init__(self) -> None:
            super().__init__()
            self.factor = nn.Parameter(torch.tensor([0.5, 2.0, -1.5], dtype=torch.float64))

        def gradient(self, z: Tensor) -> Tensor:
            return torch.ones_like(z)

        def scale(self, x: Tensor) -> Tensor:
            return self.factor

    torch.manual_seed(seed)
    layer = BinaryConv2d(2, 3, 3, weight_binarizer=LearnedScale()).double()
    x = torch.randn(2, 2, 6, 6, dtype=torch.float64)
    y = layer(x)
    upstream = torch.randn_like(y)
    y.backward(upstream)
    integers = naive_conv2d(signs(x), signs(layer.weight.detach()), layer)
    torch.testing.assert_close(layer.weight_binarizer.factor.grad, (upstream * integers).sum((0, 2, 3)))


def test_real_modes_give_the_ordinary_convolution(seed: int) -> None:
    torch.manual_seed(seed)
    layer = BinaryConv2d(3, 4, 3, weight_binarizer="mean_abs_sign").eval()
    x = torch.randn(1, 3, 6, 6)
    layer.weight_binarizer.mode = "real"
    torch.testing.assert_close(layer(x), functional.conv2d(signs(x).float(), layer.weight))
    assert layer.input_binarizer is not None
    layer.input_binarizer.mode = "real"
    torch.testing.assert_close(layer(x), functional.conv2d(x, layer.weight))


@pytest.mark.parametrize("kind", ["conv", "linear", "pixels"])
def test_exact_products_know_no_autocast(kind: str, seed: int) -> None:
    """More than bfloat16 holds: 64 * 9, 700, and 255 * 127."""
    torch.manual_seed(seed)
    layer, x = {
        "conv": (BinaryConv2d(64, 3, 3).eval(), torch.randn(2, 64, 5, 5)),
        "linear": (BinaryLinear(700, 3).eval(), torch.randn(2, 700)),
        "pixels": (IntegerConv2d(3, 4, 3), torch.randint(0, 256, (2, 3, 6, 6), dtype=torch.uint8)),
    }[kind]
    with torch.no_grad():
        expected = layer(x)
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(layer(x), expected)


def test_training_under_autocast(seed: int) -> None:
    torch.manual_seed(seed)
    layer = BinaryConv2d(3, 4, 3, weight_binarizer="mean_abs_sign")
    x = torch.randn(1, 3, 6, 6, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        y = layer(x)
        y.float().sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.dtype == torch.float32
    assert x.grad is not None


@pytest.mark.parametrize(
    ("layer", "example", "expected"),
    [
        (BinaryConv2d(3, 4, 3, padding=1, padding_value=1), torch.randn(2, 3, 6, 6), "binary_conv2d"),
        (BinaryLinear(7, 4), torch.randn(2, 7), "binary_linear"),
        (IntegerConv2d(3, 4, 3), torch.zeros(2, 3, 6, 6, dtype=torch.uint8), "integer_conv2d"),
    ],
)
@pytest.mark.parametrize("grad", [True, False])
def test_one_node_in_an_exported_graph(layer: nn.Module, example: Tensor, expected: str, grad: bool) -> None:
    with torch.set_grad_enabled(grad):
        batch = torch.export.Dim("batch")
        program = torch.export.export(layer.eval(), (example,), dynamic_shapes=({0: batch},))
    targets = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    assert targets.count(f"signbit.{expected}.default") == 1
    assert not any("conv2d" in target and "signbit" not in target for target in targets)
    assert torch.equal(program.module()(example), layer(example))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"groups": 2}, "groups is 2, with in_channels 3 and out_channels 4; give a number that divides both"),
        ({"groups": 0}, "groups is 0; give an integer of at least 1"),
        ({"padding_value": 2}, r"padding_value is 2; give 0 .*, 1 or -1"),
        ({"padding": "full"}, "padding is 'full'; give 'same', 'valid', an integer or a pair"),
        ({"padding": -1}, "padding is -1; .* at least 0"),
        ({"stride": (1, 2, 3)}, r"stride is \(1, 2, 3\); give an integer or a pair"),
        ({"kernel_size": 0}, "kernel_size is 0; .* at least 1"),
        ({"in_channels": 0}, "in_channels is 0; give an integer of at least 1"),
        ({"input_binarizer": "sine"}, "no 'sine'; there are approx_sign"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Conv(**{"in_channels": 3, "out_channels": 4, "kernel_size": 3} | arguments)


def test_wrong_type_of_binarizer() -> None:
    with pytest.raises(TypeError, match="give a Binarizer or one of the names approx_sign"):
        BinaryLinear(3, 4, weight_binarizer=torch.sign)


@pytest.mark.parametrize("mode", ["binary", "real", "soft"])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("build", [BinaryLinear, lambda *channels, **given: Conv(*channels, 1, **given)])
def test_real_values_are_not_rounded_in_silence(build: Any, training: bool, mode: str) -> None:
    """A sign that several layers share hands on real values in mode `real`, in evaluation too."""
    layer = build(5, 2, input_binarizer=None).train(training)
    layer.input_mode = mode
    x = torch.full((2, 5) if isinstance(layer, BinaryLinear) else (2, 5, 1, 1), 0.3)  # an odd number of them
    if mode == "binary" and not training:
        words = r"mode 'binary' was given 0\.3, which is not a code, and rounds .*set_modes"
        with pytest.warns(UserWarning, match=words):
            y = layer(x)
        assert torch.equal(y, y.round())
        return
    y = layer(x)
    torch.testing.assert_close(y.flatten(1), x.flatten(1) @ layer.weight_binarizer(layer.weight).flatten(1).T)
    assert not torch.equal(y, y.round())
