"""Losses against their formulas."""

import inspect

import pytest
import torch

from signbit import losses


def test_names() -> None:
    assert losses.names() == ["cross_entropy", "squared_hinge"]
    with pytest.raises(ValueError, match="no 'hinge'; there are cross_entropy, squared_hinge"):
        losses.create("hinge")


@pytest.mark.parametrize("name", losses.names())
def test_source_is_named(name: str) -> None:
    assert "Source:" in (inspect.getdoc(type(losses.create(name))) or "")


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy(smoothing: float, seed: int) -> None:
    torch.manual_seed(seed)
    logits, labels = torch.randn(6, 4), torch.randint(0, 4, (6,))
    targets = torch.full((6, 4), smoothing / 4)
    targets[torch.arange(6), labels] += 1 - smoothing
    expected = -(targets * logits.log_softmax(1)).sum(1).mean()
    torch.testing.assert_close(losses.create("cross_entropy", label_smoothing=smoothing)(logits, labels), expected)


def test_squared_hinge(seed: int) -> None:
    torch.manual_seed(seed)
    logits, labels = torch.randn(6, 4, requires_grad=True), torch.randint(0, 4, (6,))
    expected = 0.0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        expected += sum(max(0.0, 1 - (1 if c == label else -1) * y) ** 2 for c, y in enumerate(row))
    loss = losses.create("squared_hinge")(logits, labels)
    assert loss.item() == pytest.approx(expected / 24, rel=1e-5)
    loss.backward()


@pytest.mark.parametrize("smoothing", [-0.1, 1.0])
def test_wrong_smoothing(smoothing: float) -> None:
    with pytest.raises(ValueError, match="give a share from 0 to below 1"):
        losses.create("cross_entropy", label_smoothing=smoothing)
