"""From a trained PyTorch module to a model file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signbit.extras import need

if TYPE_CHECKING:  # the writer alone (`signbit.convert.write`) needs no torch
    from torch import Tensor, nn

    from signbit.convert.layer_report import LayerReport
    from signbit.convert.write import ModelFile
    from signbit.preprocessing import Preprocessing


@dataclass(frozen=True)
class Conversion:
    """A converted network: the model file, and what became of each layer, in the order of the graph."""

    model: ModelFile
    layers: list[LayerReport]

    def save(self, path: str | Path) -> int:
        """Write the model file, all of it or nothing; returns its bytes."""
        from signbit.convert.write import write

        return write(self.model, path)

    def to_bytes(self) -> bytes:
        """The model file as bytes."""
        from signbit.convert.write import to_bytes

        return to_bytes(self.model)


def convert(
    module: nn.Module,
    example: Tensor,
    *,
    labels: list[str] | None = None,
    metadata: dict[str, Any] | None = None,
    preprocessing: Preprocessing | None = None,
) -> Conversion:
    """Turn a module into a model file.

    The module is captured in eval mode, float32, on the CPU; it is not changed. What stands between a product of signs
    and the next sign becomes thresholds for each channel, found by running it on every integer.

    Args:
        module: takes one batch of images and returns one tensor; ours or a user's, with binary layers of ours where
            it is to be one bit. All other layers stay real-valued.
        example: a batch [N, C, H, W] or [N, F], uint8 or float32, as the network will be given it.
        labels: one name for each output channel.
        metadata: JSON values that travel with the file.
        preprocessing: how a photo becomes the input, where that is uint8 with 1 or 3 channels; `signbit predict` and
            `signbit-run` do it. Normalisation belongs into the module.

    Raises:
        ValueError: the preprocessing cannot give pixels of the input's size.
        ConvertError: the module holds something the engine has no op for; names the module path and what to do.
    """
    need("torch", "signbit.convert.convert")
    from signbit.convert.graph import capture
    from signbit.convert.lowering import Lowering

    lowering = Lowering(capture(module, example))
    model = lowering.run(labels or [], metadata or {}, preprocessing)
    return Conversion(model, lowering.report)
