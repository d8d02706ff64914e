"""ReActNet-A without batch norm; see `bnfree_reactnet`."""

from collections.abc import Sequence

from torch import nn

from signbit.models.bnfree_reactnet import Units, stem_convolution
from signbit.models.parts.duplicate import Duplicate
from signbit.models.parts.network import Network
from signbit.models.parts.plan import Plan
from signbit.models.parts.shortcuts import mean_pool
from signbit.models.reactnet_mobile import STEM_CHANNELS, STEPS, shapes_of, stem_stride

SIZES = {"bnfree_reactnet_a": STEPS}


def beta_pairs(strides: Sequence[int], alpha: float, variance: str) -> list[tuple[float, float]]:
    """1 / sqrt(expected variance) before the 3x3 and before the 1x1 half of each block.

    Each half adds alpha^2; the 3x3 half of a block of stride 2 sets the variance to 1 first, for its shortcut takes
    beta * x. The released code leaves the variance as it is there and sets it to 1 after the block.
    """
    expected, found = 1.0, []
    for stride in strides:
        before = expected
        if stride == 2 and variance == "nf":
            expected = 1.0
        expected += alpha**2
        found.append((before**-0.5, expected**-0.5))
        expected += alpha**2
        if stride == 2 and variance == "as_released":
            expected = 1.0
    return found


def bnfree_reactnet_a(
    steps: tuple[tuple[int, int], ...],
    plan: Plan,
    /,
    *,
    alpha: float = 0.2,
    variance: str = "as_released",
    activation: str = "rprelu",
    binarizer: str = "approx_sign",
    weight_binarizer: str = "standardized_mean_abs_sign",
    padding_value: int = 0,
) -> Network:
    """Build BN-free ReActNet-A: no norm anywhere, and every convolution standardised, the stem's too.

    Blocks, channels and stem are those of `reactnet_mobile`. A half is alpha * gain * conv(RSign(beta * x)) + shortcut,
    then RPReLU; beta is 1 / sqrt(expected variance of x). The shortcut is x itself, x twice where channels double, or
    the 2x2 mean of beta * x.

    Args:
        alpha: factor of each convolution.
        variance: how beta is reckoned: `as_released` (the authors' code) or `nf` (as normaliser-free ResNets do).
        activation: after each addition, see `models.parts.choices.activation_of`.
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

    def block(inputs: int, outputs: int, stride: int, beta_3x3: float, beta_1x1: float) -> nn.Sequential:
        twice = nn.Identity() if inputs == outputs else Duplicate()
        first_half = units.block(inputs, inputs, 3, stride, mean_pool(stride), beta_3x3)
        return nn.Sequential(first_half, units.block(inputs, outputs, 1, 1, twice, beta_1x1))

    first = plan.channels(STEM_CHANNELS)
    shapes = list(shapes_of(steps, first))
    pairs = beta_pairs([stride for _, _, stride in shapes], alpha, variance)
    blocks = [block(*shape, *pair) for shape, pair in zip(shapes, pairs, strict=True)]
    stem = nn.Sequential(*stem_convolution(plan, first, 3, stem_stride(plan)))
    return Network(stem, blocks, plan.head(shapes[-1][1]))
