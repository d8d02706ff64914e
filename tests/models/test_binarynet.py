"""BinaryNet: its sizes, its order of layers, its switches, and what an exported graph of it holds."""

from collections import Counter
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from signbit import models
from signbit.layers import AttentionBatchNorm1d, AttentionBatchNorm2d, BinaryConv2d, BinaryLinear, parameter_roles


def parameters(**arguments: Any) -> int:
    with torch.device("meta"):
        model = models.create("binarynet", **arguments)
    return sum(p.numel() for p in model.parameters())


def pixels(*shape: int) -> Tensor:
    return torch.randint(0, 256, shape, dtype=torch.uint8)


def test_parameters_of_the_published_network() -> None:
    assert parameters(inflation=3, stem="binary", head="binary", bias=True) == 36_461_450


def test_parameters_of_our_default() -> None:
    convolutions = [3 * 128, 128 * 128, 128 * 256, 256 * 256, 256 * 512, 512 * 512]
    linears = [8192 * 1024, 1024 * 1024, 1024 * 10]
    norms = [2 * c for c in (128, 128, 256, 256, 512, 512, 1024, 1024)]
    assert parameters() == 9 * sum(convolutions) + sum(linears) + sum(norms) + 10
    assert 13.9e6 < parameters() < 14.1e6


@pytest.mark.parametrize("inflation", [1, 3])
def test_widths(inflation: int) -> None:
    with torch.device("meta"):
        model = models.create("binarynet", inflation=inflation, num_classes=100)
    convolutions = [m for m in model.modules() if isinstance(m, (nn.Conv2d, BinaryConv2d))]
    expected = [c * inflation for c in (128, 128, 256, 256, 512)] + [512]
    assert [m.out_channels for m in convolutions] == expected
    assert [(m.in_features, m.out_features) for m in model.modules() if isinstance(m, BinaryLinear)] == [
        (8192, 1024),
        (1024, 1024),
    ]


def test_width_rounds_to_whole_bytes() -> None:
    model = models.create("binarynet", width=0.1)
    assert [m.out_channels for m in model.modules() if isinstance(m, BinaryConv2d)] == [16, 24, 24, 48, 48]


@pytest.mark.parametrize(("channels", "size", "flat"), [(1, 8, 1), (1, 28, 9), (3, 32, 16)])
@pytest.mark.parametrize("stem", ["real", "integer", "binary"])
@pytest.mark.parametrize("head", ["real", "binary"])
def test_takes_pixels_and_gives_logits(channels: int, size: int, flat: int, stem: str, head: str) -> None:
    model = models.create(
        "binarynet", width=0.05, num_classes=7, in_channels=channels, image_size=size, stem=stem, head=head
    )
    logits = model(pixels(3, channels, size, size))
    assert logits.shape == (3, 7)
    assert logits.dtype == torch.float32
    logits.square().sum().backward()
    assert all(p.grad is not None and bool(torch.isfinite(p.grad).all()) for p in model.parameters())


def test_order_of_layers() -> None:
    model = models.create("binarynet", norm="abn", stem="integer", head="binary", width=0.1)
    kinds = [type(m).__name__ for m in model.features]
    pooled = ["BinaryConv2d", "MaxPool2d", "AttentionBatchNorm2d", "Hardtanh"]
    plain = ["BinaryConv2d", "AttentionBatchNorm2d", "Hardtanh"]
    assert kinds == [*pooled, *plain, *pooled, *plain, *pooled]
    dense = [type(m).__name__ for m in model.classifier]
    assert dense == ["BinaryLinear", "AttentionBatchNorm1d", "Hardtanh"] * 2
    assert [type(m).__name__ for m in model.head] == ["BinaryLinear", "BatchNorm1d"]
    assert "running_mean" in dict(model.head[1].named_buffers())
    assert not list(model.head[1].parameters())


def test_attention_everywhere_but_on_the_logits() -> None:
    model = models.create("binarynet", norm="abn", head="binary", width=0.1)
    attention = [m for m in model.modules() if isinstance(m, (AttentionBatchNorm1d, AttentionBatchNorm2d))]
    assert len(attention) == 8
    assert sum(isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)) for m in model.modules()) == 8 + 1


def test_real_valued_twin() -> None:
    binary, real = (models.create("binarynet", binary=b, bias=True, width=0.1) for b in (True, False))
    assert [p.shape for p in binary.parameters()] == [p.shape for p in real.parameters()]
    assert not any(isinstance(m, (BinaryConv2d, BinaryLinear, nn.Hardtanh)) for m in real.modules())
    assert set(parameter_roles(real).values()) == {"real", "norm", "head"}
    assert real(pixels(2, 3, 32, 32)).shape == (2, 10)


def test_normalisation_is_part_of_the_model() -> None:
    model = models.create("binarynet", width=0.1, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    first = model.stem[0](pixels(1, 3, 32, 32))
    assert first.dtype == torch.float32
    assert first.max() < 2


@pytest.mark.parametrize("grad", [True, False])
def test_exported_graph(grad: bool) -> None:
    model = models.create(
        "binarynet", norm="abn", stem="integer", head="binary", width=0.1, in_channels=1, image_size=8
    ).eval()
    example = pixels(2, 1, 8, 8)
    with torch.set_grad_enabled(grad):
        program = torch.export.export(model, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    found = Counter(str(node.target) for node in program.graph.nodes if node.op == "call_function")
    assert found["signbit.integer_conv2d.default"] == 1
    assert found["signbit.binary_conv2d.default"] == 5
    assert found["signbit.binary_linear.default"] == 3
    assert found["signbit.sign.default"] == 16
    assert not any("aten.conv" in target or "aten.linear" in target for target in found)
    more = pixels(5, 1, 8, 8)
    assert torch.equal(program.module()(more), model(more))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"norm": "group"}, "norm is 'group'; there are batch, abn"),
        ({"stem": "int8"}, "stem is 'int8'; there are real, integer, binary"),
        ({"head": "none"}, "head is 'none'; there are real, binary"),
        ({"inflation": 2}, "inflation is 2; give 1 or 3"),
        ({"width": 0}, "width is 0; give a positive factor"),
        ({"image_size": 7}, "image_size is 7; give at least 8"),
        ({"binarizer": "tanh"}, "no 'tanh'; there are approx_sign"),
        ({"padding_value": 3}, "padding_value is 3"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        models.create("binarynet", **arguments)


def test_unknown_model() -> None:
    with pytest.raises(ValueError, match=r"no 'resnet'; there are .*binarynet"):
        models.create("resnet")
