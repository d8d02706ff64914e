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
    """A converted network: the model file, and a report on each layer, in the order of the graph.

    Attributes:
        model: the model file.
        layers: what each layer became.
        warnings: what is suspicious about the network although it converts, such as an output that never changes.
        graph: the captured graph of the module.
        nodes: for each tensor of the model file, the node of the graph whose value it holds, or None.
        folded: by tensor of the model file, the part of the graph that became thresholds or a lookup table.
    """

    model: ModelFile
    layers: list[LayerReport]
    warnings: list[str]
    graph: Graph = field(repr=False)
    nodes: list[fx.Node | None] = field(repr=False)
    folded: Mapping[int, Folded] = field(repr=False)

    def save(self, path: str | Path) -> int:
        """Write the model file, completely or not at all; returns its size in bytes."""
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

    The module is captured in eval mode, float32, on the CPU; it is not modified, and training wrappers are removed.
    Everything between a binary product and the next sign becomes thresholds for each channel, found by evaluating it on
    every integer. Before it returns, `convert` checks that the captured graph reproduces the module's output, bit for
    bit, on the example and on adversarial inputs, and that the engine loads the file.

    Args:
        module: takes one batch of images and returns one tensor. Its binary layers are those of `signbit.layers`; all
            other layers stay real-valued.
        example: a batch [N, C, H, W] or [N, F], uint8 or float32, of the type and size the network will run on.
        labels: one class name for each output channel.
        metadata: JSON values to store in the file.
        preprocessing: how a photo becomes the input, which must be uint8 with 1 or 3 channels; `signbit predict` and
            `signbit-run` apply it. Normalisation belongs in the module.

    Raises:
        ValueError: the number of labels is not the number of output channels, a label has a control character, or the
            preprocessing cannot give pixels of the input's size.
        ConvertError: the engine has no op for part of the module, an argument of an operator is not supported, or a
            result is not a function of the image; the message names the module path and what to do.
    """
    need("torch", "signbit.convert.convert")
    from signbit.convert.conversion import run_conversion

    return run_conversion(module, example, labels or (), metadata or {}, preprocessing)
