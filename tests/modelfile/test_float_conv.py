"""Sums of products of floats, on every instruction set, and how far they may be off."""

from __future__ import annotations

import numpy as np
import pytest

from one_op import WINDOWS, awkward_floats, check_op
from signbit.engine import supported_isas
from signbit.modelfile import Tensor
from signbit.modelfile.bounds import Bounded, exact
from signbit.modelfile.ops.float_conv import FloatConv
from signbit.modelfile.ops.window import Window

HEIGHT, WIDTH = 7, 6
SHAPES = [(1, 1, 1), (3, 17, 1), (8, 65, 1), (6, 4, 2), (5, 5, 5)]


@pytest.mark.parametrize("isa", supported_isas())
@pytest.mark.parametrize(("channels", "outputs", "groups"), SHAPES)
@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_every_geometry(isa: str, channels: int, outputs: int, groups: int, window: Window) -> None:
    print("seed", channels)
    rng = np.random.default_rng(channels)
    x = Tensor("x", "float32", HEIGHT, WIDTH, channels)
    y = Tensor("y", "float32", *window.output_size(HEIGHT, WIDTH), outputs)
    images = awkward_floats(rng, (2, *x.shape))
    weights = rng.standard_normal((outputs, *window.kernel, channels // groups)).astype(np.float32)
    for bias in (None, rng.standard_normal(outputs).astype(np.float32)):
        check_op(FloatConv("conv", (0,), (1,), weights, window, groups, bias), [x, y], [images], isa)


@pytest.mark.parametrize(("channels", "outputs", "groups"), SHAPES)
@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_the_bound_holds_in_any_order(channels: int, outputs: int, groups: int, window: Window) -> None:
    """The reference adds one way, and the same op on channels that are turned round another."""
    rng = np.random.default_rng(outputs)
    images = rng.standard_normal((2, HEIGHT, WIDTH, channels)).astype(np.float32)
    weights = rng.standard_normal((outputs, *window.kernel, channels // groups)).astype(np.float32)
    bias = rng.standard_normal(outputs).astype(np.float32)
    op = FloatConv("conv", (0,), (1,), weights, window, groups, bias)
    (bounded,) = op.bound([exact(images)])
    turned = images.reshape(*images.shape[:3], groups, -1)[..., ::-1].reshape(images.shape)
    other = FloatConv("conv", (0,), (1,), weights[..., ::-1], window, groups, bias)
    for (sums,) in (op.reference([images], []), other.reference([turned], [])):
        assert sums.shape == bounded.value.shape == bounded.error.shape
        assert (np.abs(sums - bounded.value) <= bounded.error).all()
    assert bounded.error.max() < 1e-2


def test_an_error_of_the_input_is_carried_along() -> None:
    op = FloatConv("", (0,), (1,), np.float32([[2, -3]]).reshape(1, 1, 1, 2), Window((1, 1)))
    value = np.array([1.0, 1.0]).reshape(1, 1, 1, 2)
    (bounded,) = op.bound([Bounded(value, np.full_like(value, 0.5))])
    assert bounded.value.item() == -1
    assert 2.5 < bounded.error.item() < 2.501
