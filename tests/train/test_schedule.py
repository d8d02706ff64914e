"""Learning rate, batches and modes as functions of the step."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from signbit.binarizers import Binarizer
from signbit.layers import BinaryLinear
from signbit.train.progress import Progress
from signbit.train.schedule import batches_per_epoch, epoch_batches, lr_factor, set_modes, set_progress
from signbit.train.sections import ScheduleSection


@pytest.mark.parametrize("kind", ["cosine", "linear", "constant"])
def test_rate(kind: str) -> None:
    found = factors(10, 1, name=kind)
    assert found[0] == 1
    assert min(found) > 0  # no step is lost to a rate of 0
    assert found == sorted(found, reverse=True)
    middle = {"cosine": 0.5, "linear": 0.5, "constant": 1}[kind]
    assert found[5] == pytest.approx(middle)


def test_warm_up() -> None:
    found = factors(10, 1, 4, name="cosine")
    assert found[:4] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert found[4] == 1
    by_epoch = factors(10, 2, 4, name="cosine", per="epoch")
    assert by_epoch[:8] == pytest.approx([0.2, 0.2, 0.4, 0.4, 0.6, 0.6, 0.8, 0.8])
    assert by_epoch[8:10] == [1, 1]


def factors(length: int, steps_per_epoch: int, warmup_epochs: float = 0, **arguments: Any) -> list[float]:
    section, steps = ScheduleSection(**arguments), length * steps_per_epoch
    return [lr_factor(section, step, steps, steps_per_epoch, warmup_epochs) for step in range(steps)]


def test_steps() -> None:
    assert factors(6, 2, name="steps", at=[1, 3.5]) == pytest.approx([1, 1] + [0.1] * 5 + [0.01] * 5)
    assert factors(6, 1, name="steps", at=[1, 4], factor=[0.5, 0.2]) == [1, 0.5, 0.5, 0.5, 0.2, 0.2]


def test_rate_of_published_code() -> None:
    by_epoch = factors(4, 2, name="linear", per="epoch")
    assert by_epoch == [1, 1, 0.75, 0.75, 0.5, 0.5, 0.25, 0.25]
    # LambdaLR stepped at the start of an epoch: the first has the rate of the second, and the last trains nothing.
    assert factors(4, 2, name="linear", per="epoch", early=True) == [0.75, 0.75, 0.5, 0.5, 0.25, 0.25, 0, 0]


def test_stage_that_is_a_part_of_a_schedule() -> None:
    whole = factors(8, 3, name="cosine", warmup_epochs=2)
    first = factors(3, 3, name="cosine", warmup_epochs=2, epochs=8)
    second = factors(5, 3, name="cosine", warmup_epochs=2, epochs=8, first_epoch=3)
    assert first + second == pytest.approx(whole)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "steps"}, "needs ascending epochs"),
        ({"name": "cosine", "at": [1]}, "no other"),
        ({"name": "steps", "at": [2, 1]}, "needs ascending epochs"),
        ({"name": "steps", "at": [1, 2], "factor": [0.1]}, "1 factors for 2 epochs"),
        ({"name": "linear", "early": True}, 'give per = "epoch"'),
    ],
)
def test_wrong_schedules(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ScheduleSection(**arguments)


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
