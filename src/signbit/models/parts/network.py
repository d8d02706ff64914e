"""The shape that nearly all networks share."""

from collections.abc import Iterable, Iterator, Sequence
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


def block_shapes(
    blocks: Sequence[int], channels: Sequence[int], first: int | None = None
) -> Iterator[tuple[int, int, int]]:
    """Channels in, channels out and stride of each block of a residual network.

    Args:
        blocks: of each stage; the first block of every stage but the first has stride 2.
        channels: that each stage gives.
        first: channels that the first block reads; by default those of its stage.
    """
    inputs = channels[0] if first is None else first
    for stage, (count, outputs) in enumerate(zip(blocks, channels, strict=True)):
        for position in range(count):
            yield inputs, outputs, 2 if stage and not position else 1
            inputs = outputs
