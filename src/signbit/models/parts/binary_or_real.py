"""The layers that differ between a binary network and its real-valued twin."""

from dataclasses import dataclass

from torch import nn

from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.binary_linear import BinaryLinear


@dataclass(frozen=True)
class BinaryOrReal:
    """Builds binary layers, or the float layers of the same shapes.

    Args:
        binary: False builds the layers of the real-valued twin; the other arguments mean nothing then.
        binarizer: method of the activations.
        weight_binarizer: method of the weights.
        padding_value: what the binary convolutions are padded with: 0, 1 or -1.
    """

    binary: bool
    binarizer: str = "ste_sign"
    weight_binarizer: str = "ste_sign"
    padding_value: int = 0

    def convolution(
        self, inputs: int, outputs: int, kernel_size: int, stride: int = 1, *, bias: bool = False
    ) -> nn.Module:
        """A convolution padded by half its kernel; the binary one takes the sign of its input itself."""
        sizes, padding = (inputs, outputs, kernel_size, stride), kernel_size // 2
        if not self.binary:
            return nn.Conv2d(*sizes, padding, bias=bias)
        return BinaryConv2d(
            *sizes, padding, bias=bias, padding_value=self.padding_value,
            input_binarizer=self.binarizer, weight_binarizer=self.weight_binarizer,
        )  # fmt: skip

    def linear(self, inputs: int, outputs: int, *, bias: bool = False) -> nn.Module:
        """A linear layer; the binary one takes the sign of its input itself."""
        if not self.binary:
            return nn.Linear(inputs, outputs, bias)
        return BinaryLinear(
            inputs, outputs, bias, input_binarizer=self.binarizer, weight_binarizer=self.weight_binarizer
        )

    def activation(self) -> nn.Module:
        """Hardtanh in a binary network, ReLU in its twin.

        Hardtanh before each sign is the window of its gradient; ReLU there would make every sign +1.
        """
        return nn.Hardtanh() if self.binary else nn.ReLU()
