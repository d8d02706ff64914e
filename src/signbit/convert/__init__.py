"""From a trained PyTorch module to a model file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signbit.extras import need
from signbit.modelfile import ModelFile, to_bytes, write

if TYPE_CHECKING:
    from torch import Tensor, fx, nn

    from signbit.convert.capture import Graph
    from signbit.convert.layer_report import LayerReport
    from signbit.convert.value import Folded
    from signbit.preprocessing import Preprocessing

__all__ = ["Conversion", "convert"]


@dataclass(frozen=True)
class Conversion:
    """A converted network: the model file, and what became of each layer, in the order of the graph.

    Attributes:
        model: the model file.
        layers: what became of each layer.
        warnings: what is odd about the network although it converts, such as an output that no image changes.
        graph: what was captured of the module.
        nodes: for each tensor of the model file the node of the graph whose value it holds, where there is one.
        folded: by tensor of the model file, the pieces of the graph that became thresholds or a lookup.
    """

    model: ModelFile
    layers: list[LayerReport]
    warnings: list[str]
    graph: Graph = field(repr=False)
    nodes: list[fx.Node | None] = field(repr=False)
    folded: Mapping[int, Folded] = field(repr=False)

    def save(self, path: str | Path) -> int:
        """Write the model file, all of it or nothing; returns its bytes."""
        return write(self.model, path)

    def to_bytes(self) -> bytes:
        """The model file as bytes."""
        return to_bytes(self.model)


def convert(
    module: nn.Module,
    example: Tensor,
    *,
    labels: Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    preprocessing: Preprocessing | None = None,
) -> Conversion:
    """Turn a module into a model file.

    The module is captured in eval mode, float32, on the CPU; it is not changed, and what training wrapped around it is
    taken off. What stands between a product of signs and the next sign becomes thresholds for each channel, found by
    running it on every integer. Before the result is returned, the captured graph has given the module's own output,
    to the bit, on the example and on inputs made to be awkward, and the engine has loaded the file.

    Args:
        module: takes one batch of images and returns one tensor; ours or a user's, with binary layers of ours where
            it is to be one bit. All other layers stay real-valued.
        example: a batch [N, C, H, W] or [N, F], uint8 or float32, as the network will be given it.
        labels: one name for each output channel.
        metadata: JSON values that travel with the file.
        preprocessing: how a photo becomes the input, where that is uint8 with 1 or 3 channels; `signbit predict` and
            `signbit-run` do it. Normalisation belongs into the module.

    Raises:
        ValueError: there is another number of labels than output channels, a label has a control character, or the
            preprocessing cannot give pixels of the input's size.
        ConvertError: the module holds something the engine has no op for, an argument of an operator that is not
            understood, or something whose result is not a function of the image; names the module path and what to do.
    """
    need("torch", "signbit.convert.convert")
    from signbit.convert.conversion import run_conversion

    return run_conversion(module, example, labels or (), metadata or {}, preprocessing)
