"""How far a run is."""

import dataclasses
from typing import Any

from torch import Tensor

NO_EPOCH = {"held_out_accuracy": -1.0}  # worse than any


@dataclasses.dataclass
class RunState:
    """All that changes while a run goes on, but for the model, the optimizer and the random generators.

    Args:
        stage: from 0.
        stage_epoch: epochs of this stage that are done.
        epoch: epochs of all stages that are done.
        batch: batches of this epoch that are done.
        step: batches of all epochs that are done.
        loss: sum over the images of this epoch.
        right: images of this epoch that were classified rightly.
        seen: images of this epoch.
        seconds: of this epoch.
        signs: of the latent weights when this epoch began; bool, by name.
        best: held_out_accuracy, epoch and model state of the best epoch of this stage so far.
        ended: model states of the stages that are done and teach a later one, by stage.
        curves: one row for each epoch that is done.
    """

    stage: int = 0
    stage_epoch: int = 0
    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss: float = 0.0
    right: int = 0
    seen: int = 0
    seconds: float = 0.0
    signs: dict[str, Tensor] = dataclasses.field(default_factory=dict)
    best: dict[str, Any] = dataclasses.field(default_factory=lambda: dict(NO_EPOCH))
    ended: dict[int, dict[str, Tensor]] = dataclasses.field(default_factory=dict)
    curves: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    def add_batch(self, loss: float, right: float, images: float) -> None:
        """A batch is done; `loss` is the sum over its images."""
        self.loss += loss
        self.right += int(right)
        self.seen += int(images)
        self.batch += 1
        self.step += 1

    def end_epoch(self, row: dict[str, Any]) -> None:
        """An epoch is done; `row` is its line of the curves."""
        self.curves.append(row)
        self.epoch += 1
        self.stage_epoch += 1
        self.batch, self.loss, self.right, self.seen, self.seconds, self.signs = 0, 0.0, 0, 0, 0.0, {}

    def end_stage(self) -> None:
        """A stage is done."""
        self.stage, self.stage_epoch = self.stage + 1, 0
