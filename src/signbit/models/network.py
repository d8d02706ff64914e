"""The shape that nearly all networks share."""

from collections.abc import Iterable
from typing import final

from torch import Tensor, nn


@final
class Network(nn.Module):
    """A stem, blocks one after the other, and a head; pixels (N, C, H, W) to logits (N, classes)."""

    def __init__(self, stem: nn.Module, blocks: Iterable[nn.Module], head: nn.Module) -> None:
        super().__init__()
        self.stem, self.blocks, self.head = stem, nn.Sequential(*blocks), head

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits of uint8 pixels."""
        logits: Tensor = self.head(self.blocks(self.stem(pixels)))
        return logits

    @property
    def feature_layers(self) -> tuple[str, ...]:
        """Module paths whose outputs a teacher may be matched at: the blocks."""
        return tuple(f"blocks.{index}" for index in range(len(self.blocks)))
