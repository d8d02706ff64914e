"""Sign whose gradient does not vanish outside of [-1, 1]."""

from typing import final

from torch import Tensor

from signbit.binarizers.base import Binarizer


@final
class LeakySteSign(Binarizer):
    """Sign whose gradient is 1 where |z| <= 1 and `leak` elsewhere, as PresB-Net's activations were trained.

    The border |z| = 1 has gradient 1, so that a leak of 0 is `ClippedSteSign` and a leak of 1 is `SteSign`.

    Args:
        leak: from 0 to 1.

    Raises:
        ValueError: `leak` is outside its range.

    Source:
        The code published with Shin and Kim 2022, "PresB-Net: parametric binarized neural network with learnable
        activations and shuffled grouped convolution", PeerJ Computer Science 8:e842, doi:10.7717/peerj-cs.842.
    """

    def __init__(self, leak: float = 0.01) -> None:
        super().__init__()
        if not 0 <= leak <= 1:
            raise ValueError(f"leak is {leak!r}; give a gradient from 0 to 1")
        self.leak = leak

    def gradient(self, z: Tensor) -> Tensor:
        """1 where |z| <= 1, the leak elsewhere."""
        return z.abs().le_(1).clamp_min_(self.leak)

    def extra_repr(self) -> str:
        """The argument, for print(model)."""
        return f"leak={self.leak}"
