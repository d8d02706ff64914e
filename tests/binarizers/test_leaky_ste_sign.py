"""LeakySteSign: between the two signs that it has for its ends."""

import pytest
import torch

from signbit import binarizers


@pytest.mark.parametrize(("leak", "same"), [(0.0, "clipped_ste_sign"), (1.0, "ste_sign")])
def test_ends(leak: float, same: str) -> None:
    z = torch.tensor([0.0, -0.5, 1.0, -1.0, 1.0000001, -2.0, torch.inf])
    found = binarizers.create("leaky_ste_sign", leak=leak).gradient(z)
    assert torch.equal(found, binarizers.create(same).gradient(z))


def test_leak_is_the_gradient_outside() -> None:
    z = torch.tensor([-3.0, -1.0, 1.0, 3.0], dtype=torch.float64)
    assert binarizers.create("leaky_ste_sign", leak=0.25).gradient(z).tolist() == [0.25, 1, 1, 0.25]


@pytest.mark.parametrize("leak", [-0.01, 1.01, float("nan")])
def test_wrong_leak(leak: float) -> None:
    with pytest.raises(ValueError, match=r"leak is .*; give a gradient from 0 to 1"):
        binarizers.create("leaky_ste_sign", leak=leak)
