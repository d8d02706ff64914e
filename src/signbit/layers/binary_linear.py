"""Product of signs with signs."""

from typing import final

import torch
from torch import Tensor

from signbit.binarizers import Binarizer
from signbit.layers.arguments import Device, positive
from signbit.layers.binary_layer import BinaryLayer
from signbit.layers.product import scaled_linear


@final
class BinaryLinear(BinaryLayer):
    """Linear layer whose input and weight are -1 and +1; the integer first, the scale after.

    Shapes: (..., in_features) to (..., out_features). In eval mode the product is an exact integer, at most
    in_features in magnitude; then comes the weight binarizer's scale, then the bias.

    Arguments as torch.nn.Linear up to `bias`, which is False by default; the others are keyword-only.

    Args:
        input_binarizer: a method's name, a binarizer, or None if the input already holds codes; `input_mode` is then
            the mode of the sign that made them.
        weight_binarizer: a method's name or a binarizer.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.
        TypeError: a binarizer is neither a name nor a Binarizer.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = False,
        *,
        input_binarizer: str | Binarizer | None = "ste_sign",
        weight_binarizer: str | Binarizer = "ste_sign",
        device: Device = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        inputs, outputs = positive("in_features", in_features), positive("out_features", out_features)
        super().__init__((outputs, inputs), bias, input_binarizer, weight_binarizer, device, dtype)
        self.in_features, self.out_features = inputs, outputs

    def forward(self, x: Tensor) -> Tensor:
        """Multiply the codes of x with the codes of the weight, then scale, then add the bias."""
        codes, weight_codes, scale, exact = self.operands(x)
        y = scaled_linear(codes, weight_codes, scale, exact=exact)
        return y if self.bias is None else y + self.bias

    def extra_repr(self) -> str:
        """The arguments, for print(model)."""
        return f"{self.in_features}, {self.out_features}, bias={self.bias is not None}"
