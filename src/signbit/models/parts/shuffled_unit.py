"""The half block that AresB-Net and PresB-Net are made of."""

from typing import final

import torch
from torch import Tensor, nn


@final
class ShuffledUnit(nn.Module):
    """Shuffle, then a branch that reads all channels and is added to the first half; the second half goes on as it is.

    Shapes: (N, C, H, W) to the same, with a branch to C / 2 channels. With a `pool`: to (N, 2 C, H / 2, W / 2), with a
    branch to C channels of that size; both halves are then the pooled input.

    Args:
        shuffle: of the channels; both the branch and the halves see its output.
        branch: what has weights.
        pool: of the shortcut where the unit halves the size of the image, None elsewhere.
        finish: what comes after the two halves are put together.
    """

    def __init__(self, shuffle: nn.Module, branch: nn.Module, pool: nn.Module | None, finish: nn.Module) -> None:
        super().__init__()
        self.shuffle, self.branch, self.pool, self.finish = shuffle, branch, pool, finish

    def forward(self, x: Tensor) -> Tensor:
        """The first half with the branch's output added, then the second, then `finish`."""
        shuffled = self.shuffle(x)
        first, second = shuffled.chunk(2, 1) if self.pool is None else [self.pool(shuffled)] * 2
        y: Tensor = self.finish(torch.cat((self.branch(shuffled) + first, second), 1))
        return y
