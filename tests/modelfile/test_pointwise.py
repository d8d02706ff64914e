"""Steps in float32, each alone and in chains, on every instruction set; and how far they may be off."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from one_op import SIZES, awkward_floats, check_op, one_op, random_values, run_op
from signbit.engine import supported_isas
from signbit.modelfile import Tensor, ops
from signbit.modelfile.bounds import exact
from signbit.modelfile.ops.pointwise import Pointwise
from signbit.modelfile.rounding import fma
from signbit.modelfile.steps import STEPS, Step, step_kind, step_of_code

ISAS = supported_isas()
FORMAT = Path(__file__).parents[2] / "docs/file-format.md"


def alone(name: str) -> Pointwise:
    """One step of the inputs, as floats and as bits."""
    arity = STEPS[name].arity
    reads = tuple(range(arity))
    return Pointwise(name, reads, (arity, arity + 1), (Step(name, reads),), (), (arity, arity))


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("channels", SIZES)
@pytest.mark.parametrize("name", list(STEPS))
def test_each_step(isa: str, name: str, channels: int) -> None:
    print("seed", channels)
    rng = np.random.default_rng(channels)
    inputs = [Tensor(letter, "float32", 3, 2, channels) for letter in "abc"[: STEPS[name].arity]]
    outputs = [Tensor("y", "float32", 3, 2, channels), Tensor("sign", "bits", 3, 2, channels)]
    arrays = [awkward_floats(rng, (1, 3, 2, channels)) for _ in inputs]
    check_op(alone(name), [*inputs, *outputs], arrays, isa)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("channels", [*SIZES, 1500])
def test_a_chain_of_every_type(isa: str, channels: int) -> None:
    """Integers + shortcut, affine, a constant for all, signs, several outputs; one of them an input itself."""
    print("seed", channels)
    rng = np.random.default_rng(channels)
    inputs = [Tensor(name, dtype, 5, 3, channels) for name, dtype in (("n", "int32"), ("s", "float32"), ("b", "bits"))]
    outputs = [Tensor("y", "float32", 5, 3, channels), Tensor("z", "bits", 5, 3, channels)]
    outputs += [Tensor("again", "float32", 5, 3, channels), Tensor("signs", "float32", 5, 3, channels)]
    scale, offset = rng.standard_normal((2, channels)).astype(np.float32)
    steps = (Step("fma", (0, 3, 4)), Step("add", (6, 1)), Step("multiply", (7, 5)), Step("add", (8, 2)))
    constants = (scale, offset, np.float32([0.5]))
    op = Pointwise("chain", (0, 1, 2), (3, 4, 5, 6), steps, constants, (9, 8, 1, 2))
    check_op(op, [*inputs, *outputs], [random_values(rng, tensor) for tensor in inputs], isa, threads=(1, 2))


@pytest.mark.parametrize("isa", ISAS)
def test_pixels_become_floats(isa: str) -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    tensors = [Tensor("x", "uint8", 16, 16, 1), Tensor("y", "float32", 16, 16, 1)]
    op = Pointwise("scale", (0,), (1,), (Step("multiply", (0, 1)),), (np.float32([1 / 255]),), (2,))
    check_op(op, tensors, [pixels], isa)
    (floats,) = run_op(one_op(op, tensors), [pixels], isa)
    np.testing.assert_array_equal(floats, pixels.astype(np.float32) * np.float32(1 / 255))


@pytest.mark.parametrize("isa", ISAS)
def test_an_output_may_be_a_constant(isa: str) -> None:
    tensors = [Tensor("x", "float32", 2, 2, 3), Tensor("y", "float32", 2, 2, 3), Tensor("z", "bits", 2, 2, 3)]
    op = Pointwise("fill", (0,), (1, 2), (), (np.float32([5]), np.float32([-0.0, -1, np.nan])), (1, 2))
    check_op(op, tensors, [np.zeros((2, 2, 2, 3), np.float32)], isa)


@pytest.mark.parametrize("name", list(STEPS))
def test_a_step_lies_within_its_bound(name: str) -> None:
    kind = STEPS[name]
    rng = np.random.default_rng(kind.code)
    arrays = [(rng.standard_normal(2000) * 10.0 ** rng.integers(-4, 3, 2000)).astype(np.float32) for _ in "abc"]
    operands = arrays[: kind.arity]
    doubles = [array.astype(np.float64) for array in operands]
    formulas = {
        "add": lambda a, b: a + b,
        "subtract": lambda a, b: a - b,
        "multiply": lambda a, b: a * b,
        "divide": lambda a, b: a / b,
        "minimum": np.minimum,
        "maximum": np.maximum,
        "fma": lambda a, b, c: a * b + c,
        "prelu": lambda a, b: np.where(a > 0, a, a * b),
        "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
        "silu": lambda a: a / (1 + np.exp(-a)),
    }
    with np.errstate(all="ignore"):
        true, bounded, result = formulas[name](*doubles), kind.bound(*map(exact, operands)), kind.run(*operands)
    assert result.dtype == np.float32
    np.testing.assert_allclose(bounded.value, true, rtol=1e-12)
    assert (np.abs(result - true) <= bounded.error).all()
    if kind.correctly_rounded:
        np.testing.assert_array_equal(result, true.astype(np.float32))


def test_one_rounding() -> None:
    """The product and the sum rounded one after the other would give 0, and rounded to float64 first a tie."""
    one = np.float32(1)
    a, b = one + np.float32(2**-12), one - np.float32(2**-12)
    assert fma(a, b, -one) == np.float32(-(2**-24))
    tie = fma(np.float32([1 + 2**-23]), np.float32([1 + 2**-23]), np.float32([2**-60]))
    assert tie == np.float32(1 + 2**-22)
    above = fma(np.float32([1]), np.float32([1 + 2**-23]), np.float32([2**-24 + 2**-47]))
    assert above == np.float32(1 + 2**-22)
    assert np.isnan(fma(np.float32(np.inf), np.float32(1), np.float32(-np.inf)))


def test_the_steps_are_those_of_the_page() -> None:
    """docs/file-format.md has a code and a formula for each."""
    section = FORMAT.read_text().split("### 5 `pointwise`")[1].split("### 6")[0]
    codes = sorted(int(code) for code in re.findall(r"\| (\d+) \|", section))
    assert codes == sorted(kind.code for kind in STEPS.values())
    for kind in STEPS.values():
        assert f"{kind.code} | `{kind.words}`" in section


def test_unknown_steps_are_errors() -> None:
    with pytest.raises(ValueError, match=r"no step 'power'; there are add, subtract"):
        step_kind("power")
    with pytest.raises(ValueError, match="no step has the code 11; there are 1 to 10"):
        step_of_code(11)
    with pytest.raises(ValueError, match="no step 'power'"):
        Step("power", (0, 1))
    with pytest.raises(ValueError, match="step fma has 2 operands; it takes 3"):
        Step("fma", (0, 1))


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ([1, 1, 0, 1, 0, 1], r"add has the operands \[0, 1, 0\]; it takes 2 of 1 values"),
        ([1, 9, 0, 1, 0, 1], "sigmoid has the operands"),
        ([1, 11, 0, 0, 0, 1], "no step has the code 11"),
        ([1, 1, 0, 0, 0, 2], "the outputs take the values"),
        ([2, 1, 0, 0, 0, 1], "6 attributes; it takes 10"),
        ([-1], "-1 steps"),
        ([], "-1 steps"),
    ],
)
def test_records_that_do_not_fit(attributes: list[int], message: str) -> None:
    tensors = [Tensor("x", "float32", 1, 1, 1), Tensor("y", "float32", 1, 1, 1)]
    with pytest.raises(ValueError, match=message):
        ops.decode(ops.Record("pointwise", "p", [0], [1], (), attributes), tensors)
