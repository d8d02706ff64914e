"""Verify passes what is right and fails what is wrong, by name."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from signbit import models
from signbit.convert import convert
from signbit.convert.write import ModelFile, Op, to_bytes
from signbit.engine import Model, supported_isas
from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.binary_linear import BinaryLinear
from signbit.layers.integer_stem import IntegerConv2d
from signbit.verify import verify


def network(**arguments: Any) -> nn.Module:
    torch.manual_seed(7)
    made = models.create("binarynet", **({"width": 0.125, "image_size": 8, "norm": "abn"} | arguments))
    made.train()
    for _ in range(3):  # running statistics that are not 0 and 1
        made(torch.randint(0, 256, (16, 3, 8, 8), dtype=torch.uint8))
    return made.eval()


def images(count: int = 40) -> Tensor:
    return torch.randint(0, 256, (count, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def changed(model: ModelFile, index: int, constant: int, change: Any) -> Model:
    """The model file with one constant of one op changed."""
    ops = list(model.ops)
    constants: list[NDArray[Any]] = list(ops[index].constants)
    constants[constant] = change(constants[constant].copy())
    ops[index] = dataclasses.replace(ops[index], constants=constants)
    return Model.from_bytes(to_bytes(dataclasses.replace(model, ops=ops)))


def first(model: ModelFile, kind: str, *, bits_out: bool = False) -> int:
    def fits(op: Op) -> bool:
        return op.kind == kind and (not bits_out or model.tensors[op.outputs[0]].dtype == "bits")

    return next(index for index, op in enumerate(model.ops) if fits(op))


@pytest.mark.parametrize("isa", supported_isas())
@pytest.mark.parametrize("stem", ["integer", "binary"])
@pytest.mark.parametrize("padding_value", [0, 1, -1])
def test_an_integer_network_is_equal_everywhere(isa: str, stem: str, padding_value: int) -> None:
    made = network(stem=stem, head="binary", padding_value=padding_value)
    found = verify(made, Model.from_bytes(convert(made, images()).to_bytes()), images(), isa=isa)
    assert found.ok, found.errors
    assert found.exact
    assert found.equal_outputs == found.images > 40
    assert found.isa == isa
    assert all(op.elements > 0 and op.equal == op.elements for op in found.ops if op.elements or op.kind != "threshold")


@pytest.mark.parametrize("threads", [1, 2])
def test_a_real_stem_is_within_its_bounds(threads: int) -> None:
    made = network(stem="real", head="real")
    found = verify(made, Model.from_bytes(convert(made, images()).to_bytes()), images(), threads=threads)
    assert found.ok, found.errors
    assert not found.exact
    assert found.mismatched_predictions == found.traced
    assert max(op.worst for op in found.ops) <= 1


def test_a_changed_weight_is_found() -> None:
    made = network(stem="integer", head="binary")
    model = convert(made, images()).model
    index = first(model, "binary_conv")
    found = verify(made, changed(model, index, 0, lambda words: words ^ np.uint64(1)), images())
    assert not found.ok
    assert found.errors[0].startswith(f"op {index} (binary_conv")


def test_a_changed_threshold_is_found() -> None:
    made = network(stem="integer", head="binary")
    model = convert(made, images()).model
    index = first(model, "binary_conv", bits_out=True)
    found = verify(made, changed(model, index, 1, lambda low: low + 1), images())
    assert not found.ok
    assert found.errors[0].startswith(f"op {index} (binary_conv")


def test_a_changed_float_is_found() -> None:
    made = network(stem="real", head="real")
    model = convert(made, images()).model
    index = first(model, "float_conv")
    found = verify(made, changed(model, index, 0, lambda weight: weight * np.float32(1.0001)), images())
    assert not found.ok
    assert found.errors[0].startswith(f"op {index} (float_conv")
    assert found.ops[index].worst > 1


def test_a_changed_step_is_found() -> None:
    made = network(stem="real", head="real")
    model = convert(made, images()).model
    index = next(i for i, op in enumerate(model.ops) if op.kind == "pointwise" and i > 1)
    found = verify(made, changed(model, index, 1, lambda shift: shift + np.float32(0.01)), images())
    assert not found.ok
    assert found.errors[0].startswith(f"op {index} (pointwise")


def test_a_changed_output_is_found() -> None:
    made = network(stem="integer", head="binary")
    model = convert(made, images()).model
    found = verify(made, changed(model, len(model.ops) - 1, 0, lambda a: a * np.float32(1.01)), images())
    assert not found.ok


def test_a_users_operator_becomes_a_table() -> None:
    class Wave(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.sin(x * 0.4)

    made = nn.Sequential(
        IntegerConv2d(3, 70, 3), BinaryConv2d(70, 20, 3), Wave(), BinaryConv2d(20, 8, 3), Wave(), nn.MaxPool2d(2),
        nn.Flatten(), BinaryLinear(8, 10),
    ).eval()  # fmt: skip
    model = Model.from_bytes(convert(made, images()).to_bytes())
    assert any(op.kind == "threshold" and op.attributes for op in model.ops)
    found = verify(made, model, images())
    assert found.ok, found.errors
    assert found.equal_outputs == found.images


@pytest.mark.parametrize("other", [{"stem": "real"}, {"width": 0.25}])
def test_another_modules_file_is_refused(other: dict[str, Any]) -> None:
    model = Model.from_bytes(convert(network(stem="integer", head="binary"), images()).to_bytes())
    with pytest.raises(ValueError, match="not converted from this module"):
        verify(network(**({"stem": "integer", "head": "binary"} | other)), model, images())


def test_vectors_verify_too() -> None:
    made = nn.Sequential(BinaryLinear(70, 33), nn.BatchNorm1d(33), nn.Hardtanh(), BinaryLinear(33, 4)).eval()
    inputs = torch.randn(9, 70, generator=torch.Generator().manual_seed(2))
    found = verify(made, Model.from_bytes(convert(made, inputs).to_bytes()), inputs)
    assert found.ok, found.errors
