"""ClippedSteSign: where its gradient ends."""

import pytest
import torch

from signbit import binarizers


@pytest.mark.parametrize("limit", [0.5, 1.0, 1.25, 1.5])  # each is a float32 exactly
def test_gradient_is_one_up_to_the_limit(limit: float) -> None:
    border = torch.tensor([limit, -limit])
    beyond = torch.nextafter(border, border * 2)
    z = torch.cat([border, beyond, torch.zeros(1)]).requires_grad_()
    binarizers.create("clipped_ste_sign", limit=limit)(z).sum().backward()
    assert z.grad is not None
    assert z.grad.tolist() == [1, 1, 0, 0, 1]


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan")])
def test_wrong_limit(limit: float) -> None:
    with pytest.raises(ValueError, match="give a positive number"):
        binarizers.create("clipped_ste_sign", limit=limit)
