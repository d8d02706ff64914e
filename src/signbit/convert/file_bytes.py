"""What each part of a model file weighs."""

from __future__ import annotations

from dataclasses import dataclass

from signbit.convert.layer_report import LayerReport
from signbit.modelfile import ModelFile, to_bytes


@dataclass(frozen=True)
class FileBytes:
    """The bytes of a model file; they add up to all of it.

    Args:
        modules: constants of layers and thresholds, by the path of their module.
        other_constants: those of steps between the layers: factors, biases, tables.
        frame: header, tables, names, metadata, and what aligns the constants.
    """

    modules: dict[str, int]
    other_constants: int
    frame: int

    @property
    def total(self) -> int:
        """The size of the file."""
        return sum(self.modules.values()) + self.other_constants + self.frame

    def below(self, path: str) -> int:
        """Bytes of a module and of those in it, such as a layer and its binarizers."""
        return sum(size for name, size in self.modules.items() if name == path or name.startswith(f"{path}."))


def file_bytes(model: ModelFile, report: list[LayerReport]) -> FileBytes:
    """How many bytes each layer takes in the model file."""
    modules: dict[str, int] = {}
    for layer in report:
        modules[layer.path] = modules.get(layer.path, 0) + layer.bytes
    constants = sum(op.constant_bytes for op in model.ops)
    return FileBytes(modules, constants - sum(modules.values()), len(to_bytes(model)) - constants)
