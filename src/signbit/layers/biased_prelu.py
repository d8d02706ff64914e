"""PReLU after a learned shift of each channel."""

from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from signbit.layers.arguments import positive


@final
class BiasedPReLU(nn.Module):
    """PReLU(x + b), with a bias b (0 at first) and a slope (0.25 at first) learned for each channel.

    Shapes: (N, C, ...) to the same.

    Source:
        Shin and Kim 2022, "PresB-Net: parametric binarized neural network with learnable activations and shuffled
        grouped convolution", PeerJ Computer Science 8:e842.
    """

    roles: ClassVar[Mapping[str, str]] = {"bias": "shift", "slope": "slope"}

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(positive("channels", channels)))
        self.slope = nn.Parameter(torch.full((channels,), 0.25))

    def forward(self, x: Tensor) -> Tensor:
        """PReLU(x + b)."""
        return functional.prelu(x + self.bias.reshape(-1, *[1] * (x.dim() - 2)), self.slope)
