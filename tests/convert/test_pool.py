"""Max pools of signs, of integers, of functions of them, and of real values."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from converted import FLOATS, PIXELS, Net, branches, kinds, norm, same_as_torch, sign
from torch import Tensor, nn
from torch.nn import functional as F

from signbit.convert import convert
from signbit.errors import ConvertError
from signbit.layers.attention_batch_norm import AttentionBatchNorm2d

POOLS: list[Any] = [
    lambda n, y: F.max_pool2d(y, 2),
    lambda n, y: F.max_pool2d(y, 3, 2, 1),
    lambda n, y: F.max_pool2d(y, (1, 3), (2, 1), (0, 1)),
    lambda n, y: F.max_pool2d(y, 2, 2, 0, 2),
    lambda n, y: F.max_pool2d(y, 4, 3, 1, ceil_mode=True),
    lambda n, y: F.max_pool2d(y, 2, 1, ceil_mode=True),
    lambda n, y: F.adaptive_max_pool2d(y, 1),
    lambda n, y: y.amax((2, 3), keepdim=True),
    lambda n, y: y.amax((-1, -2)),
    lambda n, y: nn.MaxPool2d(2, return_indices=False)(y.flip(1)),
]


def test_signs_and_real_values() -> None:
    same_as_torch(Net(branches(*POOLS), "signs"))
    same_as_torch(Net(branches(*POOLS), "real"), exact=False)
    same_as_torch(Net(branches(*POOLS), "image"))


def test_integers() -> None:
    calls = POOLS[:6] + POOLS[7:]  # torch has no adaptive one of bytes
    same_as_torch(Net(branches(*calls, then=lambda y: y * 1), "integers"))


@pytest.mark.parametrize(
    "after",
    [
        lambda n, y: n.second_norm(y),
        lambda n, y: sign(n.second_norm(y)),
        lambda n, y: F.prelu(y, n.rows.reshape(-1)) - 2,
        lambda n, y: n.parts["attention"](y),
        lambda n, y: sign(n.parts["attention"](y)),
        lambda n, y: (y * 0.3).round(),
        lambda n, y: F.relu(y) - 3,
    ],
)
def test_functions_of_integers_before_and_after(after: Any) -> None:
    attention = AttentionBatchNorm2d(8)
    calls = [lambda n, y, pool=pool: sign(pool(n, after(n, y))) for pool in POOLS[:5]]
    if after(Net(lambda n, y: y, "image", attention=attention), FLOATS).shape == FLOATS.shape:
        calls += [lambda n, y, pool=pool: sign(after(n, pool(n, y))) for pool in POOLS[:2]]
    same_as_torch(Net(branches(*calls), "integers", attention=attention))


def test_bytes() -> None:
    calls = POOLS[:6] + POOLS[7:]  # torch has no adaptive one of bytes
    same_as_torch(Net(branches(*calls, then=lambda y: y.float() / 4), "image"), PIXELS)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (lambda n, y: sign(torch.sin(40 * F.max_pool2d(torch.sin(n.product(y) * 0.3), 2))),
         "does not support aten::sin"),
        (lambda n, y: F.adaptive_max_pool2d(y, 2), "the engine only supports 1: use nn.MaxPool2d"),
        (lambda n, y: F.adaptive_max_pool2d(y.flatten(1, 2), 1), "the engine only supports 1: use nn.MaxPool2d"),
        (lambda n, y: y.amax(1, keepdim=True), r"the engine only supports all pixels: \(2, 3\)"),
        (lambda n, y: y.amax((1, 2, 3)), r"the engine only supports all pixels"),
        (lambda n, y: y.amax(3, keepdim=True), r"amax over the axes \[3\]; the engine only supports all pixels"),
        (lambda n, y: y.amax((1, 3), keepdim=True), r"the engine only supports all pixels"),
        (lambda n, y: y.amax(0, keepdim=True).expand(y.shape), "only supports all pixels|moves or merges the batch"),
        (lambda n, y: F.max_pool2d(y, 2, return_indices=True)[0], "no op for aten::max_pool2d_with_indices.*use nn"),
        (lambda n, y: F.max_pool1d(y.flatten(2), 2), "no op for aten::max_pool1d.*use nn.MaxPool2d"),
        (lambda n, y: F.avg_pool2d(y, 2), "no op for aten::avg_pool2d.*use nn.MaxPool2d"),
        (lambda n, y: F.adaptive_avg_pool2d(y, 1), "no op for aten::adaptive_avg_pool2d.*use nn.AdaptiveMaxPool2d"),
        (lambda n, y: y.mean((2, 3)), r"no op for aten::mean.*use x.amax\(\(2, 3\)\)"),
        (lambda n, y: F.lp_pool2d(y, 2, 2), "no op for aten::avg_pool2d"),
        (lambda n, y: F.max_pool2d(torch.zeros_like(y), 2) + 1,
         "the input of the pool is the same for every image; compute"),
    ],
)  # fmt: skip
def test_refused(body: Any, words: str) -> None:
    with pytest.raises(ConvertError, match=words):
        convert(Net(body, "image"), FLOATS)


def test_where_a_pool_moves_to() -> None:
    """To the integers where the function keeps or turns their order, else to the bits."""

    def pools(body: Any, **parts: nn.Module) -> list[tuple[str, str]]:
        found = convert(Net(body, "integers", **parts), FLOATS)
        tensors = found.model.tensors
        return [(tensors[op.inputs[0]].dtype, op.kind) for op in found.model.ops if op.kind == "max_pool"]

    attention = AttentionBatchNorm2d(8)
    attention.normalise.running_var.fill_(9.0)
    assert pools(lambda n, y: sign(F.max_pool2d(n.second_norm(y), 2))) == [("int32", "max_pool")]
    assert pools(lambda n, y: sign(F.max_pool2d(n.parts["a"](y), 2)), a=attention) == [("bits", "max_pool")]
    assert pools(lambda n, y: F.max_pool2d(sign(y), 2)) == [("bits", "max_pool")]
    assert "float32" in {dtype for dtype, _ in pools(lambda n, y: F.max_pool2d(y * n.conv(y), 2))}


def test_a_pool_of_some_channels() -> None:
    """The functions of the channels that are taken go with them."""
    for taken in (slice(1, None, 2), slice(5, 8)):
        found = same_as_torch(Net(lambda n, y, c=taken: sign(F.max_pool2d(n.second_norm(y)[:, c], 2)), "integers"))
        assert kinds(found)[1:5] == ["binary_conv", "select", "max_pool", "threshold"]


def test_a_pool_of_signs_that_hang_on_the_last_bit() -> None:
    """Torch's sigmoid of one integer differs between its vectors and single elements, behind a pool as before it."""
    for factor in torch.linspace(0.02, 0.2, 100).tolist():
        numbers = torch.arange(1, 73) * factor
        together, alone = torch.sigmoid(numbers), torch.cat([torch.sigmoid(each) for each in numbers.split(1)])
        differing = (alone != together).nonzero().flatten()
        if len(differing):
            break
    else:
        pytest.skip("torch's sigmoid is the same everywhere on this processor")
    limit = float(torch.maximum(alone, together)[differing[0]])

    def body(net: Any, y: Tensor) -> Tensor:
        falls = F.prelu(y, torch.tensor([-0.25])) * factor  # no function that keeps the order: the pool stays behind it
        return sign(torch.sigmoid(F.max_pool2d(falls, 2)) - limit)

    with pytest.raises(ConvertError, match="changes sign where its accumulator is"):
        convert(Net(body, "integers"), FLOATS)


def test_kinds_of_one_network() -> None:
    net = nn.Sequential(nn.Conv2d(8, 8, 1), nn.MaxPool2d(2), norm(8)).eval()
    assert kinds(same_as_torch(net, exact=False)) == ["float_conv", "max_pool", "pointwise"]
    assert isinstance(net(FLOATS), Tensor)
