"""A factor of each channel, computed from the mean of every channel."""

from typing import final

from torch import Tensor, nn

from signbit.layers.arguments import positive


@final
class SqueezeGate(nn.Module):
    """sigmoid(W2 relu(W1 m)), where m are the means of the channels: a factor from 0 to 1 for each output channel.

    Shapes: (N, in_channels, H, W) to (N, out_channels, 1, 1), to be multiplied with what is gated.

    Args:
        in_channels: of x.
        out_channels: of what is gated.
        reduction: W1 leads to in_channels / reduction features, rounded down, at least 1.
        bias: whether both linear layers have one.

    Raises:
        ValueError: a number is not an integer of at least 1.

    Source:
        Hu, Shen and Sun 2018, "Squeeze-and-Excitation Networks", arXiv:1709.01507; as the scale of a binary
        convolution Martinez, Yang, Bulat and Tzimiropoulos 2020, "Training Binary Neural Networks with Real-to-Binary
        Convolutions", arXiv:2003.11535.
    """

    def __init__(self, in_channels: int, out_channels: int, reduction: int = 8, bias: bool = False) -> None:
        super().__init__()
        inputs, outputs = positive("in_channels", in_channels), positive("out_channels", out_channels)
        hidden = max(1, inputs // positive("reduction", reduction))
        self.squeeze = nn.Linear(inputs, hidden, bias=bias)
        self.expand = nn.Linear(hidden, outputs, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """The factors of each image."""
        factors: Tensor = self.expand(self.squeeze(x.mean((2, 3))).relu()).sigmoid()
        return factors[:, :, None, None]
