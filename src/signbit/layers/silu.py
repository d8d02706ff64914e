"""SiLU whose value depends on its input alone."""

from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional

_library: Any = cast(Any, torch.library).Library("signbit", "FRAGMENT")
_library.define("silu(Tensor input) -> Tensor")


def _silu(input: Tensor) -> Tensor:
    return input / (1 + torch.exp(-input))


_library.impl("silu", _silu, "CompositeExplicitAutograd")


class _Silu(torch.autograd.Function):
    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return cast(Tensor, torch.ops.signbit.silu(x))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        sigmoid = torch.sigmoid(x)
        return cast(Tensor, grad * (sigmoid * (1 + x * (1 - sigmoid))))


def silu(x: Tensor, *, exact: bool) -> Tensor:
    """x * sigmoid(x); the dtype is kept.

    Args:
        exact: equal inputs give equal outputs wherever they stand. Torch's own CPU kernel does not: it computes most of
            a tensor with vector instructions and the rest with others, which differ in the last bit for one value in
            25. A threshold that is read off one of them may then be wrong for the other. Division and exponential,
            one after the other, have no such seam, but take several passes over memory.
    """
    if exact:
        return cast(Tensor, _Silu.apply(x))  # type: ignore[no-untyped-call]
    return functional.silu(x)
