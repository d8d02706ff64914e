"""Learning rate, batches and modes as functions of the step."""

import pytest
import torch
from torch import Tensor, nn

from signbit.binarizers import Binarizer
from signbit.layers import BinaryLinear
from signbit.train.progress import Progress
from signbit.train.schedule import batches_per_epoch, epoch_batches, lr_factor, set_modes, set_progress


@pytest.mark.parametrize("kind", ["cosine", "linear", "constant"])
def test_rate(kind: str) -> None:
    factors = [lr_factor(kind, step, 10, 0) for step in range(10)]
    assert factors[0] == 1
    assert min(factors) > 0  # no step is lost to a rate of 0
    assert factors == sorted(factors, reverse=True)
    middle = {"cosine": 0.5, "linear": 0.5, "constant": 1}[kind]
    assert factors[5] == pytest.approx(middle)


def test_warm_up() -> None:
    factors = [lr_factor("cosine", step, 10, 4) for step in range(10)]
    assert factors[:4] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert factors[4] == 1


@pytest.mark.parametrize(("count", "size", "batches"), [(100, 32, 3), (96, 32, 3), (5, 32, 1)])
def test_batches(count: int, size: int, batches: int) -> None:
    found = epoch_batches(count, size, 0, 0)
    assert len(found) == batches == batches_per_epoch(count, size)
    assert all(len(batch) == min(size, count) for batch in found)
    everything = torch.cat(found).tolist()
    assert len(set(everything)) == len(everything)
    assert set(everything) <= set(range(count))


def test_order_depends_on_seed_and_epoch_alone() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return epoch_batches(50, 50, seed, epoch)[0].tolist()

    assert order(0, 1) == order(0, 1)
    assert order(0, 1) != order(0, 2)
    assert order(0, 1) != order(1, 1)


class Scheduled(Binarizer):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("progress", torch.zeros(()))
        self.register_buffer("epoch", torch.zeros((), dtype=torch.int64))

    def gradient(self, z: Tensor) -> Tensor:
        return torch.ones_like(z)


def test_binarizers_are_told_how_far_it_is() -> None:
    model = nn.Sequential(BinaryLinear(2, 2, input_binarizer=Scheduled()))
    set_progress(model, 0.25, 3)
    state = model.state_dict()
    assert state["0.input_binarizer.progress"] == 0.25
    assert state["0.input_binarizer.epoch"] == 3


def test_modes() -> None:
    shared = Scheduled()
    model = nn.Sequential(BinaryLinear(2, 2, input_binarizer=shared), BinaryLinear(2, 2, input_binarizer=shared))
    set_modes(model, "binary", "real")
    assert shared.mode == "binary"
    assert [m.weight_binarizer.mode for m in model] == ["real", "real"]


def test_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rich")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    row = {"epoch": 0, "held_out_accuracy": 0.5, "flip_ratio": 0.125, "loss": 1.5, "train_accuracy": 0.25}
    with Progress(2, quiet=False) as progress:
        progress.step(1.5, 0.25)
        progress.epoch(row, 1)
        progress.step(1.25, 0.5)
    shown = capsys.readouterr().err
    assert "held out 50.00 %" in shown
    assert "flips 12.50 %" in shown
