"""Layers: one file each. Import a layer from its file, or its class from here."""

from signbit.extras import need

need("torch", __name__)

from signbit.layers.attention_batch_norm import AttentionBatchNorm1d, AttentionBatchNorm2d
from signbit.layers.biased_prelu import BiasedPReLU
from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.binary_linear import BinaryLinear
from signbit.layers.binary_weight_conv import BinaryWeightConv2d
from signbit.layers.channel_shuffle import ChannelShuffle
from signbit.layers.input_scale import InputScale2d
from signbit.layers.integer_stem import IntegerConv2d
from signbit.layers.pad_shortcut import PadShortcut
from signbit.layers.pixels import Normalize
from signbit.layers.roles import parameter_roles
from signbit.layers.rprelu import RPReLU
from signbit.layers.rsign import RSign

__all__ = [
    "AttentionBatchNorm1d",
    "AttentionBatchNorm2d",
    "BiasedPReLU",
    "BinaryConv2d",
    "BinaryLinear",
    "BinaryWeightConv2d",
    "ChannelShuffle",
    "InputScale2d",
    "IntegerConv2d",
    "Normalize",
    "PadShortcut",
    "RPReLU",
    "RSign",
    "parameter_roles",
]
