"""PReLU between two learned shifts of each channel."""

from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from signbit.layers.arguments import positive


@final
class RPReLU(nn.Module):
    """PReLU(x + b1) + b2, with b1, b2 (0 at first) and a slope (0.25 at first) learned for each channel.

    Shapes: (N, C, ...) to the same.

    Source:
        Liu, Shen, Savvides and Cheng 2020, "ReActNet: Towards Precise Binary Neural Network with Generalized
        Activation Functions", arXiv:2003.03488.
    """

    roles: ClassVar[Mapping[str, str]] = {"bias_before": "shift", "slope": "slope", "bias_after": "shift"}

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias_before = nn.Parameter(torch.zeros(positive("channels", channels)))
        self.slope = nn.Parameter(torch.full((channels,), 0.25))
        self.bias_after = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """PReLU(x + b1) + b2."""
        by_channel = (-1, *[1] * (x.dim() - 2))
        y = functional.prelu(x + self.bias_before.reshape(by_channel), self.slope)
        return y + self.bias_after.reshape(by_channel)
