"""The kinds of op: found by their files, called by one name and one number, in Python as in the engine."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from one_op import one_op, raw
from signbit.engine import Model, ModelFileError
from signbit.modelfile import Op, Tensor, ops, to_bytes
from signbit.modelfile.ops.binary_conv import BinaryConv
from signbit.modelfile.ops.concat import Concat
from signbit.modelfile.ops.flatten import Flatten
from signbit.modelfile.ops.float_conv import FloatConv
from signbit.modelfile.ops.integer_conv import IntegerConv
from signbit.modelfile.ops.lookup import Lookup
from signbit.modelfile.ops.max_pool import MaxPool
from signbit.modelfile.ops.pointwise import Pointwise
from signbit.modelfile.ops.select import Select
from signbit.modelfile.ops.threshold import Threshold
from signbit.modelfile.ops.thresholds import Intervals
from signbit.modelfile.ops.window import Window

FORMAT = Path(__file__).parents[2] / "docs/file-format.md"
PLAIN = Window((1, 1))
ENDS = (0,), (1,)
WORDS = np.zeros((4, 1, 1, 1), np.uint64)
NOWHERE = Intervals(np.ones(4, np.int32), np.zeros(4, np.int32), np.zeros(4, bool))


def pixels(dtype: str, channels: int = 4) -> Tensor:
    return Tensor("t", dtype, 1, 1, channels)


# Each with the types that it reads and writes; all tensors have 4 channels.
SMALLEST: dict[str, tuple[Op, list[Tensor]]] = {
    "integer_conv": (IntegerConv("", *ENDS, np.ones((4, 1, 1, 4), np.int8), PLAIN), [pixels("uint8"), pixels("int32")]),
    "float_conv": (
        FloatConv("", *ENDS, np.ones((4, 1, 1, 4), np.float32), PLAIN),
        [pixels("float32"), pixels("float32")],
    ),
    "binary_conv": (BinaryConv("", *ENDS, WORDS, PLAIN), [pixels("bits"), pixels("int32")]),
    "threshold": (Threshold("", *ENDS, NOWHERE), [pixels("int32"), pixels("bits")]),
    "pointwise": (Pointwise("", *ENDS, (), (), (0,)), [pixels("bits"), pixels("float32")]),
    "max_pool": (MaxPool("", *ENDS, PLAIN), [pixels("int32"), pixels("int32")]),
    "concat": (Concat("", (0, 1), (2,)), [pixels("bits"), pixels("bits"), pixels("bits", 8)]),
    "flatten": (Flatten("", *ENDS), [pixels("bits"), pixels("bits")]),
    "lookup": (Lookup("", *ENDS, np.ones((4, 2), np.float32), 0), [pixels("int32"), pixels("float32")]),
    "select": (Select("", *ENDS, np.int32([3, 2, 1, -1])), [pixels("float32"), pixels("float32")]),
}


@pytest.mark.parametrize("name", ops.names())
def test_the_engine_calls_it_the_same(name: str) -> None:
    """A new op needs an entry in SMALLEST."""
    op, tensors = SMALLEST[name]
    assert type(op) is ops.of_kind(name) is ops.of_code(op.code)
    assert op.kind == name
    model = Model.from_bytes(to_bytes(one_op(op, tensors)))
    kind, *_ = model._native.ops[len(model.ops) - 2]
    assert kind == name


@pytest.mark.parametrize("name", ops.names())
def test_every_op_says_all_of_the_contract(name: str) -> None:
    op, tensors = SMALLEST[name]
    inputs, outputs = tensors[: len(op.inputs)], tensors[len(op.inputs) :]
    op.check(inputs, outputs)
    assert op.output_shapes(inputs) == [tensor.shape for tensor in outputs]
    assert op.cost(inputs, outputs).tensor_bytes == sum(tensor.bytes for tensor in tensors)
    assert isinstance(op.describe(), str)
    assert (op.__doc__ or "").strip()


def test_codes_are_those_of_the_page() -> None:
    """docs/file-format.md has a section for each, under its number and name."""
    titles = re.findall(r"^### (\d+) `(\w+)`", FORMAT.read_text(), re.MULTILINE)
    assert sorted((int(code), name) for code, name in titles) == sorted(
        (ops.of_kind(name).code, name) for name in ops.names()
    )
    assert len({ops.of_kind(name).code for name in ops.names()}) == len(ops.names())


def test_what_is_unknown_is_an_error_that_lists_the_others() -> None:
    with pytest.raises(ValueError, match="no 'conv'; there are binary_conv, concat"):
        ops.of_kind("conv")
    with pytest.raises(ValueError, match="no 'window'"):
        ops.of_kind("window")
    with pytest.raises(ValueError, match="no op has the code 99; there are 1, 2"):
        ops.of_code(99)


@pytest.mark.parametrize("name", ops.names())
def test_a_record_that_does_not_fit_is_refused_by_name(name: str) -> None:
    """One constant, attribute, input or output too many, or none of them."""
    op, tensors = SMALLEST[name]
    record = op.record()
    extra = {
        "constants": [*record.constants, np.zeros(3, np.int8)],
        "attributes": [*record.attributes, 1],
        "inputs": [*record.inputs, 0] if name not in ("concat", "pointwise") else [],
        "outputs": [*record.outputs, 0],
    }
    known = {"kind": name, "name": "broken", "inputs": record.inputs, "outputs": record.outputs}
    known |= {"constants": record.constants, "attributes": record.attributes}
    for field, value in [*extra.items(), ("inputs", []), ("outputs", [])]:
        with pytest.raises(ValueError, match=rf"op 'broken' \({name}\): "):
            ops.decode(ops.Record(**{**known, field: value}), tensors)
    broken = ops.Record(**{**known, "constants": extra["constants"]})
    with pytest.raises(ModelFileError) as caught:
        Model.from_bytes(to_bytes(one_op(raw(broken), tensors)))
    assert caught.value.kind == "op"
