"""The contract of a binarizer, and the one autograd function behind all of them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn

MODES = ("binary", "real", "soft")
"""Codes, the values themselves, and smooth values in between; every method has at least the first two."""

# One op, so that a captured graph holds one node for each binarization.
_library: Any = cast(Any, torch.library).Library("signbit", "DEF")
_library.define("sign(Tensor input) -> Tensor")


def _sign(input: Tensor) -> Tensor:
    # A comparison, not torch.sign: torch.sign(0) is 0, a third value. NaN compares false and gives -1.
    # Written into a float tensor at once: 0.6 ms for 2 million values, where torch.where takes 10 (one x86 core).
    signs = torch.empty_like(input)
    torch.ge(input, 0, out=signs)
    return signs.mul_(2).sub_(1)


_library.impl("sign", _sign, "CompositeExplicitAutograd")


def sign(input: Tensor) -> Tensor:
    """+1 where input >= 0 (both zeros), -1 elsewhere (NaN too); the dtype is kept. It has no gradient."""
    return cast(Tensor, torch.ops.signbit.sign(input))


class _SignWithSurrogate(torch.autograd.Function):
    """The sign forwards, the binarizer's stand-in backwards.

    A function of its own because `sign + (soft - soft.detach())` is NaN at infinity and wrong in bfloat16.
    """

    @staticmethod
    def forward(latent: Tensor, binarizer: "Binarizer") -> Tensor:
        return sign(latent)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, "Binarizer"], output: Tensor) -> None:
        latent, ctx.binarizer = inputs
        ctx.save_for_backward(latent)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (latent,) = ctx.saved_tensors
        return ctx.binarizer.latent_gradient(latent, grad), None


class Binarizer(nn.Module, ABC):
    """Turns real values into unscaled codes -1 and +1; a subclass is final and overrides what its paper changes.

    Shapes: any; the output has the input's shape and dtype. A weight is (out, in / groups, ...) and a filter is
    one index of its first axis.

    The codes are not scaled: the layer multiplies the integer product by `scale(weight)`. A layer hands the codes
    the gradient of `scale * codes`, so `latent_gradient` can be read beside the formula of a paper.
    """

    gradient_is_step: ClassVar[bool] = False  # gradient() takes the values 0 and 1 only: one bit is enough for it
    modes: ClassVar[tuple[str, ...]] = ("binary", "real")
    roles: ClassVar[Mapping[str, str]] = {}  # role of each parameter of this module, see layers/roles.py
    weight_gradient: str = "unscaled"

    def __init__(self) -> None:
        super().__init__()
        self._mode = "binary"

    @property
    def mode(self) -> str:
        """`binary` (codes), `real` (the input itself) or, where a method has one, `soft`; set by training."""
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        if mode not in self.modes:
            raise ValueError(f"{type(self).__name__}: no mode {mode!r}; there are {', '.join(self.modes)}")
        self._mode = mode

    def forward(self, x: Tensor) -> Tensor:
        """Codes of x in mode `binary`, x itself in mode `real`."""
        if self.mode == "real":
            return x
        latent = self.latent(x)
        if self.mode == "soft":
            return self.soft(latent)
        return cast(Tensor, _SignWithSurrogate.apply(latent, self))  # type: ignore[no-untyped-call]

    def latent(self, x: Tensor) -> Tensor:
        """What the sign is taken of; methods that centre, standardise or shift override it."""
        return x

    @abstractmethod
    def gradient(self, z: Tensor) -> Tensor:
        """Closed form of the stand-in's derivative at z."""

    def soft(self, z: Tensor) -> Tensor:
        """Smooth values in place of the sign; only methods with a mode `soft` have them."""
        raise NotImplementedError(f"{type(self).__name__} has no soft values")

    def scale(self, x: Tensor) -> Tensor | None:
        """Factor of each filter, shape (out,), applied by the layer after the product; None is 1."""
        return None

    def check_weight(self, shape: Sequence[int]) -> None:
        """Refuse weight shapes that the method cannot train; a layer calls this before it creates its weight.

        Args:
            shape: shape of the weight, (out, in / groups, ...).

        Raises:
            ValueError: every weight of this shape gives the same result or gets no gradient; the message says what to
                do.
        """
        return

    def latent_gradient(self, z: Tensor, grad: Tensor) -> Tensor:
        """Gradient of the latent z, where `grad` is that of the codes (of `scale * codes` in a layer)."""
        return grad * self.gradient(z)
