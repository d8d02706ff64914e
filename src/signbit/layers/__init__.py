"""Layers: one file each. Import a layer from its file, or its class from here."""

from signbit.extras import need

need("torch", __name__)

from signbit.layers.attention_batch_norm import AttentionBatchNorm1d, AttentionBatchNorm2d
from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.binary_linear import BinaryLinear
from signbit.layers.integer_stem import IntegerConv2d
from signbit.layers.pixels import Normalize
from signbit.layers.roles import parameter_roles

__all__ = [
    "AttentionBatchNorm1d",
    "AttentionBatchNorm2d",
    "BinaryConv2d",
    "BinaryLinear",
    "IntegerConv2d",
    "Normalize",
    "parameter_roles",
]
