"""What the binary layers share: the latent weight, both binarizers, and what enters the product."""

import math
from abc import ABC
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from signbit.binarizers import Binarizer
from signbit.layers.arguments import binarizer_of


class Operands(NamedTuple):
    """Codes of the input and of the weight, the scale of each output channel, and whether the product is exact."""

    codes: Tensor
    weight_codes: Tensor
    scale: Tensor | None
    exact: bool


class BinaryLayer(nn.Module, ABC):
    """A product of signs with signs; a subclass is final and says which product.

    Args:
        weight_shape: (out, in / groups, ...).
        bias: whether there is one, of shape (out,), added after the scale.
        input_binarizer: a method's name, a binarizer, or None where the input holds codes already.
        weight_binarizer: a method's name or a binarizer.
    """

    roles: ClassVar[Mapping[str, str]] = {"weight": "latent_weight"}

    def __init__(
        self,
        weight_shape: Sequence[int],
        bias: bool,
        input_binarizer: str | Binarizer | None,
        weight_binarizer: str | Binarizer,
    ) -> None:
        super().__init__()
        self.input_binarizer = None if input_binarizer is None else binarizer_of(input_binarizer)
        self.weight_binarizer = binarizer_of(weight_binarizer)
        self.weight = nn.Parameter(torch.empty(*weight_shape))
        self.bias = nn.Parameter(torch.empty(weight_shape[0])) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise as torch's own layer of this shape does."""
        reset_as_torch(self.weight, self.bias)

    def operands(self, x: Tensor) -> Operands:
        """What enters the product for an input x.

        Raises:
            ValueError: the layer is in eval mode, has no input binarizer, and x holds real values.
        """
        codes = x if self.input_binarizer is None else self.input_binarizer(x)
        one_bit = self.weight_binarizer.mode == "binary"
        scale = self.weight_binarizer.scale(self.weight) if one_bit else None
        both = (self.input_binarizer, self.weight_binarizer)
        exact = not self.training and all(b is None or b.mode == "binary" for b in both)
        if exact and self.input_binarizer is None:
            check_codes(codes)
        return Operands(codes, self.weight_binarizer(self.weight), scale, exact)


def check_codes(codes: Tensor) -> None:
    """Refuse an input whose exact product would be rounded in silence; a capture has no values to look at.

    Raises:
        ValueError: a value is not a whole number.
    """
    if not torch.compiler.is_compiling() and not bool((codes == codes.round()).all()):
        raise ValueError(
            "the input has real values where codes (-1 and +1) belong: the layer has input_binarizer=None, and in eval "
            "mode its product is rounded to integers; give it a binarizer, or binarize its input before"
        )


def reset_as_torch(weight: Tensor, bias: Tensor | None) -> None:
    """Initialise a weight (out, in, ...) and a bias as torch.nn.Linear and torch.nn.Conv2d do."""
    bound = 1 / math.sqrt(weight[0].numel())
    nn.init.uniform_(weight, -bound, bound)
    if bias is not None:
        nn.init.uniform_(bias, -bound, bound)
