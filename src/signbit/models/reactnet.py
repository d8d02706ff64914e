"""ReActNet on the layers of Bi-Real Net: learned shifts before the sign and around the PReLU."""

from typing import final

from torch import Tensor, nn

from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.binary_weight_conv import BinaryWeightConv2d
from signbit.layers.rsign import RSign
from signbit.models.parts.choices import activation as activation_of
from signbit.models.parts.choices import norm2d
from signbit.models.parts.network import Network
from signbit.models.parts.plan import Plan

SIZES = {"reactnet18": (4, 4, 4, 4), "reactnet34": (6, 8, 12, 6)}
CHANNELS = (64, 128, 256, 512)
SHORTCUTS = ("real", "one_bit_weights")


@final
class ReActBlock(nn.Module):
    """RSign, 3x3 binary convolution, norm, plus the shortcut, then the activation."""

    def __init__(self, shift: nn.Module, conv: nn.Module, norm: nn.Module, shortcut: nn.Module, act: nn.Module) -> None:
        super().__init__()
        self.sign, self.conv, self.norm, self.shortcut, self.activation = shift, conv, norm, shortcut, act

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
        activation: after the addition, see `models.parts.choices.activation`.
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
    if shortcut not in SHORTCUTS:
        raise ValueError(f"shortcut is {shortcut!r}; there are {', '.join(SHORTCUTS)}")

    def block(inputs: int, outputs: int, stride: int) -> ReActBlock:
        conv = BinaryConv2d(
            inputs, outputs, 3, stride, 1, padding_value=padding_value, input_binarizer=None,
            weight_binarizer=weight_binarizer,
        )  # fmt: skip
        past = nn.Identity() if inputs == outputs else projection(inputs, outputs)
        return ReActBlock(
            RSign(inputs, binarizer), conv, norm2d(norm, outputs), past, activation_of(activation, outputs)
        )

    def projection(inputs: int, outputs: int) -> nn.Sequential:
        if shortcut == "real":
            conv: nn.Module = nn.Conv2d(inputs, outputs, 1, bias=False)
        else:
            conv = BinaryWeightConv2d(inputs, outputs, 1, weight_binarizer=weight_binarizer)
        return nn.Sequential(nn.AvgPool2d(2), conv, norm2d(norm, outputs))

    stages = [plan.channels(channels) for channels in CHANNELS]
    layers, inputs = [], stages[0]
    for index, (count, outputs) in enumerate(zip(blocks, stages, strict=True)):
        for position in range(count):
            layers.append(block(inputs, outputs, 2 if index and not position else 1))
            inputs = outputs
    stem = nn.Sequential(*plan.first_convolution(stages[0]), norm2d(norm, stages[0]), *plan.first_pool())
    return Network(stem, layers, plan.head(stages[-1]))
