"""Losses against their formulas."""

import inspect

import pytest
import torch
from torch import Tensor

from signbit import losses


def test_names() -> None:
    assert losses.names() == [
        "attention_matching", "cross_entropy", "distillation", "distributional", "multi_teacher", "squared_hinge",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="no 'hinge'; there are attention_matching, cross_entropy"):
        losses.create("hinge")


@pytest.mark.parametrize("name", losses.names())
def test_source_is_named(name: str) -> None:
    assert "Source:" in (inspect.getdoc(type(losses.create(name))) or "")


@pytest.mark.parametrize("name", losses.names())
def test_inputs_are_known(name: str) -> None:
    assert set(losses.inputs(name)) <= set(losses.INPUTS)


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


def random_logits(seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    own, theirs = (torch.randn(6, 4, generator=generator, dtype=torch.float64) for _ in range(2))
    return own.requires_grad_(), theirs.requires_grad_()


def test_distributional(seed: int) -> None:
    logits, teacher = random_logits(seed)
    p, q = teacher.softmax(1), logits.softmax(1)
    loss = losses.create("distributional")(logits, teacher)
    torch.testing.assert_close(loss.double(), -(p * q.log()).sum(1).mean(), rtol=1e-6, atol=0)
    loss.backward()
    assert teacher.grad is None  # a teacher is not taught
    torch.testing.assert_close(logits.grad, ((q - p) / 6).detach(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_distillation(temperature: float, seed: int) -> None:
    logits, teacher = random_logits(seed)
    p, q = (teacher / temperature).softmax(1), (logits / temperature).softmax(1)
    expected = temperature**2 * (p * (p.log() - q.log())).sum(1).mean()
    loss = losses.create("distillation", temperature=temperature)(logits, teacher)
    torch.testing.assert_close(loss.double(), expected, rtol=1e-5, atol=1e-7)
    loss.backward()
    assert teacher.grad is None
    with pytest.raises(ValueError, match="give a positive number"):
        losses.create("distillation", temperature=0.0)


@pytest.mark.parametrize("normalisation", ["l2", "max"])
def test_attention_matching(normalisation: str, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    own = [torch.randn(2, 3, 4, 4, generator=generator), torch.randn(2, 5, 2, 2, generator=generator)]
    theirs = [torch.randn(2, 7, 4, 4, generator=generator), torch.randn(2, 5, 2, 2, generator=generator)]
    expected = 0.0
    for mine, other in zip(own, theirs, strict=True):
        for image in range(2):
            maps = []
            for features in (mine[image], other[image]):
                attention = (features**2).mean(0).flatten()
                largest = attention.max() if normalisation == "max" else attention.pow(2).sum().sqrt()
                maps.append(attention / largest)
            difference = (maps[0] - maps[1]) ** 2
            expected += (difference.mean() if normalisation == "max" else difference.sum().sqrt()).item() / 2
    loss = losses.create("attention_matching", normalisation=normalisation)
    assert loss(own, theirs).item() == pytest.approx(expected, rel=1e-5)
    assert loss(own, own).item() == 0
    assert loss([f * 3 for f in own], theirs).item() == pytest.approx(expected, rel=1e-5)
    with pytest.raises(ValueError, match="divide the image alike"):
        loss(own, theirs[:1])
    with pytest.raises(ValueError, match="there are l2, max"):
        losses.create("attention_matching", normalisation="l1")


def test_multi_teacher(seed: int) -> None:
    logits, first = random_logits(seed)
    second = random_logits(seed + 1)[1]
    loss = losses.create("multi_teacher")(logits, [first, second])
    entropies = [-(t.softmax(1) * logits.log_softmax(1)).sum(1) for t in (first, second)]
    weight = torch.sigmoid(entropies[0] - entropies[1]).detach()
    expected = (weight * entropies[0] + (1 - weight) * entropies[1]).mean()
    torch.testing.assert_close(loss.double(), expected, rtol=1e-5, atol=1e-7)
    alone = losses.create("distributional")(logits, first)
    torch.testing.assert_close(losses.create("multi_teacher")(logits, [first]), alone)
