"""The steps of a pointwise program in numpy, rounded as the engine rounds them."""

from __future__ import annotations

import numpy as np

from signbit.convert.pointwise import Constant, Expression, Input
from signbit.convert.rounding import Floats, fma


def run_steps(expression: Expression, values: Floats) -> Floats | None:
    """The value of an expression of one tensor.

    Args:
        expression: its only input tensor takes ``values``.
        values: float32 [K, 1] or [K, C].

    Returns:
        float32 that broadcasts to [K, C]; None where a step is only bounded (sigmoid, SiLU).
    """
    if isinstance(expression, Input):
        return values
    if isinstance(expression, Constant):
        return expression.values[None]
    operands = [run_steps(operand, values) for operand in expression.operands]
    if any(operand is None for operand in operands):
        return None
    known = [operand for operand in operands if operand is not None]
    return run_step(expression.name, known)


def run_step(name: str, operands: list[Floats]) -> Floats | None:
    """One step; None for those that are not correctly rounded."""
    if name == "fma":
        return fma(*np.broadcast_arrays(*operands))
    if name == "prelu":
        x, slope = operands
        return np.where(x > 0, x, x * slope).astype(np.float32)
    binary = {
        "add": np.add,
        "subtract": np.subtract,
        "multiply": np.multiply,
        "divide": np.divide,
        "minimum": np.minimum,
        "maximum": np.maximum,
    }
    if name not in binary:
        return None
    with np.errstate(all="ignore"):
        result: Floats = binary[name](*operands)
    return result
