"""What training wraps around a module is taken off."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from converted import FLOATS, norm
from torch import Tensor, nn

from signbit.convert import convert
from signbit.convert.wrappers import unwrap
from signbit.layers.binary_conv import BinaryConv2d


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(BinaryConv2d(8, 8, 3), norm(8), BinaryConv2d(8, 4, 1)).eval()


def compiled_in_place() -> nn.Module:
    net = network()
    net.compile()
    net[0].compile()  # type: ignore[index]
    return net


class _FabricModule(nn.Module):
    """As Lightning's, which is known by its name and package."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self._original_module = module

    def forward(self, x: Tensor) -> Tensor:
        raise AssertionError("the wrapper is called")


_FabricModule.__module__ = "lightning.fabric.wrappers"

WRAPPERS: dict[str, Callable[[], nn.Module]] = {
    "DataParallel": lambda: nn.DataParallel(network()),
    "torch.compile": lambda: torch.compile(network()),  # type: ignore[return-value]
    "compiled in place": compiled_in_place,
    "AveragedModel": lambda: torch.optim.swa_utils.AveragedModel(network()),
    "Fabric": lambda: _FabricModule(network()),
    "two wrappers": lambda: torch.optim.swa_utils.AveragedModel(nn.DataParallel(network())),
    "a module inside": lambda: nn.Sequential(nn.DataParallel(torch.compile(network())), nn.Identity()),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", WRAPPERS)
def test_the_module_inside_is_converted(name: str) -> None:
    wrapped = WRAPPERS[name]().eval()
    wanted, got = convert(network(), FLOATS), convert(wrapped, FLOATS)
    assert [op.kind for op in got.model.ops] == [op.kind for op in wanted.model.ops]
    assert got.to_bytes() == wanted.to_bytes()
    inside = "0." if name == "a module inside" else ""
    assert [layer.path for layer in got.layers] == [inside + layer.path for layer in wanted.layers]


def test_a_class_of_the_same_name_is_none() -> None:
    class DataParallel(nn.Module):
        pass

    module = DataParallel()
    assert unwrap(module) is module
