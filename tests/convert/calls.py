"""At least one call of every operator that the converter knows, by the name of its file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as F

Call = Callable[[Any, Any], Any]
"""Of the network and what it is given: images [N, 8, 6, 6]."""

aten = torch.ops.aten
EVERY = torch.linspace(-1.3, 2, 8).reshape(8, 1, 1)

POINTWISE: dict[str, list[Call]] = {
    "abs": [lambda n, y: y.abs() - 3],
    "acos": [lambda n, y: torch.acos(y / 100) - 1.5],
    "acosh": [lambda n, y: torch.acosh(y.abs() + 1) - 2],
    "add": [lambda n, y: y + n.rows, lambda n, y: torch.add(y, 0.75, alpha=2), lambda n, y: y + y, lambda n, y: 3 + y],
    "addcdiv": [lambda n, y: torch.addcdiv(y, y, n.rows + 3, value=0.5)],
    "addcmul": [lambda n, y: torch.addcmul(y, y, n.rows, value=0.5)],
    "asin": [lambda n, y: torch.asin(y / 100) + 0.1],
    "asinh": [lambda n, y: torch.asinh(y) - 1.1],
    "atan": [lambda n, y: torch.atan(y) - 1.1],
    "atan2": [lambda n, y: torch.atan2(y, n.rows) - 1.1],
    "atanh": [lambda n, y: torch.atanh(y / 100) - 0.1],
    "bitwise_and": [lambda n, y: (y.int() & 3).float() - 1, lambda n, y: y.int().bitwise_and_(6).float() - 1],
    "bitwise_left_shift": [lambda n, y: torch.bitwise_left_shift(y.int(), 2).float() - 9],
    "bitwise_not": [lambda n, y: (~y.int()).float()],
    "bitwise_or": [lambda n, y: (y.int() | 1).float()],
    "bitwise_right_shift": [lambda n, y: torch.bitwise_right_shift(y.int(), 2).float()],
    "bitwise_xor": [lambda n, y: (y.int() ^ 5).float()],
    "ceil": [lambda n, y: torch.ceil(y * 0.3)],
    "celu": [lambda n, y: F.celu(y, 0.3) + 0.2],
    "clamp": [
        lambda n, y: y.clamp(-4, 7) - 1,
        lambda n, y: y.clamp(max=3) + 1,
        lambda n, y: torch.clamp(y, -n.rows.abs(), n.rows.abs()),
        lambda n, y: y.clamp(min=-float("inf"), max=float("inf")),
        lambda n, y: torch.clip(y, -1.5, 2.5),
    ],
    "clamp_max": [lambda n, y: torch.clamp_max(y, 2.5) + 1],
    "clamp_min": [lambda n, y: torch.clamp_min(y, -2.5) + 1],
    "copysign": [lambda n, y: torch.copysign(y, n.rows)],
    "cos": [lambda n, y: torch.cos(y * 0.3)],
    "cosh": [lambda n, y: torch.cosh(y * 0.1) - 2],
    "div": [
        lambda n, y: y / (n.rows + 3),
        lambda n, y: torch.div(y, 3, rounding_mode="floor") + 1,
        lambda n, y: torch.div(y, 3, rounding_mode="trunc") + 1,
        lambda n, y: 1 / (y + 0.5),
    ],
    "dunder_lshift": [lambda n, y: (y.int() << 1).float() - 3],
    "dunder_rshift": [lambda n, y: (y.int() >> 1).float()],
    "elu": [lambda n, y: F.elu(y, 0.3) + 0.2, lambda n, y: F.elu_(y * 0.5, 1.5) + 0.2],
    "eq": [lambda n, y: (y == 4).float() - 0.5],
    "erf": [lambda n, y: torch.erf(y * 0.1) - 0.3],
    "erfc": [lambda n, y: torch.erfc(y * 0.1) - 0.3],
    "exp": [lambda n, y: torch.exp(y * 0.1) - 1.5],
    "exp2": [lambda n, y: torch.exp2(y * 0.1) - 1.5],
    "expm1": [lambda n, y: torch.expm1(y * 0.1) - 0.5],
    "floor": [lambda n, y: torch.floor(y * 0.3)],
    "floor_divide": [lambda n, y: y // 3 + 1, lambda n, y: (y.int() // 3).float() + 1],
    "fmax": [lambda n, y: torch.fmax(y, n.rows)],
    "fmin": [lambda n, y: torch.fmin(y, n.rows)],
    "fmod": [lambda n, y: torch.fmod(y, 5) - 1],
    "frac": [lambda n, y: torch.frac(y * 0.3) - 0.25],
    "ge": [lambda n, y: (y >= 3).float() - 0.5],
    "gelu": [lambda n, y: F.gelu(y * 0.1) - 0.5, lambda n, y: F.gelu(y * 0.1, approximate="tanh") - 0.5],
    "gt": [lambda n, y: (y > n.rows).float() - 0.5],
    "hardshrink": [lambda n, y: F.hardshrink(y, 3.5) + 1],
    "hardsigmoid": [lambda n, y: F.hardsigmoid(y) - 0.6],
    "hardswish": [lambda n, y: F.hardswish(y) - 0.6],
    "hardtanh": [lambda n, y: F.hardtanh(y, -2, 3) - 1, lambda n, y: F.hardtanh_(y * 1)],
    "heaviside": [lambda n, y: torch.heaviside(y, torch.tensor(0.5)) - 0.5],
    "hypot": [lambda n, y: torch.hypot(y, n.rows) - 4],
    "isinf": [lambda n, y: torch.isinf(1 / y).float() - 0.5],
    "isnan": [lambda n, y: torch.isnan(y.sqrt()).float() - 0.5],
    "le": [lambda n, y: (y <= 3).float() - 0.5],
    "leaky_relu": [lambda n, y: F.leaky_relu(y, 0.3) + 1, lambda n, y: F.leaky_relu(y, -0.25, inplace=True) - 1],
    "lerp": [lambda n, y: torch.lerp(y, y * 2 + 1, 0.3)],
    "log": [lambda n, y: torch.log(y.abs() + 1) - 2],
    "log10": [lambda n, y: torch.log10(y.abs() + 1) - 1],
    "log1p": [lambda n, y: torch.log1p(y.abs()) - 2],
    "log2": [lambda n, y: torch.log2(y.abs() + 1) - 2.5],
    "log_sigmoid": [lambda n, y: F.logsigmoid(y * 0.1) + 0.5],
    "logaddexp": [lambda n, y: torch.logaddexp(y, n.rows) - 3],
    "logical_and": [lambda n, y: torch.logical_and(y > 0, y < 9).float() - 0.5],
    "logical_not": [lambda n, y: torch.logical_not(y).float() - 0.5],
    "logical_or": [lambda n, y: torch.logical_or(y < 0, y > 9).float() - 0.5],
    "logical_xor": [lambda n, y: torch.logical_xor(y < 0, y > -9).float() - 0.5],
    "logit": [lambda n, y: torch.logit(y.abs() / 100 + 0.1) + 1],
    "lt": [lambda n, y: (y < 3).float() - 0.5],
    "masked_fill": [lambda n, y: y.masked_fill(y > 4, -1.0), lambda n, y: y.masked_fill_(y < 0, 0.5) - 1],
    "maximum": [lambda n, y: torch.maximum(y, n.rows), lambda n, y: torch.max(y, y * 0.5) - 1],
    "minimum": [lambda n, y: torch.minimum(y, n.rows), lambda n, y: torch.min(y, y * 0.5) + 1],
    "mish": [lambda n, y: F.mish(y) - 0.5],
    "mul": [lambda n, y: y * n.rows, lambda n, y: y * y - 9, lambda n, y: -2 * y + 1, lambda n, y: y.mul_(0.3)],
    "nan_to_num": [lambda n, y: torch.nan_to_num(y.sqrt(), nan=-2.0) - 3],
    "native_batch_norm_legit_no_training": [
        lambda n, y: n.second_norm(y),
        lambda n, y: F.batch_norm(y, n.norm.running_mean, n.norm.running_var, eps=0.1),
        lambda n, y: F.batch_norm(y, n.norm.running_mean, n.norm.running_var, n.norm.weight, None),
        lambda n, y: F.batch_norm(y, n.norm.running_mean, n.norm.running_var, None, n.norm.bias, momentum=0.5),
    ],
    "ne": [lambda n, y: (y != 4).float() - 0.5],
    "neg": [lambda n, y: -y],
    "pow": [lambda n, y: (y * 0.1) ** 3 + 0.1, lambda n, y: y.pow(2) - 9],
    "prelu": [lambda n, y: F.prelu(y, n.rows.reshape(-1)) - 1, lambda n, y: F.prelu(y, n.rows[:1, 0, 0]) - 3],
    "reciprocal": [lambda n, y: torch.reciprocal(y + 0.5)],
    "relu": [lambda n, y: F.relu(y) - 3, lambda n, y: F.relu(y, inplace=True) - 1],
    "relu6": [lambda n, y: F.relu6(y) - 3],
    "remainder": [lambda n, y: y % 5 - 1, lambda n, y: torch.remainder(y, -3) + 1],
    "round": [lambda n, y: torch.round(y * 0.3), lambda n, y: torch.round(y * 0.33, decimals=1)],
    "rrelu": [lambda n, y: F.rrelu(y, 0.1, 0.4) + 1],
    "rsqrt": [lambda n, y: (y.abs() + 1).rsqrt() - 0.4],
    "rsub": [lambda n, y: 3 - y, lambda n, y: torch.rsub(y, 5, alpha=2)],
    "selu": [lambda n, y: F.selu(y) + 0.5],
    "sgn": [lambda n, y: torch.sgn(y)],
    "sigmoid": [lambda n, y: torch.sigmoid(y) - 0.25],
    "sign": [lambda n, y: torch.sign(y)],
    "signbit": [lambda n, y: torch.signbit(y).float() - 0.5],
    "signbit_silu": [lambda n, y: torch.ops.signbit.silu(y) - 0.5],
    "silu": [lambda n, y: F.silu(y) - 0.5, lambda n, y: F.silu(y, inplace=True) - 1],
    "sin": [lambda n, y: torch.sin(y * 0.3 + 0.1)],
    "sinc": [lambda n, y: torch.sinc(y * 0.3 + 0.1)],
    "sinh": [lambda n, y: torch.sinh(y * 0.1) - 0.3],
    "softplus": [lambda n, y: F.softplus(y, 2, 3) - 1],
    "softshrink": [lambda n, y: F.softshrink(y, 3.5) + 1],
    "sqrt": [lambda n, y: y.abs().sqrt() - 2.1],
    "square": [lambda n, y: torch.square(y) - 9],
    "sub": [lambda n, y: y - n.rows, lambda n, y: torch.sub(y, n.rows, alpha=2), lambda n, y: 2 - (y - 1)],
    "tan": [lambda n, y: torch.tan(y * 0.01) - 0.03],
    "tanh": [lambda n, y: torch.tanh(y * 0.1) - 0.3],
    "threshold": [lambda n, y: F.threshold(y, 3.5, -0.25)],
    "to_copy": [
        lambda n, y: (y * 0.3).int().float() + 1,
        lambda n, y: (y * 0.3).half().float() + 0.1,
        lambda n, y: (y * 0.3).bfloat16().float(),
        lambda n, y: (y.double() * 0.1 - 0.3).float(),
        lambda n, y: y.bool().float() - 0.5,
        lambda n, y: y.abs().to(torch.uint8).float() - 3,
        lambda n, y: y.to(torch.int8).type_as(y),
        lambda n, y: y.type(torch.int64).to(n.rows) - 1,
    ],
    "trunc": [lambda n, y: torch.trunc(y * 0.3)],
    "where": [lambda n, y: torch.where(y > 0, y, y * n.rows) - 1],
    "xlogy": [lambda n, y: torch.xlogy(y, y.abs() + 1) - 2],
}
"""Each gives both signs for some integers."""

TAKEN_APART = {
    "hardshrink", "softshrink", "chunk", "contiguous", "flatten", "narrow", "reshape", "unflatten"
}  # fmt: skip
"""Torch itself makes them of others, in some versions."""

HAS_NONE_ALONE = {"isinf", "isnan", "logical_and", "logical_or", "logical_xor", "masked_fill", "nan_to_num", "where"}
"""On real values, an operator before them is refused first."""


def _changed(change: Callable[[Any], Any]) -> Call:
    def call(net: Any, y: Any) -> Any:
        change(y)
        return y

    return call


def _assign(index: Any, value: Any) -> Call:
    return _changed(lambda y: y.__setitem__(index, value))


def _halves_changed(net: Any, y: Any) -> Any:
    one, two = y.chunk(2, 1)
    two.copy_(one.flip(1))
    one.fill_(1)
    return y


def _view_before(net: Any, y: Any) -> Any:
    view = y.flatten(1)
    y[:, 2:].fill_(1)
    return view


MOVES: dict[str, list[Call]] = {
    "alias": [lambda n, y: aten.alias(y)],
    "cat": [
        lambda n, y: torch.cat([y[:, 4:], y[:, :4]], 1),
        lambda n, y: torch.cat([y, y, y[:, 2:3]], 1),
        lambda n, y: torch.cat([y], 1),
        lambda n, y: torch.hstack([y, y]),
    ],
    "channel_shuffle": [lambda n, y: F.channel_shuffle(y, 2), lambda n, y: F.channel_shuffle(y, 4)],
    "chunk": [lambda n, y: torch.cat(y.chunk(3, 1)[::-1], 1)],
    "clone": [lambda n, y: y.clone(memory_format=torch.channels_last)],
    "constant_pad_nd": [lambda n, y: aten.constant_pad_nd(y, [0, 0, 0, 0, 2, -1], 1)],
    "contiguous": [lambda n, y: y.contiguous(memory_format=torch.channels_last)],
    "copy": [_changed(lambda y: y[:, :4].copy_(y[:, 4:])), lambda n, y: aten.copy(y, y.flip(1))],
    "detach": [lambda n, y: y.detach()],
    "empty": [lambda n, y: torch.empty(y.shape, dtype=y.dtype).copy_(y)],
    "empty_like": [lambda n, y: torch.empty_like(y).copy_(y)],
    "expand": [lambda n, y: y[:, 1:2].expand(-1, 8, -1, -1), lambda n, y: y[:, :1].expand_as(y)],
    "fill": [_changed(lambda y: y[:, 3].fill_(1)), _assign((slice(None), slice(2, 5)), 1)],
    "flatten": [lambda n, y: y.flatten(2).flatten(1), lambda n, y: y.flatten(1, 2).reshape(-1, 8, 6, 6)],
    "flip": [lambda n, y: y.flip(1), lambda n, y: y.flip(2, 3).flip(3, 2), lambda n, y: torch.flip(y, [1, 2]).flip(2)],
    "full": [lambda n, y: torch.cat([y, torch.full((y.shape[0], 2, 6, 6), 1, dtype=y.dtype)], 1)],
    "full_like": [lambda n, y: torch.cat([torch.full_like(y, 1), y], 1)],
    "index": [
        lambda n, y: y[:, [3, 3, 0, 7]],
        lambda n, y: y[:, [0] * 20],
        lambda n, y: y[:, :, [0, 2, 4]][..., [0, 3]],
    ],
    "index_select": [lambda n, y: y.index_select(1, torch.tensor([5, 1]))],
    "narrow": [lambda n, y: y.narrow(1, 2, 3), lambda n, y: y.narrow(1, -3, 3)],
    "new_empty": [lambda n, y: y.new_empty(y.shape).copy_(y)],
    "new_full": [lambda n, y: torch.cat([y.new_full((y.size(0), 1, 6, 6), 1), y], 1)],
    "new_ones": [lambda n, y: torch.cat([y, y.new_ones(y.shape)], 1)],
    "new_zeros": [lambda n, y: torch.cat([y, y.new_zeros(y.shape) + 1], 1)],
    "ones": [lambda n, y: torch.cat([y, torch.ones(y.shape[0], 2, 6, 6, dtype=y.dtype)], 1)],
    "ones_like": [lambda n, y: torch.cat([torch.ones_like(y), y], 1)],
    "pad": [lambda n, y: F.pad(y, (0, 0, 0, 0, 2, 1), value=1), lambda n, y: F.pad(y, (0, 0, 0, 0, -2, -1))],
    "permute": [lambda n, y: y.permute(0, 2, 3, 1).permute(0, 3, 1, 2), lambda n, y: y.movedim(1, -1).movedim(-1, 1)],
    "pixel_shuffle": [lambda n, y: F.pixel_unshuffle(F.pixel_shuffle(y, 2), 2)],
    "pixel_unshuffle": [lambda n, y: F.pixel_shuffle(F.pixel_unshuffle(y, 3), 3), lambda n, y: F.pixel_unshuffle(y, 6)],
    "repeat": [lambda n, y: y.repeat(1, 2, 1, 1), lambda n, y: torch.tile(y, (1, 3, 1, 1))],
    "reshape": [lambda n, y: y.reshape(-1, 4, 2, 6, 6).flip(2).reshape(y.shape)],
    "roll": [lambda n, y: y.roll(3, 1), lambda n, y: y.roll((2, 4), (1, 2)).roll(2, 2)],
    "rot90": [lambda n, y: torch.rot90(torch.rot90(y, 1, (2, 3)), 3, (2, 3))],
    "select": [lambda n, y: y[:, :, 0, 0], lambda n, y: y[:, :, 2, 5], lambda n, y: y[:, 3].unsqueeze(1)],
    "select_scatter": [
        lambda n, y: torch.select_scatter(y, y[:, 0], 1, 5),
        lambda n, y: torch.select_scatter(y, torch.ones(6, 6, dtype=y.dtype).expand(y.shape[0], 6, 6), 1, 5),
        _changed(lambda y: y[:, 1].copy_(y[:, 2])),
    ],
    "slice": [
        lambda n, y: y[:, 1::2],
        lambda n, y: y[:, -3:],
        lambda n, y: y[:, :, ::2, ::3],
        lambda n, y: y[:, :, 2:3, 3:4],
        lambda n, y: y[:, :, :, ::5],
    ],
    "slice_scatter": [
        lambda n, y: torch.slice_scatter(y, y[:, :2], 1, 4, 6),
        lambda n, y: torch.slice_scatter(y, y[:, :4], 1, 0, 8, 2),
        _halves_changed,
    ],
    "split": [lambda n, y: torch.cat(y.split(3, 1)[::-1], 1)],
    "split_with_sizes": [lambda n, y: torch.cat(y.split([1, 3, 4], 1)[::-1], 1)],
    "squeeze": [lambda n, y: y.unsqueeze(2).squeeze(2), lambda n, y: y[:, :, :1, :1].squeeze((2, 3))],
    "stack": [
        lambda n, y: torch.stack([y, y], 2).flatten(1, 2),
        lambda n, y: torch.stack(y.unbind(1)[::-1], 1),
        lambda n, y: torch.stack([y, y.flip(1)], 1)[:, 1],
    ],
    "transpose": [lambda n, y: y.transpose(2, 3).transpose(3, 2), lambda n, y: y.view(-1, 2, 4, 36).transpose(1, 2)],
    "unbind": [lambda n, y: torch.stack([y.unbind(1)[5], y.unbind(1)[2]], 1)],
    "unflatten": [lambda n, y: y.unflatten(1, (4, 2)).flip(1).flatten(1, 2)],
    "unsafe_view": [lambda n, y: aten._unsafe_view(y, [y.shape[0], 288])],
    "unsqueeze": [lambda n, y: y[:, :4].unsqueeze(1).expand(-1, 2, -1, -1, -1).flatten(1, 2)],
    "view": [lambda n, y: y.view(-1, 2, 4, 6, 6).transpose(1, 2).reshape(-1, 8, 6, 6), _view_before],
    "zero": [_changed(lambda y: y[:, 2:4].zero_().add_(1))],
    "zeros": [lambda n, y: torch.cat([y, torch.zeros(y.shape[0], 1, 6, 6, dtype=y.dtype) + 1], 1)],
    "zeros_like": [lambda n, y: torch.cat([y, torch.zeros_like(y) + 1], 1)],
}
"""Each keeps +1 and -1 what they are: what is set is set to 1."""

COMPUTES = {"new_zeros", "zero", "zeros", "zeros_like"}
"""Calls that also add: not of bytes, which wrap around."""
