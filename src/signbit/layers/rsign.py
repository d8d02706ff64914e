"""Sign after a learned shift of each channel."""

from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor, nn

from signbit.binarizers import Binarizer
from signbit.layers.arguments import binarizer_of, positive


@final
class RSign(nn.Module):
    """Codes of x + b, with b learned for each channel: the threshold of the sign is -b.

    Shapes: (N, C, ...) to the same. The output holds codes, for binary layers with `input_binarizer=None`; their
    `input_mode` must be the mode of the binarizer (`signbit.layers.set_modes` sets both).

    Args:
        channels: C.
        binarizer: a method's name or a binarizer.

    Source:
        Liu, Shen, Savvides and Cheng 2020, "ReActNet: Towards Precise Binary Neural Network with Generalized
        Activation Functions", arXiv:2003.03488.
    """

    roles: ClassVar[Mapping[str, str]] = {"bias": "threshold"}

    def __init__(self, channels: int, binarizer: str | Binarizer = "approx_sign") -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(positive("channels", channels)))
        self.binarizer = binarizer_of(binarizer)

    def forward(self, x: Tensor) -> Tensor:
        """The codes; x + b itself where the binarizer's mode is `real`."""
        codes: Tensor = self.binarizer(x + self.bias.reshape(-1, *[1] * (x.dim() - 2)))
        return codes
