"""Sign with the derivative of hardtanh as its gradient."""

from typing import ClassVar, final

from torch import Tensor

from signbit.binarizers.base import Binarizer


@final
class ClippedSteSign(Binarizer):
    """Sign whose gradient is 1 where |z| <= limit and 0 elsewhere.

    The border |z| = limit has gradient 1, as in the paper's formula and torch.clamp, so that a latent weight clamped
    to it can leave it again; torch's hardtanh and XNOR-Net's code have 0 there. In mode `soft` it is tanh, which
    Real-to-Binary has in place of the sign at first.

    Args:
        limit: 1 in the paper; its descendants widened it (ResNetE 1.25, BinaryDenseNet 1.3, BNext 1.5).

    Raises:
        ValueError: the limit is not positive.

    Source:
        Courbariaux, Hubara, Soudry, El-Yaniv and Bengio 2016, "Binarized Neural Networks", arXiv:1602.02830; the mode
        `soft` is of Martinez, Yang, Bulat and Tzimiropoulos 2020, arXiv:2003.11535.
    """

    gradient_is_step: ClassVar[bool] = True
    modes: ClassVar[tuple[str, ...]] = ("binary", "real", "soft")

    def __init__(self, limit: float = 1.0) -> None:
        super().__init__()
        if not limit > 0:
            raise ValueError(f"limit is {limit!r}; give a positive number")
        self.limit = limit

    def gradient(self, z: Tensor) -> Tensor:
        """1 where |z| <= limit, 0 elsewhere."""
        return z.abs().le_(self.limit)

    def soft(self, z: Tensor) -> Tensor:
        """tanh z."""
        return z.tanh()

    def extra_repr(self) -> str:
        """The limit, for print(model)."""
        return f"limit={self.limit}"
