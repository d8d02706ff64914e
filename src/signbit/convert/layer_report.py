"""What became of each layer, for people to read."""

from __future__ import annotations

from dataclasses import dataclass

from torch import fx

from signbit.convert.fold import Thresholds
from signbit.convert.node import module_path


@dataclass(frozen=True)
class LayerReport:
    """What became of one layer.

    Attributes:
        path: of the module in the network.
        op: of the model file.
        input_bits: of one input value.
        weight_bits: of one weight.
        weights: how many.
        bytes: of its constants in the file.
        note: why it is not one bit, or where its thresholds stand.
    """

    path: str
    op: str
    input_bits: int
    weight_bits: int
    weights: int
    bytes: int
    note: str


def describe_product(node: fx.Node, op: str, bits: tuple[int, int], weights: int, size: int, note: str) -> LayerReport:
    """A layer with weights; ``bits`` are those of an input value and of a weight."""
    return LayerReport(module_path(node) or node.name, op, *bits, weights, size, note)


def describe_thresholds(node: fx.Node, found: Thresholds) -> LayerReport:
    """A sign that became thresholds: what kinds, and how close to a tie the closest one is."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in found.kinds.items() if count)
    size = found.bytes
    note = f"channels: {kinds}; smallest margin {found.margin:.3g}"
    return LayerReport(module_path(node) or node.name, "threshold", 32, 0, 0, size, note)


def describe_float_sign(node: fx.Node) -> LayerReport:
    """A sign of floats: a comparison with zero."""
    return LayerReport(module_path(node) or node.name, "pointwise", 32, 0, 0, 0, "the sign of a float")
