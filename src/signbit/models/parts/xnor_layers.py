"""The layers of XNOR-Net: the norm comes before the sign."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from signbit import binarizers
from signbit.binarizers import Binarizer
from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.input_scale import InputScale2d
from signbit.models.parts.choices import binarizer_with, norm2d

EPS = 1e-4


@final
class XnorLayer(nn.Module):
    """Norm, sign, dropout, binary convolution, times the input scale, plus a bias, and what comes after."""

    def __init__(
        self,
        before: tuple[nn.Module, Binarizer, nn.Module],
        conv: BinaryConv2d,
        input_scale: InputScale2d | None,
        bias: bool,
        after: Sequence[nn.Module],
    ) -> None:
        super().__init__()
        self.norm, self.sign, self.dropout = before
        self.conv, self.input_scale, self.after = conv, input_scale, nn.Sequential(*after)
        # The input scale multiplies the product alone, so the bias is not the convolution's own.
        self.bias = nn.Parameter(torch.zeros(conv.out_channels)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) to (N, out, H', W')."""
        x = self.norm(x)
        y = self.conv(self.dropout(self.sign(x)))
        if self.input_scale is not None:
            y = y * self.input_scale(x)
        if self.bias is not None:
            y = y + self.bias.reshape(-1, 1, 1)
        z: Tensor = self.after(y)
        return z


@dataclass(frozen=True)
class XnorLayers:
    """Builds the layers of one network; the arguments are those of `models.xnornet.xnornet`."""

    norm: str
    relu: bool
    input_scale: bool
    shortcut: str
    code_dropout: float
    binarizer: str
    weight_binarizer: str
    weight_gradient: str
    padding_value: int

    def layer(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int,
        stride: int = 1,
        *,
        padding: int | None = None,
        pool: nn.Module | None = None,
        drops: bool = False,
    ) -> XnorLayer:
        """A layer padded by half its kernel unless the padding is given; one that drops codes has dropout."""
        walk = (kernel_size, stride, kernel_size // 2 if padding is None else padding)
        conv = BinaryConv2d(
            inputs, outputs, *walk, padding_value=self.padding_value, input_binarizer=None,
            weight_binarizer=binarizer_with(self.weight_binarizer, weight_gradient=self.weight_gradient),
        )  # fmt: skip
        before = (
            norm2d(self.norm, inputs, EPS),
            binarizers.create(self.binarizer),
            nn.Dropout(self.code_dropout) if drops else nn.Identity(),
        )
        # Without ReLU in between, the next norm would take a bias off again.
        after = ([nn.ReLU()] if self.relu else []) + ([pool] if pool is not None else [])
        return XnorLayer(before, conv, InputScale2d(*walk) if self.input_scale else None, self.relu, after)
