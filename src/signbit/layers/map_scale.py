"""A learned factor of each value of a map: one of its channel, one of its row and one of its column."""

from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor, nn

from signbit.layers.arguments import positive


@final
class MapScale(nn.Module):
    """x * a_c * b_h * c_w, with factors (1 at first) learned for each channel, row and column.

    Shapes: (N, channels, height, width) to the same; the size is fixed.

    Raises:
        ValueError: a count is below 1.

    Source:
        Bulat and Tzimiropoulos 2019, "XNOR-Net++: Improved Binary Neural Networks", arXiv:1909.13863.
    """

    roles: ClassVar[Mapping[str, str]] = {"channels": "scale", "rows": "scale", "columns": "scale"}

    def __init__(self, channels: int, height: int, width: int) -> None:
        super().__init__()
        self.channels = nn.Parameter(torch.ones(positive("channels", channels), 1, 1))
        self.rows = nn.Parameter(torch.ones(positive("height", height), 1))
        self.columns = nn.Parameter(torch.ones(positive("width", width)))

    def forward(self, x: Tensor) -> Tensor:
        """Each value times its three factors."""
        return x * (self.channels * self.rows * self.columns)
