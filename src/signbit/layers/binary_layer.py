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

    Raises:
        ValueError: the weight binarizer cannot learn weights of this shape.
        TypeError: a binarizer is neither a name nor a Binarizer.
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
        self.weight_binarizer.check_weight(weight_shape)
        self.weight = nn.Parameter(torch.empty(*weight_shape))
        self.bias = nn.Parameter(torch.empty(weight_shape[0])) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise as torch's own layer of this shape does."""
        reset_as_torch(self.weight, self.bias)

    def weight_codes(self) -> tuple[Tensor, Tensor | None]:
        """Codes of the weight, and the scale of each output channel; latent values and no scale in other modes."""
        scale = self.weight_binarizer.scale(self.weight) if self.weight_binarizer.mode == "binary" else None
        return self.weight_binarizer(self.weight), scale

    def operands(self, x: Tensor) -> Operands:
        """What enters the product for an input x.

        Without an input binarizer x may be real, where a shared sign is in mode `real`: the product is not exact then.
        """
        codes = x if self.input_binarizer is None else self.input_binarizer(x)
        weight_codes, scale = self.weight_codes()
        both = (self.input_binarizer, self.weight_binarizer)
        exact = not self.training and all(b is None or b.mode == "binary" for b in both)
        exact = exact and (self.input_binarizer is not None or holds_codes(codes))
        return Operands(codes, weight_codes, scale, exact)


def holds_codes(x: Tensor) -> bool:
    """Whether an exact product of x may be rounded: x holds whole numbers.

    A capture and the meta device have no values to look at.
    """
    return torch.compiler.is_compiling() or x.is_meta or bool((x == x.round()).all())


def reset_as_torch(weight: Tensor, bias: Tensor | None) -> None:
    """Initialise a weight (out, in, ...) and a bias as torch.nn.Linear and torch.nn.Conv2d do."""
    bound = 1 / math.sqrt(weight[0].numel())
    nn.init.uniform_(weight, -bound, bound)
    if bias is not None:
        nn.init.uniform_(bias, -bound, bound)
