"""Stride 2 behind a fixed low-pass filter."""

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional

from signbit.layers.arguments import positive


@final
class BlurPool2d(nn.Module):
    """Every second pixel of x filtered by [1, 2, 1] / 4 across and down; nothing is learned.

    Shapes: (N, C, H, W) to (N, C, ceil(H / 2), ceil(W / 2)); padded with one pixel of 0.

    Source:
        Zhang 2019, "Making Convolutional Networks Shift-Invariant Again", arXiv:1904.11486.
    """

    kernel: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        line = torch.tensor([1.0, 2.0, 1.0])
        kernel = torch.outer(line, line) / 16
        self.register_buffer("kernel", kernel.repeat(positive("channels", channels), 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Filter and keep every second pixel."""
        return functional.conv2d(x, self.kernel, None, stride=2, padding=1, groups=self.kernel.shape[0])

    def extra_repr(self) -> str:
        """The channels, for print(model)."""
        return str(self.kernel.shape[0])
