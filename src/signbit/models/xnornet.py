"""XNOR-Net: the norm before the sign, scaled and centred weights; on AlexNet, ResNet-18 and NIN."""

from collections.abc import Callable

from torch import nn

from signbit.models.parts.choices import norm2d, one_of
from signbit.models.parts.network import Network, block_shapes
from signbit.models.parts.plan import Plan, as_head
from signbit.models.parts.residual_blocks import ResidualBlock
from signbit.models.parts.xnor_layers import EPS, XnorLayers
from signbit.models.resnet import CHANNELS

LAST_EPS = 1e-3  # of the norm before AlexNet's head
SHORTCUTS = ("binary", "real")


def _alexnet(layers: XnorLayers, plan: Plan) -> Network:
    def pool() -> nn.Module:
        return nn.MaxPool2d(3, 2)

    a, b, c, d = (plan.channels(count) for count in (96, 256, 384, 4096))
    first = plan.convolution(a, 11, 4, padding=2) if plan.for_imagenet else plan.convolution(a, 3, 1)
    stem = nn.Sequential(*first, norm2d(layers.norm, a, EPS), nn.ReLU(), pool())
    blocks = [
        layers.layer(a, b, 5, pool=pool()),
        layers.layer(b, c, 3),
        layers.layer(c, c, 3),
        layers.layer(c, b, 3, pool=pool()),
        layers.layer(b, d, _size_left(plan), padding=0),
        layers.layer(d, d, 1),
    ]
    head = nn.Sequential(norm2d(layers.norm, d, LAST_EPS), nn.ReLU(), nn.Flatten(), *plan.last_layer(d))
    return Network(stem, blocks, head)


def _size_left(plan: Plan) -> int:
    """Height and width after AlexNet's stem and pools: 6 of 224."""
    size = (plan.image_size + 4 - 11) // 4 + 1 if plan.for_imagenet else plan.image_size
    for _ in range(3):
        size = (size - 3) // 2 + 1
    if size < 1:
        smallest = 63 if plan.for_imagenet else 15
        raise ValueError(f"image_size is {plan.image_size!r}; give at least {smallest}: three pools halve it")
    return size


def _resnet18(layers: XnorLayers, plan: Plan) -> Network:
    def block(inputs: int, outputs: int, stride: int) -> ResidualBlock:
        body = nn.Sequential(layers.layer(inputs, outputs, 3, stride), layers.layer(outputs, outputs, 3))
        past = nn.Identity() if (stride, inputs) == (1, outputs) else projection(inputs, outputs)
        return ResidualBlock(body, past, nn.Identity())

    def projection(inputs: int, outputs: int) -> nn.Module:
        if layers.shortcut == "binary":
            return layers.layer(inputs, outputs, 1, 2)
        return nn.Sequential(norm2d(layers.norm, inputs, EPS), nn.Conv2d(inputs, outputs, 1, 2, bias=False))

    stages = [plan.channels(channels) for channels in CHANNELS]
    stem = plan.resnet_stem(stages[0], norm2d(layers.norm, stages[0], EPS), nn.ReLU())
    head = nn.Sequential(norm2d(layers.norm, stages[-1], EPS), nn.ReLU(), *plan.head(stages[-1]))
    return Network(stem, [block(*shape) for shape in block_shapes((2, 2, 2, 2), stages)], head)


def _nin(layers: XnorLayers, plan: Plan) -> Network:
    def plain_norm() -> nn.Module:
        # The norms of real-valued layers have no affine here; another kind of norm is as it is elsewhere.
        return nn.BatchNorm2d(c, EPS, affine=False) if layers.norm == "batch" else norm2d(layers.norm, c, EPS)

    a, b, c = (plan.channels(count) for count in (96, 160, 192))
    stem = nn.Sequential(*plan.convolution(c, 5, 1), plain_norm(), nn.ReLU())
    blocks = [
        layers.layer(c, b, 1),
        layers.layer(b, a, 1, pool=nn.MaxPool2d(3, 2, 1)),
        layers.layer(a, c, 5, drops=True),
        layers.layer(c, c, 1),
        layers.layer(c, c, 1, pool=nn.AvgPool2d(3, 2, 1)),
        layers.layer(c, c, 3, drops=True),
        layers.layer(c, c, 1),
    ]
    dropout = [nn.Dropout(plan.dropout)] if plan.dropout else []
    last = as_head(nn.Conv2d(c, plan.num_classes, 1))
    return Network(
        stem,
        blocks,
        nn.Sequential(plain_norm(), *dropout, last, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    )


Topology = Callable[[XnorLayers, Plan], Network]
SIZES: dict[str, Topology] = {"xnornet_alexnet": _alexnet, "xnornet_resnet18": _resnet18, "xnornet_nin": _nin}
DEFAULTS = {"latent_init": "fan_in_normal"}


def xnornet(
    topology: Topology,
    plan: Plan,
    /,
    *,
    norm: str = "batch",
    relu: bool | None = None,
    input_scale: bool = False,
    shortcut: str = "binary",
    code_dropout: float = 0.5,
    binarizer: str = "clipped_ste_sign",
    weight_binarizer: str = "centred_mean_abs_sign",
    weight_gradient: str = "xnor_lua",
    padding_value: int = 0,
) -> Network:
    """Build XNOR-Net on AlexNet, ResNet-18 or NIN: norm, sign, binary convolution, (ReLU), (pool), layer after layer.

    The first convolution and the last layer are real-valued, with norm and ReLU after the first and before the last
    (NIN: norm before the last, ReLU and the mean over the pixels after it).

    - AlexNet: 96 channels in the stem, 11x11 of stride 4; 256 (5x5), 384, 384, 256 (3x3), and 4096 twice, of which the
      first covers the whole map. Its `cifar` layout is ours: 3x3 of stride 1 in the stem, the rest as it is.
    - ResNet-18: four stages of two blocks; a block is two layers and a shortcut, nothing follows the addition.
    - NIN: 192 channels in the stem, 5x5; 160, 96 (1x1), 192 (5x5), 192, 192 (1x1), 192 (3x3), 192 (1x1). `layout`
      changes nothing.

    Args:
        norm: see `models.parts.choices.norm2d`.
        relu: put a bias and ReLU after each binary convolution; by default NIN has them, the others have not.
        input_scale: multiply each product by K, the mean magnitude of the normed input in each window, too. The
            published code does not.
        shortcut: of ResNet-18, where the shape changes: a layer of 1x1 binary convolution of stride 2, `binary`, or
            norm and a real-valued convolution, `real`.
        code_dropout: share of the codes that the 5x5 and 3x3 layers of NIN drop in training.
        binarizer: method of the activations.
        weight_binarizer: method of the weights; `mean_abs_sign` is the same without the centring.
        weight_gradient: the rule of those two methods, see `MeanAbsSign`; other methods have their own.
        padding_value: what the binary convolutions are padded with: 0, 1 or -1.

    Raises:
        ValueError: an argument is outside its range; the message says what is allowed.

    Source:
        Rastegari, Ordonez, Redmon and Farhadi 2016, "XNOR-Net: ImageNet Classification Using Binary Convolutional
        Neural Networks", arXiv:1603.05279; AlexNet as in allenai/XNOR-Net, NIN as in jiecaoyu/XNOR-Net-PyTorch.
    """
    one_of("shortcut", shortcut, SHORTCUTS)
    if not 0 <= code_dropout < 1:
        raise ValueError(f"code_dropout is {code_dropout!r}; give a share from 0 to below 1")
    acts = topology is _nin if relu is None else relu
    layers = XnorLayers(
        norm, acts, input_scale, shortcut, code_dropout, binarizer, weight_binarizer, weight_gradient, padding_value
    )
    return topology(layers, plan)
