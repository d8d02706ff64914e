"""BN-free ReActNet-A: its counts, its scales, and blocks against the formula, with two branches as published."""

import pytest
import torch
from straight_line import State, channels, mean_abs_conv, mean_pool, pixels, randomise, rprelu, sign, standardize
from torch import Tensor

from signbit import models
from signbit.layers import ScaledStdConv2d, parameter_roles
from signbit.models.bnfree_reactnet_a import beta_pairs

STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)


def test_sizes() -> None:
    with torch.device("meta"):
        model = models.create("bnfree_reactnet_a", num_classes=1000, image_size=224)
    roles = parameter_roles(model)
    assert sum(p.numel() for name, p in model.named_parameters() if roles[name] == "latent_weight") == 28_253_184
    assert "norm" not in roles.values()
    assert [type(m) for m in model.modules() if isinstance(m, torch.nn.Conv2d)] == [ScaledStdConv2d]


def test_published_betas() -> None:
    first, second = (1, 0.9806), (0.9623, 0.9449)
    expected = [
        first, second, first, second, first, second, first, second, (0.9285, 0.9129), (0.898, 0.8839),
        (0.8704, 0.8575), (0.8452, 0.8333), first,
    ]  # fmt: skip
    found = [(round(a, 4), round(b, 4)) for a, b in beta_pairs(STRIDES, 0.2, "as_released")]
    assert found == expected
    model = models.create("bnfree_reactnet_a", width=0.125)
    assert [tuple(round(half.beta, 4) for half in block) for block in model.blocks] == expected


def test_betas_that_count_every_half() -> None:
    variances = [(1, 1.04), (1.08, 1.04), (1.08, 1.12), (1.16, 1.04)]
    found = beta_pairs(STRIDES[:4], 0.2, "nf")
    assert [pytest.approx(pair) for pair in found] == [(a**-0.5, b**-0.5) for a, b in variances]


def half(x: Tensor, past: Tensor, state: State, prefix: str, beta: float, rows: slice, **geometry: int) -> Tensor:
    codes = sign(beta * x + channels(state[f"{prefix}.sign.bias"]))
    y = mean_abs_conv(codes, standardize(state[f"{prefix}.conv.weight"][rows]), **geometry)
    return 0.2 * y * channels(state[f"{prefix}.gain.gain"][rows]) + past


def block(x: Tensor, state: State, stride: int, doubles: bool, betas: tuple[float, float]) -> Tensor:
    past = mean_pool(betas[0] * x) if stride == 2 else x
    u = rprelu(half(x, past, state, "0", betas[0], slice(None), stride=stride), state, "0.activation")
    count = u.shape[1]
    rows = (slice(0, count), slice(count, 2 * count)) if doubles else (slice(None),)
    v = torch.cat([half(u, u, state, "1", betas[1], each, padding=0) for each in rows], 1)
    return rprelu(v, state, "1.activation")


@pytest.mark.parametrize("variance", ["as_released", "nf"])
@pytest.mark.parametrize("index", [0, 3, 4])
def test_block(index: int, variance: str) -> None:
    found = models.create("bnfree_reactnet_a", width=0.25, variance=variance).eval().blocks[index]
    state = randomise(found, seed=index)
    x = pixels(2, {0: 8, 3: 32, 4: 64}[index], 8, 8)
    betas = beta_pairs(STRIDES, 0.2, variance)[index]
    expected = block(x, state, STRIDES[index], index != 4, betas)
    torch.testing.assert_close(found(x), expected, rtol=1e-4, atol=1e-5)


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="there are as_released, nf"):
        models.create("bnfree_reactnet_a", variance="none")
    with pytest.raises(ValueError, match="alpha is -1; give a positive factor"):
        models.create("bnfree_reactnet_a", alpha=-1)
