"""ReActNet-18 and -34: their counts, and a block against the formula."""

import pytest
import torch
from straight_line import State, channels, mean_abs_conv, mean_pool, norm, pixels, randomise, rprelu, sign
from torch import Tensor

from signbit import models


@pytest.mark.parametrize(
    ("name", "blocks", "binary_weights"), [("reactnet18", 16, 10_985_472), ("reactnet34", 32, 21_086_208)]
)
def test_sizes(name: str, blocks: int, binary_weights: int) -> None:
    with torch.device("meta"):
        model = models.create(name, num_classes=100)
    found = [p for n, p in model.named_parameters() if n.endswith(".conv.weight") and p.shape[-1] == 3]
    assert (len(found), sum(p.numel() for p in found)) == (blocks, binary_weights)


def block(x: Tensor, state: State, stride: int) -> Tensor:
    y = norm(mean_abs_conv(sign(x + channels(state["sign.bias"])), state["conv.weight"], stride), state, "norm")
    if stride == 2:
        kernel = state["shortcut.1.weight"][:, :, 0, 0]
        x = norm(torch.einsum("nchw,oc->nohw", mean_pool(x), kernel), state, "shortcut.2")
    return rprelu(y + x, state, "activation")


@pytest.mark.parametrize(("index", "stride"), [(0, 1), (4, 2)])
def test_block(index: int, stride: int) -> None:
    found = models.create("reactnet18", width=0.25).eval().blocks[index]
    state = randomise(found, seed=index)
    x = pixels(3, 16, 8, 8)
    torch.testing.assert_close(found(x), block(x, state, stride), rtol=1e-4, atol=1e-5)
