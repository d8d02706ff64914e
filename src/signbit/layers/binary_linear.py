"""Product of signs with signs."""

import math
from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor, nn

from signbit.binarizers import Binarizer
from signbit.layers.arguments import binarizer_of, positive
from signbit.layers.product import scaled_linear


@final
class BinaryLinear(nn.Module):
    """Linear layer whose input and weight are -1 and +1; the integer first, the scale after.

    Shapes: (..., in_features) to (..., out_features). In eval mode the product is an exact integer, at most
    in_features in magnitude; then comes the weight binarizer's scale, then the bias.

    Args:
        input_binarizer: a method's name, a binarizer, or None where the input holds codes already
            (in eval mode the product is rounded, so real values will not do).
        weight_binarizer: a method's name or a binarizer.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.
        TypeError: a binarizer is neither a name nor a Binarizer.
    """

    roles: ClassVar[Mapping[str, str]] = {"weight": "latent_weight"}

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = False,
        *,
        input_binarizer: str | Binarizer | None = "ste_sign",
        weight_binarizer: str | Binarizer = "ste_sign",
    ) -> None:
        super().__init__()
        self.in_features = positive("in_features", in_features)
        self.out_features = positive("out_features", out_features)
        self.input_binarizer = None if input_binarizer is None else binarizer_of(input_binarizer)
        self.weight_binarizer = binarizer_of(weight_binarizer)
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        self.bias = nn.Parameter(torch.empty(out_features)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise as torch.nn.Linear does."""
        bound = 1 / math.sqrt(self.in_features)
        nn.init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        """Multiply the codes of x with the codes of the weight, then scale, then add the bias."""
        codes = x if self.input_binarizer is None else self.input_binarizer(x)
        real = self.weight_binarizer.mode != "binary"
        scale = None if real else self.weight_binarizer.scale(self.weight)
        y = scaled_linear(codes, self.weight_binarizer(self.weight), scale, exact=self._exact())
        return y if self.bias is None else y + self.bias

    def _exact(self) -> bool:
        both = (self.input_binarizer, self.weight_binarizer)
        return not self.training and all(b is None or b.mode == "binary" for b in both)

    def extra_repr(self) -> str:
        """The arguments, for print(model)."""
        return f"{self.in_features}, {self.out_features}, bias={self.bias is not None}"
