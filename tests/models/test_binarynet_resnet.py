"""BinaryNet's residual network: its counts, its blocks against the formula, its switches."""

from typing import Any

import pytest
import torch
from every_network import check_step
from straight_line import State, channels, norm, pixels, randomise, sign_conv
from straight_line import sign as sign_of
from torch import Tensor, nn
from torch.nn import functional

from signbit import models
from signbit.layers import AttentionBatchNorm1d, AttentionBatchNorm2d, BinaryConv2d, BinaryLinear, parameter_roles

PUBLISHED = {"one_bit_stem": True, "head": "binary", "unused_norm": True}


def build(**arguments: Any) -> nn.Module:
    return models.create("binarynet_resnet18", **arguments)


def images(*shape: int) -> Tensor:
    return torch.randint(0, 256, shape, dtype=torch.uint8)


def count(**arguments: Any) -> int:
    with torch.device("meta"):
        return sum(p.numel() for p in build(**arguments).parameters())


def test_parameters_of_the_published_network() -> None:
    assert count(**PUBLISHED) == 4_338_030
    assert count(**PUBLISHED | {"unused_norm": False}) == 4_338_030 - 2 * 320


def test_binary_weights() -> None:
    with torch.device("meta"):
        model = build()
    found = [m.weight for m in model.modules() if isinstance(m, BinaryConv2d)]
    assert (len(found), sum(w.numel() for w in found)) == (14, 4_326_400)
    assert model.stem[1].weight.shape == (80, 3, 3, 3)


def attention(x: Tensor, state: State, name: str) -> Tensor:
    mean, variance, beta = (
        channels(state[f"{name}.{key}"]) for key in ("normalise.running_mean", "normalise.running_var", "beta")
    )
    normalised = (x - mean) / (variance + 1e-5).sqrt()
    return normalised * torch.sigmoid(normalised) + beta


def block(x: Tensor, state: State, stride: int, last: bool, attends: bool) -> Tensor:
    normalise = attention if attends else norm
    y = functional.hardtanh(normalise(sign_conv(sign_of(x), state["conv1.weight"], stride), state, "norm1"))
    past = x
    if stride == 2:
        product = sign_conv(sign_of(x)[..., ::2, ::2], state["shortcut.0.weight"], padding=0)
        past = normalise(product, state, "shortcut.1")
    z = sign_conv(sign_of(y), state["conv2.weight"]) + past
    return z if last else functional.hardtanh(normalise(z, state, "after.0"))


@pytest.mark.parametrize("norm", ["batch", "abn"])
@pytest.mark.parametrize(("index", "stride", "last"), [(0, 1, False), (2, 2, False), (5, 1, True)])
def test_block(index: int, stride: int, last: bool, norm: str) -> None:
    found = build(width=0.1, norm=norm).eval().blocks[index]
    state = randomise(found, seed=index)
    x = pixels(3, found.conv1.in_channels, 8, 8)
    torch.testing.assert_close(found(x), block(x, state, stride, last, norm == "abn"), rtol=1e-4, atol=1e-5)


def test_the_shortcut_is_the_real_value_and_is_not_overwritten() -> None:
    found = build(width=0.1).eval().blocks[0]
    x = pixels(2, found.conv1.in_channels, 4, 4)
    before = x.clone()
    found(x)
    assert torch.equal(x, before)
    assert not any(getattr(m, "inplace", False) for m in build(width=0.1).modules())


def test_head() -> None:
    model = build(width=0.1, norm="abn", head="binary").eval()
    state = randomise(model.head, seed=1)
    x = pixels(3, 32, 2, 2)
    pooled = x.mean((2, 3), keepdim=True)
    features = functional.hardtanh(attention(pooled, state, "2")).flatten(1)
    product = functional.linear(sign_of(features), sign_of(state["4.weight"])) + state["4.bias"]
    logits = norm(product[..., None, None], state, "5").flatten(1)
    torch.testing.assert_close(model.head(x), logits, rtol=1e-4, atol=1e-5)


def test_attention_everywhere_but_on_the_logits() -> None:
    model = build(width=0.1, norm="abn", head="binary")
    attends = [m for m in model.modules() if isinstance(m, (AttentionBatchNorm1d, AttentionBatchNorm2d))]
    assert len(attends) == 1 + 11 + 2 + 1  # stem, blocks (the last has one), shortcuts, head
    assert type(model.head[-1]) is nn.BatchNorm1d


@pytest.mark.parametrize("stem", ["real", "integer"])
@pytest.mark.parametrize("arguments", [{}, PUBLISHED, {"norm": "abn", "shortcut": "real"}, {"binary": False}])
def test_trains_for_a_step(arguments: dict[str, Any], stem: str) -> None:
    model = build(width=0.1, num_classes=7, stem=stem, **arguments)
    check_step(model, 7, 16)
    frozen = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    assert frozen == (
        {"blocks.5.unused_norm.weight", "blocks.5.unused_norm.bias"} if "unused_norm" in arguments else set()
    )


def test_real_valued_twin() -> None:
    binary, real = (build(width=0.1, binary=b, **PUBLISHED) for b in (True, False))
    assert [p.shape for p in binary.parameters()] == [p.shape for p in real.parameters()]
    assert not any(isinstance(m, (BinaryConv2d, BinaryLinear, nn.Hardtanh)) for m in real.modules())
    assert "latent_weight" not in parameter_roles(real).values()


def test_latent_weights_begin_as_published() -> None:
    torch.manual_seed(0)
    model = build(head="binary")
    conv = model.blocks[5].conv2.weight
    assert conv.std().item() == pytest.approx((2 / (9 * 320)) ** 0.5, rel=0.01)
    assert model.head[4].weight.abs().max() <= 320**-0.5  # a linear layer begins as torch's own


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"norm": "group"}, "norm is 'group'; there are batch, abn"),
        ({"head": "none"}, "head is 'none'; there are real, binary"),
        ({"shortcut": "pad"}, "shortcut is 'pad'; there are binary, real"),
        ({"stem": "binary"}, "stem is 'binary'; there are real, integer"),
        ({"head": "binary", "dropout": 0.5}, "give 0 or head='real'"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(**arguments)
