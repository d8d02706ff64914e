"""What the binary layers share: the latent weight, both binarizers, and what enters the product."""

import math
from abc import ABC
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from signbit.binarizers import Binarizer
from signbit.binarizers.base import MODES
from signbit.layers.arguments import Device, binarizer_of, factory


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
        input_binarizer: a method's name, a binarizer, or None where the input holds codes already: `input_mode` is then
            the mode of the sign that made them.
        weight_binarizer: a method's name or a binarizer.
        device: of the parameters, and of a binarizer that is given by its name.
        dtype: likewise.

    Raises:
        ValueError: the weight binarizer cannot learn weights of this shape, or the dtype is not a floating point one.
        TypeError: a binarizer is neither a name nor a Binarizer.
    """

    roles: ClassVar[Mapping[str, str]] = {"weight": "latent_weight"}
    takes_codes: ClassVar[bool] = True  # the input is binarized, here or before the layer

    def __init__(
        self,
        weight_shape: Sequence[int],
        bias: bool,
        input_binarizer: str | Binarizer | None,
        weight_binarizer: str | Binarizer,
        device: Device,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__()
        self._input_mode = "binary"
        made = factory(device, dtype)
        self.input_binarizer = None if input_binarizer is None else binarizer_of(input_binarizer, **made)
        self.weight_binarizer = binarizer_of(weight_binarizer, **made)
        self.weight_binarizer.check_weight(weight_shape)
        self.weight = nn.Parameter(torch.empty(tuple(weight_shape), **made))
        self.bias = nn.Parameter(torch.empty(weight_shape[0], **made)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initialise as torch's own layer of this shape does."""
        reset_as_torch(self.weight, self.bias)

    @property
    def is_fed_codes(self) -> bool:
        """Whether the sign of the input is taken before the layer, by a module that the layer does not know."""
        return self.takes_codes and self.input_binarizer is None

    @property
    def input_mode(self) -> str:
        """Mode of the sign of the input: of `input_binarizer`, or, without one, of the sign that feeds the layer.

        Training sets it with the modes of the binarizers (`signbit.layers.set_modes`); who sets the mode of a shared
        sign by hand sets that of the layers behind it too. In mode `binary` the products of eval mode are rounded, and
        on the CPU the layer warns of real values in its input.
        """
        return self._input_mode if self.input_binarizer is None else self.input_binarizer.mode

    @input_mode.setter
    def input_mode(self, mode: str) -> None:
        if self.input_binarizer is not None:
            self.input_binarizer.mode = mode
            return
        if mode not in MODES:
            raise ValueError(f"{type(self).__name__}: no mode {mode!r}; there are {', '.join(MODES)}")
        self._input_mode = mode

    def weight_codes(self) -> tuple[Tensor, Tensor | None]:
        """Codes of the weight, and the scale of each output channel; latent values and no scale in other modes."""
        scale = self.weight_binarizer.scale(self.weight) if self.weight_binarizer.mode == "binary" else None
        return self.weight_binarizer(self.weight), scale

    def operands(self, x: Tensor) -> Operands:
        """What enters the product for an input x.

        Whether the product is exact is decided by state alone, never by the values of x: an eager, a compiled and an
        exported layer compute the same.
        """
        codes = x if self.input_binarizer is None else self.input_binarizer(x)
        weight_codes, scale = self.weight_codes()
        exact = not self.training and self.input_mode == "binary" and self.weight_binarizer.mode == "binary"
        return Operands(codes, weight_codes, scale, exact)


def reset_as_torch(weight: Tensor, bias: Tensor | None) -> None:
    """Initialise a weight (out, in, ...) and a bias as torch.nn.Linear and torch.nn.Conv2d do."""
    bound = 1 / math.sqrt(weight[0].numel())
    nn.init.uniform_(weight, -bound, bound)
    if bias is not None:
        nn.init.uniform_(bias, -bound, bound)
