"""Layers: one file each. Import a layer from its file, or its class from here."""

from signbit.extras import need

need("torch", __name__)

from signbit.layers.attention_batch_norm import AttentionBatchNorm1d, AttentionBatchNorm2d
from signbit.layers.biased_prelu import BiasedPReLU
from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.binary_linear import BinaryLinear
from signbit.layers.binary_weight_conv import BinaryWeightConv2d
from signbit.layers.blur_pool import BlurPool2d
from signbit.layers.channel_gain import ChannelGain
from signbit.layers.channel_shuffle import ChannelShuffle
from signbit.layers.input_scale import InputScale2d
from signbit.layers.integer_stem import IntegerConv2d
from signbit.layers.leaky_clip import LeakyClip
from signbit.layers.learned_mix import LearnedMix
from signbit.layers.map_scale import MapScale
from signbit.layers.modes import set_modes
from signbit.layers.pad_shortcut import PadShortcut
from signbit.layers.pixels import Normalize
from signbit.layers.roles import parameter_roles
from signbit.layers.rprelu import RPReLU
from signbit.layers.rsign import RSign
from signbit.layers.scaled_std_conv import ScaledStdConv2d
from signbit.layers.squeeze_gate import SqueezeGate

__all__ = [
    "AttentionBatchNorm1d",
    "AttentionBatchNorm2d",
    "BiasedPReLU",
    "BinaryConv2d",
    "BinaryLinear",
    "BinaryWeightConv2d",
    "BlurPool2d",
    "ChannelGain",
    "ChannelShuffle",
    "InputScale2d",
    "IntegerConv2d",
    "LeakyClip",
    "LearnedMix",
    "MapScale",
    "Normalize",
    "PadShortcut",
    "RPReLU",
    "RSign",
    "ScaledStdConv2d",
    "SqueezeGate",
    "parameter_roles",
    "set_modes",
]
