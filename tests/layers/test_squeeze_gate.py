"""The gate against the formula, and its arguments."""

import pytest
import torch

from signbit.layers import SqueezeGate


@pytest.mark.parametrize(("bias", "parameters"), [(False, 16 * 2 + 2 * 24), (True, 16 * 2 + 2 * 24 + 2 + 24)])
def test_formula(bias: bool, parameters: int, seed: int) -> None:
    torch.manual_seed(seed)
    gate = SqueezeGate(16, 24, 8, bias=bias).double()
    assert sum(p.numel() for p in gate.parameters()) == parameters
    x = torch.randn(3, 16, 5, 7, dtype=torch.float64)
    state = {"squeeze.bias": torch.zeros(2).double(), "expand.bias": torch.zeros(24).double()} | gate.state_dict()
    hidden = torch.einsum("nchw,oc->no", x, state["squeeze.weight"]) / 35 + state["squeeze.bias"]
    y = torch.einsum("nh,oh->no", hidden.clamp_min(0), state["expand.weight"]) + state["expand.bias"]
    torch.testing.assert_close(gate(x), (1 / (1 + torch.exp(-y)))[:, :, None, None])


def test_few_channels_keep_a_feature() -> None:
    assert SqueezeGate(4, 4, 8).squeeze.out_features == 1


@pytest.mark.parametrize("arguments", [(0, 8, 8), (8, 0, 8), (8, 8, 0)])
def test_wrong_arguments(arguments: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="is 0; give an integer of at least 1"):
        SqueezeGate(*arguments)
