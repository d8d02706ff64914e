"""Thresholds by evaluation, against a walk over every integer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from signbit.convert import fold


def signs_of(found: fold.Thresholds, bound: int) -> np.ndarray:
    """What the thresholds say for every integer: bool [2 * bound + 1, C], True is +1; the model file's own rule."""
    integers = np.arange(-bound, bound + 1)[:, None]
    inside = (found.low <= integers) & (integers <= found.high)
    positive = inside ^ found.inverted
    for channel in np.nonzero(found.row >= 0)[0]:
        index = np.clip(integers[:, 0], found.first, found.first + found.table.shape[1] - 1) - found.first
        positive[:, channel] = ~found.table[found.row[channel]][index]
    return positive


def every_value(function: fold.Function, channels: int, bound: int) -> np.ndarray:
    integers = torch.arange(-bound, bound + 1).float()[:, None].expand(-1, channels)
    return function(integers.contiguous()).numpy()


@pytest.mark.parametrize("bound", [1, 2, 31, 64, 513])
def test_each_kind_of_channel(bound: int) -> None:
    def function(n: Tensor) -> Tensor:
        return torch.stack(
            [n[:, 0] * 0 + 1, n[:, 1] * 0 - 1, n[:, 2] - 0.5, 0.5 - n[:, 3], n[:, 4] ** 2 - 0.5, 0.5 - n[:, 5] ** 2,
             torch.sin(n[:, 6] * 1.3)], 1
        )  # fmt: skip

    found = fold.find_thresholds(function, (7,), bound)
    np.testing.assert_array_equal(signs_of(found, bound), every_value(function, 7, bound) >= 0)
    assert found.kinds["constant"] == 2
    assert (found.kinds["table"] == 1) == (bound > 2)


@given(st.integers(1, 70), st.integers(1, 5), st.integers(0, 2**31 - 1))
def test_any_function_of_an_integer(bound: int, channels: int, seed: int) -> None:
    values = torch.randn(2 * bound + 1, channels, generator=torch.Generator().manual_seed(seed)).round(decimals=1)

    def function(n: Tensor) -> Tensor:
        return values.gather(0, n.long() + bound)

    found = fold.find_thresholds(function, (channels,), bound)
    np.testing.assert_array_equal(signs_of(found, bound), values.numpy() >= 0)


def test_pieces_join(monkeypatch: pytest.MonkeyPatch) -> None:
    def function(n: Tensor) -> Tensor:
        return torch.sin(n * 0.37) + 0.2

    whole = fold.find_thresholds(function, (3, 1, 1), 100)
    monkeypatch.setattr(fold, "_ELEMENTS_AT_ONCE", 7)
    pieces = fold.find_thresholds(function, (3, 1, 1), 100)
    for name in ("low", "high", "inverted", "row", "table"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(pieces, name))
    assert whole.margin == pieces.margin


def test_a_tie_has_margin_zero_and_is_positive() -> None:
    found = fold.find_thresholds(lambda n: (n - 3) * 0.7, (2,), 10)
    assert found.margin == 0
    assert found.low.tolist() == [3, 3]


@pytest.mark.parametrize(
    ("beta", "roots"),
    [(0.05, (-4.485, -0.106)), (0.1, (-3.537, -0.225)), (0.2, (-2.396, -0.545)), (0.25, (-1.867, -0.815))],
)
def test_attention_batch_norm_needs_an_interval(beta: float, roots: tuple[float, float]) -> None:
    found = fold.find_thresholds(lambda n: functional.silu(n / 1000) + beta, (1,), 6000)
    assert found.kinds["interval"] == 1
    assert found.inverted[0]
    assert found.low[0] == pytest.approx(1000 * roots[0], abs=1)
    assert found.high[0] == pytest.approx(1000 * roots[1], abs=1)


@pytest.mark.parametrize(("beta", "root"), [(-0.2, 0.3421), (-0.5, 0.7388), (-1.0, 1.2785)])
def test_attention_batch_norm_with_one_threshold(beta: float, root: float) -> None:
    found = fold.find_thresholds(lambda n: functional.silu(n / 1000) + beta, (1,), 6000)
    assert found.kinds["one"] == 1
    assert found.low[0] == pytest.approx(1000 * root, abs=1)


def test_a_dead_channel_is_counted() -> None:
    found = fold.find_thresholds(lambda n: functional.silu(n / 1000) + 0.2785, (1,), 6000)
    assert found.kinds["constant"] == 1


def test_order() -> None:
    def function(n: Tensor) -> Tensor:
        return torch.stack([n[:, 0], -n[:, 1], n[:, 2] * 0, n[:, 3] ** 2], 1)

    order = fold.find_order(function, (4,), 5)
    assert order.rises.tolist() == [True, False, True, False]
    assert order.falls.tolist() == [False, True, True, False]


@given(st.integers(0, 2**31 - 1))
def test_pooling_of_signs_is_the_sign_of_the_pool(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    bound, channels = 6, 4
    values = torch.randint(-3, 4, (2 * bound + 1, channels), generator=generator).float()
    slope = torch.randint(-1, 2, (channels,), generator=generator).float()

    def before(n: Tensor) -> Tensor:
        return values.gather(0, n.long() + bound)

    def after(value: Tensor) -> Tensor:
        return value * slope - 0.5

    minimum = fold.find_pooling(before, after, (channels,), bound)
    assert minimum is not None  # after is monotone in every channel
    window = torch.randint(-bound, bound + 1, (50, 4, channels), generator=generator).float()
    pooled = after(torch.stack([before(n) for n in window.unbind(1)]).max(0).values) >= 0
    signs = torch.stack([after(before(n)) >= 0 for n in window.unbind(1)])
    joined = torch.where(torch.from_numpy(minimum), signs.all(0), signs.any(0))
    assert torch.equal(pooled, joined)


def test_pooling_that_is_neither_maximum_nor_minimum() -> None:
    assert fold.find_pooling(lambda n: n, lambda value: 1.5 - value.abs(), (1,), 3) is None
