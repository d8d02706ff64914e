"""What modules become, and what is refused."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from signbit import binarizers, models
from signbit.convert import Conversion, conversion, convert
from signbit.engine import Model
from signbit.errors import ConvertError, ModelFileError
from signbit.layers.attention_batch_norm import AttentionBatchNorm2d
from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.binary_linear import BinaryLinear
from signbit.layers.binary_weight_conv import BinaryWeightConv2d
from signbit.layers.integer_stem import IntegerConv2d
from signbit.modelfile.ops.binary_conv import BinaryConv
from signbit.modelfile.ops.max_pool import MaxPool
from signbit.modelfile.ops.threshold import Threshold
from signbit.preprocessing import Preprocessing

PIXELS = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
FLOATS = torch.zeros(2, 3, 8, 8)


def kinds(conversion: Conversion) -> list[str]:
    return [op.kind for op in conversion.model.ops]


class Net(nn.Module):
    """A stem, what a test puts after it, and a head."""

    def __init__(self, *middle: nn.Module) -> None:
        super().__init__()
        self.stem = IntegerConv2d(3, 8, 3, padding=1)
        self.middle = nn.Sequential(*middle)
        self.head = nn.LazyLinear(10)
        self.eval()
        self(PIXELS)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.middle(self.stem(images)).flatten(1))
        return logits


def test_binarynet_is_one_bit_between_stem_and_logits() -> None:
    network = models.create("binarynet", width=0.25, norm="abn", stem="integer", head="binary")
    conversion = convert(network, torch.zeros(2, 3, 32, 32, dtype=torch.uint8))
    assert "float_conv" not in kinds(conversion)
    assert [kind for kind in kinds(conversion) if kind == "pointwise"] == ["pointwise"]  # the logits' batch norm
    binary = sum(layer.weights for layer in conversion.layers if layer.weight_bits == 1)
    assert (
        binary == 9 * 32 * 32 + 9 * 32 * 64 + 9 * 64 * 64 + 9 * 64 * 128 + 9 * 128 * 128 + 2048 * 256 + 256 * 256 + 2560
    )
    assert len(conversion.to_bytes()) < binary // 8 + 25_000


def test_the_module_is_not_changed() -> None:
    network = models.create("binarynet", width=0.125, stem="integer", head="binary", image_size=8).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    convert(network, PIXELS)
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_a_batch_of_one_is_enough() -> None:
    network = models.create("binarynet", width=0.125, stem="integer", head="binary", image_size=8)
    assert convert(network, PIXELS[:1]).to_bytes() == convert(network, PIXELS).to_bytes()


def test_thresholds_are_fused_into_the_product() -> None:
    conversion = convert(Net(BinaryConv2d(8, 8, 3), nn.BatchNorm2d(8), BinaryConv2d(8, 8, 3)), PIXELS)
    assert kinds(conversion) == ["integer_conv", "threshold", "binary_conv", "binary_conv", "pointwise", "float_conv"]


def test_a_pool_before_the_norm_is_a_pool_of_integers() -> None:
    middle = BinaryConv2d(8, 8, 3), nn.MaxPool2d(2), nn.BatchNorm2d(8), nn.Hardtanh(), BinaryConv2d(8, 8, 1)
    conversion = convert(Net(*middle), PIXELS)
    pool = next(op for op in conversion.model.ops if op.kind == "max_pool")
    assert conversion.model.tensors[pool.inputs[0]].dtype == "int32"


def test_a_negative_gamma_takes_the_minimum() -> None:
    norm = nn.BatchNorm2d(8)
    norm.weight.data[3] = -1
    conversion = convert(Net(BinaryConv2d(8, 8, 3), norm, nn.MaxPool2d(2), BinaryConv2d(8, 8, 1)), PIXELS)
    pool = next(op for op in conversion.model.ops if op.kind == "max_pool")
    assert isinstance(pool, MaxPool)
    assert pool.minimum is not None
    assert np.nonzero(pool.minimum)[0].tolist() == [3]


def test_a_pool_after_attention_is_a_pool_of_bits() -> None:
    norm = AttentionBatchNorm2d(8)
    norm.normalise.running_var.fill_(9.0)
    conversion = convert(Net(BinaryConv2d(8, 8, 3), norm, nn.MaxPool2d(2), BinaryConv2d(8, 8, 1)), PIXELS)
    pool = next(op for op in conversion.model.ops if op.kind == "max_pool")
    assert conversion.model.tensors[pool.inputs[0]].dtype == "bits"


def test_a_sign_that_flips_often_becomes_a_table() -> None:
    class Wave(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.sin(x * 0.4)

    conversion = convert(Net(BinaryConv2d(8, 8, 3), Wave(), BinaryConv2d(8, 8, 1)), PIXELS)
    tables = [op.tables for op in conversion.model.ops if isinstance(op, Threshold) and op.tables is not None]
    assert len(tables) == 1
    assert (tables[0].first, tables[0].negative.shape[1]) == (-72, 145)


def test_flatten_moves_behind_the_sign() -> None:
    network = nn.Sequential(
        IntegerConv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Flatten(), nn.Hardtanh(inplace=True), BinaryLinear(8 * 36, 10)
    )
    conversion = convert(network.eval(), PIXELS)
    assert "flatten" not in kinds(conversion)
    linear = next(op for op in conversion.model.ops if op.kind == "binary_conv")
    assert isinstance(linear, BinaryConv)
    assert linear.window.kernel == (6, 6)


def test_a_users_own_module_with_floats_in() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = BinaryConv2d(8, 8, 3, padding=1, weight_binarizer="mean_abs_sign")
            self.norm = nn.BatchNorm2d(8)

        def forward(self, x: Tensor) -> Tensor:
            y = self.norm(self.conv(x))
            y += x
            return nn.functional.relu_(y)

    network = nn.Sequential(nn.Conv2d(3, 8, 3), Block(), Block(), nn.Flatten(), nn.Linear(8 * 36, 5)).eval()
    conversion = convert(network, FLOATS, labels=list("abcde"), metadata={"who": "me"})
    assert conversion.model.tensors[0].dtype == "float32"
    assert conversion.model.labels == list("abcde")
    assert conversion.model.metadata == {"who": "me"}
    notes = {layer.path: layer.note for layer in conversion.layers}
    assert notes["0"] == "real-valued in the module"


def test_signs_may_be_shared() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.sign = binarizers.create("ste_sign")
            self.one = BinaryConv2d(8, 8, 1, input_binarizer=None)
            self.two = BinaryConv2d(8, 8, 1, input_binarizer=None)

        def forward(self, x: Tensor) -> Tensor:
            signs = self.sign(x)
            return torch.cat([self.one(signs), self.two(signs)], 1)

    conversion = convert(Net(Shared()), PIXELS)
    assert kinds(conversion).count("threshold") == 1


# ---- refusals: each names the module and says what to do


class Branches(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.float().mean() > 0 else -x.float()


class Two(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x.float() + 1, x.float()


class Spatial(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + torch.linspace(0, 1, x.shape[-1])


REFUSALS = {
    "control flow": (Branches(), PIXELS, "cannot be captured"),
    "two outputs": (Two(), PIXELS, "exactly one tensor"),
    "no sign": (
        Net(BinaryConv2d(8, 8, 1, input_binarizer=None)),
        PIXELS,
        r"module 'middle\.0'.*does not come from a sign",
    ),
    "an op we lack": (Net(nn.AdaptiveAvgPool2d(1)), PIXELS, r"module 'middle\.0'.*adaptive_avg_pool2d"),
    "one-bit weights on real values": (
        Net(BinaryWeightConv2d(8, 8, 1)),
        PIXELS,
        r"module 'middle\.0'.*: the engine has no op for one-bit weights on real values; use torch\.nn\.Conv2d",
    ),
    "a step we lack": (Net(nn.GELU()), PIXELS, r"module 'middle\.0'.*gelu"),
    "varies over pixels": (Net(nn.Identity(), Spatial()), PIXELS, r"module 'middle\.1'.*varies over the pixels"),
    "half precision": (nn.Flatten(), FLOATS.half(), "uint8 or float32"),
    "no running statistics": (Net(nn.BatchNorm2d(8, track_running_stats=False)), PIXELS, "running statistics"),
    "integer stem on floats": (IntegerConv2d(3, 8, 3), FLOATS, "uint8"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(case: str) -> None:
    module, example, message = REFUSALS[case]
    with pytest.raises(ConvertError, match=re.compile(message)):
        convert(module, example)


def test_a_weight_binarizer_that_is_not_binary_is_refused() -> None:
    network = Net(BinaryConv2d(8, 8, 3))
    network.middle[0].weight_binarizer.mode = "real"
    with pytest.raises(ConvertError, match=r"middle\.0.*its binarizers to mode 'binary'"):
        convert(network, PIXELS)


def test_a_table_of_outputs_has_at_most_four_megabytes() -> None:
    """601 integers of 4 bytes for each output; the engine has no step that rounds down."""

    class Floor(nn.Module):
        def forward(self, y: Tensor) -> Tensor:
            return torch.floor(y * 0.3)

    found = convert(nn.Sequential(BinaryLinear(300, 16), Floor()).eval(), torch.randn(2, 300))
    assert found.model.ops[-1].kind == "lookup"
    with pytest.raises(ConvertError, match="does not support aten::floor"):
        convert(nn.Sequential(BinaryLinear(300, 1800), Floor()).eval(), torch.randn(2, 300))


def test_an_output_that_is_nan_is_told_with_its_integer() -> None:
    class Root(nn.Module):
        def forward(self, y: Tensor) -> Tensor:
            return torch.sqrt(y - 3.5)

    with pytest.raises(
        ConvertError, match="channel 0 of the output is NaN where its accumulator is -8; keep its input"
    ):
        convert(nn.Sequential(BinaryLinear(8, 2), Root()).eval(), torch.randn(2, 8))


def test_a_conversion_is_not_changed() -> None:
    found = convert(nn.Sequential(BinaryLinear(8, 2)).eval(), torch.randn(2, 8))
    with pytest.raises(FrozenInstanceError):
        found.warnings = []  # type: ignore[misc]
    assert "folded" not in repr(found)  # functions, which say nothing when they are printed


def test_an_error_of_several_lines_is_told_by_its_first() -> None:
    class Broken(nn.Module):
        def forward(self, y: Tensor) -> Tensor:
            raise ValueError("first line.\nsecond line")

    with pytest.raises(ConvertError, match=r"of shape \[2, 8\]: first line\. The module") as caught:
        convert(Broken(), torch.randn(2, 8))
    assert "second" not in str(caught.value)


def test_a_file_that_the_engine_refuses_is_not_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    net = nn.Sequential(BinaryConv2d(3, 4, 3), nn.Flatten(), nn.Linear(16, 2)).eval()

    def refused(content: bytes) -> Model:
        raise ModelFileError(f'model file: op 1 "{name}" (binary_conv): {reason}', "op")

    monkeypatch.setattr(conversion.Model, "from_bytes", refused)
    reason = "it is too good"
    for name, place in (("binary_conv2d", "module '0' (binary_conv2d): "), ("unknown", "")):
        with pytest.raises(ConvertError) as caught:
            convert(net, torch.randn(2, 3, 4, 4))
        assert str(caught.value) == f'{place}the engine refuses the model file: op 1 "{name}" (binary_conv): {reason}'


def test_preprocessing_travels_with_the_file() -> None:
    net = Net()
    for given in (None, Preprocessing(), Preprocessing(9, "bilinear")):
        content = convert(net, PIXELS, preprocessing=given).to_bytes()
        assert Model.from_bytes(content).preprocessing == given
    with pytest.raises(ValueError, match=r"resize is 2, less than"):
        convert(net, PIXELS, preprocessing=Preprocessing(2)).to_bytes()
    with pytest.raises(ValueError, match="the model reads float32"):
        convert(nn.Linear(4, 2).eval(), torch.zeros(2, 4), preprocessing=Preprocessing()).to_bytes()
