"""Networks for the tests of the converter, and whether what they convert to does what they do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from signbit.convert import Conversion, convert
from signbit.convert.node import operator_name
from signbit.engine import Model
from signbit.layers.binary_conv import BinaryConv2d
from signbit.verify import verify

Body = Callable[["Net", Tensor], Tensor]

FLOATS = torch.randn(5, 8, 6, 6, generator=torch.Generator().manual_seed(1))
PIXELS = torch.randint(0, 256, (5, 3, 6, 6), dtype=torch.uint8, generator=torch.Generator().manual_seed(2))


def sign(x: Tensor) -> Tensor:
    """The sign of the binarizers: +1 or -1."""
    result: Tensor = torch.ops.signbit.sign(x)
    return result


def norm(channels: int, kind: type[nn.Module] = nn.BatchNorm2d) -> nn.Module:
    """A batch norm that looks trained, one channel of it with a negative factor."""
    layer: Any = kind(channels)
    with torch.no_grad():
        layer.running_mean.copy_(torch.linspace(-3, 3, channels))
        layer.running_var.copy_(torch.linspace(0.5, 9, channels))
        layer.weight.copy_(torch.linspace(-0.6, 1, channels))
        layer.bias.copy_(torch.linspace(0.7, -0.5, channels))
    return layer  # type: ignore[no-any-return]


class Net(nn.Module):
    """A function that is given integers, real values, signs or pixels, in a network around it.

    Args:
        body: of the network and what it is given.
        given: "integers" of a product of signs, "real" values, "signs", or the "image" itself.
        parts: modules that the body may use, by name.
    """

    def __init__(self, body: Body, given: str, **parts: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body, self.given, self.parts = body, given, nn.ModuleDict(parts)
        self.product = BinaryConv2d(8, 8, 3, padding=1)
        self.other = BinaryConv2d(8, 8, 3, padding=1)
        self.conv = nn.Conv2d(8, 8, 1)
        self.norm, self.second_norm = norm(8), norm(8)
        self.rows = nn.Parameter(torch.linspace(-2, 2.5, 8).reshape(8, 1, 1))
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        if self.given == "integers":
            x = self.product(x)
        elif self.given == "real":
            x = self.norm(self.product(x)) + self.conv(x)
        elif self.given == "signs":
            x = sign(x)
        return self.body(self, x)


def branches(*bodies: Body, then: Callable[[Tensor], Tensor] = lambda y: y) -> Body:
    """Several bodies beside each other, each of which is given a copy; their results as one vector."""
    return lambda net, x: torch.cat([then(body(net, x.clone())).flatten(1) for body in bodies], 1)


def run(model: Model, images: Tensor) -> Tensor:
    """What the engine gives, in torch's order of axes."""
    moved = images.permute(0, 2, 3, 1) if images.dim() == 4 else images
    output = torch.from_numpy(model.session().run(moved.contiguous().numpy()).copy())
    return output.permute(0, 3, 1, 2) if output.dim() == 4 else output


def same_as_torch(net: nn.Module, images: Tensor = FLOATS, *, exact: bool = True, **options: Any) -> Conversion:
    """Convert, run and verify a network; its output is torch's, to the bit or within 1e-5 of the largest.

    Args:
        exact: whether it is to be equal.
    """
    conversion = convert(net, images[:2], **options)
    model = Model.from_bytes(conversion.to_bytes())
    with torch.no_grad():
        wanted = net(images)
    got = run(model, images).reshape(wanted.shape)
    if exact:
        assert torch.equal(got, wanted)
    else:
        assert (got - wanted).abs().max() <= 1e-5 * wanted.abs().max()
    found = verify(net, model, images, conversion=conversion)
    assert found.ok, found.errors
    return conversion


def operators(conversion: Conversion) -> set[str]:
    """The operators of the captured graph."""
    return {operator_name(node) for node in conversion.graph.nodes}


def kinds(conversion: Conversion) -> list[str]:
    """The ops of the model file."""
    return [op.kind for op in conversion.model.ops]


def in_groups(names: Sequence[str], size: int) -> list[list[str]]:
    """Names, so many at a time: one network of many branches is captured faster than many of one."""
    return [list(names[first : first + size]) for first in range(0, len(names), size)]
