"""What is not converted: always a ConvertError that names the place and says what to do."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from converted import FLOATS, norm
from torch import Tensor, nn

from signbit.convert import convert
from signbit.errors import ConvertError
from signbit.layers.binary_conv import BinaryConv2d
from signbit.layers.binary_linear import BinaryLinear
from signbit.layers.integer_stem import IntegerConv2d


class Plain(nn.Module):
    """A binary convolution, a batch norm, and what a test does with the result."""

    def __init__(self, body: Callable[[Any, Tensor], Any] = lambda net, y: net.head(y.flatten(1))) -> None:
        super().__init__()
        self.body, self.conv, self.norm = body, BinaryConv2d(8, 8, 3, padding=1), norm(8)
        self.head = nn.Linear(288, 5)

    def forward(self, x: Tensor) -> Any:
        return self.body(self, self.norm(self.conv(x)))


def refused(module: Any, example: Any = FLOATS) -> str:
    """The message of the refusal."""
    with pytest.raises(ConvertError) as error:
        convert(module.eval() if isinstance(module, nn.Module) else module, example)
    return str(error.value)


# ---- what is no module, or one without values


def on_meta() -> nn.Module:
    with torch.device("meta"):
        return Plain()


def damaged(name: str, value: float) -> nn.Module:
    module = Plain()
    with torch.no_grad():
        module.get_parameter(name).view(-1)[3] = value
    return module


def damaged_buffer(name: str, value: float) -> nn.Module:
    module = Plain(lambda net, y: net.head((net.conv(y) + y).flatten(1)))
    module.get_buffer(name)[3] = value
    return module


MODULES: dict[str, tuple[Callable[[], Any], str]] = {
    "a function": (lambda: lambda x: x, "is a function; give a torch.nn.Module"),
    "a compiled function": (lambda: torch.compile(lambda x: x), "is a function; give a torch.nn.Module"),
    "None": (lambda: None, "is a NoneType; give a torch.nn.Module"),
    "a class": (lambda: Plain, "the module is the class Plain; give a torch.nn.Module, an instance with its weights"),
    "a name": (lambda: "model.pt", "is a str; give a torch.nn.Module"),
    "weights": (lambda: Plain().state_dict(), "is a collections.OrderedDict; give a torch.nn.Module"),
    "a list": (lambda: [Plain()], "is a list; give a torch.nn.Module"),
    "a tensor": (lambda: FLOATS, "is a torch.Tensor; give a torch.nn.Module"),
    "ModuleList": (lambda: nn.ModuleList([Plain()]), "has no forward; give a module that accepts a batch"),
    "nn.Module": (nn.Module, "has no forward; give a module that accepts a batch"),
    "scripted": (lambda: torch.jit.script(nn.Sequential(nn.Conv2d(8, 4, 1))), "is TorchScript; give the"),
    "scripted inside": (lambda: nn.Sequential(torch.jit.script(nn.ReLU())), "module '0' is TorchScript"),
    "exported": (lambda: torch.export.export(nn.Linear(4, 2), (torch.zeros(2, 4),)).module(), "comes from torch.exp"),
    "meta": (on_meta, "conv.weight is on the meta device and has no values; load the weights first"),
    "lazy": (lambda: nn.Sequential(nn.LazyConv2d(4, 1)), "0.weight has no size yet; run the module once"),
    "lazy batch norm": (lambda: nn.Sequential(nn.LazyBatchNorm2d()), "has no size yet; run the module once"),
    "half": (lambda: Plain().half(), r"conv.weight is torch.float16; .* call .float\(\) on the module first"),
    "bfloat16": (lambda: Plain().bfloat16(), r"conv.weight is torch.bfloat16; .* call .float\(\)"),
    "double": (lambda: Plain().double(), r"conv.weight is torch.float64; .* call .float\(\)"),
    "one half layer": (lambda: nn.Sequential(Plain(), nn.Linear(5, 2).half()), r"1.weight is torch.float16"),
    "complex": (lambda: nn.Sequential(nn.Linear(6, 2, dtype=torch.complex64)), "0.weight is torch.complex64"),
    "a NaN weight": (lambda: damaged("head.weight", float("nan")), "head.weight: 1 of 1440 values are NaN.*checkpoint"),
    "an infinite bias": (lambda: damaged("norm.bias", float("inf")), "norm.bias: 1 of 8 values are NaN or infinite"),
    "a NaN latent weight": (lambda: damaged("conv.weight", float("nan")), "conv.weight: 1 of 576 values are NaN"),
    "a NaN mean": (lambda: damaged_buffer("norm.running_mean", float("nan")), "norm.running_mean: 1 of 8 values"),
    "a negative variance": (lambda: damaged_buffer("norm.running_var", -1.0), "NaN where its accumulator|are negative"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", MODULES)
def test_modules(name: str) -> None:
    make, words = MODULES[name]
    made = make()
    with pytest.raises(ConvertError, match=words):
        convert(made, FLOATS)


EXAMPLES: dict[str, tuple[Any, str]] = {
    "numpy": (FLOATS.numpy(), r"is a numpy.ndarray; give a torch.Tensor, such as torch.from_numpy\(array\)"),
    "a list": ([FLOATS], "is a list; give a torch.Tensor"),
    "a tuple": ((FLOATS,), "is a tuple; give a torch.Tensor"),
    "None": (None, "is a NoneType; give a torch.Tensor"),
    "a shape": (torch.Size([2, 8, 6, 6]), "is a torch.Size; give a torch.Tensor"),
    **{str(dtype): (FLOATS.to(dtype), f"is {dtype}; give images as uint8 or float32")
       for dtype in (torch.float64, torch.float16, torch.bfloat16, torch.int32, torch.int64, torch.int8, torch.bool,
                     torch.complex64, torch.uint16)},
    "quantized": (torch.quantize_per_tensor(FLOATS, 0.1, 0, torch.quint8), "give images as uint8 or float32"),
    "one image without a batch": (FLOATS[0], r"has the shape \[8, 6, 6\]; give at least one image, as \[N, C, H, W\]"),
    "five axes": (FLOATS[None], "give at least one image"),
    "one axis": (FLOATS.flatten(), "give at least one image"),
    "a number": (torch.tensor(1.0), "give at least one image"),
    "no image": (FLOATS[:0], r"has the shape \[0, 8, 6, 6\]; give at least one image"),
    "no pixel": (FLOATS[:, :, :0], "give at least one image"),
    "meta": (FLOATS.to("meta"), "a meta or sparse tensor; give one with values"),
    "sparse": (FLOATS.to_sparse(), "a meta or sparse tensor; give one with values"),
    "other channels": (FLOATS[:, :5], r"module 'conv' fails on the example.*expected input.* must accept a batch"),
    "another size": (FLOATS[:, :, :5], "module 'head' fails on the example, torch.float32 of shape"),
    "bytes": (FLOATS.to(torch.uint8), "module 'conv.* fails on the example, torch.uint8|uint8"),
    "a vector": (FLOATS.flatten(1), "module 'conv' fails on the example"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name: str) -> None:
    example, words = EXAMPLES[name]
    with pytest.raises(ConvertError, match=words):
        convert(Plain().eval(), example)


# ---- what its forward takes and gives


class TwoInputs(nn.Module):
    def forward(self, x: Tensor, scale: Tensor) -> Tensor:
        return x * scale


class KeywordOnly(nn.Module):
    def forward(self, *, x: Tensor) -> Tensor:
        return x * 2


class AnyNumber(nn.Module):
    def forward(self, *given: Tensor) -> Tensor:
        return given[0] * 2


class Nothing(nn.Module):
    def forward(self) -> Tensor:
        return torch.ones(2, 2)


class Constant(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.ones(len(x), 3)


@pytest.mark.parametrize("kind", [TwoInputs, KeywordOnly, AnyNumber, Nothing])
def test_forwards_that_do_not_take_one_batch(kind: type[nn.Module]) -> None:
    said = refused(kind())
    assert said.startswith("the module's forward(")
    assert "does not accept one batch of images: " in said
    assert "Wrap it in a module whose forward(self, x)" in said


OUTPUTS: dict[str, tuple[Callable[[Any, Tensor], Any], str]] = {
    "None": (lambda n, y: None, "returns None; it must return exactly one tensor: wrap it"),
    "a number": (lambda n, y: 3.0, "returns a float; it must return exactly one tensor"),
    "a dict": (lambda n, y: {"logits": y}, "returns a dict of 1; it must return exactly one tensor"),
    "an ordered dict": (lambda n, y: OrderedDict(a=y, b=y), "returns a collections.OrderedDict of 2"),
    "a tuple of one": (lambda n, y: (y,), "returns a tuple of 1; it must return exactly one tensor"),
    "a list of one": (lambda n, y: [y], "returns a list of 1"),
    "the same twice": (lambda n, y: (y, y), "returns a tuple of 2"),
    "with None": (lambda n, y: (y, None), "returns a tuple of 2"),
    "largest and where": (lambda n, y: y.max(1), "returns a torch.return_types.max of 2"),
    "one number for all": (lambda n, y: y.sum(), r"of shape \[\] for 5 images; it must return one result for each"),
    "images joined": (lambda n, y: y.reshape(-1), r"of shape \[1440\] for 5 images"),
    "three axes": (lambda n, y: y.flatten(2), r"a tensor of 3 axes: keep axes of size 1"),
    "classes": (lambda n, y: y.argmax(1), "no op for aten::argmax.*return the logits"),
    "a comparison": (lambda n, y: y > 0, "the output is torch.bool; a model file outputs float32: return floats"),
    "whole numbers": (lambda n, y: y.int(), "the output is torch.int32; a model file outputs float32"),
    "doubles": (lambda n, y: y.double(), "the output is torch.float64; a model file outputs float32"),
    "not a number": (lambda n, y: y.log(), "of the output is NaN where its accumulator is .*; keep its input away"),
    "nought by nought": (lambda n, y: (y - y) / (y - y), "NaN where its accumulator"),
    "half, on its way": (lambda n, y: n.head(y.flatten(1)).half().float(), "a cast of torch.float32 to torch.float16"),
}  # fmt: skip


@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs(name: str) -> None:
    body, words = OUTPUTS[name]
    with pytest.raises(ConvertError, match=words):
        convert(Plain(body).eval(), FLOATS)


def test_an_output_that_does_not_depend_on_the_image() -> None:
    assert "does not depend on its input, so there is nothing to convert" in refused(Constant())
    assert "the output is torch.uint8" in refused(nn.Identity(), FLOATS.to(torch.uint8))


# ---- what torch.export or the engine cannot follow

TRACED: dict[str, tuple[Callable[[Any, Tensor], Any], str]] = {
    "a branch": (lambda n, y: y if y.mean() > 0 else -y, "cannot be captured: .*no branch, shape or Python number may"),
    "a number of the image": (lambda n, y: y * y.max().item(), "no op for aten::max|cannot be captured"),
    "data": (lambda n, y: y.data.relu_(), "its forward uses a tensor's .data, or keeps a tensor in an attribute"),
    "numpy": (lambda n, y: torch.from_numpy(y.numpy() * 2), "cannot be captured"),
    "autocast": (lambda n, y: _in_bfloat16(n, y), "remove autocast, checkpointing and control-flow operators from"),
    "changed input": (lambda n, y: n.given.mul_(2) if hasattr(n, "given") else y.view(4, -1), "must|any number|fails"),
    "a generator": (lambda n, y: y + torch.rand(8, 1, 1, generator=torch.Generator().manual_seed(0)), "Generator"),
    "an exception": (lambda n, y: y[:, 11], "fails on the example.*out of (range|bounds)"),
    "a Python exception": (lambda n, y: {}["key"], "fails on the example.*'key'"),
    "an assertion": (lambda n, y: _fails(y), "fails on the example.*no good"),
    "endless recursion": (lambda n, y: _recurses(y), "fails on the example.*recursion"),
}  # fmt: skip


class ByData(nn.Linear):
    """A layer that keeps its latent weights small as much published code does."""

    def forward(self, x: Tensor) -> Tensor:
        self.weight.data.clamp_(-1, 1)
        return nn.functional.linear(x, self.weight.sign(), self.bias)


def test_the_module_that_uses_data_is_named() -> None:
    words = "its forward uses a tensor's .data, or keeps a tensor in an attribute; use the tensor or .detach()"
    assert refused(ByData(8, 2), torch.zeros(2, 8)) == f"the outermost module: {words}"
    network = nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(288, 8), ByData(8, 2)))
    assert refused(network) == f"module '1.1': {words}"


def _in_bfloat16(net: Any, y: Tensor) -> Tensor:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        z = net.norm(net.conv(y))
    result: Tensor = net.head(z.float().flatten(1))
    return result


def _fails(y: Tensor) -> Tensor:
    raise AssertionError("no good")


def _recurses(y: Tensor) -> Tensor:
    return _recurses(y)


@pytest.mark.parametrize("name", TRACED)
def test_what_cannot_be_traced(name: str) -> None:
    body, words = TRACED[name]
    with pytest.raises(ConvertError, match=words):
        convert(Plain(body).eval(), FLOATS)


def test_an_input_that_is_changed() -> None:
    assert "the module changes its input; clone it first" in refused(nn.Sequential(nn.ReLU(inplace=True)))
    example = FLOATS.clone()
    with pytest.raises(ConvertError):
        convert(nn.Sequential(nn.ReLU(inplace=True)).eval(), example)
    assert torch.equal(example, FLOATS)


def test_labels_and_names_are_value_errors() -> None:
    net = nn.Sequential(nn.Flatten(), BinaryLinear(288, 3)).eval()
    for labels in (["a"], ["a", "b"], ["a", "b", "c\n"], ["a", "b", "x" * 70_000], ["a", "b", "\ud800"]):
        with pytest.raises(ValueError, match="label"):
            convert(net, FLOATS, labels=labels)


def test_sizes_beyond_the_engines() -> None:
    wide = torch.zeros(2, 1, 1, 600)
    assert "a kernel of 1 x 300; the engine supports at most 255 per side" in refused(nn.Conv2d(1, 2, (1, 300)), wide)
    assert "a stride of 300 x 300" in refused(nn.MaxPool2d(1, 300), wide)
    assert "a dilation of 300 x 300" in refused(nn.Conv2d(1, 2, (1, 2), dilation=300), wide)
    assert "supports at most 255 per side" in refused(nn.AdaptiveMaxPool2d(1), wide)


# ---- two networks as they are written for torch


class BasicBlock(nn.Module):
    """Of a ResNet, with binary convolutions."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = BinaryConv2d(inputs, outputs, 3, stride=stride, padding=1)
        self.bn1, self.relu = nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
        self.conv2, self.bn2 = BinaryConv2d(outputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride > 1:
            self.shortcut = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(inputs, outputs, 1), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        y += self.shortcut(x)
        return self.relu(y)  # type: ignore[no-any-return]


class ResNet(nn.Module):
    """A stem, blocks, a mean over the pixels, and a linear layer."""

    def __init__(self, *strides: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = IntegerConv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layers = nn.Sequential(*(BasicBlock(8, 8, stride) for stride in strides))
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        y = self.layers(self.maxpool(self.bn1(self.conv1(x))))
        return self.fc(torch.flatten(self.avgpool(y), 1))  # type: ignore[no-any-return]


def inverted_residual(channels: int) -> nn.Module:
    return nn.Sequential(
        BinaryConv2d(channels, 3 * channels, 1), nn.BatchNorm2d(3 * channels), nn.ReLU6(inplace=True),
        BinaryConv2d(3 * channels, 3 * channels, 3, padding=1, groups=3 * channels), nn.BatchNorm2d(3 * channels),
        nn.ReLU6(inplace=True), BinaryConv2d(3 * channels, channels, 1), nn.BatchNorm2d(channels),
    )  # fmt: skip


class MobileNet(nn.Module):
    """Inverted residuals with depthwise convolutions, a mean over the pixels, dropout and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU6(inplace=True))
        self.blocks = nn.ModuleList(inverted_residual(8) for _ in range(2))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(8, 5))

    def forward(self, x: Tensor) -> Tensor:
        y = self.features(x)
        for block in self.blocks:
            y = y + block(y)
        return self.classifier(y.mean([2, 3]))  # type: ignore[no-any-return]


PHOTOS = torch.from_numpy(np.arange(2 * 3 * 16 * 16, dtype=np.uint32).astype(np.uint8).reshape(2, 3, 16, 16))


@pytest.mark.parametrize(
    ("net", "images", "words"),
    [
        (ResNet(1, 2), PHOTOS, "module 'layers.1.shortcut.0' (avg_pool2d): the engine has no op for aten::avg_pool2d: "
         "average pooling is not in the engine yet; use nn.MaxPool2d, or a convolution with stride 2"),
        (ResNet(1, 1), PHOTOS, "module 'avgpool' (adaptive_avg_pool2d): the engine has no op for "
         "aten::adaptive_avg_pool2d: average pooling is not in the engine yet; end the network in nn.Flatten and "
         "a linear layer, or use nn.AdaptiveMaxPool2d(1)"),
        (MobileNet(), PHOTOS.float(), "the outermost module (mean): the engine has no op for aten::mean: averages over "
         "pixels are not in the engine yet; use x.amax((2, 3)), or end the network in nn.Flatten and a linear layer"),
    ],
    ids=["a ResNet that pools in its shortcut", "a ResNet", "a MobileNet"],
)  # fmt: skip
def test_the_first_op_that_is_missing_is_named(net: nn.Module, images: Tensor, words: str) -> None:
    assert refused(net, images) == words
