"""How far apart two correct float32 computations of one op may be: running error analysis in float64.

Each rounding adds at most half a unit in the last place, ``u = 2^-24`` relative. An error bound is carried along with
every value; torch and the engine both lie within it of the exact value, so they lie within twice the bound of each
other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from signbit.convert.write import STEPS

Doubles = NDArray[np.float64]

UNIT = 2.0**-24
SMALLEST = 2.0**-126  # below it a result may be flushed to zero or lose digits
SILU_FLUSHED = 2.0**-120  # torch's SiLU is -0.0 below -88.7, where its exponential overflows
SIGMOID_UNITS = 4  # stated in docs/file-format.md; torch's own sigmoid and SiLU are within it too

_NAMES = {code: name for name, code in STEPS.items()}


class Bounded(NamedTuple):
    """Values and how far a float32 computation of them may be off, elementwise."""

    value: Doubles
    error: Doubles

    def rounded(self, units: float = 1.0) -> Bounded:
        """The same after a rounding of so many units."""
        extra = units * UNIT * (np.abs(self.value) + self.error) + SMALLEST
        return Bounded(self.value, np.asarray(self.error + extra))


def exact(values: NDArray[np.generic]) -> Bounded:
    """Values that are what they are."""
    doubles = values.astype(np.float64)
    return Bounded(doubles, np.zeros_like(doubles))


def run_program(
    attributes: Sequence[int], inputs: Sequence[Bounded], constants: Sequence[NDArray[np.float32]]
) -> list[Bounded]:
    """The outputs of a pointwise op with their error bounds.

    Args:
        attributes: of the op, as the model file has them.
        inputs: one for each input tensor, [..., C].
        constants: float32 [C] or [1].
    """
    values = [*inputs, *(exact(constant) for constant in constants)]
    steps = attributes[0]
    with np.errstate(all="ignore"):
        for index in range(steps):
            code, *operands = attributes[1 + 4 * index : 5 + 4 * index]
            values.append(run_step(_NAMES[code], [values[operand] for operand in operands]))
    return [values[number] for number in attributes[1 + 4 * steps :]]


def run_step(name: str, operands: Sequence[Bounded]) -> Bounded:
    """One step of a pointwise program."""
    a, b, c = operands
    if name in ("add", "subtract"):
        value = a.value + b.value if name == "add" else a.value - b.value
        return Bounded(value, a.error + b.error).rounded()
    if name in ("multiply", "fma"):
        product = Bounded(a.value * b.value, np.abs(a.value) * b.error + np.abs(b.value) * a.error + a.error * b.error)
        if name == "multiply":
            return product.rounded()
        return Bounded(product.value + c.value, product.error + c.error).rounded()
    if name == "divide":  # torch multiplies by the reciprocal of a constant: two roundings
        value, divisor = a.value / b.value, np.maximum(np.abs(b.value) - b.error, SMALLEST)
        return Bounded(value, (a.error + np.abs(value) * b.error) / divisor).rounded(2)
    if name in ("minimum", "maximum"):
        choose = np.minimum if name == "minimum" else np.maximum
        return Bounded(choose(a.value, b.value), np.maximum(a.error, b.error))
    if name == "prelu":
        value = np.where(a.value > 0, a.value, a.value * b.value)
        slope = np.maximum(1.0, np.abs(b.value) + b.error)
        return Bounded(value, slope * a.error + np.abs(a.value) * b.error).rounded()
    sigmoid = 1 / (1 + np.exp(-a.value))
    if name == "sigmoid":  # its slope is at most 1/4
        return Bounded(sigmoid, a.error / 4).rounded(SIGMOID_UNITS)
    # SiLU's slope is below 1.1
    return Bounded(a.value * sigmoid, 1.1 * a.error + SILU_FLUSHED).rounded(SIGMOID_UNITS + 1)


def run_convolution(
    attributes: Sequence[int], x: Bounded, weight: NDArray[np.float32], bias: NDArray[np.float32] | None
) -> Bounded:
    """A real-valued convolution with its error bound, whatever the order of the sum.

    Args:
        attributes: of the op.
        x: [N, H, W, C].
        weight: [O, kh, kw, C / groups].
        bias: [O] or None.
    """
    stride, padding, dilation, groups = attributes[2:4], attributes[4:6], attributes[6:8], attributes[8]

    def convolve(images: Doubles, kernel: Doubles) -> Doubles:
        result = functional.conv2d(
            torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))),
            torch.from_numpy(np.ascontiguousarray(kernel.transpose(0, 3, 1, 2))),
            None,
            tuple(stride),
            tuple(padding),
            tuple(dilation),
            groups,
        )
        return result.permute(0, 2, 3, 1).numpy()

    kernel = weight.astype(np.float64)
    shift = np.zeros(len(kernel)) if bias is None else bias.astype(np.float64)
    terms = int(np.prod(kernel.shape[1:])) + 1
    magnitude = convolve(np.abs(x.value) + x.error, np.abs(kernel)) + np.abs(shift)
    relative = terms * UNIT / (1 - terms * UNIT)
    error = convolve(x.error, np.abs(kernel)) + relative * magnitude + SMALLEST
    return Bounded(convolve(x.value, kernel) + shift, error)
