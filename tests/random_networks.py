"""Random networks that hit the corners of the converter, as Hypothesis draws them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from signbit import binarizers
from signbit.layers.attention_batch_norm import AttentionBatchNorm1d, AttentionBatchNorm2d
from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.binary_linear import BinaryLinear
from signbit.layers.integer_stem import IntegerConv2d
from signbit.layers.pixels import Normalize

# Pools before and after the norm; several norms in a row make functions that change their sign three times and more.
ORDERS = (
    "",
    "norm",
    "norm prelu",
    "norm norm",
    "norm prelu norm",
    "norm prelu norm prelu norm",
    "norm prelu norm prelu pool norm",
    "norm hardtanh norm norm",
    "pool norm",
    "norm pool",
    "norm pool norm",
    "norm hardtanh pool",
    "pool norm pool",
    "norm prelu pool hardtanh norm",
)
WEIGHT_BINARIZERS = ("ste_sign", "mean_abs_sign")


@dataclass(frozen=True)
class Step:
    """One value of a network: a module, or ``add``, ``cat``, of earlier values."""

    what: str
    sources: tuple[int, ...]


class RandomNetwork(nn.Module):
    """Runs its steps in order; value 0 is the input."""

    def __init__(self, steps: list[Step], layers: list[nn.Module]) -> None:
        super().__init__()
        self.steps = steps
        self.layers = nn.ModuleList(layers)

    def forward(self, images: Tensor) -> Tensor:
        values = [images]
        for step, layer in zip(self.steps, self.layers, strict=True):
            sources = [values[source] for source in step.sources]
            if step.what == "add":
                values.append(sources[0] + sources[1])
            elif step.what == "cat":
                values.append(torch.cat(sources, 1))
            else:
                values.append(layer(sources[0]))
        return values[-1]


@dataclass
class Value:
    """What is known of a value: its channels and side, and whether it is real, signs, or what a product gave."""

    channels: int
    side: int
    kind: str  # "real", "signs"


class Builder:
    """Draws a network step by step."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.steps: list[Step] = []
        self.layers: list[nn.Module] = []
        self.values: list[Value] = []

    def pick(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def add(self, what: str, sources: tuple[int, ...], layer: nn.Module, value: Value) -> int:
        self.steps.append(Step(what, sources))
        self.layers.append(layer)
        self.values.append(value)
        return len(self.values) - 1

    def indices(self, kind: str) -> list[int]:
        return [index for index, value in enumerate(self.values) if value.kind == kind and index > 0]

    # ---- steps

    def stem(self) -> None:
        """From uint8 pixels to something real."""
        channels, self_side = self.pick(1, 3), self.pick(5, 6, 9)
        self.values.append(Value(channels, self_side, "pixels"))
        outputs, stem = self.pick(3, 8, 16), self.pick("integer", "binary", "real")
        if stem == "real":
            normalize = self.add(
                "layer", (0,), Normalize([0.4] * channels, [0.3] * channels), Value(channels, self_side, "real")
            )
            conv = nn.Conv2d(channels, outputs, 3, padding=1, bias=self.pick(True, False))
            self.add("layer", (normalize,), conv, Value(outputs, self_side, "real"))
        else:
            binarizer = "ste_sign" if stem == "binary" else None
            layer = IntegerConv2d(channels, outputs, 3, stride=self.pick(1, 2), padding=1, weight_binarizer=binarizer)
            side = self_side if layer.geometry.stride == (1, 1) else (self_side - 1) // 2 + 1
            self.add("layer", (0,), layer, Value(outputs, side, "real"))
        if self.pick(True, False):
            self.norm(len(self.values) - 1)

    def sign(self) -> int:
        source = self.draw(st.sampled_from(self.indices("real")))
        known = self.values[source]
        return self.add("layer", (source,), binarizers.create("ste_sign"), Value(known.channels, known.side, "signs"))

    def conv(self) -> int:
        """A binary convolution of signs, shared ones too."""
        signs = self.indices("signs")
        source = self.draw(st.sampled_from(signs)) if signs and self.pick(True, False) else self.sign()
        known = self.values[source]
        groups = self.pick(*[g for g in (1, 1, 2, 4) if known.channels % g == 0])
        kernel, stride, dilation = self.pick(1, 3), self.pick(1, 1, 2), self.pick(1, 1, 2)
        padding = self.pick(0, 1, 2) if kernel == 3 else 0
        side = (known.side + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
        if side < 1:
            kernel, stride, dilation, padding, side = 1, 1, 1, 0, known.side
        outputs = self.pick(known.channels, 4, 8, 20)
        outputs = outputs if outputs % groups == 0 else known.channels
        layer = BinaryConv2d(
            known.channels, outputs, kernel, stride, padding, dilation, groups, self.pick(False, False, True),
            padding_value=self.pick(0, 0, 1, -1), input_binarizer=None, weight_binarizer=self.pick(*WEIGHT_BINARIZERS),
        )  # fmt: skip
        product = self.add("layer", (source,), layer, Value(outputs, side, "real"))
        return self.after_product(product)

    def after_product(self, product: int) -> int:
        """Pools before and after the norm, or neither."""
        order = self.pick(*ORDERS)
        for step in order.split():
            product = {"norm": self.norm, "pool": self.pool, "hardtanh": self.hardtanh, "prelu": self.prelu}[step](
                product
            )
        return product

    def norm(self, source: int) -> int:
        known = self.values[source]
        kind = self.pick("batch", "abn", "abn+scale")
        if kind == "batch":
            layer: nn.Module = nn.BatchNorm2d(known.channels)
        else:
            layer = AttentionBatchNorm2d(known.channels, scale=kind == "abn+scale")
        return self.add("layer", (source,), layer, Value(known.channels, known.side, "real"))

    def pool(self, source: int) -> int:
        known = self.values[source]
        if known.side < 2:
            return source
        layer = self.pick(nn.MaxPool2d(2), nn.MaxPool2d(2, 1), nn.MaxPool2d(3, 2, 1))
        kernel, stride, padding = int(layer.kernel_size), int(layer.stride), int(layer.padding)
        side = (known.side + 2 * padding - kernel) // stride + 1
        return self.add("layer", (source,), layer, Value(known.channels, side, known.kind))

    def hardtanh(self, source: int) -> int:
        known = self.values[source]
        return self.add("layer", (source,), nn.Hardtanh(inplace=False), Value(known.channels, known.side, "real"))

    def prelu(self, source: int) -> int:
        known = self.values[source]
        return self.add("layer", (source,), nn.PReLU(known.channels), Value(known.channels, known.side, "real"))

    def residual(self) -> None:
        """The sum of two values of one shape, where there are two."""
        pairs = [
            (one, other)
            for one in self.indices("real")
            for other in [*self.indices("real"), *self.indices("signs")]
            if one != other and self._shape(one) == self._shape(other)
        ]
        if pairs:
            sources = self.draw(st.sampled_from(pairs))
            known = self.values[sources[0]]
            self.add("add", sources, nn.Identity(), Value(known.channels, known.side, "real"))

    def concatenation(self) -> None:
        """Two values side by side, both real or both signs."""
        kind = self.pick("real", "signs")
        pairs = [
            (one, other)
            for one in self.indices(kind)
            for other in self.indices(kind)
            if self.values[one].side == self.values[other].side
        ]
        if pairs:
            sources = self.draw(st.sampled_from(pairs))
            one, other = (self.values[source] for source in sources)
            if one.channels + other.channels <= 96:
                self.add("cat", sources, nn.Identity(), Value(one.channels + other.channels, one.side, kind))

    def pool_of_signs(self) -> None:
        if self.indices("signs"):
            self.pool(self.draw(st.sampled_from(self.indices("signs"))))

    def head(self) -> None:
        """Flatten the last real value and end in ten logits."""
        source = self.indices("real")[-1]
        known = self.values[source]
        features = known.channels * known.side**2
        flat = self.add("layer", (source,), nn.Flatten(), Value(features, 1, "flat"))
        if self.pick(True, False):
            norm = self.pick(nn.BatchNorm1d(features), AttentionBatchNorm1d(features), nn.Hardtanh())
            flat = self.add("layer", (flat,), norm, Value(features, 1, "flat"))
        if self.pick(True, False):
            linear: nn.Module = BinaryLinear(features, 10, weight_binarizer=self.pick(*WEIGHT_BINARIZERS))
        else:
            linear = nn.Linear(features, 10)
        self.add("layer", (flat,), linear, Value(10, 1, "flat"))
        if self.pick(True, False):
            self.add("layer", (len(self.values) - 1,), nn.BatchNorm1d(10, affine=False), Value(10, 1, "flat"))

    def _shape(self, index: int) -> tuple[int, int]:
        return self.values[index].channels, self.values[index].side


def disturb(network: nn.Module, seed: int) -> None:
    """Give every parameter and statistic a value, corners included.

    Gammas that are negative, zero and tiny; integer running means, where a sum of signs can tie; attention biases in
    the band of two thresholds (0 to 0.2785) and past it.
    """
    generator = torch.Generator().manual_seed(seed)

    def choose(count: int, *values: float) -> Tensor:
        return torch.tensor(values)[torch.randint(len(values), (count,), generator=generator)]

    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            count = module.num_features
            integers = torch.randint(-6, 7, (count,), generator=generator).float()
            odd = torch.randn(count, generator=generator) * 3
            module.running_mean = torch.where(torch.rand(count, generator=generator) < 0.5, integers, odd)
            module.running_var = choose(count, 0.25, 1.0, 4.0, 30.0, 1e-8)
            if module.affine:
                module.weight.data = choose(count, -2.0, -0.7, 0.0, 1e-30, 0.3, 1.0, 5.0)
                module.bias.data = choose(count, 0.0, 0.0, -0.5, 0.25, 1.0, -1e-30)
        elif isinstance(module, AttentionBatchNorm1d | AttentionBatchNorm2d):
            assert module.beta is not None
            count = len(module.beta)
            module.beta.data = choose(count, 0.0, -0.2, 0.05, 0.1, 0.2, 0.25, 0.27, 0.2785, 0.5, -1.0)
            if module.gamma is not None:
                module.gamma.data = choose(count, 1.0, -1.0, 0.5, 0.0, 3.0)
        elif isinstance(module, nn.PReLU):
            module.weight.data = choose(len(module.weight), 0.25, -0.6, 0.0, -1.5)


@st.composite
def networks(draw: Any) -> tuple[RandomNetwork, Tensor]:
    """A network in eval mode and a batch of uint8 images for it."""
    seed = draw(st.integers(0, 2**31 - 1))
    torch.manual_seed(seed)
    builder = Builder(draw)
    builder.stem()
    for _ in range(draw(st.integers(1, 6))):
        step = builder.pick(
            "conv", "conv", "conv", "residual", "residual", "concatenation", "concatenation", "pool_of_signs"
        )
        getattr(builder, step)()
    builder.conv()
    builder.head()
    network = RandomNetwork(builder.steps, builder.layers).eval()
    disturb(network, seed)
    images = torch.randint(0, 256, (4, builder.values[0].channels, *[builder.values[0].side] * 2), dtype=torch.uint8)
    return network, images
