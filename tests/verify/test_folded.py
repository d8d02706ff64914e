"""Thresholds, lookups and outputs of integers against torch's own piece, on every integer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import small_networks
import torch
from torch import Tensor

from signbit.convert.value import Folded
from signbit.engine import Model
from signbit.modelfile import ModelFile, Op, to_bytes
from signbit.modelfile import Tensor as FileTensor
from signbit.modelfile.ops.binary_conv import BinaryConv
from signbit.modelfile.ops.integer_conv import IntegerConv
from signbit.modelfile.ops.lookup import Lookup
from signbit.modelfile.ops.pointwise import Pointwise
from signbit.modelfile.ops.threshold import Threshold
from signbit.modelfile.ops.thresholds import Intervals, Tables
from signbit.modelfile.ops.window import Window
from signbit.verify.folded import Exhaustive, compare_folded

CHANNELS = 3


def product(output: int = 2, intervals: Intervals | None = None) -> BinaryConv:
    """Six signs times three weights: integers from -6 to 6."""
    weights = np.zeros((CHANNELS, 1, 1, 1), np.uint64)
    return BinaryConv("product", (1,), (output,), weights, Window((1, 1)), intervals=intervals)


def file_of(*after: Op, kinds: tuple[str, ...], pixels: int = 1) -> Model:
    """Signs of floats, the product, and what follows."""
    tensors = [FileTensor("in", "float32", pixels, 1, 6), FileTensor("signs", "bits", pixels, 1, 6)]
    tensors += [FileTensor(f"t{index}", kind, pixels, 1, CHANNELS) for index, kind in enumerate(kinds)]
    sign = Pointwise("sign", (0,), (1,), (), (), (0,))
    if kinds[-1] == "bits":  # which no file gives out
        tensors.append(FileTensor("out", "float32", pixels, 1, CHANNELS))
        after = (*after, Pointwise("out", (len(tensors) - 2,), (len(tensors) - 1,), (), (), (0,)))
    return Model.from_bytes(to_bytes(ModelFile(tensors, [sign, *after], 0, len(tensors) - 1)))


def thresholds(low: list[int], high: list[int], inverted: tuple[bool, ...] = (False,) * CHANNELS) -> Intervals:
    return Intervals(np.int32(low), np.int32(high), np.array(inverted))


def wave(integers: Tensor) -> Tensor:
    """At least 0 from -2 to 2, from 2 on, and where the integer is not 1."""
    one, two, three = integers.unbind(1)
    return torch.stack([2.0 - one.abs(), two - 2.0, torch.where(three == 1, -1.0, 1.0)], 1)


RIGHT = thresholds([-2, 2, 1], [2, 100, 1], (False, False, True))
BOUND = np.full(CHANNELS, 6, np.int64)
PIECE = Folded(wave, (CHANNELS,), BOUND, signs=True)


def said(model: Model, folded: dict[int, Folded]) -> Exhaustive:
    return compare_folded(model.session(), folded)


def joined(intervals: Intervals) -> Model:
    return file_of(product(intervals=intervals), kinds=("bits",))


def alone(intervals: Intervals, tables: Tables | None = None, pixels: int = 1) -> Model:
    return file_of(product(), Threshold("t", (2,), (3,), intervals, tables), kinds=("int32", "bits"), pixels=pixels)


def test_right_thresholds_are_counted() -> None:
    assert said(joined(RIGHT), {2: PIECE}) == Exhaustive(channels=3, integers=39)
    assert said(alone(RIGHT), {3: PIECE}) == Exhaustive(channels=3, integers=39)


@pytest.mark.parametrize("pixels", [2, 5, 13, 14])
def test_integers_fill_the_pixels_of_the_engines_images(pixels: int) -> None:
    assert said(alone(RIGHT, pixels=pixels), {3: PIECE}) == Exhaustive(channels=3, integers=39)
    found = said(alone(thresholds([-2, 2, 1], [2, 5, 1], (False, False, True)), pixels=pixels), {3: PIECE})
    assert len(found.errors) == 1
    assert "channel 1 differs from torch at the integer 6" in found.errors[0]


@pytest.mark.parametrize(("place", "name"), [(joined, "op 1 (binary_conv product)"), (alone, "op 2 (threshold t)")])
def test_a_moved_threshold_is_found_whoever_holds_it(place: Callable[[Intervals], Model], name: str) -> None:
    model = place(thresholds([-2, 3, 1], [2, 100, 1], (False, False, True)))
    assert said(model, {2 if place is joined else 3: PIECE}).errors == [
        f"{name}: channel 1 differs from torch at the integer 2; 1 of 39 values of this part differ"
    ]


def test_the_first_integer_is_named_and_all_are_counted() -> None:
    found = said(alone(thresholds([-2, -7, 1], [1, 7, 1], (False, False, True))), {3: PIECE})
    assert found.errors == [
        "op 2 (threshold t): channel 1 differs from torch at the integer -6; 9 of 39 values of this part differ"
    ]
    assert (found.channels, found.integers) == (3, 39)


def test_a_bit_of_a_table_is_found() -> None:
    negative = np.array([(wave(torch.full((1, 3), float(n)))[0, 2] < 0).item() for n in range(-6, 7)])[None]
    tables = Tables(np.int32([-1, -1, 0]), negative, -6)
    empty = thresholds([-2, 2, 0], [2, 100, -1])
    assert said(alone(empty, tables), {3: PIECE}).errors == []
    turned = negative.copy()
    turned[0, 10] ^= True
    found = said(alone(empty, replace(tables, negative=turned)), {3: PIECE})
    assert found.errors == [
        "op 2 (threshold t): channel 2 differs from torch at the integer 4; 1 of 39 values of this part differ"
    ]


def test_the_sign_of_zero_is_plus_and_that_of_nan_minus() -> None:
    def function(integers: Tensor) -> Tensor:
        return torch.stack([integers[:, 0], -0.0 * integers[:, 1], torch.full_like(integers[:, 2], torch.nan)], 1)

    piece = replace(PIECE, function=function)
    assert said(alone(thresholds([0, -9, 1], [9, 9, 0])), {3: piece}).errors == []


def test_values_of_a_lookup_are_compared() -> None:
    values = np.stack([np.arange(-6, 7) * 0.5, np.sqrt(np.arange(-6, 7.0).clip(0)), np.full(13, np.nan)]).astype(
        np.float32
    )

    def function(integers: Tensor) -> Tensor:
        one, two, three = integers.unbind(1)
        return torch.stack([one * 0.5, two.clamp_min(0).sqrt(), three / 0 * 0], 1)

    def model(values: np.ndarray[Any, Any]) -> Model:
        return file_of(product(), Lookup("l", (2,), (3,), values, -6), kinds=("int32", "float32"))

    piece = replace(PIECE, function=function, signs=False)
    assert said(model(values), {3: piece}) == Exhaustive(channels=3, integers=39)
    values[1, 12] = np.nextafter(values[1, 12], np.float32(9))
    assert said(model(values), {3: piece}).errors == [
        "op 2 (lookup l): channel 1 differs from torch at the integer 6; 1 of 39 values of this part differ"
    ]


def test_integers_that_a_channel_cannot_meet_do_not_matter() -> None:
    wider = replace(PIECE, bound=np.full(CHANNELS, 9, np.int64))
    assert said(alone(thresholds([-2, 2, 1], [2, 6, 1], (False, False, True))), {3: wider}) == Exhaustive(3, 39)
    ends = thresholds([-2, 2, 1], [2, 5, 1], (False, False, True))
    assert len(said(alone(ends), {3: wider}).errors) == 1


@pytest.mark.parametrize(("place", "name"), [(joined, "op 1 (binary_conv product)"), (alone, "op 2 (threshold t)")])
def test_a_piece_must_reach_as_far_as_the_integers(place: Callable[[Intervals], Model], name: str) -> None:
    narrow = replace(PIECE, bound=np.int64([6, 5, 4]))
    found = said(place(RIGHT), {2 if place is joined else 3: narrow})
    assert found.errors == [f"{name}: channel 1 can receive -6 to 6, but was converted for -5 to 5 only"]
    assert (found.channels, found.integers) == (0, 0)


@pytest.mark.parametrize(("place", "name"), [(joined, "op 1 (binary_conv product)"), (alone, "op 2 (threshold t)")])
def test_thresholds_without_a_piece_are_an_error(place: Callable[[Intervals], Model], name: str) -> None:
    words = f"{name}: the conversion has no torch function to compare it with"
    assert said(place(RIGHT), {}) == Exhaustive(errors=[words])


def test_a_lookup_without_a_piece_is_an_error() -> None:
    values = np.zeros((CHANNELS, 13), np.float32)
    model = file_of(product(), Lookup("l", (2,), (3,), values, -6), kinds=("int32", "float32"))
    assert said(model, {}).errors == ["op 2 (lookup l): the conversion has no torch function to compare it with"]


@pytest.mark.parametrize(("tensor", "name"), [(1, "op 0 (pointwise sign)"), (2, "op 1 (binary_conv product)")])
def test_a_piece_of_what_is_no_function_of_integers_is_an_error(tensor: int, name: str) -> None:
    found = said(alone(RIGHT), {tensor: PIECE, 3: PIECE})
    assert found.errors == [f"{name}: the conversion takes it for a function of integers, but it is not one"]
    assert (found.channels, found.integers) == (3, 39)


def test_other_ops_need_no_piece() -> None:
    assert said(small_networks.residual().model, {}) == Exhaustive()


@pytest.mark.parametrize("case", [small_networks.integers, small_networks.tables])
def test_every_threshold_of_a_network_is_compared(case: Callable[[], small_networks.Case]) -> None:
    conversion, model = case().conversion, case().model
    found = said(model, dict(conversion.folded))
    folded = [op for op in model.ops if op.outputs[0] in conversion.folded]
    assert found.channels == sum(model.tensors[op.outputs[0]].channels for op in folded)
    assert {op.kind for op in folded} >= {"threshold"}
    assert found.errors == []


def test_long_pieces_are_compared_to_their_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signbit.convert.fold._ELEMENTS_AT_ONCE", 15)  # five integers of three channels
    assert said(alone(RIGHT), {3: PIECE}) == Exhaustive(channels=3, integers=39)
    found = said(alone(thresholds([-2, 2, 1], [2, 5, 1], (False, False, True))), {3: PIECE})
    assert found.errors == [
        "op 2 (threshold t): channel 1 differs from torch at the integer 6; 1 of 9 values of this part differ"
    ]


@pytest.mark.parametrize(("weight", "least", "most"), [(1, -128, 127), (-1, -127, 128)])
def test_a_range_that_is_not_symmetric(weight: int, least: int, most: int) -> None:
    """A pixel goes from -128 to 127: both ends of what a channel can meet must be folded, and no integer beyond."""
    tensors = [FileTensor("in", "uint8", 1, 1, 1), FileTensor("sum", "int32", 1, 1, 1)]
    tensors += [FileTensor("bits", "bits", 1, 1, 1), FileTensor("out", "float32", 1, 1, 1)]
    stem = IntegerConv("stem", (0,), (1,), np.full((1, 1, 1, 1), weight, np.int8), Window((1, 1)))
    sign = Threshold("sign", (1,), (2,), Intervals(np.int32([0]), np.int32([1000]), np.array([False])))
    ops = [stem, sign, Pointwise("out", (2,), (3,), (), (), (0,))]
    model = Model.from_bytes(to_bytes(ModelFile(tensors, ops, 0, 3)))

    def piece(bound: int) -> dict[int, Folded]:
        return {2: Folded(lambda integers: integers, (1,), np.int64([bound]), signs=True)}

    assert said(model, piece(128)) == Exhaustive(channels=1, integers=256)
    assert said(model, piece(127)).errors == [
        f"op 1 (threshold sign): channel 0 can receive {least} to {most}, but was converted for -127 to 127 only"
    ]
