"""What every binarizer must do, for each file of the folder."""

import copy
import inspect
import io

import pytest
import torch
from torch import Tensor

from signbit import binarizers
from signbit.binarizers import Binarizer
from signbit.binarizers.base import sign

AWKWARD = torch.tensor([0.0, -0.0, 1e-45, -1e-45, 1e-38, -1e-38, 1.0, -1.0, 3e38, -3e38, torch.inf, -torch.inf])

# The closed forms, written a second time and apart from the code.
CLOSED_FORMS = {
    "ste_sign": lambda z: torch.ones_like(z),
    "clipped_ste_sign": lambda z: torch.where(z.abs() <= 1, 1.0, 0.0).to(z.dtype),
    "approx_sign": lambda z: torch.where(z.abs() <= 1, 2 - 2 * z.abs(), torch.zeros_like(z)),
    "leaky_ste_sign": lambda z: (z.abs() <= 1) + 0.01 * (z.abs() > 1).to(z.dtype),
    "mean_abs_sign": lambda z: torch.where(z.abs() <= 1, 1.0, 0.0).to(z.dtype),
    "temperature_sign": lambda z: torch.ones_like(z),
    "standardized_mean_abs_sign": lambda z: torch.where(z.abs() <= 1, 1.0, 0.0).to(z.dtype),
    "centred_mean_abs_sign": lambda z: torch.ones_like(z),
}


def standardized(weight: Tensor) -> Tensor:
    mean = weight.mean((1, 2, 3), keepdim=True)
    std = (weight - mean).square().mean((1, 2, 3), keepdim=True).sqrt()
    return (weight - mean) / (std + 1e-5) * weight[0].numel() ** -0.5


# What the sign is taken of, where it is not the input itself.
LATENTS = {"standardized_mean_abs_sign": standardized}


@pytest.fixture(params=binarizers.names())
def binarizer(request: pytest.FixtureRequest) -> Binarizer:
    return binarizers.create(request.param)


def name_of(binarizer: Binarizer) -> str:
    return type(binarizer).__module__.rpartition(".")[2]


def latent_of(binarizer: Binarizer, x: Tensor) -> Tensor:
    return LATENTS.get(name_of(binarizer), lambda x: x)(x)


def tolerance(binarizer: Binarizer) -> dict[str, float]:
    """None, but for a latent that is worked out in another order here."""
    return {"rtol": 1e-9 if name_of(binarizer) in LATENTS else 0.0, "atol": 0.0}


def values(seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    drawn = 2 * torch.randn(5, 3, 3, 3, generator=generator, dtype=dtype)
    drawn[0, 0] = torch.tensor([[0.0, -0.0, 1.0], [-1.0, 0.5, -0.5], [2.0, -2.0, 0.25]])
    return drawn


def test_every_method_has_a_closed_form_here() -> None:
    assert sorted(CLOSED_FORMS) == binarizers.names()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_two_values_only(binarizer: Binarizer, seed: int, dtype: torch.dtype) -> None:
    codes = binarizer(values(seed).to(dtype))
    assert codes.dtype == dtype
    assert set(codes.flatten().tolist()) == {-1.0, 1.0}


def test_signs_of_awkward_values(binarizer: Binarizer) -> None:
    if name_of(binarizer) in LATENTS:
        pytest.skip("the sign is not that of the value itself")
    x = AWKWARD.clone().requires_grad_()
    codes = binarizer(x)
    assert codes.tolist() == [1, 1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1]
    codes.sum().backward()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()


def test_nan_is_minus_one() -> None:
    assert sign(torch.tensor([torch.nan, -torch.nan])).tolist() == [-1, -1]


def test_gradient_is_the_closed_form(binarizer: Binarizer, seed: int) -> None:
    z = values(seed).requires_grad_()
    upstream = torch.randn(z.shape, generator=torch.Generator().manual_seed(seed + 1), dtype=z.dtype)
    before = upstream.clone()
    binarizer(z).backward(upstream)
    latent = latent_of(binarizer, z)
    expected = CLOSED_FORMS[name_of(binarizer)](latent.detach())
    assert torch.equal(binarizer.gradient(latent.detach()), expected)
    assert z.grad is not None
    (through,) = torch.autograd.grad(latent, z, before * expected)
    torch.testing.assert_close(z.grad, through, **tolerance(binarizer))
    assert torch.equal(upstream, before)  # multiplied, not changed: other branches share it


def test_step_gradient_is_a_mask(binarizer: Binarizer, seed: int) -> None:
    found = set(binarizer.gradient(values(seed)).flatten().tolist())
    assert binarizer.gradient_is_step == (found <= {0.0, 1.0})


def test_modes(binarizer: Binarizer, seed: int) -> None:
    x = values(seed)
    binarizer.mode = "real"
    torch.testing.assert_close(binarizer(x), latent_of(binarizer, x), **tolerance(binarizer))
    with pytest.raises(ValueError, match="no mode 'fuzzy'; there are binary, real"):
        binarizer.mode = "fuzzy"
    assert binarizer.mode == "real"


def test_scale_is_of_each_filter(binarizer: Binarizer, seed: int) -> None:
    scale = binarizer.scale(values(seed))
    if scale is not None:
        assert scale.shape == (5,)
        assert not scale.requires_grad


def test_state_survives_a_checkpoint(binarizer: Binarizer, seed: int) -> None:
    file = io.BytesIO()
    torch.save(binarizer.state_dict(), file)
    file.seek(0)
    other = binarizers.create(name_of(binarizer))
    other.load_state_dict(torch.load(file, weights_only=True), strict=True)
    x = values(seed)
    assert torch.equal(binarizer(x), other(x))
    assert torch.equal(binarizer(x), copy.deepcopy(binarizer)(x))


def test_docstring_names_the_source(binarizer: Binarizer) -> None:
    text = inspect.getdoc(type(binarizer)) or ""
    assert "Source:" in text
    assert "arXiv:" in text or "doi:" in text


def test_unknown_name() -> None:
    with pytest.raises(ValueError, match="no 'aprox_sign'; there are approx_sign, "):
        binarizers.create("aprox_sign")


def test_one_node_in_an_exported_graph(binarizer: Binarizer) -> None:
    batch = torch.export.Dim("batch")
    program = torch.export.export(binarizer.eval(), (torch.randn(2, 3, 4, 4),), dynamic_shapes=({0: batch},))
    targets = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    assert targets.count("signbit.sign.default") == 1
    assert targets[-1] == "signbit.sign.default"
    assert len(targets) == 1 or type(binarizer).latent is not Binarizer.latent
