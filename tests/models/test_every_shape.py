"""Every network at the least width, and on images whose sides do not halve evenly."""

from typing import Any

import pytest
import torch
from every_network import build

from signbit import models
from signbit.models.parts.shortcuts import mean_pool, shortcut_of

NARROWEST = 0.05  # several stages of a network have 8 channels then
TOO_SMALL = {("vgg11", 28): "give at least 32"}
CASES = [
    *[(name, {}) for name in models.names()],
    ("bnfree_reactnet18", {"shortcut": "real"}),
    ("reactnet18", {"shortcut": "one_bit_weights"}),
    ("real_to_binary18", {"scale": "static"}),  # its factors are as many as the map has rows and columns
]


@pytest.mark.parametrize("size", [28, 32, 35])
@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_every_width_and_size(name: str, arguments: dict[str, Any], size: int) -> None:
    if (name, size) in TOO_SMALL:
        with pytest.raises(ValueError, match=f"image_size is {size}; {TOO_SMALL[name, size]}"):
            build(name, image_size=size)
        return
    model = build(name, width=NARROWEST, image_size=size, **arguments).eval()
    with torch.no_grad():
        logits = model(torch.randint(0, 256, (2, 3, size, size), dtype=torch.uint8))
    assert logits.shape == (2, 10)
    assert bool(torch.isfinite(logits).all())


def test_mean_pool_at_an_odd_edge() -> None:
    x = torch.arange(15.0).reshape(1, 1, 3, 5)
    expected = [[(0 + 1 + 5 + 6) / 4, (2 + 3 + 7 + 8) / 4, (4 + 9) / 2], [(10 + 11) / 2, (12 + 13) / 2, 14]]
    assert mean_pool(2)(x)[0, 0].tolist() == expected
    assert torch.equal(mean_pool(1)(x), x)


@pytest.mark.parametrize(("inputs", "outputs", "stride"), [(8, 8, 1), (8, 16, 1), (8, 8, 2), (8, 16, 2)])
def test_shortcut_has_the_shape_of_the_block(inputs: int, outputs: int, stride: int) -> None:
    found = shortcut_of(inputs, outputs, stride, "batch")
    assert found(torch.zeros(1, inputs, 5, 6)).shape == (1, outputs, -(-5 // stride), 6 // stride)
    assert (len(list(found.parameters())) == 0) is ((inputs, stride) == (outputs, 1))
