"""From uint8 pixels to normalised floats, inside the model."""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn


@final
class Normalize(nn.Module):
    """(pixel / 255 - mean) / std of each channel, as one multiplication and one addition.

    Shapes: (N, C, H, W) to the same, uint8 (or floats from 0 to 255) to float32.

    Args:
        mean: of each channel, on the scale 0 to 1.
        std: of each channel, on the same scale.

    Raises:
        ValueError: the lengths differ, or a std is not positive.
    """

    factor: Tensor
    offset: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        if len(mean) != len(std) or not mean or min(std) <= 0:
            raise ValueError(f"mean is {mean}, std is {std}; give one mean and one positive std for each channel")
        means, stds = torch.tensor(mean, dtype=torch.float64), torch.tensor(std, dtype=torch.float64)
        self.register_buffer("factor", (1 / (255 * stds)).float().reshape(-1, 1, 1))
        self.register_buffer("offset", (-means / stds).float().reshape(-1, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        """Normalise the pixels."""
        return pixels.to(self.factor.dtype) * self.factor + self.offset
