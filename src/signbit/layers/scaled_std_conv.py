"""Convolution with standardised real-valued weights, for networks without normalisation."""

from collections.abc import Mapping
from typing import ClassVar, Literal, final

import torch
from torch import Tensor, nn

from signbit.binarizers.standardized_mean_abs_sign import check_filters, standardize


@final
class ScaledStdConv2d(nn.Conv2d):
    """2-D convolution with gain * (W - mean) / ((std + 1e-5) sqrt(n)), with the mean and deviation of each filter.

    n is the number of values of a filter, and the gain (1 at first) is learned for each output channel. The twin with
    binary weights is a binary convolution with the weight binarizer `standardized_mean_abs_sign`, and `ChannelGain`.

    Shapes and arguments: as torch.nn.Conv2d; without a bias by default.

    Raises:
        ValueError: as torch.nn.Conv2d, or the filters have one value each, which standardisation would turn into 0.

    Source:
        Brock, De and Smith 2021, "Characterizing signal propagation to close the performance gap in unnormalized
        ResNets", arXiv:2101.08692.
    """

    roles: ClassVar[Mapping[str, str]] = {"gain": "scale"}

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: str | int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = False,
        padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = "zeros",
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype
        )
        check_filters("ScaledStdConv2d", self.weight.shape, "torch.nn.Conv2d")
        self.gain = nn.Parameter(torch.ones(out_channels, device=device, dtype=dtype))

    def forward(self, x: Tensor) -> Tensor:
        """Convolve x with the standardised weight."""
        weight = standardize(self.weight) * self.gain.reshape(-1, 1, 1, 1)
        y: Tensor = self._conv_forward(x, weight, self.bias)
        return y
