"""ReActNet on the layers of Bi-Real Net: learned shifts before the sign and around the PReLU."""

from functools import partial
from typing import final

from torch import Tensor, nn

from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.binary_weight_conv import BinaryWeightConv2d
from signbit.layers.rsign import RSign
from signbit.models.parts.choices import activation_of, norm2d, one_of
from signbit.models.parts.network import Network, block_shapes
from signbit.models.parts.plan import Plan
from signbit.models.parts.shortcuts import REAL_1X1, shortcut_of
from signbit.models.resnet import CHANNELS

SIZES = {"reactnet18": (4, 4, 4, 4), "reactnet34": (6, 8, 12, 6)}
SHORTCUTS = ("real", "one_bit_weights")


@final
class ReActBlock(nn.Module):
    """RSign, 3x3 binary convolution, norm, plus the shortcut, then the activation."""

    def __init__(
        self, sign: nn.Module, conv: nn.Module, norm: nn.Module, shortcut: nn.Module, activation: nn.Module
    ) -> None:
        super().__init__()
        self.sign, self.conv, self.norm, self.shortcut, self.activation = sign, conv, norm, shortcut, activation

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) to (N, out, H / stride, W / stride)."""
        y: Tensor = self.activation(self.norm(self.conv(self.sign(x))) + self.shortcut(x))
        return y


def reactnet(
    blocks: tuple[int, ...],
    plan: Plan,
    /,
    *,
    norm: str = "batch",
    activation: str = "rprelu",
    shortcut: str = "real",
    binarizer: str = "approx_sign",
    weight_binarizer: str = "mean_abs_sign",
    padding_value: int = 0,
) -> Network:
    """Build ReActNet-18 or -34: blocks of one binary convolution each, every one with a shortcut.

    Four stages of 64, 128, 256 and 512 channels; the first block of the last three has stride 2, and its shortcut is a
    2x2 mean, a 1x1 convolution of real values and a norm. The stem has no activation.

    Args:
        norm: see `models.parts.choices.norm2d`.
        activation: after the addition, see `models.parts.choices.activation_of`.
        shortcut: weights of the 1x1 convolutions: `real`, or `one_bit_weights` (their input stays real-valued).
        binarizer: method of the activations.
        weight_binarizer: method of the weights.
        padding_value: what the binary convolutions are padded with: 0, 1 or -1.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        Liu, Shen, Savvides and Cheng 2020, "ReActNet: Towards Precise Binary Neural Network with Generalized
        Activation Functions", arXiv:2003.03488.
    """
    one_of("shortcut", shortcut, SHORTCUTS)
    one_bit = partial(BinaryWeightConv2d, kernel_size=1, weight_binarizer=weight_binarizer)

    def block(inputs: int, outputs: int, stride: int) -> ReActBlock:
        conv = BinaryConv2d(
            inputs, outputs, 3, stride, 1, padding_value=padding_value, input_binarizer=None,
            weight_binarizer=weight_binarizer,
        )  # fmt: skip
        past = shortcut_of(inputs, outputs, stride, norm, REAL_1X1 if shortcut == "real" else one_bit)
        return ReActBlock(
            RSign(inputs, binarizer), conv, norm2d(norm, outputs), past, activation_of(activation, outputs)
        )

    stages = [plan.channels(channels) for channels in CHANNELS]
    layers = [block(*shape) for shape in block_shapes(blocks, stages)]
    return Network(plan.resnet_stem(stages[0], norm2d(norm, stages[0])), layers, plan.head(stages[-1]))
