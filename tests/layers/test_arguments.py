"""The arguments of torch's layers: taken as torch takes them, or refused by their name."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from signbit.binarizers import Binarizer
from signbit.layers import (
    AttentionBatchNorm1d,
    AttentionBatchNorm2d,
    BinaryConv2d,
    BinaryLinear,
    BinaryWeightConv2d,
    BlurPool2d,
    ChannelGain,
    ChannelShuffle,
    InputScale2d,
    IntegerConv2d,
    LearnedMix,
    MapScale,
    PadShortcut,
    RPReLU,
    RSign,
    ScaledStdConv2d,
    SqueezeGate,
)
from signbit.layers.biased_prelu import BiasedPReLU

CONVS = [BinaryConv2d, BinaryWeightConv2d, IntegerConv2d]
WITH_DTYPE: list[Callable[..., nn.Module]] = [
    *(lambda layer=layer, **made: layer(3, 4, 3, bias=True, **made) for layer in [*CONVS, ScaledStdConv2d]),
    lambda **made: BinaryLinear(3, 4, bias=True, **made),
    lambda **made: AttentionBatchNorm1d(4, scale=True, **made),
    lambda **made: AttentionBatchNorm2d(4, **made),
]


def state_of(module: nn.Module) -> list[torch.Tensor]:
    floats = [t for t in [*module.parameters(), *module.buffers()] if t.is_floating_point()]
    assert floats
    return floats


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("build", WITH_DTYPE)
def test_device_and_dtype(build: Callable[..., nn.Module], dtype: torch.dtype) -> None:
    assert {(t.device.type, t.dtype) for t in state_of(build(device="cpu", dtype=dtype))} == {("cpu", dtype)}
    assert {(t.device.type, t.dtype) for t in state_of(build(device="meta", dtype=dtype))} == {("meta", dtype)}
    assert {t.device.type for t in state_of(build(device=torch.device("meta")))} == {"meta"}
    assert {t.dtype for t in state_of(build(device=None, dtype=None))} == {torch.float32}


@pytest.mark.parametrize("build", WITH_DTYPE)
def test_the_default_device_and_dtype(build: Callable[..., nn.Module]) -> None:
    with torch.device("meta"):
        assert {t.device.type for t in state_of(build())} == {"meta"}
    torch.set_default_dtype(torch.float64)
    try:
        assert {t.dtype for t in state_of(build())} == {torch.float64}
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("dtype", [torch.int8, torch.bool, torch.complex64])
@pytest.mark.parametrize("layer", [*CONVS, lambda *sizes, **made: BinaryLinear(3, 4, **made)])
def test_a_dtype_without_real_values(layer: Any, dtype: torch.dtype) -> None:
    with pytest.raises(ValueError, match=f"dtype is {dtype}; give a floating-point dtype"):
        layer(3, 4, 3, dtype=dtype)


def test_binarizers_follow_where_they_are_named() -> None:
    class Learned(Binarizer):
        def __init__(self) -> None:
            super().__init__()
            self.factor = nn.Parameter(torch.ones(()))

        def gradient(self, z: torch.Tensor) -> torch.Tensor:
            return torch.ones_like(z)

    layer = BinaryLinear(3, 4, input_binarizer="temperature_sign", weight_binarizer="temperature_sign", device="meta")
    assert {buffer.device.type for buffer in layer.buffers()} == {"meta"}
    shared = Learned()
    BinaryLinear(3, 4, input_binarizer=shared, device="meta", dtype=torch.float64)
    assert (shared.factor.device.type, shared.factor.dtype) == ("cpu", torch.float32)


@pytest.mark.parametrize("number", [np.int64, np.int8, np.uint32, torch.tensor, np.array])
def test_integers_of_numpy_and_torch(number: Any) -> None:
    n = number
    for layer in (BinaryConv2d, BinaryWeightConv2d):
        conv = layer(n(8), n(4), (n(3), n(1)), n(2), [n(1), 0], n(1), n(2))
        assert repr(conv) == repr(layer(8, 4, (3, 1), 2, (1, 0), 1, 2))
        assert conv.weight.shape == (4, 4, 3, 1)
    stem = IntegerConv2d(n(3), n(4), n(3), n(1), n(1), n(1), n(1))
    assert repr(stem) == repr(IntegerConv2d(3, 4, 3, 1, 1))
    assert repr(BinaryLinear(n(3), n(4))) == repr(BinaryLinear(3, 4))
    sizes = [conv.in_channels, conv.out_channels, *conv.kernel_size, *conv.geometry.padding, conv.geometry.groups]
    assert {type(size) for size in sizes} == {int}
    assert BinaryConv2d(2, 2, 1, padding_value=n(1)).geometry.padding_value == 1


@pytest.mark.parametrize(
    "build",
    [
        AttentionBatchNorm1d, AttentionBatchNorm2d, BiasedPReLU, BlurPool2d, ChannelGain, ChannelShuffle, InputScale2d,
        LearnedMix, RPReLU, RSign, lambda n: MapScale(n, n, n), lambda n: PadShortcut(n, n, n),
        lambda n: SqueezeGate(n, n),
    ],
)  # fmt: skip
def test_every_layer_takes_whole_numbers_alone(build: Callable[[Any], nn.Module]) -> None:
    build(np.int64(4))
    for wrong in (True, 4.0, "4", None, np.float32(4), np.bool_(True), 0):
        with pytest.raises(ValueError, match=r" is .*; give an integer"):
            build(wrong)


@pytest.mark.parametrize("wrong", [True, False, 1.0, "1", None, np.bool_(True), torch.tensor(True), torch.tensor(1.0)])
@pytest.mark.parametrize(
    "name", ["in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups"]
)
@pytest.mark.parametrize("layer", CONVS)
def test_what_is_no_whole_number(layer: Any, name: str, wrong: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{name} is .*; give .*integer"):
        layer(**{"in_channels": 2, "out_channels": 2, "kernel_size": 3} | {name: wrong})


@pytest.mark.parametrize("name", ["in_features", "out_features"])
@pytest.mark.parametrize("wrong", [True, 0, -1, 1.5, None])
def test_features_that_are_no_whole_number(name: str, wrong: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{name} is .*; give an integer of at least 1"):
        BinaryLinear(**{"in_features": 2, "out_features": 2} | {name: wrong})


@pytest.mark.parametrize("wrong", [True, 0.5, 2, None, "1"])
def test_padding_values(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"padding_value is .*; give 0 .*, 1 or -1"):
        BinaryConv2d(2, 2, 3, padding_value=wrong)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("kernel", [1, 3, 5, (3, 1), (1, 7)])
@pytest.mark.parametrize("dilation", [1, 2, (2, 3)])
@pytest.mark.parametrize("groups", [1, 2])
def test_padding_by_name_is_torchs(padding: str, kernel: Any, dilation: Any, groups: int, seed: int) -> None:
    torch.manual_seed(seed)
    x = torch.randn(2, 4, 19, 21)
    theirs = nn.Conv2d(4, 6, kernel, padding=padding, dilation=dilation, groups=groups, bias=False)
    for layer, given in ((BinaryConv2d, torch.where(x >= 0, 1.0, -1.0)), (BinaryWeightConv2d, x)):
        ours = layer(4, 6, kernel, padding=padding, dilation=dilation, groups=groups, weight_binarizer="ste_sign")
        weight = ours.weight_binarizer(ours.weight)
        expected = functional.conv2d(given, weight, None, 1, padding, theirs.dilation, groups)
        torch.testing.assert_close(ours(x), expected)
    pixels = torch.randint(0, 256, (2, 4, 19, 21), dtype=torch.uint8)
    assert IntegerConv2d(4, 6, kernel, padding=padding, dilation=dilation)(pixels).shape == theirs(x).shape


@pytest.mark.parametrize("dilation", [1, 3])
@pytest.mark.parametrize("kernel", [2, (3, 2), (4, 3)])
@pytest.mark.parametrize("layer", CONVS)
def test_same_would_be_more_at_one_side(layer: Any, kernel: Any, dilation: int) -> None:
    with pytest.raises(ValueError, match=r"padding is 'same' with kernel_size .* give an odd kernel_size, or use"):
        layer(2, 2, kernel, padding="same", dilation=dilation)
    assert layer(2, 2, kernel, padding="same", dilation=2).geometry.padding[0] > 0


@pytest.mark.parametrize("layer", CONVS)
def test_same_with_a_stride(layer: Any) -> None:
    with pytest.raises(ValueError, match=r"padding is 'same' with stride \(2, 2\); give a stride of 1, or"):
        layer(2, 2, 3, 2, "same")
    assert layer(2, 2, 3, 2, "valid").geometry.padding == (0, 0)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular", "zero", None])
@pytest.mark.parametrize("layer", CONVS)
def test_padding_modes(layer: Any, mode: Any) -> None:
    assert layer(2, 2, 3, padding=1, padding_mode="zeros").geometry.padding == (1, 1)
    with pytest.raises(ValueError, match=rf"padding_mode is {mode!r}; give 'zeros', .*torch\.nn\.functional\.pad"):
        layer(2, 2, 3, padding=1, padding_mode=mode)


def test_the_advice_for_padding_modes_works(seed: int) -> None:
    torch.manual_seed(seed)
    layer, x = BinaryConv2d(2, 3, 3), torch.randn(1, 2, 6, 6)
    reflected = functional.pad(x, (1, 1, 1, 1), mode="reflect")
    signs = torch.where(reflected >= 0, 1.0, -1.0)
    assert torch.equal(layer(reflected), functional.conv2d(signs, layer.weight_binarizer(layer.weight)))


def test_scaled_std_conv_takes_all_of_torchs() -> None:
    layer = ScaledStdConv2d(2, 4, 3, padding="same", padding_mode="reflect", device="cpu", dtype=torch.float64)
    assert layer(torch.randn(1, 2, 6, 6, dtype=torch.float64)).shape == (1, 4, 6, 6)
    assert layer.gain.dtype == torch.float64


def test_groups_stand_where_torch_has_them() -> None:
    assert IntegerConv2d(3, 4, 3, 1, 1, 1, 1, True).bias is not None
    assert IntegerConv2d(3, 4, 3, 1, 1, 1, 1).bias is None
    with pytest.raises(ValueError, match=r"groups is 3; give 1: IntegerConv2d has no groups"):
        IntegerConv2d(3, 6, 3, groups=3)
