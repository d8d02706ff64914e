"""IntegerConv2d refuses what is not pixels, whoever runs it: eagerly, compiled, exported and on several dtypes."""

from typing import Any

import pytest
import torch
from torch import Tensor

from signbit.layers import IntegerConv2d

PIXELS = torch.randint(0, 256, (2, 3, 6, 6), dtype=torch.uint8, generator=torch.Generator().manual_seed(7))
PIXELS[0, 0, 0, :2] = torch.tensor([0, 255])


def with_one(value: float, dtype: torch.dtype = torch.float32) -> Tensor:
    """Good pixels, but for a single value."""
    pixels = PIXELS.to(dtype)
    pixels[1, 2, 5, 5] = value
    return pixels


REFUSED = {
    "ToTensor": (PIXELS.float() / 255, r"float32 from 0 to 1, not all of them whole numbers"),
    "Normalize": ((PIXELS.float() / 255 - 0.45) / 0.22, r"float32 from -2\.\d+ to 2\.5, not all"),
    "-1 to 1": (PIXELS.float() / 127.5 - 1, r"float32 from -1 to 1, not all"),
    "ToTensor, half": ((PIXELS.float() / 255).half(), "float16 from 0 to 1, not all"),
    "ToTensor, double": (PIXELS.double() / 255, "float64 from 0 to 1, not all"),
    "one value": (with_one(0.5), "float32 from 0 to 255, not all"),
    "just below": (with_one(-1e-30), "float32 from -1e-30 to 255, not all"),
    "NaN": (with_one(torch.nan), "float32 from 0 to 255 with NaN;"),
    "NaN alone": (torch.full((1, 3, 4, 4), torch.nan), "float32 with NaN;"),
    "infinity": (with_one(torch.inf), "float32 from 0 to inf;"),
    "256": (with_one(256.0), "float32 from 0 to 256;"),
    "negative": (with_one(-1), "float32 from -1 to 255;"),
    "int64 of 300": (with_one(300, torch.int64), "int64 from 0 to 300;"),
    "int8": (PIXELS.to(torch.int8), r"int8 from -\d+ to \d+;"),
    "int32 less 128": (PIXELS.int() - 128, "int32 from -128 to 127;"),
}
TAKEN = {
    dtype: PIXELS.to(dtype)
    for dtype in (
        torch.uint8, torch.int16, torch.int32, torch.int64, torch.bfloat16, torch.float16, torch.float32,
        torch.float64,
    )
}  # fmt: skip


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_pixels_is_refused(name: str, training: bool) -> None:
    pixels, given = REFUSED[name]
    layer = IntegerConv2d(3, 4, 3).train(training)
    advice = r".* whole numbers from 0 to 255: leave ToTensor and Normalize out \(PILToTensor .*torch\.nn\.Conv2d"
    with pytest.raises(ValueError, match=given + advice):
        layer(pixels)


@pytest.mark.parametrize("dtype", TAKEN, ids=str)
def test_whole_numbers_of_every_dtype(dtype: torch.dtype) -> None:
    layer = IntegerConv2d(3, 4, 3)
    assert torch.equal(layer(TAKEN[dtype]), layer(PIXELS))


@pytest.mark.parametrize("pixels", [PIXELS > 127, PIXELS.to(torch.complex64)])
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_dtypes_without_pixels(pixels: Tensor, device: str) -> None:
    with pytest.raises(ValueError, match=r"the pixels are torch\.(bool|complex64); give uint8, or whole numbers"):
        IntegerConv2d(3, 4, 3).to(device)(pixels.to(device))


def test_no_pixels_at_all() -> None:
    assert IntegerConv2d(3, 4, 3)(torch.zeros(0, 3, 6, 6)).shape == (0, 4, 4, 4)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_uint8_alone_costs_nothing(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = []
    original = Tensor.round
    monkeypatch.setattr(Tensor, "round", lambda x, *args: (looked_at.append(x.dtype), original(x, *args))[1])
    from signbit.layers.pixel_values import check_pixels

    check_pixels(PIXELS.to(dtype))
    assert looked_at == ([] if dtype == torch.uint8 else [torch.float32])


@pytest.mark.parametrize("good", [PIXELS, PIXELS.float()], ids=["uint8", "float32"])
@pytest.mark.parametrize("grad", [True, False])
def test_a_compiled_layer_looks_too(good: Tensor, grad: bool) -> None:
    torch.compiler.reset()
    layer = IntegerConv2d(3, 4, 3)
    compiled: Any = torch.compile(layer, backend="aot_eager", fullgraph=True)
    with torch.set_grad_enabled(grad):
        assert torch.equal(compiled(good), layer(good))
        if good.is_floating_point():
            with pytest.raises(ValueError, match="leave ToTensor and Normalize out"):
                compiled(good / 255)


@pytest.mark.parametrize(
    "example", [PIXELS, PIXELS.float(), PIXELS.float() / 255], ids=["uint8", "float32", "ToTensor"]
)
@pytest.mark.parametrize("strict", [True, False])
def test_an_exported_layer_looks_too(example: Tensor, strict: bool) -> None:
    """A capture has no values, so it takes any; the program it gives refuses them when it runs."""
    layer = IntegerConv2d(3, 4, 3).eval()
    program = torch.export.export(layer, (example,), strict=strict).module()
    good = PIXELS.to(example.dtype)
    assert torch.equal(program(good), layer(good))
    # torch's program switches gradients off and on by nodes of its own, so an error in between leaves them off.
    with torch.set_grad_enabled(True):
        if example.is_floating_point():
            with pytest.raises(ValueError, match="leave ToTensor and Normalize out"):
                program(good / 255)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_the_meta_device_has_no_values(dtype: torch.dtype) -> None:
    layer = IntegerConv2d(3, 4, 3, padding=1).to("meta")
    assert layer(torch.empty(2, 3, 6, 6, dtype=dtype, device="meta")).shape == (2, 4, 6, 6)
