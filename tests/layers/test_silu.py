"""SiLU: the value depends on the input alone, and the gradient is SiLU's."""

import pytest
import torch
from torch.nn import functional

from signbit.layers.silu import silu


def test_equal_inputs_give_equal_outputs_wherever_they_stand() -> None:
    x = torch.randn(30_000, generator=torch.Generator().manual_seed(1)) * 4
    whole = silu(x, exact=True)
    for piece in (1, 7, 16, 31):
        pieces = torch.cat([silu(part, exact=True) for part in x[:3000].split(piece)])
        assert torch.equal(pieces, whole[:3000]), piece
    image = x.reshape(10, 30, 10, 10)
    assert torch.equal(
        silu(image.contiguous(memory_format=torch.channels_last), exact=True), whole.reshape(image.shape)
    )
    assert torch.equal(silu(image[..., ::3], exact=True), whole.reshape(image.shape)[..., ::3])


def test_it_is_silu() -> None:
    x = torch.linspace(-100, 100, 10_001)
    wanted = functional.silu(x.double())
    for exact in (True, False):
        error = (silu(x, exact=exact).double() - wanted).abs()
        assert (error <= 5 * 2.0**-24 * wanted.abs() + 2.0**-120).all()  # below -88.7 the exponential overflows
    assert silu(torch.tensor([0.0, -0.0, torch.inf]), exact=True).tolist() == [0.0, 0.0, torch.inf]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dtype_is_kept(dtype: torch.dtype) -> None:
    assert silu(torch.ones(3, dtype=dtype), exact=True).dtype == dtype


def test_gradient() -> None:
    x = torch.linspace(-5, 5, 101, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda value: silu(value, exact=True), x)
    (ours,) = torch.autograd.grad(silu(x, exact=True).sum(), x)
    (torchs,) = torch.autograd.grad(functional.silu(x).sum(), x)
    assert torch.allclose(ours, torchs, rtol=1e-12, atol=1e-15)
