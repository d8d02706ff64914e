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
    inside = (found.intervals.low <= integers) & (integers <= found.intervals.high)
    positive = inside ^ found.intervals.inverted
    if found.tables is not None:
        tables = found.tables
        for channel in np.nonzero(tables.row >= 0)[0]:
            index = np.clip(integers[:, 0], tables.first, tables.first + tables.negative.shape[1] - 1) - tables.first
            positive[:, channel] = ~tables.negative[tables.row[channel]][index]
    return positive


def thresholds(function: fold.Function, shape: tuple[int, ...], bound: int) -> fold.Thresholds:
    """With the same bound for every channel."""
    return fold.find_thresholds(function, shape, np.full(shape[0], bound))


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

    found = thresholds(function, (7,), bound)
    np.testing.assert_array_equal(signs_of(found, bound), every_value(function, 7, bound) >= 0)
    assert found.kinds["constant"] == 2
    assert (found.kinds["table"] == 1) == (bound > 2)


@given(st.integers(1, 70), st.integers(1, 5), st.integers(0, 2**31 - 1))
def test_any_function_of_an_integer(bound: int, channels: int, seed: int) -> None:
    values = torch.randn(2 * bound + 1, channels, generator=torch.Generator().manual_seed(seed)).round(decimals=1)

    def function(n: Tensor) -> Tensor:
        return values.gather(0, n.long() + bound)

    found = thresholds(function, (channels,), bound)
    np.testing.assert_array_equal(signs_of(found, bound), values.numpy() >= 0)


def test_pieces_join(monkeypatch: pytest.MonkeyPatch) -> None:
    def function(n: Tensor) -> Tensor:
        return torch.sin(n * 0.37) + 0.2

    whole = thresholds(function, (3, 1, 1), 100)
    monkeypatch.setattr(fold, "_ELEMENTS_AT_ONCE", 7)
    pieces = thresholds(function, (3, 1, 1), 100)
    assert whole.tables is not None
    assert pieces.tables is not None
    for one, other in ((whole.intervals, pieces.intervals), (whole.tables, pieces.tables)):
        for name, values in vars(one).items():
            np.testing.assert_array_equal(values, getattr(other, name))
    assert whole.margin == pieces.margin
    assert whole.kinds == pieces.kinds == {"constant": 0, "one": 0, "interval": 0, "table": 3}


def test_a_tie_has_margin_zero_and_is_positive() -> None:
    found = thresholds(lambda n: (n - 3) * 0.7, (2,), 10)
    assert found.margin == 0
    assert found.intervals.low.tolist() == [3, 3]


@pytest.mark.parametrize(
    ("beta", "roots"),
    [(0.05, (-4.485, -0.106)), (0.1, (-3.537, -0.225)), (0.2, (-2.396, -0.545)), (0.25, (-1.867, -0.815))],
)
def test_attention_batch_norm_needs_an_interval(beta: float, roots: tuple[float, float]) -> None:
    found = thresholds(lambda n: functional.silu(n / 1000) + beta, (1,), 6000)
    assert found.kinds["interval"] == 1
    assert found.intervals.inverted[0]
    assert found.intervals.low[0] == pytest.approx(1000 * roots[0], abs=1)
    assert found.intervals.high[0] == pytest.approx(1000 * roots[1], abs=1)


@pytest.mark.parametrize(("beta", "root"), [(-0.2, 0.3421), (-0.5, 0.7388), (-1.0, 1.2785)])
def test_attention_batch_norm_with_one_threshold(beta: float, root: float) -> None:
    found = thresholds(lambda n: functional.silu(n / 1000) + beta, (1,), 6000)
    assert found.kinds["one"] == 1
    assert found.intervals.low[0] == pytest.approx(1000 * root, abs=1)


def test_a_dead_channel_is_counted() -> None:
    found = thresholds(lambda n: functional.silu(n / 1000) + 0.2785, (1,), 6000)
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


def test_each_channel_has_its_own_bound() -> None:
    """What happens beyond a channel's integers makes no threshold of it."""

    def function(n: Tensor) -> Tensor:
        return (n.abs() - 4.5) * torch.tensor([1.0, 1.0, -1.0])

    found = fold.find_thresholds(function, (3,), np.array([4, 9, 5]))
    assert found.kinds == {"constant": 1, "one": 0, "interval": 2, "table": 0}
    np.testing.assert_array_equal(signs_of(found, 4)[:, 0], False)
    for channel, bound in ((1, 9), (2, 5)):
        wanted = every_value(function, 3, bound)[:, channel] >= 0
        np.testing.assert_array_equal(signs_of(found, bound)[:, channel], wanted)
    assert found.margin == 0.5


def test_a_channel_without_integers_has_one_value() -> None:
    found = fold.find_thresholds(lambda n: n - 1, (2,), np.array([0, 3]))
    assert found.kinds["constant"] == 1
    assert signs_of(found, 0).tolist() == [[False, False]]


@pytest.mark.parametrize(("bounds", "refused"), [([2, 4], False), ([2, 5], True), ([5, 4], True)])
def test_nan_is_refused_where_it_can_occur(bounds: list[int], refused: bool) -> None:
    def function(n: Tensor) -> Tensor:
        return torch.where(n == -5, torch.nan, n)

    if not refused:
        fold.find_thresholds(function, (2,), np.array(bounds))
        return
    with pytest.raises(fold.NotANumber, match=f"channel {bounds.index(5)} is NaN where its accumulator is -5"):
        fold.find_thresholds(function, (2,), np.array(bounds))


def test_what_the_thresholds_say_of_integers() -> None:
    def function(n: Tensor) -> Tensor:
        return torch.stack([torch.sin(n[:, 0]), n[:, 1] - 2, 2 - n[:, 2].abs()], 1)

    found = fold.find_thresholds(function, (3,), np.full(3, 20))
    integers = np.broadcast_to(np.arange(-20, 21)[:, None], (41, 3))
    np.testing.assert_array_equal(found.negative(integers), every_value(function, 3, 20) < 0)
    assert found.kinds == {"constant": 0, "one": 1, "interval": 1, "table": 1}
    assert found.bytes == sum(constant.nbytes for constant in found.intervals.encode()) + 3 * 4 + 8


@pytest.mark.parametrize("other", [-1e-7, 1e-7])
def test_a_sign_that_depends_on_memory_is_noticed(other: float) -> None:
    """Torch's own kernels give two values for one number; here the second differs where the first is close to 0."""

    def function(n: Tensor) -> Tensor:
        return (n - 3).abs()  # it touches 0 and goes up again

    def arranged(n: Tensor, arrangement: object) -> Tensor:
        return torch.where(n == 3, other, (n - 3).abs())

    bound = np.array([9])
    found = fold.find_thresholds(function, (1,), bound)
    assert 3 in found.close
    if other < 0:
        with pytest.raises(fold.Unsteady, match="channel 0 changes sign where its accumulator is 3"):
            fold.check_steady(arranged, (1,), bound, found)
    else:
        fold.check_steady(arranged, (1,), bound, found)


def test_beyond_the_bound_nothing_need_be_steady() -> None:
    found = fold.find_thresholds(lambda n: n - 0.5, (2,), np.array([9, 0]))
    fold.check_steady(
        lambda n, arrangement: torch.stack([n[:, 0] - 0.5, n[:, 1] - 0.5], 1), (2,), np.array([9, 0]), found
    )


def test_a_run_of_zeros_is_looked_at_once() -> None:
    found = fold.find_thresholds(lambda n: n.clamp(min=0), (1,), np.array([500]))
    assert len(found.close) <= 2


def test_pooling_of_a_function_that_rises_and_falls() -> None:
    def before(n: Tensor) -> Tensor:
        return torch.stack([n[:, 0], -n[:, 1], n[:, 2].abs()], 1)

    up = fold.find_pooling(before, lambda v: v - 2.5, (3,), 5)
    down = fold.find_pooling(before, lambda v: 2.5 - v, (3,), 5)
    assert up is not None
    assert down is not None
    assert up.tolist() == [False, False, False]
    assert down.tolist() == [True, True, True]
    assert fold.find_pooling(before, lambda v: (v - 2.5).abs() - 1, (3,), 5) is None


def test_zero_counts_as_positive_before_and_behind_a_pool() -> None:
    """-relu(v) is 0, and its sign +1, just where v is not above 0: of a window, where all are."""
    minimum = fold.find_pooling(lambda n: n, lambda v: -v.relu(), (1,), 5)
    assert minimum is not None
    assert minimum.tolist() == [True]


@pytest.mark.parametrize("integer", [-9, -3, 0, 5, 9])
def test_integers_whose_value_is_almost_zero_are_looked_at_again(integer: int) -> None:
    """Although no sign changes there: the last digit would change it."""
    found = fold.find_thresholds(lambda n: (n - integer).abs() + 1e-30, (2,), np.array([9, 9]))
    assert found.kinds["constant"] == 2
    assert found.close == {integer}


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 11])
def test_the_order_and_the_signs_do_not_depend_on_the_pieces(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One step down, at each integer in turn, also where a piece of integers ends."""
    monkeypatch.setattr(fold, "_ELEMENTS_AT_ONCE", 2 * rows)
    for step in range(-4, 6):

        def function(n: Tensor, step: int = step) -> Tensor:
            down = (n < step).float() - 0.5
            return torch.stack([down[:, 0], -down[:, 1]], 1)

        order = fold.find_order(function, (2,), 5)
        assert (order.rises.tolist(), order.falls.tolist()) == ([False, True], [True, False])
        found = fold.find_thresholds(function, (2,), np.array([5, 5]))
        assert found.kinds["one"] == 2
        np.testing.assert_array_equal(signs_of(found, 5), every_value(function, 2, 5) >= 0)
        assert found.margin == 0.5
        assert found.close == {step - 1, step}


def test_a_fall_from_one_piece_to_the_next_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within each piece of three integers the function rises, and so do the pieces' beginnings."""
    monkeypatch.setattr(fold, "_ELEMENTS_AT_ONCE", 3)

    def function(n: Tensor) -> Tensor:
        place = n + 4
        return torch.floor(place / 3) * 0.5 + place % 3

    order = fold.find_order(function, (1,), 4)
    assert not order.rises.any()
    assert not order.falls.any()
