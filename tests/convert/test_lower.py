"""Every file of `lower/`: one operator, its name, its words, and arguments that it does not know."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest
import torch
from calls import MOVES, POINTWISE
from converted import FLOATS, Net

from signbit.convert import convert, lower
from signbit.convert.lacking import Lacking
from signbit.convert.pointwise import Pointwise
from signbit.convert.rule import Rule
from signbit.errors import ConvertError

FOLDER = Path(inspect.getfile(lower)).parent
IN_OTHER_TESTS = {
    "adaptive_max_pool2d", "amax", "conv2d", "linear", "max_pool2d", "signbit_binary_conv2d", "signbit_binary_linear",
    "signbit_integer_conv2d", "signbit_sign",
}  # fmt: skip


@pytest.mark.parametrize("name", lower.names())
def test_a_file_holds_one_rule_of_one_operator(name: str) -> None:
    rule = lower.rule_in(name)
    classes = [node for node in ast.parse((FOLDER / f"{name}.py").read_text()).body if isinstance(node, ast.ClassDef)]
    assert [node.name for node in classes] == [type(rule).__name__]
    assert lower.rule_of(rule.operator) is rule
    assert isinstance(rule, Rule)
    assert getattr(type(rule), "__final__", False)
    assert ast.get_docstring(classes[0])
    assert rule.words
    namespace, _, short = rule.operator.partition("::")
    assert hasattr(getattr(torch.ops, namespace), short)  # torch knows it


def test_operators_are_named_once() -> None:
    operators = [lower.rule_in(name).operator for name in lower.names()]
    assert len(set(operators)) == len(operators)


@pytest.mark.parametrize("name", lower.names())
def test_arguments_are_those_of_the_operator(name: str) -> None:
    rule = lower.rule_in(name)
    packet = getattr(getattr(torch.ops, rule.operator.partition("::")[0]), rule.operator.partition("::")[2])
    known = {argument.name for each in packet.overloads() for argument in getattr(packet, each)._schema.arguments}
    named = set(rule.arguments)
    if isinstance(rule, Pointwise):
        named |= set(rule.step_arguments) | (set(rule.operands) if rule.has_step else set())
    assert named <= known


def test_every_operator_is_called_in_a_test() -> None:
    refused = {name for name in lower.names() if isinstance(lower.rule_in(name), Lacking)}
    assert set(lower.names()) == set(POINTWISE) | set(MOVES) | IN_OTHER_TESTS | refused


@pytest.mark.parametrize("name", [name for name in lower.names() if isinstance(lower.rule_in(name), Lacking)])
def test_what_is_lacking_says_what_to_use(name: str) -> None:
    rule = lower.rule_in(name)
    assert isinstance(rule, Lacking)
    assert rule.message == f"the engine has no op for {rule.operator}: {rule.why}; {rule.instead}"
    assert rule.instead.split()[0] in {"use", "put", "leave", "end", "return", "set", "select", "write", "give"}


def test_an_operator_that_nobody_knows() -> None:
    words = r"the outermost module \(cummax\): the engine has no op for aten::cummax; docs/what-converts.md lists"
    with pytest.raises(ConvertError, match=words):
        convert(Net(lambda n, y: y.cummax(1)[0], "image"), FLOATS)


def test_the_first_operator_that_is_missing_is_named() -> None:
    def body(n: Net, y: torch.Tensor) -> torch.Tensor:
        return (
            (y.flip(3) * 2).cummax(1)[0].mean(1)
        )  # the flip is refused too, but there is nothing to be done for cummax

    with pytest.raises(ConvertError, match="no op for aten::cummax"):
        convert(Net(body, "image"), FLOATS)


def test_a_fault_of_a_rule_is_a_convert_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, call: object, lowering: object) -> None:
        raise KeyError("nothing")

    monkeypatch.setattr(type(lower.rule_in("relu")), "lower", broken)
    words = r"\(relu\): the converter fails at aten::relu \(KeyError: 'nothing'\).*please report it"
    with pytest.raises(ConvertError, match=words):
        convert(Net(lambda n, y: y.relu(), "image"), FLOATS)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (lambda n, y: y.view(torch.int32).float(),
         "aten::view with dtype=torch.int32 is not supported; the supported arguments are self, size"),
        (lambda n, y: torch.ops.aten.max_pool2d(y, [2, 2], [300, 300]), "a stride of 300 x 300; the engine supports"),
        (lambda n, y: torch.ops.aten.clone(y).amax(1), "the engine only supports all pixels"),
        (lambda n, y: torch.mul(y, y.shape[0]), "uses the number of images; each image must be"),
        (lambda n, y: torch.add(y, y, alpha=y.shape[0]), "uses the number of images"),
        (lambda n, y: y.clone().fill_(y.shape[0]), "number of images|same for every image"),
        (lambda n, y: y.float() + y.double(), "float64"),
    ],
)  # fmt: skip
def test_arguments_that_are_not_understood_are_named(body: object, words: str) -> None:
    with pytest.raises(ConvertError, match=words):
        convert(Net(body, "image"), FLOATS)  # type: ignore[arg-type]
