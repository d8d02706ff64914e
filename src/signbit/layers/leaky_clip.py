"""Clip to [-1, 1] that leaves a tenth of the slope outside."""

from typing import final

from torch import Tensor, nn
from torch.nn import functional

OUTER_SLOPE = 0.1


@final
class LeakyClip(nn.Module):
    """x where |x| <= 1, and sign(x) * (0.9 + 0.1 |x|) elsewhere.

    Shapes: any, to the same.

    Source:
        Liu, Wu, Luo, Yang, Liu and Cheng 2018, "Bi-Real Net: Enhancing the Performance of 1-bit CNNs With Improved
        Representational Capability and Advanced Training Algorithm", arXiv:1808.00278.
    """

    def forward(self, x: Tensor) -> Tensor:
        """The clipped values."""
        clipped = functional.hardtanh(x)
        return clipped + (x - clipped) * OUTER_SLOPE
