"""The mode of a product is state: set, saved, and the same eagerly, compiled and exported, whatever the values are."""

import copy
import warnings
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from signbit import binarizers, models
from signbit.binarizers import Binarizer
from signbit.layers import BinaryConv2d, BinaryLinear, BinaryWeightConv2d, IntegerConv2d, RSign, set_modes
from signbit.layers.modes import modes_of, put_modes

MODES = ("binary", "real", "soft")
PIXELS = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))
NETWORKS = ("reactnet18", "presbnet10", "xnornet_nin", "bnext18")


class Block(nn.Module):
    """One sign for two convolutions, and a linear layer, behind a stem; every kind of layer that is binary."""

    def __init__(self, method: str) -> None:
        super().__init__()
        self.stem, self.norm = IntegerConv2d(3, 8, 3, 2, weight_binarizer=method), nn.BatchNorm2d(8)
        self.sign = binarizers.create(method)
        self.left = BinaryConv2d(8, 8, 3, input_binarizer=None, weight_binarizer="mean_abs_sign")
        self.right = BinaryConv2d(8, 8, 3, input_binarizer=None, weight_binarizer=method)
        self.shift = RSign(8, method)
        self.pointwise = BinaryConv2d(8, 6, 1, input_binarizer=None)
        self.weights_only = BinaryWeightConv2d(6, 4, 3)
        self.last = BinaryLinear(4, 3, input_binarizer=method, weight_binarizer=method)

    def forward(self, pixels: Tensor) -> Tensor:
        codes = self.sign(self.norm(self.stem(pixels)))
        y = self.pointwise(self.shift(self.left(codes) / 8 + self.right(codes) / 9))
        z: Tensor = self.last(self.weights_only(y).mean((2, 3)))
        return z


def block(method: str = "clipped_ste_sign", seed: int = 0) -> Block:
    torch.manual_seed(seed)
    network = Block(method)
    for _ in range(2):
        network(PIXELS)
    return network.eval()


def three_ways(model: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """What the model gives eagerly, compiled and exported."""
    torch.compiler.reset()
    compiled: Any = torch.compile(model, backend="aot_eager", fullgraph=True)
    batch = torch.export.Dim("batch")
    with torch.no_grad():
        exported = torch.export.export(model, (images,), dynamic_shapes=({0: batch},)).module()
        return {"eager": model(images), "compiled": compiled(images), "exported": exported(images)}


def assert_one_result(model: nn.Module, images: Tensor) -> Tensor:
    found = three_ways(model, images)
    for way, value in found.items():
        assert torch.equal(value, found["eager"]), f"{way}: {(value - found['eager']).abs().max().item()}"
    return found["eager"]


@pytest.mark.parametrize("weights", MODES)
@pytest.mark.parametrize("activations", MODES)
@pytest.mark.parametrize("method", ["clipped_ste_sign", "temperature_sign"])
def test_a_block_computes_one_thing(method: str, activations: str, weights: str, seed: int) -> None:
    network = block(method, seed)
    # mean_abs_sign and ste_sign have no soft values.
    soft_weights = [network.left, network.pointwise, network.weights_only]
    set_modes(network, activations, "real" if weights == "soft" else weights)
    if weights == "soft":
        for module in network.modules():
            if module not in soft_weights and isinstance(getattr(module, "weight_binarizer", None), Binarizer):
                module.weight_binarizer.mode = "soft"
    assert_one_result(network, PIXELS)


@pytest.mark.parametrize("weights", ["binary", "real"])
@pytest.mark.parametrize("activations", MODES)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_computes_one_thing(name: str, activations: str, weights: str, seed: int) -> None:
    torch.manual_seed(seed)
    model = models.create(name, width=0.125)
    model(PIXELS)
    if activations == "soft" and not all("soft" in module.modes for module in signs_of(model)):
        with pytest.raises(ValueError, match="no mode 'soft'"):
            set_modes(model, "soft", weights)
        return
    set_modes(model, activations, weights)
    assert torch.isfinite(assert_one_result(model.eval(), PIXELS)).all()


def signs_of(model: nn.Module) -> list[Binarizer]:
    of_weights = {id(getattr(module, "weight_binarizer", None)) for module in model.modules()}
    return [m for m in model.modules() if isinstance(m, Binarizer) and id(m) not in of_weights]


@pytest.mark.parametrize(("activations", "weights"), [("real", "binary"), ("binary", "real"), ("real", "real")])
@pytest.mark.parametrize("name", ["reactnet18", "real_to_binary18", "xnornet_nin"])
def test_evaluation_rounds_nothing_that_training_does_not(name: str, activations: str, weights: str, seed: int) -> None:
    """In a mode that is not binary, the product is the same in eval mode as in training."""
    torch.manual_seed(seed)
    model = models.create(name, width=0.125)
    model(PIXELS)
    set_modes(model, activations, weights)
    layers = [m for m in model.eval().modules() if isinstance(m, BinaryConv2d)]
    found: list[tuple[BinaryConv2d, Tensor, Tensor]] = []
    hooks = [m.register_forward_hook(lambda m, inputs, y: found.append((m, inputs[0], y))) for m in layers]
    with torch.no_grad():
        model(PIXELS)
        for hook in hooks:
            hook.remove()
        assert len(found) == len(layers)
        for layer, x, y in found:
            assert torch.equal(layer.train()(x), y)


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 3.0])
@pytest.mark.parametrize("build", [BinaryLinear, lambda *channels, **given: BinaryConv2d(*channels, 1, **given)])
def test_whole_numbers_do_not_make_a_product_exact(build: Any, value: float) -> None:
    """In mode real the same operator runs for whole numbers as for others; it was chosen by the values once."""
    layer = build(4, 3, input_binarizer=None).eval()
    x = torch.full((2, 4) if isinstance(layer, BinaryLinear) else (2, 4, 1, 1), value)
    for mode, exact in (("real", False), ("soft", False), ("binary", True)):
        layer.input_mode = mode
        assert layer.operands(x).exact is exact
        assert layer.train().operands(x).exact is False
        layer.eval()


def test_a_layer_with_a_sign_has_the_mode_of_it() -> None:
    layer = BinaryLinear(4, 3)
    layer.input_mode = "real"
    assert layer.input_binarizer is not None
    assert layer.input_binarizer.mode == layer.input_mode == "real"
    layer.input_binarizer.mode = "binary"
    assert layer.input_mode == "binary"
    with pytest.raises(ValueError, match="SteSign: no mode 'soft'"):
        layer.input_mode = "soft"


def test_an_unknown_mode() -> None:
    layer = BinaryLinear(4, 3, input_binarizer=None)
    with pytest.raises(ValueError, match="BinaryLinear: no mode 'hard'; there are binary, real, soft"):
        layer.input_mode = "hard"
    assert layer.input_mode == "binary"


def test_modes_are_read_and_put_back() -> None:
    network = block()
    set_modes(network, "soft", "real")
    modes = modes_of(network)
    assert modes["left"] == modes["pointwise"] == modes["sign"] == modes["shift.binarizer"] == "soft"
    assert modes["left.weight_binarizer"] == modes["stem.weight_binarizer"] == "real"
    assert not {"weights_only", "last", "stem"} & modes.keys()  # what has no sign before it has no mode of its own
    fresh = block()
    assert set(modes_of(fresh).values()) == {"binary"}
    put_modes(fresh, modes)
    assert modes_of(fresh) == modes == modes_of(copy.deepcopy(network))
    assert torch.equal(fresh(PIXELS), network(PIXELS))


@pytest.mark.parametrize("change", [{"other": "real"}, {"left": None}])
def test_modes_of_another_model(change: dict[str, Any]) -> None:
    modes = {path: mode for path, mode in (modes_of(block()) | change).items() if mode is not None}
    with pytest.raises(ValueError, match=r"modes are those of another model: (other|left) is in only one of the two"):
        put_modes(block(), modes)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("value", [0.3, torch.nan, 1 - 2**-8])
def test_a_forgotten_sign_is_warned_of_on_the_cpu(value: float, dtype: torch.dtype) -> None:
    for layer, shape in (
        (BinaryLinear(33, 3, input_binarizer=None), (5, 33)),
        (BinaryLinear(33, 3, input_binarizer=None), (33,)),
        (BinaryConv2d(33, 3, 1, input_binarizer=None), (5, 33, 4, 4)),
    ):
        codes = torch.ones(shape, dtype=dtype)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            layer.eval().to(dtype)(codes)
        words = r"mode 'binary' was given .* not a code, .*give the layer an input_binarizer"
        with pytest.warns(UserWarning, match=words):
            layer(codes * value)
