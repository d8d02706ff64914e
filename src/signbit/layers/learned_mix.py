"""A weighted mean of two maps, the weight learned for each channel."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast, final

import torch
from torch import Tensor, nn

from signbit.layers.arguments import positive


class _ClampToUnit(torch.autograd.Function):
    """clamp(s, 0, 1), whose gradient is also passed outside of it where a step against it leads back."""

    @staticmethod
    def forward(share: Tensor) -> Tensor:
        return share.clamp(0, 1)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (share,) = ctx.saved_tensors
        leads_away = ((share > 1) & (grad < 0)) | ((share < 0) & (grad > 0))
        return grad.masked_fill(leads_away, 0)


@final
class LearnedMix(nn.Module):
    """s * a + (1 - s) * b, with a share s of each channel, 0.5 at first, kept within 0 and 1.

    The parameter itself may leave that range by a step: forwards it is clamped, backwards it gets what leads it back.

    Shapes: two of (N, C, H, W) to one.

    Source:
        Guo, Bethge, Meinel and Yang 2022, "Join the High Accuracy Club on ImageNet with A Binary Neural Network
        Ticket", arXiv:2211.12933.
    """

    roles: ClassVar[Mapping[str, str]] = {"share": "scale"}

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.share = nn.Parameter(torch.full((positive("channels", channels),), 0.5))

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """The weighted mean."""
        share = cast(Tensor, _ClampToUnit.apply(self.share)).reshape(-1, 1, 1)  # type: ignore[no-untyped-call]
        return share * a + (1 - share) * b
