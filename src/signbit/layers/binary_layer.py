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
        weight_shape: shape of the weight, (out, in / groups, ...).
        bias: whether to add a bias of shape (out,), after the scale.
        input_binarizer: a method's name, a binarizer, or None if the input already holds codes; `input_mode` is then
            the mode of the sign that made them.
        weight_binarizer: a method's name or a binarizer.
        device: device of the parameters, and of a binarizer given by name.
        dtype: dtype of the parameters, and of a binarizer given by name.

    Raises:
        ValueError: the weight binarizer cannot train weights of this shape, or the dtype is not floating-point.
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
        """Whether another module takes the sign of the input, before the layer."""
        return self.takes_codes and self.input_binarizer is None

    @property
    def input_mode(self) -> str:
        """Mode of the sign of the input: of `input_binarizer` or, without one, of the sign that feeds the layer.

        Training sets it together with the modes of the binarizers (`signbit.layers.set_modes`). If you set the mode of
        a shared sign yourself, set it on the layers it feeds too. In mode `binary`, products are rounded in eval mode,
        and on the CPU the layer warns about real values in its input.
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
        """The operand of the product for an input x.

        Whether the product is exact depends on state alone, never on the values of x, so eager, compiled and exported
        layers compute the same.
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
