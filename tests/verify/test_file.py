"""The file against what the module converts to, without an image: each difference in its own words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from signbit.modelfile import ModelFile, Op, Tensor
from signbit.modelfile.ops.float_conv import FloatConv
from signbit.modelfile.ops.max_pool import MaxPool
from signbit.modelfile.ops.pointwise import Pointwise
from signbit.modelfile.ops.window import Window
from signbit.modelfile.steps import Step
from signbit.preprocessing import Preprocessing
from signbit.verify.file import differences, structure

WEIGHTS = np.arange(6, dtype=np.float32).reshape(2, 1, 1, 3)


def model(**changes: Any) -> ModelFile:
    """A convolution and a sum."""
    tensors = [Tensor("in", "float32", 1, 1, 3), Tensor("", "float32", 1, 1, 2), Tensor("out", "float32", 1, 1, 2)]
    conv = FloatConv("conv", (0,), (1,), WEIGHTS, Window((1, 1)))
    add = Pointwise("add", (1,), (2,), (Step("add", (0, 1)),), (np.float32([1, 2]),), (2,))
    made = ModelFile(tensors, [conv, add], 0, 2, ["a", "b"], {"note": 1}, Preprocessing(0, "bicubic"))
    return replace(made, **changes)


def changed(index: int, **fields: Any) -> ModelFile:
    """One op with other fields."""
    ops = list(model().ops)
    ops[index] = replace(ops[index], **fields)
    return model(ops=ops)


def said(given: ModelFile) -> list[str]:
    return list(differences(model(), given))


def test_the_same_file_has_no_difference() -> None:
    assert said(model()) == []
    assert structure(model()) == structure(model())


def test_names_and_metadata_are_not_compared() -> None:
    tensors = [replace(tensor, name="other") for tensor in model().tensors]
    ops = [replace(op, name="other") for op in model().ops]
    assert said(model(tensors=tensors, ops=ops, metadata={})) == []
    assert structure(model(tensors=tensors, ops=ops)) == structure(model())


def test_a_tensor_of_another_shape() -> None:
    given = model(tensors=[*model().tensors[:2], Tensor("out", "float32", 1, 2, 1)])
    assert said(given) == ["tensor 2: the file has 1 x 2 x 1 float32, the module gives 1 x 1 x 2 float32"]
    assert structure(given) != structure(model())


def test_a_tensor_of_another_type() -> None:
    given = model(tensors=[*model().tensors[:2], Tensor("out", "bits", 1, 1, 2)])
    assert said(given) == ["tensor 2: the file has 1 x 1 x 2 bits, the module gives 1 x 1 x 2 float32"]
    assert structure(given) != structure(model())


def test_a_tensor_less_and_one_more() -> None:
    fewer, more = model(tensors=model().tensors[:2]), model(tensors=[*model().tensors, Tensor("", "int32", 4, 5, 6)])
    assert said(fewer) == ["tensor 2: the file has none, the module gives 1 x 1 x 2 float32"]
    assert said(more) == ["tensor 3: the file has 4 x 5 x 6 int32, the module gives none"]


@pytest.mark.parametrize(("ends", "words"), [({"output": 1}, "0 and 1"), ({"input": 1}, "1 and 2")])
def test_another_input_or_output(ends: dict[str, int], words: str) -> None:
    message = f"input and output: the file has the tensors {words}, the module gives 0 and 2"
    assert said(model(**ends)) == [message]
    assert structure(model(**ends)) != structure(model())


def test_an_op_less_and_one_more() -> None:
    conv, add = model().ops
    assert said(model(ops=[conv])) == ["op 1: the file has none, the module gives pointwise"]
    assert said(model(ops=[conv, add, add])) == ["op 2: the file has pointwise, the module gives none"]
    assert structure(model(ops=[conv])) != structure(model())


def test_an_op_of_another_kind() -> None:
    pool = MaxPool("pool", (0,), (1,), Window((1, 1)))
    given = model(ops=[pool, model().ops[1]])
    assert said(given) == ["op 0 (max_pool pool): the module gives float_conv"]
    assert structure(given) != structure(model())


@pytest.mark.parametrize(
    ("ends", "words"), [({"inputs": (0,)}, "[0] and writes [2]"), ({"outputs": (1,)}, "[1] and writes [1]")]
)
def test_an_op_with_other_tensors(ends: dict[str, tuple[int]], words: str) -> None:
    given = changed(1, **ends)
    assert said(given) == [f"op 1 (pointwise add): it reads {words}; the module gives [1] and [2]"]
    assert structure(given) != structure(model())


def test_other_attributes() -> None:
    given = changed(0, window=Window((1, 1), (2, 1)))
    assert said(given) == [
        "op 0 (float_conv conv): its attributes are [1, 1, 2, 1, 0, 0, 1, 1, 1]; the module gives "
        "[1, 1, 1, 1, 0, 0, 1, 1, 1]"
    ]
    assert structure(given) == structure(model())


def test_one_constant_more_and_one_less() -> None:
    bias = np.float32([0, 0])
    more, fewer = changed(0, bias=bias), list(differences(changed(0, bias=bias), model()))
    assert said(more) == ["op 0 (float_conv conv): constant 1 is 2 of float32; the module gives none"]
    assert fewer == ["op 0 (float_conv conv): constant 1 is none; the module gives 2 of float32"]


@pytest.mark.parametrize(
    ("constant", "words"), [(np.float32([1]), "1 of float32"), (np.float64([1, 2]), "2 of float64")]
)
def test_a_constant_of_another_size_or_type(constant: np.ndarray[Any, Any], words: str) -> None:
    message = f"op 1 (pointwise add): constant 0 is {words}; the module gives 2 of float32"
    assert said(changed(1, constants=(constant,))) == [message]


def test_one_ulp_is_a_difference() -> None:
    constant = np.float32([1, np.nextafter(np.float32(2), np.float32(3))])
    assert said(changed(1, constants=(constant,))) == [
        "op 1 (pointwise add): constant 0: 1 of 2 elements differ from what the module gives, the first at 1: "
        "2.000000238418579 instead of 2.0"
    ]


def test_the_sign_of_a_zero_is_a_difference() -> None:
    weights = WEIGHTS.copy()
    weights[0, 0, 0, 0] = -0.0
    weights[1, 0, 0, 2] = 7
    assert said(changed(0, weights=weights)) == [
        "op 0 (float_conv conv): constant 0: 2 of 6 elements differ from what the module gives, the first at 0: "
        "-0.0 instead of 0.0"
    ]


def test_every_difference_is_told() -> None:
    ops: list[Op] = [
        changed(0, window=Window((1, 1), (2, 1))).ops[0],
        changed(1, constants=(np.float32([1, 3]),)).ops[1],
    ]
    assert [words[:24] for words in said(model(ops=ops))] == ["op 0 (float_conv conv): ", "op 1 (pointwise add): co"]


def test_other_labels() -> None:
    assert said(model(labels=["a"])) == ["class names: the file has 1, the checkpoint 2"]
    assert said(model(labels=[])) == ["class names: the file has 0, the checkpoint 2"]
    assert said(model(labels=["b", "a"])) == ["class names: class 0 is 'b' in the file and 'a' in the checkpoint"]
    assert said(model(labels=["a", "c"])) == ["class names: class 1 is 'c' in the file and 'b' in the checkpoint"]
    assert said(model(labels=("a", "b"))) == []
    many = [str(number) for number in range(300)]
    swapped = model(labels=[*many[:299], "x"])
    assert list(differences(model(labels=many), swapped)) == [
        "class names: class 299 is 'x' in the file and '299' in the checkpoint"
    ]


def test_another_preprocessing() -> None:
    assert said(model(preprocessing=Preprocessing(8, "bicubic"))) == [
        "preprocessing: the file has Preprocessing(resize=8, filter='bicubic'), the checkpoint "
        "Preprocessing(resize=0, filter='bicubic')"
    ]
    assert said(model(preprocessing=None)) == [
        "preprocessing: the file has None, the checkpoint Preprocessing(resize=0, filter='bicubic')"
    ]
