"""A learned factor of each channel."""

from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor, nn

from signbit.layers.arguments import positive


@final
class ChannelGain(nn.Module):
    """x * gain, with a gain (1 at first) learned for each channel.

    Shapes: (N, C, ...) to the same.

    Source:
        Brock, De and Smith 2021, "Characterizing signal propagation to close the performance gap in unnormalized
        ResNets", arXiv:2101.08692.
    """

    roles: ClassVar[Mapping[str, str]] = {"gain": "scale"}

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(positive("channels", channels)))

    def forward(self, x: Tensor) -> Tensor:
        """Each channel times its gain."""
        return x * self.gain.reshape(-1, *[1] * (x.dim() - 2))
