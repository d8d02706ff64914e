"""Real-to-Binary Net-18 and its strong baseline: their counts, and a half block against the formula."""

import pytest
import torch
from straight_line import State, mean_pool, norm, pixels, prelu, randomise, sign_conv
from straight_line import sign as signs
from torch import Tensor, nn

from signbit import models
from signbit.layers import MapScale, SqueezeGate, parameter_roles

GATES = sum(
    count * (inputs * (inputs // 8) + inputs // 8 * outputs)
    for count, inputs, outputs in [
        (4, 64, 64), (1, 64, 128), (3, 128, 128), (1, 128, 256), (3, 256, 256), (1, 256, 512), (3, 512, 512)
    ]
)  # fmt: skip


def parameters(scale: str) -> tuple[int, int, int]:
    """Latent weights, values of the role `scale`, and all parameters."""
    with torch.device("meta"):
        model = models.create("real_to_binary18", num_classes=1000, image_size=224, scale=scale)
    roles = parameter_roles(model)
    by_role = dict.fromkeys(("latent_weight", "scale"), 0)
    for name, p in model.named_parameters():
        if roles[name] in by_role:
            by_role[roles[name]] += p.numel()
    return by_role["latent_weight"], by_role["scale"], sum(p.numel() for p in model.parameters())


def test_sizes() -> None:
    plain, gated, static = parameters("none"), parameters("gate"), parameters("static")
    assert plain[0] == gated[0] == static[0] == 10_985_472
    assert gated[2] == plain[2] - 64 + GATES  # the stem of the one has a PReLU
    maps = 4 * (64 + 128 + 256 + 512) + 4 * 2 * (56 + 28 + 14 + 7)
    assert (static[1], static[2]) == (maps, plain[2] + maps)


def test_blocks_are_those_of_a_resnet() -> None:
    model = models.create("real_to_binary18", width=0.125)
    assert model.feature_layers == tuple(f"blocks.{index}" for index in range(8))
    x = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    shapes = [model.blocks[: count + 1](model.stem(x)).shape[1:] for count in range(8)]
    assert shapes == [(8, 32, 32)] * 2 + [(16, 16, 16)] * 2 + [(32, 8, 8)] * 2 + [(64, 4, 4)] * 2


def half(x: Tensor, state: State, stride: int, scale: str) -> Tensor:
    real = norm(x, state, "norm")
    y = sign_conv(signs(real), state["conv.weight"], stride)
    if scale == "gate":
        hidden = (real.mean((2, 3)) @ state["gate.squeeze.weight"].T).clamp_min(0)
        y = y / (1 + torch.exp(-hidden @ state["gate.expand.weight"].T))[:, :, None, None]
    if scale == "static":
        factors = (state["scale.channels"].flatten(), state["scale.rows"].flatten(), state["scale.columns"])
        y = y * torch.einsum("c,h,w->chw", *factors)
    past = x
    if stride == 2:
        past = torch.einsum("nchw,oc->nohw", mean_pool(x), state["shortcut.1.weight"][:, :, 0, 0])
        past = norm(past, state, "shortcut.2")
    return prelu(y, state["activation.weight"]) + past


@pytest.mark.parametrize("scale", ["gate", "static", "none"])
@pytest.mark.parametrize(("index", "stride"), [(0, 1), (2, 2)])
def test_half(index: int, stride: int, scale: str) -> None:
    model = models.create("real_to_binary18", width=0.25, image_size=8 * stride, scale=scale).eval()
    found = model.blocks[index][0]
    state = randomise(found, seed=index)
    x = pixels(3, 16, 8, 8) if stride == 1 else pixels(3, 16, 16, 16)
    torch.testing.assert_close(found(x), half(x, state, stride, scale), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("scale", "act"), [("gate", nn.ReLU), ("static", nn.PReLU), ("none", nn.PReLU)])
def test_activation_of_the_stem(scale: str, act: type[nn.Module]) -> None:
    model = models.create("real_to_binary18", width=0.125, scale=scale)
    assert isinstance(model.stem[-1], act)
    assert isinstance(models.create("real_to_binary18", width=0.125, stem_activation="none").stem[-1], nn.Identity)


def test_gate_reads_the_mean_of_each_channel(seed: int) -> None:
    torch.manual_seed(seed)
    gate = SqueezeGate(6, 4, reduction=8)  # one hidden feature is the least
    assert gate.squeeze.out_features == 1
    x = torch.randn(2, 6, 3, 5)
    shuffled = x.flatten(2)[..., torch.randperm(15)].reshape(2, 6, 5, 3)
    torch.testing.assert_close(gate(x), gate(shuffled))
    assert gate(x).shape == (2, 4, 1, 1)


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="scale is 'se'; there are gate, static, none"):
        models.create("real_to_binary18", scale="se")
    with pytest.raises(ValueError, match="reduction is 0; give an integer of at least 1"):
        models.create("real_to_binary18", reduction=0)
    with pytest.raises(ValueError, match="stem_activation is 'tanh'; there are none, relu"):
        models.create("real_to_binary18", stem_activation="tanh")
    with pytest.raises(ValueError, match="height is 0"):
        MapScale(4, 0, 4)
