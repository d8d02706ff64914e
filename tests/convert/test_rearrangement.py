"""Operators that move elements: of signs, of functions of integers, of real values, and of the uint8 image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from calls import COMPUTES, EVERY, MOVES, TAKEN_APART
from converted import FLOATS, Net, branches, in_groups, kinds, operators, same_as_torch, sign
from torch.nn import functional as F

from signbit.convert import convert, lower
from signbit.convert.capture import capture
from signbit.convert.chain import Chain, Link
from signbit.convert.expression import Input
from signbit.convert.lowering import Lowering
from signbit.convert.node import operator_name
from signbit.convert.rearrangement import Rearrangement, put_in_place
from signbit.convert.value import Stream, image_value
from signbit.errors import ConvertError

RULES = {name: rule for name in lower.names() if isinstance(rule := lower.rule_in(name), Rearrangement)}
GROUPS = in_groups([name for name in MOVES if name not in COMPUTES] + sorted(COMPUTES), 16)
BYTES = torch.randint(0, 256, (3, 8, 6, 6), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))


EVERY_GROUP = pytest.mark.parametrize("names", GROUPS, ids=lambda names: f"{names[0]} to {names[-1]}")
FEW_GROUPS = pytest.mark.parametrize(
    "names",
    [GROUPS[0], *(pytest.param(group, marks=pytest.mark.slow) for group in GROUPS[1:])],
    ids=lambda names: f"{names[0]} to {names[-1]}",
)


def bodies(names: list[str]) -> list[Any]:
    return [call for name in names for call in MOVES[name]]


def test_every_operator_has_a_call() -> None:
    assert sorted(MOVES) == sorted(RULES)


@EVERY_GROUP
def test_signs(names: list[str]) -> None:
    found = same_as_torch(Net(branches(*bodies(names)), "signs"), exact=not COMPUTES.intersection(names))
    assert {RULES[name].operator for name in names if name not in TAKEN_APART} <= operators(found)


@FEW_GROUPS
def test_integers_and_functions_of_them(names: list[str]) -> None:
    same_as_torch(Net(branches(*bodies(names), then=lambda y: y * 1), "integers"))
    after = [lambda n, y, call=call: call(n, n.second_norm(y)) for call in bodies(names)]
    same_as_torch(Net(branches(*after, then=sign), "integers"))


@FEW_GROUPS
def test_real_values(names: list[str]) -> None:
    same_as_torch(Net(branches(*bodies(names)), "real"), exact=False)
    same_as_torch(Net(branches(*bodies(names)), "image"))


@FEW_GROUPS
def test_bytes_of_the_image(names: list[str]) -> None:
    calls = [lambda n, y: y.flip(1), *bodies([name for name in names if name not in COMPUTES])]
    same_as_torch(Net(branches(*calls, then=lambda y: y.float() / 4), "image"), BYTES)


@pytest.mark.parametrize("rank", [2, 4])
def test_what_is_in_place_stays_as_it_is(rank: int) -> None:
    """No op, and no second function around the first."""
    chain = Chain((Link(lambda known, integers, arrangement: -integers),), rank, 8)
    stream = Stream((1, 1, 8) if rank == 2 else (6, 6, 8), 0, np.full(8, 72), chain, Input(0))
    value = image_value(stream, rank)
    lowering: Any = None
    node: Any = None
    assert put_in_place(value, node, lowering) is value


def test_what_was_joined_has_as_many_axes_as_its_parts() -> None:
    graph = capture(Net(lambda n, y: torch.cat([n.second_norm(y), y], 1) * 1, "integers"), FLOATS[:2])
    lowering = Lowering(graph)
    lowering.run()
    (joined,) = (node for node in graph.nodes if operator_name(node) == "aten::cat")
    base = lowering.known(joined).base
    assert isinstance(base, Stream)
    assert (base.chain.rank, base.chain.features) == (4, (16, 1, 1))


def test_constants_of_channels_after_a_move() -> None:
    """The channels of a constant are those of the moved value."""
    flat, rows = torch.linspace(-1, 1, 288), EVERY.reshape(-1)
    calls = [
        lambda n, y: F.channel_shuffle(y, 2) * EVERY,
        lambda n, y: y.flip(1) + EVERY,
        lambda n, y: n.second_norm(y[:, [3, 1, 1, 0, 7, 6, 5, 4]]),
        lambda n, y: n.second_norm(torch.cat([y[:, 4:], y[:, :4] * 2], 1)),
        lambda n, y: F.prelu(y.flip(1), rows),
        lambda n, y: y.flatten(1) * flat,
        lambda n, y: F.prelu(y.flatten(1), flat),
        lambda n, y: F.batch_norm(y.flatten(1), flat * 0, flat * 0 + 1, flat, flat),
        lambda n, y: (y.permute(0, 2, 3, 1) + 0.5).permute(0, 3, 1, 2) * EVERY,
        lambda n, y: (y.transpose(2, 3) * 2 + y.transpose(2, 3)).transpose(2, 3),
        lambda n, y: y * y.flip(1),
        lambda n, y: y[:, :, ::2, ::2] * EVERY,
    ]
    same_as_torch(Net(branches(*calls, then=sign), "integers"))
    same_as_torch(Net(branches(*calls), "real"), exact=False)


def test_joins_of_different_kinds() -> None:
    calls = [
        lambda n, y: torch.cat([sign(y), y], 1),
        lambda n, y: torch.cat([n.product(y), n.other(y)], 1),
        lambda n, y: torch.cat([n.product(y), n.conv(y)], 1),
        lambda n, y: torch.cat([sign(y), n.norm(n.product(y)), y, torch.ones_like(y), y * 0], 1),
        lambda n, y: sign(torch.cat([n.norm(n.product(y)), F.relu(n.other(y)) - 3, -torch.ones_like(y)], 1)),
        lambda n, y: F.max_pool2d(torch.cat([n.product(y), n.norm(n.other(y))], 1), 2),
        lambda n, y: sign(F.max_pool2d(torch.cat([n.product(y), n.norm(n.other(y))], 1), 2)),
    ]
    same_as_torch(Net(branches(*calls), "image"), exact=False)


def test_one_op_where_channels_of_one_tensor_are_joined() -> None:
    found = convert(Net(lambda n, y: torch.cat([y[:, 4:], y[:, :4], y[:, 2:3]], 1), "signs"), FLOATS)
    assert kinds(found) == ["pointwise", "select", "pointwise"]
    found = convert(Net(lambda n, y: torch.cat([y, torch.ones_like(y[:, :3])], 1), "signs"), FLOATS)
    assert kinds(found) == ["pointwise", "select", "pointwise"]
    found = convert(Net(lambda n, y: y.flatten(2).flatten(1).view(-1, 8, 6, 6), "signs"), FLOATS)
    assert kinds(found) == ["pointwise", "pointwise"]


@pytest.mark.slow
def test_hundreds_of_inputs_are_joined() -> None:
    many = lambda n, y: torch.cat([y[:, :2] * (1 + number) for number in range(260)], 1)  # noqa: E731
    same_as_torch(Net(many, "image"))


BATCH = (
    r"the number of images|moves or merges the batch|from one image to another|for each image"
    r"|only works for a fixed number|fails on"
)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (lambda n, y: y.view(-1, 6), BATCH),
        (lambda n, y: y.view(-1, 6).sum(1, keepdim=True).view(-1, 48), "no op for aten::sum"),
        (lambda n, y: y.transpose(0, 1).transpose(0, 1) + y.roll(1, 0), BATCH),
        (lambda n, y: y.flip(0), BATCH),
        (lambda n, y: y.roll(1), BATCH),
        (lambda n, y: y[[1, 0, 2, 3, 4]], BATCH),
        (lambda n, y: y[:2], BATCH),
        (lambda n, y: torch.cat([y, y], 0), BATCH),
        (lambda n, y: y.repeat(2, 1, 1, 1), BATCH),
        (lambda n, y: y.reshape(-1), BATCH),
        (lambda n, y: y.reshape(8, -1, 6, 6), BATCH),
        (lambda n, y: y.view(-1, y.shape[0]), BATCH),
        (lambda n, y: y[:1].expand(y.shape), BATCH),
        (lambda n, y: y - y[:1], BATCH),
        (lambda n, y: torch.cat([y, torch.ones(len(y), 1, 6, 6)], 1), r"write x\.shape\[0\].*len\(x\)"),
        (lambda n, y: y.transpose(2, 3), "in another order, as 6 x 6 pixels and 8 channels.*Remove the rearrangement"),
        (lambda n, y: y.flip(3), "in another order"),
        (lambda n, y: torch.cat([y[:, :4, :, 1:], y[:, 4:, :, :-1]], 1), "in another order"),
        (lambda n, y: torch.cat([y[:, :4, :, :-1], y[:, 4:, :, 1:]], 1), "in another order"),
        (lambda n, y: torch.cat([y[:, :4, ::2, ::2], y[:, 4:, 1::2, ::2]], 1), "in another order"),
        (lambda n, y: y.permute(0, 2, 3, 1), "in another order, as 6 x 8 pixels and 6 channels"),
        (lambda n, y: y[:, :, 1:-1, 1:-1], "in another order, as 4 x 4 pixels"),
        (lambda n, y: y[:, :, 1::2], "in another order"),
        (lambda n, y: F.pixel_shuffle(y, 2), "in another order, as 12 x 12 pixels and 2 channels"),
        (lambda n, y: F.pixel_unshuffle(y, 2), "in another order, as 3 x 3 pixels and 32 channels"),
        (lambda n, y: y.repeat_interleave(2, 3), "in another order"),
        (lambda n, y: F.pad(y, (1, 1, 1, 1), mode="reflect"), "in another order"),
        (lambda n, y: F.pad(y, (0, -1, 0, -1)), "in another order"),
        (lambda n, y: F.pad(y, (1, 1, 1, 1)), "joins or pads along the height or width.*padding of a convolution"),
        (lambda n, y: torch.cat([y, y], 3), "joins or pads along the height or width"),
        (lambda n, y: y[:, 3], r"not a tensor of 3 axes: keep axes of size 1 \(x\[:, 3:4\]"),
        (lambda n, y: y.flatten(2) + EVERY.reshape(8, 1), "not a tensor of 3 axes"),
        (lambda n, y: y[:, 3:3], "nothing of the image is left; keep at least one channel"),
        (lambda n, y: y[:, torch.tensor([True, False] * 4)], "depends on the values; select by constant indices"),
        (lambda n, y: torch.cat([y, torch.linspace(0, 1, 6).expand(y.shape[0], 1, 6, 6)], 1),
         "sets pixels of one channel"),
        (lambda n, y: torch.slice_scatter(y, y[:, :2].double(), 1, 4, 6), "cast"),
        (lambda n, y: torch.zeros_like(y), "the same for every image; compute the result when|does not depend"),
    ],
)  # fmt: skip
def test_refused(body: Any, words: str) -> None:
    with pytest.raises(ConvertError, match=words):
        convert(Net(body, "image"), FLOATS)


def test_a_squeeze_of_one_image_keeps_its_batch() -> None:
    found = convert(Net(lambda n, y: y[:, :, :1, :1].squeeze(), "integers"), FLOATS)
    assert found.model.tensors[found.model.output].shape == (1, 1, 8)


@pytest.mark.parametrize(
    "body",
    [
        lambda n, y: y + torch.full_like(y, y.shape[0]),
        lambda n, y: torch.cat([y, y.new_full((y.shape[0], 1, 6, 6), y.shape[0])], 1),
        lambda n, y: y.roll(y.shape[0], 1),
        lambda n, y: y.roll((y.shape[0] * 2, 0), (1, 2)),
        lambda n, y: y.roll(y.shape[0] // 16, 1),
        lambda n, y: y[:, y.shape[0] % 3].unsqueeze(1) * 1,
        lambda n, y: y.narrow(1, y.shape[0] % 3, 2) * 1,
        lambda n, y: y[:, y.shape[0] % 3 : y.shape[0] % 3 + 2] * 1,
        lambda n, y: y.clone()[:, 0].fill_(y.shape[0]).unsqueeze(1) + y,
    ],
)
def test_elements_that_the_number_of_images_chooses(body: Any) -> None:
    with pytest.raises(ConvertError, match=r"uses the number of images|no op for|branches on the number|fixed number"):
        convert(Net(body, "image"), FLOATS)


@pytest.mark.parametrize("given", ["signs", "integers", "real"])
def test_every_image_of_the_first_is_refused(given: str) -> None:
    with pytest.raises(ConvertError, match=r"from one image to another|moves or merges the batch axis"):
        convert(Net(lambda n, y: y[:1].expand_as(y) * 1, given), FLOATS)


@pytest.mark.parametrize("given", ["signs", "integers", "real"])
@pytest.mark.parametrize(
    "body",
    [
        lambda n, y: y.flip(0) * 1,
        # What moves none of two images moves some of three.
        lambda n, y: y.roll(2, 0) * 1,
        lambda n, y: y.roll((1, 3, -6), (0, 1, -4)) * 1,
        lambda n, y: y.flatten(1).roll(2, -2).view_as(y) * 1,
        lambda n, y: y.roll(720720) * 1,
        lambda n, y: y * 1 + F.pad(y, (0, 0, 0, 0, 0, 0, 2, -2)),
        lambda n, y: y * 1 + torch.constant_pad_nd(y, (0, 0, 0, 0, 0, 0, 2, -2), 1.0),
        lambda n, y: y * 1 + F.pad(y.flatten(1), (0, 0, 4, -4)).view_as(y),
    ],
)
def test_images_that_change_places_are_refused_by_name(body: Any, given: str) -> None:
    with pytest.raises(ConvertError, match=r"it moves elements from one image to another"):
        convert(Net(body, given), FLOATS)


def test_a_shift_of_images_and_back() -> None:
    same_as_torch(Net(lambda n, y: y.roll((2, 1, -2), (0, 1, 0)) * 1, "integers"))


def test_a_pixel_of_an_image_is_not_taken_of_all_of_them() -> None:
    found = same_as_torch(Net(lambda n, y: sign(y[:, :, 0, 0]) * 1, "integers"))
    assert not {"flatten", "select"} & set(kinds(found))


def test_single_pixels_of_several_places() -> None:
    body = lambda n, y: torch.cat([y[:, :4, :1, :1], y[:, 4:, -1:, -1:]], 1) * n.rows  # noqa: E731
    same_as_torch(Net(body, "real"), exact=False)
    same_as_torch(Net(body, "integers"))


@pytest.mark.parametrize("stride", [254, 255])
def test_pixels_that_lie_as_far_apart_as_the_engine_allows(stride: int) -> None:
    found = same_as_torch(Net(lambda n, y: sign(y)[..., ::stride] * 2, "image"), torch.randn(3, 2, 1, 600))
    assert found.model.tensors[found.model.output].width == 3


def test_pixels_that_lie_too_far_apart() -> None:
    with pytest.raises(ConvertError, match="every n-th pixel starting at the first"):
        convert(Net(lambda n, y: sign(y)[..., ::256] * 2, "image"), torch.randn(3, 2, 1, 600))
