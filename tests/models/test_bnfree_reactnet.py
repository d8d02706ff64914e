"""BN-free ReActNet-18: its counts, its scales, and blocks against the formula."""

from typing import Any

import pytest
import torch
from straight_line import State, channels, mean_abs_conv, mean_pool, pixels, randomise, rprelu, sign, standardize
from torch import Tensor, nn

from signbit import models
from signbit.layers import BinaryWeightConv2d, parameter_roles
from signbit.models.bnfree_reactnet import betas

ONE_BIT_1X1 = 64 * 128 + 128 * 256 + 256 * 512


@pytest.mark.parametrize(("shortcut", "binary_weights"), [("real", 0), ("one_bit_weights", ONE_BIT_1X1)])
def test_sizes(shortcut: str, binary_weights: int) -> None:
    with torch.device("meta"):
        model = models.create("bnfree_reactnet18", num_classes=100, shortcut=shortcut)
    roles = parameter_roles(model)
    found = sum(p.numel() for name, p in model.named_parameters() if roles[name] == "latent_weight")
    assert found == 10_985_472 + binary_weights
    gains = [name for name, role in roles.items() if role == "scale"]
    assert len(gains) == 1 + 16 + 3  # the stem, the blocks, the shortcuts
    assert not any(isinstance(module, nn.modules.batchnorm._NormBase) for module in model.modules())


def test_published_betas() -> None:
    later = [0.9449, 1, 0.9806, 0.9623]
    expected = [1, 1, 0.9806, 0.9623, *later, *later, *later]
    assert [round(beta, 4) for beta in betas((4, 4, 4, 4), 0.2, "as_released")] == expected
    model = models.create("bnfree_reactnet18", width=0.125)
    assert [round(block.beta, 4) for block in model.blocks] == expected
    assert {block.alpha for block in model.blocks} == {0.2}


def test_betas_that_count_every_block() -> None:
    variances = [1, 1.04, 1.08, 1.12, *[1.16, 1.04, 1.08, 1.12] * 3]
    assert betas((4, 4, 4, 4), 0.2, "nf") == pytest.approx([v**-0.5 for v in variances])


def test_variance_is_as_expected(seed: int) -> None:
    """alpha * conv has the variance alpha^2 * 0.64 for Gaussian latent weights, not alpha^2."""
    torch.manual_seed(seed)
    block = models.create("bnfree_reactnet18").blocks[5]
    nn.init.normal_(block.conv.weight)
    x = torch.randn(8, 128, 12, 12)
    y = block.gain(block.conv(block.sign(x * block.beta)))[..., 1:-1, 1:-1]
    assert y.var().item() == pytest.approx(2 / torch.pi, rel=0.1)


@pytest.mark.parametrize(("layout", "size"), [("cifar", 32), ("imagenet", 8)])
def test_stem(layout: str, size: int) -> None:
    stem = models.create("bnfree_reactnet18", width=0.125, layout=layout).stem
    x = torch.randint(0, 256, (1, 3, 32, 32), dtype=torch.uint8)
    assert stem(x).shape == (1, 8, size, size)


def block(x: Tensor, state: State, stride: int, beta: float, one_bit: bool) -> Tensor:
    codes = sign(beta * x + channels(state["sign.bias"]))
    y = mean_abs_conv(codes, standardize(state["conv.weight"]), stride) * channels(state["gain.gain"])
    if stride == 2:
        kernel = standardize(state["shortcut.1.weight"])
        if one_bit:
            kernel = kernel.abs().mean((1, 2, 3), keepdim=True) * sign(kernel)
        gain = state["shortcut.2.gain" if one_bit else "shortcut.1.gain"]
        x = torch.einsum("nchw,oc->nohw", mean_pool(beta * x), kernel[:, :, 0, 0]) * channels(gain)
    return rprelu(0.2 * y + x, state, "activation")


@pytest.mark.parametrize("variance", ["as_released", "nf"])
@pytest.mark.parametrize("shortcut", ["real", "one_bit_weights"])
@pytest.mark.parametrize(("index", "stride"), [(3, 1), (4, 2)])
def test_block(index: int, stride: int, shortcut: str, variance: str) -> None:
    model = models.create("bnfree_reactnet18", width=0.25, shortcut=shortcut, variance=variance).eval()
    state = randomise(model.blocks[index], seed=index)
    x = pixels(3, 16, 8, 8)
    beta = betas((4, 4, 4, 4), 0.2, variance)[index]
    expected = block(x, state, stride, beta, shortcut == "one_bit_weights")
    torch.testing.assert_close(model.blocks[index](x), expected, rtol=1e-4, atol=1e-5)


def test_trains_with_real_weights_too(seed: int) -> None:
    torch.manual_seed(seed)
    model = models.create("bnfree_reactnet18", width=0.125, latent_init="small_positive")
    x = torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8)
    for mode in ("real", "binary"):
        for module in model.modules():
            if hasattr(module, "weight_binarizer"):
                module.weight_binarizer.mode = mode
        model.zero_grad()
        model(x).square().sum().backward()
        assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())


def test_shortcut_of_one_bit_reads_real_values() -> None:
    assert (
        sum(isinstance(m, BinaryWeightConv2d) for m in models.create("bnfree_reactnet18", width=0.125).modules()) == 3
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alpha": 0.0}, "alpha is 0.0; give a positive factor"),
        ({"variance": "nfnet"}, "there are as_released, nf"),
        ({"shortcut": "binary"}, "there are real, one_bit_weights"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        models.create("bnfree_reactnet18", **arguments)
