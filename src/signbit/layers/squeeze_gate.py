"""A factor of each channel that is worked out from the whole map."""

from typing import final

from torch import Tensor, nn
from torch.nn import functional

from signbit.layers.arguments import positive


@final
class SqueezeGate(nn.Module):
    """sigmoid(W2 relu(W1 m)), where m is the mean of each channel over the pixels; there is no bias.

    Shapes: (N, in_channels, H, W) to (N, out_channels, 1, 1), values from 0 to 1, to be multiplied on another map. W1
    has in_channels / reduction rows, rounded down and at least one.

    Raises:
        ValueError: a count is below 1.

    Source:
        Hu, Shen and Sun 2018, "Squeeze-and-Excitation Networks", arXiv:1709.01507; as the scale of a binary convolution
        Martinez, Yang, Bulat and Tzimiropoulos 2020, "Training Binary Neural Networks with Real-to-Binary
        Convolutions", arXiv:2003.11535.
    """

    def __init__(self, in_channels: int, out_channels: int, reduction: int = 8) -> None:
        super().__init__()
        inputs, outputs = positive("in_channels", in_channels), positive("out_channels", out_channels)
        between = max(1, inputs // positive("reduction", reduction))
        self.reduce = nn.Linear(inputs, between, bias=False)
        self.expand = nn.Linear(between, outputs, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """The gate of each channel."""
        gate: Tensor = self.expand(functional.relu(self.reduce(x.mean((2, 3))))).sigmoid()
        return gate[:, :, None, None]
