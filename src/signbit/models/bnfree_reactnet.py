"""ReActNet without batch norm: standardised weights, and scales that keep the variance of the activations."""

from dataclasses import dataclass
from typing import final

from torch import Tensor, nn

from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.binary_weight_conv import BinaryWeightConv2d
from signbit.layers.channel_gain import ChannelGain
from signbit.layers.rsign import RSign
from signbit.layers.scaled_std_conv import ScaledStdConv2d
from signbit.models.parts.choices import activation_of, one_of
from signbit.models.parts.network import Network, block_shapes
from signbit.models.parts.plan import Plan
from signbit.models.parts.shortcuts import mean_pool
from signbit.models.reactnet import SHORTCUTS
from signbit.models.resnet import CHANNELS

SIZES = {"bnfree_reactnet18": (4, 4, 4, 4)}
VARIANCES = ("as_released", "nf")


@final
class BnFreeBlock(nn.Module):
    """alpha * gain * conv(RSign(beta * x)) plus the shortcut, then the activation.

    A shortcut that pools takes beta * x, and x any other.
    """

    def __init__(
        self, sign: nn.Module, conv: nn.Module, gain: nn.Module, shortcut: nn.Module, activation: nn.Module,
        alpha: float, beta: float, *, pools: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        self.sign, self.conv, self.gain, self.shortcut, self.activation = sign, conv, gain, shortcut, activation
        self.alpha, self.beta, self.pools = alpha, beta, pools

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) to (N, out, H / stride, W / stride)."""
        scaled = x * self.beta
        past = self.shortcut(scaled if self.pools else x)
        y: Tensor = self.activation(self.gain(self.conv(self.sign(scaled))) * self.alpha + past)
        return y

    def extra_repr(self) -> str:
        """The scales, for print(model)."""
        return f"alpha={self.alpha:.4g}, beta={self.beta:.4g}"


@dataclass(frozen=True)
class Units:
    """What BN-free ReActNets are made of, with their switches; see `bnfree_reactnet`.

    Raises:
        ValueError: alpha is not positive, or there is no such rule for the variance.
    """

    alpha: float
    variance: str
    activation: str
    binarizer: str
    weight_binarizer: str
    padding_value: int

    def __post_init__(self) -> None:
        if self.alpha <= 0:
            raise ValueError(f"alpha is {self.alpha!r}; give a positive factor")
        one_of("variance", self.variance, VARIANCES)

    def block(
        self, inputs: int, outputs: int, kernel_size: int, stride: int, shortcut: nn.Module, beta: float
    ) -> BnFreeBlock:
        """A block; where its stride is 2 its shortcut pools."""
        conv = BinaryConv2d(
            inputs, outputs, kernel_size, stride, kernel_size // 2, padding_value=self.padding_value,
            input_binarizer=None, weight_binarizer=self.weight_binarizer,
        )  # fmt: skip
        sign, act = RSign(inputs, self.binarizer), activation_of(self.activation, outputs)
        return BnFreeBlock(sign, conv, ChannelGain(outputs), shortcut, act, self.alpha, beta, pools=stride == 2)


def stem_convolution(plan: Plan, outputs: int, kernel_size: int, stride: int) -> list[nn.Module]:
    """The first convolution: standardised, or of integers and a gain."""
    if plan.stem == "integer":
        return [*plan.convolution(outputs, kernel_size, stride), ChannelGain(outputs)]
    return [*plan.pixels(), ScaledStdConv2d(plan.in_channels, outputs, kernel_size, stride, kernel_size // 2)]


def betas(blocks: tuple[int, ...], alpha: float, variance: str) -> list[float]:
    """1 / sqrt(expected variance) before each block, stage after stage.

    A block adds alpha^2; the first block of each stage but the first sets the variance to 1, for its shortcut takes
    beta * x. The released code leaves out what the first block of every stage adds.
    """
    expected, found = 1.0, []
    for stage, count in enumerate(blocks):
        for position in range(count):
            found.append(expected**-0.5)
            if stage and not position:
                expected = 1.0
            if position or variance == "nf":
                expected += alpha**2
    return found


def bnfree_reactnet(
    blocks: tuple[int, ...],
    plan: Plan,
    /,
    *,
    alpha: float = 0.2,
    variance: str = "as_released",
    activation: str = "rprelu",
    shortcut: str = "one_bit_weights",
    binarizer: str = "approx_sign",
    weight_binarizer: str = "standardized_mean_abs_sign",
    padding_value: int = 0,
) -> Network:
    """Build BN-free ReActNet-18: no norm anywhere, and every convolution standardised, the stem's too.

    Stages, channels and stem are ReActNet's. A block is alpha * gain * conv(RSign(beta * x)) + shortcut, then RPReLU;
    beta is 1 / sqrt(expected variance of x). The shortcut is x itself, or a 1x1 convolution of the 2x2 mean of
    beta * x. Train it with adaptive gradient clipping (`optim.clip_adaptive`). With `stem="integer"` the weights of the
    stem are not standardised, and a gain follows.

    Args:
        alpha: factor of each convolution.
        variance: how beta is reckoned: `as_released` (the authors' code, which leaves out what the first block of each
            stage adds) or `nf` (as normaliser-free ResNets do).
        activation: after the addition, see `models.parts.choices.activation_of`.
        shortcut: weights of the 1x1 convolutions: `one_bit_weights`, as released (their input stays real-valued), or
            `real`.
        binarizer: method of the activations.
        weight_binarizer: method of the weights; in mode `real` the default gives standardised real-valued weights.
        padding_value: what the binary convolutions are padded with: 0, 1 or -1.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        Chen, Zhang, Ouyang, Liu, Shen and Wang 2021, "BNN - BN = ?: Training Binary Neural Networks without Batch
        Normalization", CVPR Workshops, arXiv:2104.08215.
    """
    units = Units(alpha, variance, activation, binarizer, weight_binarizer, padding_value)
    one_of("shortcut", shortcut, SHORTCUTS)

    def block(inputs: int, outputs: int, stride: int, beta: float) -> BnFreeBlock:
        past = nn.Identity() if (stride, inputs) == (1, outputs) else projection(inputs, outputs, stride)
        return units.block(inputs, outputs, 3, stride, past, beta)

    def projection(inputs: int, outputs: int, stride: int) -> nn.Sequential:
        if shortcut == "real":
            return nn.Sequential(mean_pool(stride), ScaledStdConv2d(inputs, outputs, 1))
        conv = BinaryWeightConv2d(inputs, outputs, 1, weight_binarizer=weight_binarizer)
        return nn.Sequential(mean_pool(stride), conv, ChannelGain(outputs))

    stages = [plan.channels(channels) for channels in CHANNELS]
    scales = betas(blocks, alpha, variance)
    layers = [block(*shape, beta) for shape, beta in zip(block_shapes(blocks, stages), scales, strict=True)]
    kernel_size, stride = (7, 2) if plan.for_imagenet else (3, 1)
    stem = nn.Sequential(*stem_convolution(plan, stages[0], kernel_size, stride), *plan.first_pool())
    return Network(stem, layers, plan.head(stages[-1]))
