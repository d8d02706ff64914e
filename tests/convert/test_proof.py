"""The graph against the module: what was captured wrongly is not returned."""

from __future__ import annotations

import operator
from typing import Any

import pytest
import torch
from converted import FLOATS, Net, norm
from torch import Tensor, nn

from signbit.convert import convert
from signbit.convert.capture import capture, check_example, eval_copy
from signbit.convert.node import module_path, operator_name
from signbit.convert.proof import prove_graph, same
from signbit.errors import ConvertError
from signbit.layers.binary_conv import BinaryConv2d


def network() -> nn.Module:
    torch.manual_seed(0)
    body = nn.Sequential(BinaryConv2d(8, 8, 3, padding=1), norm(8), nn.Hardtanh(), BinaryConv2d(8, 8, 3), norm(8))
    return nn.Sequential(nn.Conv2d(8, 8, 1), body, nn.PReLU(), nn.Flatten(), nn.Linear(128, 5)).eval()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("0", "aten::conv2d"),
        ("1.0", "signbit::binary_conv2d"),
        ("1.2", "aten::hardtanh"),
        ("2", "aten::prelu"),
        ("4", "aten::linear"),
    ],
)
def test_the_first_module_that_differs_is_named(path: str, name: str) -> None:
    net, example = network(), check_example(FLOATS)
    graph = capture(net, example)
    assert prove_graph(eval_copy(net), graph, example) == []
    node = next(node for node in graph.nodes if module_path(node) == path and operator_name(node) == name)
    right = node.target
    node.target = lambda *args, **kwargs: -right(*args, **kwargs)
    with pytest.raises(ConvertError, match=rf"^module '{path}': its captured graph gives a different result"):
        prove_graph(eval_copy(net), graph, example)


class Counts(nn.Module):
    """Gives another result at each call."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return x * self.calls


class Remembers(nn.Module):
    """Adds the images of the call before."""

    def __init__(self) -> None:
        super().__init__()
        self.last: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        found = x if self.last is None or self.last.shape != x.shape else x + self.last
        self.last = x.detach()
        return found * 2


class NumberOfImages(nn.Module):
    """Branches that the number of images chooses."""

    def __init__(self, body: Any) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.body(x)
        return result


class Changes(nn.Module):
    """Changes a buffer in eval mode."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        self.count += 1
        return x * self.count


BRANCHES: list[Any] = [
    lambda x: x * 2 if x.shape[0] > 16 else x,
    lambda x: x if x.shape[0] <= 16 else x * 2,
    lambda x: x * 2 if x.size(0) % 32 == 0 else x,
    lambda x: x if x.shape[0] != 9 else x * 2,
    lambda x: x * 2 if x.numel() > 100000 else x,
    lambda x: torch.cat([part * 2 for part in x.split(4)]),
]
LENGTHS: list[Any] = [
    lambda x: x * 2 if len(x) > 16 else x,
    lambda x: x * 2 if len(x) > 3 else x,
    lambda x: x * len(x),
    lambda x: x.flip(0) * 2 if len(x) == 3 else x * 2,
    lambda x: x.view(len(x), -1),
    lambda x: x * 2 if int(x.shape[0]) > 16 else x,
    lambda x: torch.stack([image * 2 for image in x]),
]


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (Counts(), "two different results for one input|a different result from the module"),
        (
            Remembers(),
            "two different results for one input|a different result from the module|branches on the number of images",
        ),
        *(
            (NumberOfImages(body), r"branches on the number of images \(.*x\.shape\[0\].*remove the branch")
            for body in BRANCHES
        ),
        *(
            (NumberOfImages(body), r"fixed number of images; write x\.shape\[0\] .* or len\(x\), and do not loop over")
            for body in LENGTHS
        ),
        (NumberOfImages(lambda x: x * 2 if x.shape[0] == 1 else x), "a different result from the module.*A branch"),
        (NumberOfImages(lambda x: x * x.shape[0]), "uses the number of images; each image must be computed on its own"),
        (NumberOfImages(lambda x: x[:1] + x), "from one image to another|moves or merges the batch"),
        (Changes(), "the module changes count in eval mode, but a model file keeps no state"),
    ],
)
def test_modules_that_are_no_function_of_each_image(net: nn.Module, words: str) -> None:
    with pytest.raises(ConvertError, match=words):
        convert(net.eval(), FLOATS)


def test_the_same() -> None:
    nan, one = torch.tensor([[float("nan"), 1.0]]), torch.ones(1, 2)
    assert same(nan, nan.clone())
    assert not same(nan, one)
    assert not same(nan, nan.nan_to_num())
    assert not same(one, one.double())
    assert not same(one, one[:, :1])
    assert same(one, one[0])  # a squeeze() drops the axis of one image
    assert not same(torch.ones(2, 2), torch.ones(2))


def test_the_graph_itself_is_not_changed_by_the_proof() -> None:
    net = Net(lambda n, y: n.norm(n.product(y)), "image")
    graph = capture(net, FLOATS)
    before = [(node.name, node.target) for node in graph.nodes]
    prove_graph(eval_copy(net), graph, check_example(FLOATS))
    assert [(node.name, node.target) for node in graph.nodes] == before
    assert any(node.target is operator.getitem for node in graph.nodes)


def test_the_first_branch_is_named() -> None:
    def body(x: Tensor) -> Tensor:
        x = x * 2 if x.shape[0] > 16 else x
        return x + 1 if x.shape[0] % 32 == 0 else x

    with pytest.raises(ConvertError, match=r"branches on the number of images \(x\.shape\[0\] <= 16\)"):
        convert(NumberOfImages(body), FLOATS)


def test_equal_outputs_of_one_image_may_lack_its_axis() -> None:
    image, vector = torch.arange(288.0).reshape(1, 8, 6, 6), torch.arange(8.0).reshape(1, 8)
    assert same(image, image[0])
    assert same(vector, vector[0])
    assert not same(image, image[0] + 1)
    assert not same(image.expand(2, 8, 6, 6), image[0])
    assert not same(image, image[0, 0])
    assert not same(image[0], image)
    assert not same(vector, vector.double())


def test_nan_equals_nan_alone_and_zero_the_zero_of_its_sign() -> None:
    nan = torch.tensor([[1.0, float("nan")]])
    assert same(nan, nan.clone())
    assert not same(nan, torch.tensor([[1.0, 2.0]]))
    assert not same(torch.tensor([[1.0, 2.0]]), nan)
    assert not same(torch.tensor([[0.0]]), torch.tensor([[-0.0]]))
    assert same(torch.tensor([[-0.0]]), torch.tensor([[-0.0]]))
